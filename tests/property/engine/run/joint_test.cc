// Reviews, joints, loops and gates against a naive reading of what their edges mean: random plans,
// random orders, answers in any order or none, repeats, stops and engines that die.
//
//   FLEETC_MODEL_RUNS=1000000   how many random runs (default 3000)
//   FLEETC_MODEL_SEED=17        the first seed
#include <cstdlib>
#include <set>

#include <catch2/catch.hpp>

#include "engine/run/replay.h"
#include "tests/property/engine/run/auditor.h"
#include "tests/support/random_plan.h"

using namespace fleet;
using namespace fleet::test;
using plan::EdgeKind;
using plan::NodeKind;

namespace {

constexpr EdgeKind kKinds[] = {EdgeKind::kDone,          EdgeKind::kAccepted,
                               EdgeKind::kApproved,      EdgeKind::kChangesRequested,
                               EdgeKind::kFailed,        EdgeKind::kMerged,
                               EdgeKind::kSomeAccepted};

bool has_verdicts(const plan::Plan& plan, plan::NodeIndex node) {
  const plan::Node& of = plan.nodes[node.value];
  return of.kind != NodeKind::kRun;
}

plan::Plan random_flow(Dice& dice) {
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
    const auto all = [&](auto what) { return std::ranges::all_of(of, what); };
    const auto any = [&](auto what) { return std::ranges::any_of(of, what); };
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
      const bool member = std::ranges::any_of(plan_.nodes[m].after, [&](const plan::Edge& edge) {
        return edge.from.value == n;
      });
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
    for (const EdgeKind kind : kKinds) {
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
      require(run::is_settled(task.phase), "a task of n{} is {}", n, name_of(task.phase));
      require(task.phase != run::Phase::kCancelled || may_be_cancelled(n), "n{} was cancelled", n);
    }
  }

  const plan::Plan& plan_;
  const run::State& state_;
  std::vector<End> ends_;
};

// Carries commands out in any order, and answers gates when it likes.
class Answering {
 public:
  explicit Answering(std::uint64_t seed) : dice_(seed), plan_(random_flow(dice_)) {
    trouble_ = dice_.percent(60) ? 1 + dice_.below(4) : 0;
  }

