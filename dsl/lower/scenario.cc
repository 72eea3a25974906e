#include "dsl/lower/scenario.h"

#include <string>
#include <unordered_map>
#include <utility>

#include "dsl/sema/scenario.h"

namespace fleet::lower {
namespace {

// Nodes have the names of their steps.
class NodesByName {
 public:
  NodesByName(const sema::Flow& flow, const plan::Plan& plan) : flow_(flow) {
    for (std::uint32_t i = 0; i < plan.nodes.size(); ++i)
      nodes_.emplace(plan.nodes[i].name, plan::NodeIndex{i});
  }

  std::vector<plan::NodeIndex> of(const std::string& step) const {
    std::vector<plan::NodeIndex> found;
    for (const std::size_t index : sema::steps_meant(flow_, step)) {
      const auto node = nodes_.find(flow_.steps[index].name);
      if (node != nodes_.end())
        found.push_back(node->second);
    }
    return found;
  }

 private:
  const sema::Flow& flow_;
  std::unordered_map<std::string, plan::NodeIndex> nodes_;
};

}  // namespace

plan::Scenario lower_test(const sema::Test& test, const sema::Flow& flow, const plan::Plan& plan) {
  const NodesByName nodes(flow, plan);
  plan::Scenario scenario;
  for (const sema::Test::Assumption& one : test.given) {
    plan::Assumption assumption = one.says;
    assumption.anywhere = one.step.empty();
    if (!one.step.empty())
      assumption.nodes = nodes.of(one.step);
    scenario.given.push_back(std::move(assumption));
  }
  for (const sema::Test::Claim& one : test.expect) {
    plan::Claim claim = one.says;
    if (!one.step.empty())
      claim.nodes = nodes.of(one.step);
    scenario.expect.push_back(std::move(claim));
  }
  return scenario;
}

}  // namespace fleet::lower
