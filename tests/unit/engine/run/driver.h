// Drives `step` by hand: sends events, keeps what the last one led to.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/run/replay.h"
#include "tests/support/plan_builder.h"

namespace fleet::test {

struct Driver {
  explicit Driver(plan::Plan of) : plan(std::move(of)) {}

  void send(run::EventBody body) {
    effects.commands.clear();
    effects.transitions.clear();
    events.push_back({now, std::move(body)});
    run::step(plan, state, events.back(), effects);
  }

  void open(std::uint32_t jobs = 4, std::uint32_t ahead = 0) {
    send(run::RunOpened{"r1", plan.hash, "base", jobs, ahead, "test"});
  }
  // Lists the items of a fan-out and decides, in the order of the list.
  void spread(plan::NodeIndex node, std::uint32_t sessions) {
    const auto& items = plan.nodes[node.value].fanout->source.list;
    send(run::ItemsListed{node, items, items.size(), ""});
    if (items.empty())
      return;
    run::SpawnDecided decided;
    decided.node = node;
    decided.sessions = sessions;
    for (std::uint32_t i = 0; i < items.size(); ++i)
      decided.order.push_back(i);
    send(decided);
  }

  run::Attempt attempt(std::uint32_t task) const { return {{task}, state.tasks[task].epoch}; }
  void prepared(std::uint32_t task, std::string error = "") {
    send(run::Prepared{attempt(task), "", "branch" + std::to_string(task), "slot", true, {}, std::move(error)});
  }
  void exited(std::uint32_t task, std::int32_t code = 0, run::ExitHow how = run::ExitHow::kExited) {
    send(run::Exited{attempt(task), how, code, plan::Millis{10}, {}, 0, 0, ""});
  }
  void captured(std::uint32_t task, run::CaptureHow how = run::CaptureHow::kCommit) {
    send(run::Captured{attempt(task), how, "commit" + std::to_string(task), 1, 2, 3, {}, ""});
  }
  void verified(std::uint32_t task, bool passed = true, std::string error = "") {
    send(run::Verified{attempt(task), passed, {{"true", passed, "exit", {}}}, std::move(error)});
  }
  void published(std::uint32_t task, std::string error = "") {
    send(run::Published{attempt(task), "branch", "commit", std::move(error)});
  }
  void merged(std::uint32_t task, run::MergeHow how = run::MergeHow::kMerged) {
    send(run::Merged{attempt(task), how, "tip", "merged", {}, {}, ""});
  }
  // A whole attempt of a judged, writing agent that goes well.
  void succeed(std::uint32_t task) {
    prepared(task);
    exited(task);
    captured(task);
    verified(task);
    published(task);
  }
  // A whole attempt of a plain command.
  void command(std::uint32_t task, std::int32_t code = 0) {
    prepared(task);
    exited(task, code);
  }

  void verdict(std::uint32_t task, run::Verdict verdict) {
    send(run::VerdictGiven{attempt(task), verdict, ""});
  }
  void finding(std::uint32_t task, const std::string& id,
               run::Severity severity = run::Severity::kMajor, const std::string& title = "") {
    send(run::FindingFiled{attempt(task), {id, severity, "", "", 0, title, ""}});
  }
  // A whole attempt of a review.
  void approve(std::uint32_t task) {
    prepared(task);
    verdict(task, run::Verdict::kApproved);
    exited(task);
  }
  void request_changes(std::uint32_t task, const std::vector<std::string>& ids) {
    prepared(task);
    for (const std::string& id : ids)
      finding(task, id);
    verdict(task, run::Verdict::kChangesRequested);
    exited(task);
  }
  void answer(std::uint32_t task, run::Decision decision, const std::string& why = "") {
    send(run::GateAnswered{attempt(task), decision, "ann", "test", why});
  }
  void yes(std::uint32_t task) { answer(task, run::Decision::kApprove); }
  void no(std::uint32_t task, const std::string& why = "") {
    answer(task, run::Decision::kReject, why);
  }
  void timer(std::uint32_t task) { send(run::TimerFired{attempt(task)}); }
  // A merge that makes `commit`.
  void merged_to(std::uint32_t task, const std::string& commit) {
    send(run::Merged{attempt(task), run::MergeHow::kMerged, commit, "merged", {}, {}, ""});
  }
  bool fires(plan::NodeIndex node, plan::EdgeKind kind) const {
    return run::fired(plan, state, node, kind);
  }

  run::Phase phase(std::uint32_t task) const { return state.tasks[task].phase; }
  const run::NodeState& node(plan::NodeIndex index) const { return state.nodes[index.value]; }

  // Of the last event.
  template <class T>
  std::vector<T> asked() const {
    std::vector<T> found;
    for (const run::Command& command : effects.commands) {
      if (const T* match = std::get_if<T>(&command))
        found.push_back(*match);
    }
    return found;
  }
  template <class T>
  std::vector<std::uint32_t> tasks_asked() const {
    std::vector<std::uint32_t> tasks;
    for (const T& command : asked<T>())
      tasks.push_back(command.attempt.task.value);
    return tasks;
  }

  plan::Plan plan;
  run::State state;
  run::Effects effects;  // of the last event
  std::int64_t now = 1'000'000;
  std::vector<run::Event> events;
};

using Tasks = std::vector<std::uint32_t>;

}  // namespace fleet::test
