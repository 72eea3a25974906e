// What reviews want changed, united over joints.
#include <algorithm>
#include <unordered_map>

#include "engine/run/core.h"

namespace fleet::run {

namespace {

// In the order of the steps, then of filing. The same remark of two reviewers is one finding, as
// the more severe of them has it.
class United {
 public:
  United(const plan::Plan& plan, const State& state) : plan_(plan), state_(state) {}

  void take(NodeIndex index) {
    const NodeState& node = state_.nodes[index.value];
    const plan::Node& planned = plan_.nodes[index.value];
    if (node.stands_for)
      return take(*node.stands_for);
    if (is_joint(planned.kind)) {
      for (const plan::Edge& edge : planned.after)
        take(edge.from);
      return;
    }
    for (const TaskIndex task : node.tasks) {
      for (const Finding& finding : state_.tasks[task.value].findings)
        take(finding);
    }
  }

  std::vector<Finding> sorted() && {
    std::ranges::stable_sort(findings_, std::ranges::greater{}, &Finding::severity);
    return std::move(findings_);
  }

 private:
  void take(const Finding& finding) {
    const auto [known, is_new] = place_of_.emplace(finding.id, findings_.size());
    if (is_new) {
      findings_.push_back(finding);
    } else if (findings_[known->second].severity < finding.severity) {
      findings_[known->second] = finding;
    }
  }

  const plan::Plan& plan_;
  const State& state_;
  std::vector<Finding> findings_;
  std::unordered_map<std::string, std::size_t> place_of_;
};

}  // namespace

std::vector<Finding> findings_of(const plan::Plan& plan, const State& state, NodeIndex node) {
  United united(plan, state);
  united.take(node);
  return std::move(united).sorted();
}

}  // namespace fleet::run
