// Random plans of reviews, joints, loops and gates, and a naive reading of what their edges mean.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "tests/property/engine/run/auditor.h"
#include "tests/support/random_plan.h"

namespace fleet::test {

inline constexpr plan::EdgeKind kEdgeKinds[] = {
    plan::EdgeKind::kDone,        plan::EdgeKind::kAccepted,
    plan::EdgeKind::kApproved,    plan::EdgeKind::kChangesRequested,
    plan::EdgeKind::kFailed,      plan::EdgeKind::kMerged,
    plan::EdgeKind::kSomeAccepted};

inline bool has_verdicts(const plan::Plan& plan, plan::NodeIndex node) {
  const plan::Node& of = plan.nodes[node.value];
  return of.kind != plan::NodeKind::kRun;
}

inline plan::Plan random_flow(Dice& dice) {
  using plan::EdgeKind;
  using plan::NodeKind;
  PlanBuilder builder;
  const plan::AgentIndex reviewer = builder.reviewer("reviewer");
  const std::uint32_t nodes = 3 + dice.below(12);
  builder.run("n0");
  const auto some = [&](std::uint32_t i, bool verdicts) {
    std::vector<plan::NodeIndex> found;
    for (std::uint32_t n = 0; n < i; ++n) {
      if (dice.percent(30) && (!verdicts || has_verdicts(builder.plan, {n})))
        found.push_back({n});
    }
    if (found.empty())
      found.push_back({dice.below(i)});
    return found;
  };
  for (std::uint32_t i = 1; i < nodes; ++i) {
    const std::string name = "n" + std::to_string(i);
    PlanBuilder::Edges after;
    for (const plan::NodeIndex from : some(i, false)) {
      const bool verdicts = has_verdicts(builder.plan, from);
      const std::vector<EdgeKind> kinds =
          verdicts ? std::vector<EdgeKind>{EdgeKind::kApproved, EdgeKind::kApproved,
                                           EdgeKind::kChangesRequested, EdgeKind::kDone,
                                           EdgeKind::kFailed}
                   : std::vector<EdgeKind>{EdgeKind::kAccepted, EdgeKind::kAccepted,
                                           EdgeKind::kAccepted, EdgeKind::kDone, EdgeKind::kFailed};
      after.push_back({from, dice.pick(kinds)});
    }
    after.resize(std::min<std::size_t>(after.size(), 2));
    const std::uint32_t kind = dice.below(100);
    if (kind < 25) {
      builder.run(name, after);
    } else if (kind < 55) {
      builder.task(name, reviewer, after);
    } else if (kind < 68) {
      builder.human(name, after);
    } else if (kind < 80) {
      builder.joint(name, NodeKind::kAll, some(i, false));
    } else if (kind < 88) {
      builder.joint(name, NodeKind::kAny, some(i, false));
    } else if (kind < 95) {
      builder.joint(name, NodeKind::kLoop, some(i, true), EdgeKind::kApproved);
    } else {
      builder.joint(name, NodeKind::kLast, some(i, false));
    }
    builder.plan.nodes.back().otherwise = static_cast<plan::Otherwise>(dice.below(3));
    builder.plan.nodes.back().retries = dice.below(2);
  }
  if (dice.percent(60))
    builder.escalates_to_human();
  return builder.plan;
}

// What the edges of a run that is over must be, worked out from how its leaves ended.
class Reading {
 public:
  Reading(const plan::Plan& plan, const run::State& state) : plan_(plan), state_(state) {
    for (std::uint32_t n = 0; n < plan.nodes.size(); ++n)
      ends_.push_back(read(n));
    for (std::uint32_t n = 0; n < plan.nodes.size(); ++n)
      check(n);
  }

 private:
  using EdgeKind = plan::EdgeKind;
  using NodeKind = plan::NodeKind;

  struct End {
    bool never = false, accepted = false, approved = false, changes = false, failed = false,
         merged = false;
    bool good() const { return accepted || approved || merged; }
    bool well() const { return good() || changes; }
    bool fires(EdgeKind kind) const {
      switch (kind) {
        case EdgeKind::kDone: return true;
        case EdgeKind::kAccepted:
        case EdgeKind::kSomeAccepted: return accepted;
        case EdgeKind::kApproved: return approved;
        case EdgeKind::kChangesRequested: return changes;
        case EdgeKind::kFailed: return failed;
        case EdgeKind::kMerged: return merged;
      }
      return false;
    }
  };

  const End& end(plan::NodeIndex node) const { return ends_[node.value]; }

  static std::optional<bool> answer(const run::Task& task) {
    if (!task.decision)
      return std::nullopt;
    return task.decision->decision == run::Decision::kApprove;
  }

