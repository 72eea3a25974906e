// Approvals, and what exactly they are of: the guard before a merge into the base. That every way
// to such a merge has an approval is proved when the fleet is compiled (F703, F704, F719); that
// the approved commit is the one about to be merged is looked at here, when it is about to be.
#include <algorithm>

#include <fmt/format.h>

#include "engine/run/core.h"

namespace fleet::run {

using plan::EdgeKind;

namespace {

struct Approval {
  NodeIndex by;
  // Of a review: the step that it read, and at which commit. Of a human: how much had happened when
  // they were asked.
  bool human = false;
  std::optional<NodeIndex> step;
  std::string commit;
  std::uint64_t seen = 0;
};

class Approvals {
 public:
  explicit Approvals(const Core& core) : plan_(core.plan), state_(core.state) {}

  // Why what `merge` takes is not approved; empty: it is.
  std::string fault(NodeIndex merge) {
    const plan::Node& node = plan_.nodes[merge.value];
    for (const plan::Edge& edge : node.after) {
      if (edge.kind == EdgeKind::kApproved)
        add_of(edge.from);
    }
    for (const Approval& approval : all_) {
      for (const NodeIndex from : node.merge->from) {
        if (is_stale(approval, from))
          return fmt::format("stale approval: `{}` approved `{}` before it came to {}",
                             name(approval.by), name(from), short_id(tip(from)));
      }
    }
    for (const plan::Edge& edge : node.after)
      walk_back(edge.from);
    return uncovered(*node.merge);
  }

 private:
  const std::string& name(NodeIndex node) const { return plan_.nodes[node.value].name; }
  static std::string short_id(const std::string& commit) { return commit.substr(0, 10); }
  const std::string& tip(NodeIndex node) const { return result_of(plan_, state_, node); }

  void add_of(NodeIndex index) {
    const NodeState& node = state_.nodes[index.value];
    if (node.stands_for)
      return add_of(*node.stands_for);
    for (const TaskIndex task : node.tasks)
      add_of(state_.tasks[task.value]);
    if (!node.tasks.empty() || !is_joint(plan_.nodes[index.value].kind))
      return;
    for (const plan::Edge& edge : plan_.nodes[index.value].after) {
      if (fired(plan_, state_, edge.from, EdgeKind::kApproved))
        add_of(edge.from);
    }
  }

  void add_of(const Task& task) {
    if (task.phase != Phase::kDone)
      return;
    if (task.decision && task.decision->decision == Decision::kApprove) {
      all_.push_back({task.node, true, std::nullopt, "", task.gate->opened_by});
    } else if (task.verdict == Verdict::kApproved) {
      all_.push_back({task.node, false, plan_.nodes[task.node.value].start, task.start, 0});
    }
  }

  // What was approved on the way, beyond the merge's own edges.
  void walk_back(NodeIndex index) {
    if (std::ranges::find(walked_, index) != walked_.end())
      return;
    walked_.push_back(index);
    if (const auto& other = state_.nodes[index.value].stands_for)
      return add_of(*other), walk_back(*other);
    for (const plan::Edge& edge : plan_.nodes[index.value].after) {
      if (edge.kind == EdgeKind::kApproved)
        add_of(edge.from);
      walk_back(edge.from);
    }
  }

  bool moved_since(NodeIndex from, std::uint64_t seen) const {
    return state_.nodes[stand_in(state_, from).value].tip_moved > seen;
  }

  bool is_stale(const Approval& approval, NodeIndex from) const {
    if (approval.human)
      return moved_since(from, approval.seen);
    const bool of_it = approval.step && stand_in(state_, *approval.step) == stand_in(state_, from);
    return of_it && approval.commit != tip(from);
  }

  std::string uncovered(const plan::Merge& merge) const {
    for (const NodeIndex from : merge.from) {
      for (const std::string& commit : commits_to_merge(plan_, state_, {{from}, {}, {}, {}, {}})) {
        const bool covered = std::ranges::any_of(all_, [&](const Approval& approval) {
          return approval.human ? !moved_since(from, approval.seen) : approval.commit == commit;
        });
        if (!covered)
          return fmt::format("stale approval: nobody approved `{}` at {}", name(from),
                             short_id(commit));
      }
    }
    return "";
  }

  const plan::Plan& plan_;
  const State& state_;
  std::vector<Approval> all_;
  std::vector<NodeIndex> walked_;
};

}  // namespace

std::string stale_approval(const Core& core, NodeIndex merge) {
  return Approvals(core).fault(merge);
}

}  // namespace fleet::run
