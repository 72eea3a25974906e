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
  TaskIndex by;
  NodeIndex step;  // of the edge that it was found by: the task's own, or a joint over it
  // Of a review: the step that it read, and at which commit. Of a human: how much had happened when
  // they were asked.
  bool human = false;
  std::optional<NodeIndex> of;
  std::string commit;
  std::uint64_t seen = 0;
  std::uint64_t given = 0;  // State::events
};

class Approvals {
 public:
  explicit Approvals(const Core& core) : plan_(core.plan), state_(core.state) {}

  // Why what `merge` takes is not approved; empty: it is.
  std::string fault(NodeIndex merge) {
    const plan::Node& node = plan_.nodes[merge.value];
    for (const plan::Edge& edge : node.after) {
      if (edge.kind == EdgeKind::kApproved)
        add_of(edge.from, edge.from);
    }
    const std::size_t asked_for = all_.size();
    for (const plan::Edge& edge : node.after)
      walk_back(edge.from);
    for (std::size_t i = 0; i < asked_for; ++i) {
      if (std::string fault = fault_of(all_[i], *node.merge); !fault.empty())
        return fault;
    }
    return uncovered(*node.merge);
  }

 private:
  const std::string& name(NodeIndex node) const { return plan_.nodes[node.value].name; }
  const std::string& name(const Approval& approval) const {
    return name(state_.tasks[approval.by.value].node);
  }
  static std::string short_id(const std::string& commit) { return commit.substr(0, 10); }
  const std::string& tip(NodeIndex node) const { return result_of(plan_, state_, node); }
  std::vector<std::string> commits_of(NodeIndex from) const {
    return commits_to_merge(plan_, state_, {{from}, {}, {}, {}, {}});
  }

  void add_of(NodeIndex index, NodeIndex step) {
    const NodeState& node = state_.nodes[index.value];
    if (node.stands_for)
      return add_of(*node.stands_for, step);
    for (const TaskIndex task : node.tasks)
      add_of(state_.tasks[task.value], step);
    if (!node.tasks.empty() || !is_joint(plan_.nodes[index.value].kind))
      return;
    for (const plan::Edge& edge : plan_.nodes[index.value].after) {
      if (fired(plan_, state_, edge.from, EdgeKind::kApproved))
        add_of(edge.from, step);
    }
  }

  void add_of(const Task& task, NodeIndex step) {
    if (task.phase != Phase::kDone)
      return;
    Approval approval;
    approval.by = task.index;
    approval.step = step;
    approval.given = task.judged_by;
    if (task.decision && task.decision->decision == Decision::kApprove) {
      approval.human = true;
      approval.seen = task.gate->opened_by;
    } else if (task.verdict == Verdict::kApproved) {
      approval.of = plan_.nodes[task.node.value].start;
      approval.commit = task.start;
    } else {
      return;
    }
    all_.push_back(std::move(approval));
  }

  // What was approved on the way, beyond the merge's own edges.
  void walk_back(NodeIndex index) {
    if (std::ranges::find(walked_, index) != walked_.end())
      return;
    walked_.push_back(index);
    if (const auto& other = state_.nodes[index.value].stands_for)
      return add_of(*other, index), walk_back(*other);
    for (const plan::Edge& edge : plan_.nodes[index.value].after) {
      if (edge.kind == EdgeKind::kApproved)
        add_of(edge.from, edge.from);
      walk_back(edge.from);
    }
  }

  bool moved_since(NodeIndex from, std::uint64_t seen) const {
    return state_.nodes[stand_in(state_, from).value].tip_moved > seen;
  }

  bool is_stale(const Approval& approval, NodeIndex from) const {
    if (approval.human)
      return moved_since(from, approval.seen);
    const bool of_it = approval.of && stand_in(state_, *approval.of) == stand_in(state_, from);
    return of_it && approval.commit != tip(from);
  }

  std::string fault_of(const Approval& approval, const plan::Merge& merge) const {
    for (const NodeIndex from : merge.from) {
      if (is_stale(approval, from))
        return fmt::format("stale approval: `{}` approved `{}` before it came to {}",
                           name(approval), name(from), short_id(tip(from)));
      for (const std::string& commit : commits_of(from)) {
        if (std::string fault = withdrawn(approval, from, commit); !fault.empty())
          return fault;
      }
    }
    return "";
  }

  // Whether the step is `joint`, or one of those that it joins.
  bool is_of(NodeIndex step, NodeIndex joint) const {
    if (step == joint)
      return true;
    const plan::Node& node = plan_.nodes[joint.value];
    return is_joint(node.kind) && std::ranges::any_of(node.after, [&](const plan::Edge& edge) {
             return is_of(step, edge.from);
           });
  }

  // Since when a finding of that task is not weighed by the approval any more. A joint weighs what
  // all of its steps say, so that one vote against two does not withdraw them.
  std::uint64_t closed_to(const Approval& approval, const Task& other) const {
    return is_of(other.node, approval.step) ? state_.nodes[approval.step.value].settled_by
                                            : approval.given;
  }

  // A human who approves has the findings there are before them, and may overrule them.
  bool is_overruled(std::uint64_t objected_by) const {
    return std::ranges::any_of(all_, [&](const Approval& approval) {
      return approval.human && approval.given > objected_by;
    });
  }

  // What withdraws an approval of `commit`; empty: nothing.
  std::string withdrawn(const Approval& approval, NodeIndex from, const std::string& commit) const {
    if (!approval.human && approval.commit != commit)
      return "";
    for (const Task& task : state_.tasks) {
      if (task.objected_by == 0 || task.start != commit ||
          task.objected_by <= closed_to(approval, task) || is_overruled(task.objected_by))
        continue;
      const Finding& worst = *std::ranges::max_element(task.findings, {}, &Finding::severity);
      return fmt::format(
          "withdrawn approval: `{}` approved `{}` at {}, and `{}` found {} after that: {}",
          name(approval), name(from), short_id(commit), name(task.node), worst.id, worst.title);
    }
    return "";
  }

  std::string uncovered(const plan::Merge& merge) const {
    for (const NodeIndex from : merge.from) {
      for (const std::string& commit : commits_of(from)) {
        std::string fault =
            fmt::format("stale approval: nobody approved `{}` at {}", name(from), short_id(commit));
        for (const Approval& approval : all_) {
          if (approval.human ? moved_since(from, approval.seen) : approval.commit != commit)
            continue;
          const std::string withdrawal = withdrawn(approval, from, commit);
          if (withdrawal.empty()) {
            fault.clear();
            break;
          }
          fault = withdrawal;
        }
        if (!fault.empty())
          return fault;
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
