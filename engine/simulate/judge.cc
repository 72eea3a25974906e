#include "engine/simulate/judge.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "dsl/plan/render.h"
#include "engine/report/summary.h"
#include "engine/report/words.h"

namespace fleet::simulate {
namespace {

using plan::Claim;
using plan::EdgeKind;
using plan::Millis;
using plan::NodeIndex;

std::string at(Millis time) {
  return " at " + plan::to_string(time);
}

class Judge {
 public:
  Judge(const plan::Plan& plan, const run::State& state, const Record& record, const Claim& claim)
      : plan_(plan), state_(state), record_(record), claim_(claim) {}

  Judged run() const {
    switch (claim_.about) {
      case Claim::About::kRuns: return runs();
      case Claim::About::kFires: return fires();
      case Claim::About::kAsks: return asks();
      case Claim::About::kRunEnds: return run_ends();
      case Claim::About::kAmount: return amount();
    }
    return {};
  }

 private:
  const run::NodeState& node_of(NodeIndex node) const { return state_.nodes[node.value]; }
  std::string name_of(NodeIndex node) const {
    return "`" + report::printable(plan_.nodes[node.value].name) + "`";
  }

  // Its tasks began, or, of what has none, it came to something.
  bool has_run(NodeIndex node) const {
    const run::NodeState& now = node_of(node);
    return record_.began(node) || (now.phase == run::NodePhase::kSettled && !now.unreachable);
  }

  // Of a step in a loop the round that ran last; where none did, the first.
  NodeIndex last() const {
    const auto found = std::find_if(claim_.nodes.rbegin(), claim_.nodes.rend(),
                                    [this](NodeIndex node) { return has_run(node); });
    return found == claim_.nodes.rend() ? claim_.nodes.front() : *found;
  }

  bool in_time(Millis time) const { return !claim_.within || time <= *claim_.within; }

  Judged runs() const {
    for (const NodeIndex node : claim_.nodes) {
      if (!has_run(node))
        continue;
      const Millis began = record_.began(node).value_or(Millis{0});
      return {claim_.never != in_time(began),
              fmt::format("{} ran{}", name_of(node), record_.began(node) ? at(began) : "")};
    }
    return {claim_.never, became(claim_.nodes.front())};
  }

  Judged fires() const {
    if (claim_.never) {
      for (const NodeIndex node : claim_.nodes) {
        const auto fired = record_.fired(node, claim_.edge);
        if (fired && in_time(*fired))
          return {false, became(node) + at(*fired)};
      }
      return {true, became(last())};
    }
    const NodeIndex node = last();
    const auto fired = record_.fired(node, claim_.edge);
    return {fired && in_time(*fired), became(node) + (fired ? at(*fired) : "")};
  }

  Judged asks() const {
    for (const Asked& one : record_.asked()) {
      const bool meant =
          one.human == claim_.human &&
          (claim_.nodes.empty() || std::ranges::find(claim_.nodes, one.node) != claim_.nodes.end());
      if (meant)
        return {claim_.never != in_time(one.at),
                fmt::format("{} was asked about {}{}", report::printable(one.human),
                            name_of(one.node), at(one.at))};
    }
    std::string others;
    for (const Asked& one : record_.asked()) {
      if (one.human == claim_.human)
        others = ", but about " + name_of(one.node);
    }
    const std::string about = claim_.nodes.empty() ? "" : " about " + name_of(claim_.nodes.front());
    return {claim_.never,
            fmt::format("{} was not asked{}{}", report::printable(claim_.human), about, others)};
  }

  Judged run_ends() const {
    bool so = false;
    switch (claim_.end) {
      case Claim::End::kDone:
        so = state_.closed && state_.outcome == run::RunOutcome::kDone &&
             !report::ended_unmerged(plan_, state_);
        break;
      case Claim::End::kFailed:
        so = state_.closed &&
             (state_.outcome != run::RunOutcome::kDone || report::ended_unmerged(plan_, state_));
        break;
      case Claim::End::kWaiting: so = run::waits_for_human(state_); break;
    }
    const bool holds = so && in_time(record_.took());
    return {claim_.never != holds, end_of(plan_, state_) + at(record_.took())};
  }

  Judged amount() const {
    const std::int64_t is = measured();
    return {compares(is), what() + " " + shown(is)};
  }

  bool compares(std::int64_t is) const {
    switch (claim_.compare) {
      case Claim::Compare::kLess: return is < claim_.amount;
      case Claim::Compare::kAtMost: return is <= claim_.amount;
      case Claim::Compare::kMore: return is > claim_.amount;
      case Claim::Compare::kAtLeast: return is >= claim_.amount;
      case Claim::Compare::kExactly: return is == claim_.amount;
    }
    return false;
  }

  std::string what() const {
    const std::string who = claim_.nodes.empty() ? "the run" : name_of(last());
    switch (claim_.measure) {
      case Claim::Measure::kTime: return who + " took";
      case Claim::Measure::kMoney: return who + " spent";
      default: return who + " had";
    }
  }