  End read(std::uint32_t n) {
    const NodeKind kind = plan_.nodes[n].kind;
    const run::NodeState& node = state_.nodes[n];
    End end;
    if (node.unreachable) {
      end.never = true;
      return end;
    }
    const bool leaf = kind == NodeKind::kRun || kind == NodeKind::kTask || kind == NodeKind::kHuman;
    if (!node.tasks.empty()) {
      const run::Task& task = state_.tasks[node.tasks.front().value];
      const bool escalated = task.gate && task.gate->asks == run::Asks::kEscalation;
      end.failed = task.phase == run::Phase::kFailed;
      if (task.phase != run::Phase::kDone)
        return end;
      if (!leaf) {
        require(answer(task) == true, "joint n{} passed without an answer", n);
        end.accepted = end.approved = end.merged = true;
      } else if (kind == NodeKind::kRun) {
        end.accepted = true;
      } else if (kind == NodeKind::kHuman) {
        end.approved = answer(task) == true;
        end.changes = !end.approved;
      } else {
        // One that asked for help of its own keeps the verdict that it gave.
        const bool judged = task.verdict && (!escalated || task.outcome == run::Outcome::kNone);
        end.approved = !judged || task.verdict == run::Verdict::kApproved;
        end.changes = !end.approved;
      }
      return end;
    }
    return join(n, kind);
  }

  End join(std::uint32_t n, NodeKind kind) {
    const auto& after = plan_.nodes[n].after;
    const bool skips = plan_.nodes[n].otherwise == plan::Otherwise::kSkip;
    End out;
    std::vector<End> of;
    for (const plan::Edge& edge : after)
      of.push_back(end(edge.from));
    const auto all = [&](auto what) {
      return std::ranges::all_of(of, what);
    };
    const auto any = [&](auto what) {
      return std::ranges::any_of(of, what);
    };
    if (kind == NodeKind::kAll && all([](const End& e) { return e.well(); })) {
      out.accepted = all([](const End& e) { return e.accepted; });
      out.approved = all([](const End& e) { return e.approved; });
      out.merged = all([](const End& e) { return e.merged; });
      out.changes = any([](const End& e) { return e.changes; });
    } else if (kind == NodeKind::kAny && any([](const End& e) { return e.well(); })) {
      const auto winner = state_.nodes[n].stands_for;
      require(winner.has_value(), "any n{} stands for nobody", n);
      out = end(*winner);
      require(out.good() || !any([](const End& e) { return e.good(); }),
              "any n{} took n{}, which did not succeed", n, winner->value);
    } else if (kind == NodeKind::kLoop && any([](const End& e) { return e.approved; })) {
      out.approved = true;
    } else if (kind == NodeKind::kLast) {
      for (const End& one : of) {
        if (!one.never)
          out = one;
      }
    } else {
      out.failed = !skips;
    }
    return out;
  }

  // Whether an `any` over it, perhaps through joints, was won.
  bool may_be_cancelled(std::uint32_t n) const {
    for (std::uint32_t m = n + 1; m < plan_.nodes.size(); ++m) {
      const NodeKind kind = plan_.nodes[m].kind;
      if (kind != NodeKind::kAny && kind != NodeKind::kAll)
        continue;
      const bool member = std::ranges::any_of(
          plan_.nodes[m].after, [&](const plan::Edge& edge) { return edge.from.value == n; });
      const bool won = kind == NodeKind::kAny && ends_[m].good();
      if (member && (won || may_be_cancelled(m)))
        return true;
    }
    return false;
  }

  void check(std::uint32_t n) {
    const plan::Node& node = plan_.nodes[n];
    const run::NodeState& now = state_.nodes[n];
    require(now.phase == run::NodePhase::kSettled, "n{} is not settled", n);
    for (const EdgeKind kind : kEdgeKinds) {
      require(run::fired(plan_, state_, {n}, kind) == ends_[n].fires(kind),
              "edge {} of n{} should be {}", static_cast<int>(kind), n, ends_[n].fires(kind));
    }
    const bool joint = node.kind == NodeKind::kAll || node.kind == NodeKind::kAny ||
                       node.kind == NodeKind::kLoop || node.kind == NodeKind::kLast;
    bool starts = true;
    bool none_ran = true;
    for (const plan::Edge& edge : node.after) {
      starts = starts && end(edge.from).fires(edge.kind);
      none_ran = none_ran && end(edge.from).never;
    }
    const bool expected = joint && !node.after.empty() ? !none_ran : starts;
    require(ends_[n].never == !expected || may_be_cancelled(n), "n{}: started is not {}", n,
            expected);
    require(!ends_[n].never || !expected || may_be_cancelled(n), "n{} was left out", n);
    for (const run::TaskIndex index : now.tasks) {
      const run::Task& task = state_.tasks[index.value];
      require(!task.decision || task.gate->closes_at == 0 ||
                  task.decision->given <= task.gate->closes_at,
              "n{} took a decision that came late", n);
      require(!task.decision || task.decision->decision != run::Decision::kRetry,
              "n{} was tried again though it merges nothing", n);
      require(run::is_settled(task.phase), "a task of n{} is {}", n, name_of(task.phase));
      require(task.phase != run::Phase::kCancelled || may_be_cancelled(n), "n{} was cancelled", n);
    }
  }

  const plan::Plan& plan_;
  const run::State& state_;
  std::vector<End> ends_;
};

}  // namespace fleet::test