  void run() {
    take(run::RunOpened{"r", "hash", "base", 1 + dice_.below(4), dice_.below(3), "1"});
    for (int turn = 0; !over(); ++turn) {
      require(turn < 20'000, "the run does not end");
      act();
    }
    require(state_.parked == 0 && state_.ready == 0 && state_.in_flight == 0 && state_.busy == 0,
            "{} parked, {} ready, {} in flight, {} busy", state_.parked, state_.ready,
            state_.in_flight, state_.busy);
    for (const run::Session& session : state_.sessions)
      require(!session.open, "session {} is still open", session.index.value);
    Reading reading(plan_, state_);
    bool fails = false;
    for (std::uint32_t n = 0; n < plan_.nodes.size(); ++n)
      fails = fails || run::fired(plan_, state_, {n}, EdgeKind::kFailed);
    require(fails == (state_.outcome == run::RunOutcome::kFailed), "the run ended as {}",
            static_cast<int>(state_.outcome));
    require(run::replay(plan_, journal_) == state_, "a replay ends in another state");
  }

  std::string story() const {
    std::string text;
    for (std::uint32_t n = 0; n < plan_.nodes.size(); ++n) {
      text += fmt::format("n{} kind {} else {}:", n, static_cast<int>(plan_.nodes[n].kind),
                          static_cast<int>(plan_.nodes[n].otherwise));
      for (const plan::Edge& edge : plan_.nodes[n].after)
        text += fmt::format(" {}.{}", edge.from.value, static_cast<int>(edge.kind));
      text += fmt::format(" => {}\n", n < state_.nodes.size() ? state_.nodes[n].reason : "");
    }
    for (const run::Event& event : journal_)
      text += fmt::format("  {} {}\n", run::name_of(event.body), run::encode(event.body));
    return text;
  }

 private:
  bool over() const { return state_.closed && state_.outcome != run::RunOutcome::kStopped; }

  void take(run::EventBody body) {
    journal_.push_back({++now_, std::move(body)});
    run::Effects effects;
    run::step(plan_, state_, journal_.back(), effects);
    for (run::Command& command : effects.commands)
      todo_.push_back(std::move(command));
  }

  void act() {
    if (state_.closed)
      return revive();
    if (trouble_ > 0 && dice_.percent(5))
      return trouble();
    const bool quiet = todo_.empty() && running_.empty();
    if (quiet)
      check_quiet();
    const std::uint32_t choice = dice_.below(10);
    if (!todo_.empty() && (choice < 5 || running_.empty())) {
      const std::size_t i = dice_.below(todo_.size());
      const run::Command command = todo_[i];
      todo_.erase(todo_.begin() + static_cast<std::ptrdiff_t>(i));
      std::visit([&](const auto& c) { carry_out(c); }, command);
    } else if (!running_.empty() && (choice < 8 || gates_.empty())) {
      finish(*std::next(running_.begin(), dice_.below(running_.size())));
    } else if (!gates_.empty()) {
      answer(*std::next(gates_.begin(), dice_.below(gates_.size())));
    }
  }

  // Nothing is under way: only humans, and those who close the run, can help.
  void check_quiet() {
    require(run::waits_for_human(state_), "everything waits for everything else");
    std::set<run::Attempt> open;
    for (const run::TaskIndex task : run::open_gates(state_))
      open.insert({task, state_.tasks[task.value].epoch});
    require(open == gates_, "{} gates are open, {} were asked for", open.size(), gates_.size());
  }

  void answer(run::Attempt attempt) {
    if (timers_.contains(attempt) && dice_.percent(30))
      return take(run::TimerFired{attempt});
    const run::Decision decision =
        dice_.percent(60) ? run::Decision::kApprove : run::Decision::kReject;
    take(run::GateAnswered{attempt, decision, "ann", "", ""});
    if (dice_.percent(20))
      take(run::GateAnswered{attempt, run::Decision::kApprove, "bob", "", ""});
  }

  void finish(run::Attempt attempt) {
    run::Exited exit;
    exit.attempt = attempt;
    if (cancelled_.contains(attempt) && dice_.percent(80)) {
      exit.how = run::ExitHow::kCancelled;
    } else {
      speak(attempt);
      exit.code = dice_.percent(20) ? 3 : 0;
    }
    running_.erase(attempt);
    ended_[attempt] = exit;
    take(exit);
  }

  void speak(run::Attempt attempt) {
    if (dice_.percent(5))
      take(run::Escalated{attempt, "help"});
    if (dice_.percent(15))
      return;
    const bool approves = dice_.percent(50);
    if (!approves)
      take(run::FindingFiled{attempt, {"f-1", run::Severity::kMajor, "", "", 0, "", ""}});
    take(run::VerdictGiven{
        attempt, approves ? run::Verdict::kApproved : run::Verdict::kChangesRequested, ""});
  }

  void trouble() {
    --trouble_;
    switch (dice_.below(3)) {
      case 0:
        return take(run::StopAsked{dice_.percent(50) ? run::StopLevel::kNow : run::StopLevel::kDrain,
                                   "test"});
      case 1: {
        const run::EventBody body = journal_[dice_.below(journal_.size())].body;
        const bool heard = std::holds_alternative<run::Exited>(body) ||
                           std::holds_alternative<run::Prepared>(body) ||
                           std::holds_alternative<run::GateAnswered>(body) ||
                           std::holds_alternative<run::VerdictGiven>(body);
        if (heard)
          take(body);
        return;
      }
      default:
        state_ = run::replay(plan_, journal_);
        if (!over())
          revive();
    }
  }

  void revive() {
    todo_.clear();
    gates_.clear();
    timers_.clear();
    take(run::Resumed{1 + dice_.below(4), dice_.below(3), "2"});
    const std::vector<run::Task> tasks = state_.tasks;
    for (const run::Task& task : tasks) {
      const run::Attempt attempt{task.index, task.epoch};
      if (task.phase != run::Phase::kRunning)
        continue;
      if (running_.contains(attempt) || ended_.contains(attempt)) {
        take(run::Reconciled{attempt, run::Found::kRunning});
        if (ended_.contains(attempt))
          take(ended_.at(attempt));
      } else {
        take(run::Reconciled{attempt, run::Found::kNeverStarted});
      }
    }
  }

  void carry_out(const run::Prepare& c) {
    take(run::Prepared{c.attempt, c.start, "", "slot", true, {}, ""});
  }
  void carry_out(const run::Launch& c) {
    require(!ended_.contains(c.attempt), "an attempt was launched that had ended");
    running_.insert(c.attempt);
  }
  void carry_out(const run::Cancel& c) { cancelled_.insert(c.attempt); }
  void carry_out(const run::OpenGate& c) {
    const run::Task& task = state_.tasks[c.attempt.task.value];
    if (task.epoch == c.attempt.epoch && task.phase == run::Phase::kParked)
      gates_.insert(c.attempt);
  }
  void carry_out(const run::CloseGate& c) { gates_.erase(c.attempt); }
  void carry_out(const run::StartTimer& c) { timers_.insert(c.attempt); }
  void carry_out(const run::CloseRun& c) { take(run::RunClosed{c.outcome}); }
  void carry_out(const run::EndSession&) {}
  template <class Other>
  void carry_out(const Other&) {
    require(false, "something was asked for that no step of the plan needs");
  }

  Dice dice_;
  plan::Plan plan_;
  run::State state_;
  std::int64_t now_ = 0;
  std::vector<run::Event> journal_;
  std::vector<run::Command> todo_;
  std::set<run::Attempt> running_, cancelled_, gates_, timers_;
  std::map<run::Attempt, run::Exited> ended_;
  std::uint32_t trouble_ = 0;
};

std::uint64_t number(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

TEST_CASE("edges of reviews, joints, loops and gates mean what they say, in whatever order") {
  const std::uint64_t first = number("FLEETC_MODEL_SEED", 1);
  const std::uint64_t runs = number("FLEETC_MODEL_RUNS", 3000);
  for (std::uint64_t seed = first; seed < first + runs; ++seed) {
    INFO("again with FLEETC_MODEL_SEED=" << seed << " FLEETC_MODEL_RUNS=1");
    Answering answering(seed);
    try {
      answering.run();
    } catch (const Violation& violation) {
      FAIL(violation.what() << "\n" << answering.story());
    }
  }
  SUCCEED();
}
