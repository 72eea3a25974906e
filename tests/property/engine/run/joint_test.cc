// Reviews, joints, loops and gates against a naive reading of what their edges mean: random plans,
// random orders, answers in any order or none, repeats, stops and engines that die.
//
//   FLEETC_MODEL_RUNS=1000000   how many random runs (default 3000)
//   FLEETC_MODEL_SEED=17        the first seed
#include <cstdlib>
#include <set>

#include <catch2/catch.hpp>

#include "engine/run/replay.h"
#include "tests/property/engine/run/flow.h"

using namespace fleet;
using namespace fleet::test;
using plan::EdgeKind;

namespace {

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
    const std::int64_t closes_at = state_.tasks[attempt.task.value].gate->closes_at;
    if (dice_.percent(10))
      take(run::GateAnswered{attempt, run::Decision::kRetry, "ann", "", ""});
    if (closes_at != 0 && dice_.percent(15))
      return take(run::GateAnswered{attempt, decision, "ann", "", "", closes_at + 1});
    take(run::GateAnswered{attempt, decision, "ann", "", "", dice_.percent(50) ? closes_at : 0});
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
        return take(run::StopAsked{
            dice_.percent(50) ? run::StopLevel::kNow : run::StopLevel::kDrain, "test"});
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
