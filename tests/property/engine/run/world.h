// A world for `step` in which everything happens late, in any order, more than once, or not until
// the engine has died and come back. Answers by the script; a seed gives the same story again.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/run/replay.h"
#include "tests/property/engine/run/auditor.h"

namespace fleet::test {

class World {
 public:
  explicit World(std::uint64_t seed)
      : dice_(seed),
        plan_(random_plan(dice_, 9)),
        script_(random_script(dice_, plan_)),
        oracle_(plan_, script_) {
    stops_ = dice_.percent(50) ? dice_.below(4) : 0;
    crashes_ = dice_.percent(50) ? dice_.below(5) : 0;
    repeats_ = dice_.percent(50) ? 30 : 0;
    auditor_ = std::make_unique<Auditor>(plan_, oracle_);
  }

  // Throws Violation at the first thing that no run may do.
  void run() {
    take(run::RunOpened{"r", "hash", "base", 1 + dice_.below(4), dice_.below(3), "1"});
    for (int turn = 0; !over(); ++turn) {
      require(turn < 50'000, "the run does not end");
      now_ += dice_.below(100);
      act();
    }
    make_durable();
    auditor_->at_the_end(state_);
    require(run::replay(plan_, journal_) == state_, "a replay ends in another state");
  }

  const std::vector<run::Event>& journal() const { return journal_; }

 private:
  // What the keeper knows of an attempt's process.
  struct Process {
    bool running = true;
    bool cancelled = false;
    run::Exited exit;
  };

  bool over() const { return state_.closed && state_.outcome != run::RunOutcome::kStopped; }

  void act() {
    if (state_.closed)
      return revive();
    if (crashes_ > 0 && dice_.percent(2))
      return crash();
    if (stops_ > 0 && dice_.percent(2))
      return ask_to_stop();
    if (repeats_ > 0 && dice_.percent(10))
      return repeat();
    std::vector<int> possible;
    if (!written_.empty())
      possible.push_back(0);
    if (!outbox_.empty())
      possible.push_back(1);
    if (!inbox_.empty())
      possible.push_back(2);
    if (!running().empty())
      possible.push_back(3);
    require(!possible.empty(), "everything waits for everything else");
    switch (dice_.pick(possible)) {
      case 0: return make_durable();
      case 1: return carry_out();
      case 2: return take(draw(inbox_));
      default: return finish(dice_.pick(running()));
    }
  }

  template <class T>
  T draw(std::vector<T>& from) {
    const std::size_t i = dice_.below(from.size());
    T drawn = std::move(from[i]);
    from.erase(from.begin() + static_cast<std::ptrdiff_t>(i));
    return drawn;
  }

  void take(run::EventBody body) {
    journal_.push_back({now_, std::move(body)});
    run::Effects effects;
    run::step(plan_, state_, journal_.back(), effects);
    auditor_->saw(state_, journal_.back(), effects);
    written_.push_back(std::move(effects.commands));
  }

  // Commands are carried out only when the events that led to them are on disk.
  void make_durable() {
    for (auto& commands : written_) {
      for (run::Command& command : commands)
        outbox_.push_back(std::move(command));
    }
    written_.clear();
  }

  void carry_out() {
    const run::Command command = draw(outbox_);
    std::visit([&](const auto& c) { carry_out(c); }, command);
  }

  // The fate of an attempt is drawn when it is first heard of outside the engine.
  Fate fate_of(run::Attempt attempt) {
    const auto known = fates_.find(attempt);
    if (known != fates_.end())
      return known->second;
    const std::uint32_t task = attempt.task.value;
    return fates_[attempt] = script_.fate(auditor_->item(task), auditor_->spent(task));
  }

  std::vector<run::Attempt> running() const {
    std::vector<run::Attempt> all;
    for (const auto& [attempt, process] : keeper_) {
      if (process.running)
        all.push_back(attempt);
    }
    return all;
  }

  void carry_out(const run::ListItems& c) {
    const auto& items = plan_.nodes[c.node.value].fanout->source.list;
    const bool fails = script_.listing_fails[c.node.value];
    inbox_.push_back(run::ItemsListed{c.node, fails ? std::vector<std::string>() : items,
                                      fails ? 0 : items.size(), fails ? "cannot be listed" : ""});
  }

  void carry_out(const run::DecideSpawn& c) {
    run::SpawnDecided decided;
    decided.node = c.node;
    decided.items = plan_.nodes[c.node.value].fanout->source.list.size();
    decided.sessions = 1 + c.node.value % 4;
    for (std::uint32_t i = 0; i < decided.items; ++i) {
      decided.order.insert(decided.order.begin() + (i + c.node.value) % (i + 1), i);
    }
    inbox_.push_back(decided);
  }

  void carry_out(const run::Prepare& c) {
    const Fate fate = fate_of(c.attempt);
    run::Prepared prepared{c.attempt, c.start, "b" + std::to_string(c.attempt.task.value), "s", true, {}, "", false};
    prepared.refused = fate == Fate::kPrepareRefused;
    if (fate == Fate::kPrepareError || prepared.refused)
      prepared.error = "not today";
    inbox_.push_back(prepared);
  }

  // Idempotent, like the keeper: a known attempt is not started again.
  void carry_out(const run::Launch& c) {
    for (const auto& [attempt, process] : keeper_) {
      require(attempt.task != c.attempt.task || attempt == c.attempt || !process.running,
              "task {} has two processes", c.attempt.task.value);
    }
    keeper_.try_emplace(c.attempt, Process{true, false, exit_by(fate_of(c.attempt), c.attempt)});
  }

  static run::Exited exit_by(Fate fate, run::Attempt attempt) {
    run::Exited exit{attempt, run::ExitHow::kExited, 0, plan::Millis{7}, {}, 0, 0, ""};
    if (fate == Fate::kExit)
      exit.code = 3;
    if (fate == Fate::kCrash)
      exit.how = run::ExitHow::kSignalled;
    if (fate == Fate::kTimeout)
      exit.how = run::ExitHow::kTimedOut;
    if (fate == Fate::kFlood)
      exit.how = run::ExitHow::kOutputLimit;
    if (fate == Fate::kSpawnFailed)
      exit.how = run::ExitHow::kSpawnFailed;
    if (fate == Fate::kLost)
      exit.how = run::ExitHow::kLost;
    return exit;
  }

  void finish(run::Attempt attempt) {
    Process& process = keeper_.at(attempt);
    process.running = false;
    if (process.cancelled)
      process.exit.how = run::ExitHow::kCancelled;
    inbox_.push_back(process.exit);
  }

  void carry_out(const run::Cancel& c) {
    const auto process = keeper_.find(c.attempt);
    if (process != keeper_.end())
      process->second.cancelled = true;
  }

  static std::string commit_of(run::Attempt attempt) {
    return fmt::format("c{}.{}", attempt.task.value, attempt.epoch);
  }

  void carry_out(const run::Capture& c) {
    run::Captured captured{c.attempt, run::CaptureHow::kCommit, commit_of(c.attempt), 1, 1, 1, {},
                           ""};
    const Fate fate = fate_of(c.attempt);
    if (fate == Fate::kEmpty)
      captured.how = run::CaptureHow::kEmpty, captured.commit = "start";
    if (fate == Fate::kOutside)
      captured.how = run::CaptureHow::kOutside;
    if (fate == Fate::kUncommittable)
      captured.how = run::CaptureHow::kRefused;
    if (fate == Fate::kCaptureError)
      captured.how = run::CaptureHow::kError;
    inbox_.push_back(captured);
  }

  void carry_out(const run::Verify& c) {
    const Fate fate = fate_of(c.attempt);
    inbox_.push_back(run::Verified{c.attempt,
                                   fate != Fate::kEvidence && fate != Fate::kVerifyError,
                                   {},
                                   fate == Fate::kVerifyError ? "no space" : ""});
  }

  void carry_out(const run::Publish& c) {
    const bool fails = fate_of(c.attempt) == Fate::kPublishError;
    inbox_.push_back(run::Published{c.attempt, "b", c.commit, fails ? "moved" : ""});
  }

  void carry_out(const run::DoMerge& c) {
    const std::uint32_t node = auditor_->item(c.attempt.task.value).first;
    run::Merged merged{
        c.attempt, run::MergeHow::kMerged, "merge" + std::to_string(node), "b", {}, {}, ""};
    const Fate fate = fate_of(c.attempt);
    if (fate != Fate::kSuccess)
      merged.commit.clear();
    if (fate == Fate::kMergeNothing)
      merged.how = run::MergeHow::kNothing;
    if (fate == Fate::kConflict)
      merged.how = run::MergeHow::kConflict;
    if (fate == Fate::kMergeEvidence)
      merged.how = run::MergeHow::kEvidenceFailed;
    if (fate == Fate::kMergeRefused)
      merged.how = run::MergeHow::kRefused;
    if (fate == Fate::kMergeError)
      merged.how = run::MergeHow::kError;
    inbox_.push_back(merged);
  }

  void carry_out(const run::StartTimer& c) { inbox_.push_back(run::TimerFired{c.attempt}); }
  void carry_out(const run::EndSession&) {}
  void carry_out(const run::OpenGate&) {}
  void carry_out(const run::CloseGate&) {}
  void carry_out(const run::CloseRun& c) { inbox_.push_back(run::RunClosed{c.outcome}); }

  void ask_to_stop() {
    --stops_;
    take(run::StopAsked{dice_.percent(50) ? run::StopLevel::kNow : run::StopLevel::kDrain, "test"});
  }

  // An answer that was heard before is heard again. What people and engines say is not repeated.
  void repeat() {
    --repeats_;
    const std::size_t oldest = dice_.percent(50) ? 0 : last_resume_;
    const run::EventBody& body = journal_[oldest + dice_.below(journal_.size() - oldest)].body;
    if (std::holds_alternative<run::StopAsked>(body))
      return;
    if (std::holds_alternative<run::Resumed>(body))
      return;
    const bool found = std::holds_alternative<run::Reconciled>(body);
    if (found && oldest < last_resume_)
      return;
    take(run::EventBody(body));
  }

  // kill -9: what is not on disk never happened, and only the keeper remembers processes.
  void crash() {
    --crashes_;
    journal_.resize(journal_.size() - written_.size());
    state_ = {};
    auditor_ = std::make_unique<Auditor>(plan_, oracle_);
    for (const run::Event& event : journal_) {
      run::Effects effects;
      run::step(plan_, state_, event, effects);
      auditor_->saw(state_, event, effects);
    }
    if (journal_.empty()) {
      written_.clear();
      return take(run::RunOpened{"r", "hash", "base", 2, 0, "1"});
    }
    if (!over())
      revive();
  }

  // A new engine: everything that the old one had in hand is gone.
  void revive() {
    while (state_.closed && !inbox_.empty() && dice_.percent(50))
      take(draw(inbox_));
    written_.clear();
    outbox_.clear();
    inbox_.clear();
    last_resume_ = journal_.size();
    take(run::Resumed{1 + dice_.below(4), dice_.below(3), "2"});
    for (const run::Task& task : state_.tasks) {
      const bool merge = plan_.nodes[task.node.value].kind == plan::NodeKind::kMerge;
      if (task.phase == run::Phase::kRunning && !merge)
        reconcile({task.index, task.epoch});
    }
  }

  void reconcile(run::Attempt attempt) {
    const auto process = keeper_.find(attempt);
    if (process == keeper_.end()) {
      inbox_.push_back(run::Reconciled{attempt, run::Found::kNeverStarted});
      return;
    }
    if (fate_of(attempt) == Fate::kLost && !process->second.cancelled) {
      process->second.running = false;
      inbox_.push_back(run::Reconciled{attempt, run::Found::kLost});
      return;
    }
    inbox_.push_back(run::Reconciled{attempt, run::Found::kRunning});
    if (!process->second.running)
      inbox_.push_back(process->second.exit);
  }

  Dice dice_;
  plan::Plan plan_;
  Script script_;
  Oracle oracle_;
  std::unique_ptr<Auditor> auditor_;
  run::State state_;
  std::int64_t now_ = 0;
  std::vector<run::Event> journal_;
  std::vector<std::vector<run::Command>> written_;  // by event that is not yet durable
  std::vector<run::Command> outbox_;                // to be carried out
  std::vector<run::EventBody> inbox_;               // answers under way
  std::map<run::Attempt, Process> keeper_;
  std::map<run::Attempt, Fate> fates_;
  std::uint32_t stops_ = 0;
  std::uint32_t crashes_ = 0;
  std::uint32_t repeats_ = 0;
  std::size_t last_resume_ = 0;
};

}  // namespace fleet::test
