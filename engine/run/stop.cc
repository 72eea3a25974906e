// Stopping, carrying on after a stop or a crash, and closing. The only handlers that look at every
// task: they run a few times in a run's life.
#include "engine/run/core.h"

namespace fleet::run {

namespace {

bool runs_a_process(const Core& core, const Task& task) {
  return task.phase == Phase::kRunning && core.plan_of(task).kind != plan::NodeKind::kMerge;
}

void cancel_all(Core& core) {
  for (Task& task : core.state.tasks) {
    if (!runs_a_process(core, task))
      continue;
    task.stop_cancelled = true;
    core.command(Cancel{attempt_of(task)});
  }
}

// A clock that was set back since must not make a backoff longer than any is.
void bound_backoff(const Core& core, Task& task) {
  if (task.phase != Phase::kReady || task.not_before == 0)
    return;
  if (task.outcome == Outcome::kLimited)  // as long as its provider says
    return;
  const Millis longest =
      std::max(overload_backoff(task.losses), restart_of(core, task).backoff_max);
  task.not_before = std::min(task.not_before, core.now + longest.count());
}

// What this task's last command was, asked again. A running process is asked for by nobody: the
// Reconciled that follows says what became of it.
void ask_again(Core& core, const Task& task) {
  const Attempt attempt = attempt_of(task);
  switch (task.phase) {
    case Phase::kReady:
      if (task.not_before != 0)
        core.command(StartTimer{attempt, task.not_before});
      return;
    case Phase::kPreparing: core.command(Prepare{attempt, task.session, task.start}); return;
    case Phase::kRunning:
      if (!runs_a_process(core, task))
        core.command(merge_command(task));
      return;
    case Phase::kSettling: core.command(Capture{attempt, task.session}); return;
    case Phase::kVerifying:
      if (task.placed)
        core.command(verify_command(task));
      return;
    case Phase::kPublishing: core.command(Publish{attempt, task.commit}); return;
    case Phase::kParked:
      core.command(OpenGate{attempt});
      if (task.gate->closes_at != 0)
        core.command(StartTimer{attempt, task.gate->closes_at});
      return;
    case Phase::kWaiting:
    case Phase::kAdmitted:
    case Phase::kDone:
    case Phase::kFailed:
    case Phase::kSkipped:
    case Phase::kCancelled: return;
  }
}

void ask_again(Core& core, NodeIndex node) {
  const NodePhase phase = core.state_of(node).phase;
  if (phase == NodePhase::kListing)
    core.command(ListItems{node});
  if (phase == NodePhase::kDeciding)
    core.command(DecideSpawn{node});
}

// Evidence and the making of a list are not waited for when stopping now: nothing was spent on them
// yet, and the next engine begins them again.
bool is_idle(const State& state) {
  return state.in_flight == (state.stopping ? state.unspent : 0);
}

void close(Core& core, RunOutcome outcome) {
  core.state.closing = true;
  core.state.outcome = outcome;
  core.command(CloseRun{outcome});
}

}  // namespace

void on(Core& core, const StopAsked& event) {
  State& state = core.state;
  if (!state.draining) {
    state.draining = true;
    end_idle_sessions(core);
  }
  if (event.level == StopLevel::kNow && !state.stopping) {
    state.stopping = true;
    cancel_all(core);
  }
}

void on(Core& core, const Resumed& event) {
  State& state = core.state;
  state.closed = false;
  state.closing = false;
  state.draining = false;
  state.stopping = false;
  state.jobs = event.jobs;
  state.ahead = event.ahead;
  state.version = event.version;
  for (std::uint32_t i = 0; i < state.nodes.size(); ++i)
    ask_again(core, NodeIndex{i});
  for (Task& task : state.tasks) {
    task.unreconciled = runs_a_process(core, task);
    bound_backoff(core, task);
    ask_again(core, task);
  }
}

void on(Core& core, const Reconciled& event) {
  Task& task = core.state.tasks[event.attempt.task.value];
  if (!runs_a_process(core, task) || !task.unreconciled)
    return;
  task.unreconciled = false;
  switch (event.found) {
    case Found::kRunning:
      if (core.state.stopping || !task.unwanted.empty() || task.over_budget)
        core.command(Cancel{attempt_of(task)});
      return;
    case Found::kNeverStarted:
      if (drop_if_unwanted(core, task))
        return;
      if (core.state.draining) {
        give_back(core, task, "was not started; starts on resume");
      } else {
        core.command(launch_command(task));
      }
      return;
    case Found::kLost: on(core, Exited{event.attempt, ExitHow::kLost, 0, {}, {}, 0, 0, ""}); return;
  }
}

// Only the answer to what was asked for: a late copy must not close a run that was resumed.
void on(Core& core, const RunClosed& event) {
  State& state = core.state;
  if (!state.closing || event.outcome != state.outcome)
    return;
  state.closing = false;
  state.closed = true;
}

void close_if_over(Core& core) {
  const State& state = core.state;
  if (state.closing || state.closed)
    return;
  if (state.nodes_settled == state.nodes.size()) {
    close(core, state.nodes_failed > 0 ? RunOutcome::kFailed : RunOutcome::kDone);
  } else if (state.draining && is_idle(state)) {
    close(core, RunOutcome::kStopped);
  }
}

}  // namespace fleet::run
