// What reviews want changed, united over joints.
#include <algorithm>
#include <string_view>
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

std::string_view word_of(Severity severity) {
  switch (severity) {
    case Severity::kNote: return "note";
    case Severity::kMinor: return "minor";
    case Severity::kMajor: return "major";
    case Severity::kCritical: return "critical";
  }
  return "";
}

std::string_view field_of(const Finding& finding, const std::string& name) {
  if (name == "label")
    return finding.label;
  if (name == "severity")
    return word_of(finding.severity);
  if (name == "path")
    return finding.path;
  if (name == "id")
    return finding.id;
  return name == "title" ? std::string_view(finding.title) : std::string_view();
}

}  // namespace

std::vector<int> routes_of(const Core& core, NodeIndex index,
                           const std::vector<Finding>& findings) {
  const plan::Node& node = core.plan_of(index);
  const auto& routes = node.fanout->routes;
  if (routes.empty())
    return {};
  const auto place_of = [&](std::string_view value) {
    const auto route = std::ranges::find(routes, value, [](const auto& r) { return r.first; });
    if (route == routes.end())
      return -1;
    const auto agent = std::ranges::find(node.agents, route->second, [&](plan::AgentIndex a) {
      return core.plan.agents[a.value].name;
    });
    return agent == node.agents.end() ? -1 : static_cast<int>(agent - node.agents.begin());
  };
  std::vector<int> places;
  for (const Finding& finding : findings) {
    const std::string_view value = field_of(finding, node.fanout->route_by);
    const int own = value.empty() ? -1 : place_of(value);
    places.push_back(own < 0 ? place_of("") : own);
  }
  return places;
}

std::vector<Finding> findings_of(const plan::Plan& plan, const State& state, NodeIndex node) {
  United united(plan, state);
  united.take(node);
  return std::move(united).sorted();
}

}  // namespace fleet::run