  std::string shown(std::int64_t is) const {
    const auto count = static_cast<std::uint64_t>(is);
    switch (claim_.measure) {
      case Claim::Measure::kRounds: return report::counted(count, "round");
      case Claim::Measure::kAttempts: return report::counted(count, "attempt");
      case Claim::Measure::kItems: return report::counted(count, "item");
      case Claim::Measure::kSessions: return report::counted(count, "session");
      case Claim::Measure::kTime: return plan::to_string(Millis(is));
      case Claim::Measure::kMoney: return plan::to_string(plan::Money{is});
    }
    return {};
  }

  bool is_meant(NodeIndex node) const {
    return claim_.nodes.empty() || std::ranges::find(claim_.nodes, node) != claim_.nodes.end();
  }

  std::int64_t measured() const {
    switch (claim_.measure) {
      case Claim::Measure::kRounds: return rounds();
      case Claim::Measure::kAttempts: return attempts();
      case Claim::Measure::kItems: return static_cast<std::int64_t>(node_of(last()).tasks.size());
      case Claim::Measure::kSessions: return sessions();
      case Claim::Measure::kTime: return time().count();
      case Claim::Measure::kMoney: return money();
    }
    return 0;
  }

  // "polish#2.fixes" is of the second round of `polish`.
  std::int64_t rounds() const {
    const std::string prefix = plan_.nodes[last().value].name + "#";
    std::set<std::string> begun;
    for (std::uint32_t i = 0; i < plan_.nodes.size(); ++i) {
      const std::string& name = plan_.nodes[i].name;
      if (name.starts_with(prefix) && has_run({i}))
        begun.insert(name.substr(0, name.find('.', prefix.size())));
    }
    return static_cast<std::int64_t>(begun.size());
  }

  std::int64_t attempts() const {
    std::int64_t count = 0;
    for (std::uint32_t i = 0; i < plan_.nodes.size(); ++i)
      count += is_meant({i}) ? record_.attempts({i}) : 0;
    return count;
  }

  std::int64_t sessions() const {
    return std::ranges::count_if(state_.sessions, [this](const run::Session& session) {
      return !plan_.nodes[session.node.value].agents.empty() && is_meant(session.node);
    });
  }

  Millis time() const {
    if (claim_.nodes.empty())
      return record_.took();
    const auto began = record_.began(last());
    const auto ended = record_.ended(last());
    return began ? ended.value_or(record_.took()) - *began : Millis{0};
  }

  std::int64_t money() const {
    std::int64_t micros = 0;
    for (const run::Task& task : state_.tasks)
      micros += is_meant(task.node) ? task.used.money.micros : 0;
    return micros;
  }

  // In words: "`build` was accepted", "`merge` never ran: …".
  std::string became(NodeIndex node) const {
    const run::NodeState& now = node_of(node);
    const std::string name = name_of(node);
    if (now.unreachable)
      return fmt::format("{} never ran{}", name, because(now.reason));
    if (now.phase != run::NodePhase::kSettled)
      return name + (has_run(node) ? " had not ended: " + end_of(plan_, state_) : " never began");
    const auto fired = [&](EdgeKind kind) {
      return run::fired(plan_, state_, node, kind);
    };
    if (!now.let_pass.empty())
      return fmt::format("{} was let pass by {}", name, report::printable(now.let_pass));
    if (fired(EdgeKind::kMerged))
      return name + " was merged";
    if (fired(EdgeKind::kApproved))
      return name + " was approved";
    if (fired(EdgeKind::kChangesRequested))
      return name + (plan_.nodes[node.value].human.empty() ? " wants changes" : " was refused");
    if (fired(EdgeKind::kAccepted))
      return name + " was accepted";
    return fmt::format("{} {}{}", name, now.failed > 0 ? "failed" : "was skipped",
                       because(why(node)));
  }

  std::string why(NodeIndex node) const {
    const run::NodeState& now = node_of(node);
    if (!now.reason.empty())
      return now.reason;
    for (const run::TaskIndex index : now.tasks) {
      const run::Task& task = state_.tasks[index.value];
      if (task.phase == run::Phase::kFailed)
        return report::result_of(task);
    }
    return now.tasks.empty() ? "" : state_.tasks[now.tasks.front().value].reason;
  }

  static std::string because(const std::string& reason) {
    return reason.empty() ? "" : ": " + report::printable(reason);
  }

  const plan::Plan& plan_;
  const run::State& state_;
  const Record& record_;
  const Claim& claim_;
};

}  // namespace

Judged judge(const plan::Plan& plan, const run::State& state, const Record& record,
             const Claim& claim) {
  return Judge(plan, state, record, claim).run();
}

std::string end_of(const plan::Plan& plan, const run::State& state) {
  if (state.closed && report::ended_unmerged(plan, state))
    return "the run ended, and nothing was merged";
  if (state.closed)
    return state.outcome == run::RunOutcome::kDone ? "the run was done" : "the run failed";
  if (const auto gates = run::open_gates(state); !gates.empty() && run::waits_for_human(state)) {
    const run::Task& task = state.tasks[gates.front().value];
    return fmt::format("the run waits for {} about `{}`", report::printable(task.gate->human),
                       report::printable(plan.nodes[task.node.value].name));
  }
  return "the run still went on, after more than a year";
}

}  // namespace fleet::simulate
