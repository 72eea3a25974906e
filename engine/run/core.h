// What the files of this room share while one event is taken in. Private to the room.
#pragma once

#include <string>
#include <vector>

#include "engine/run/policy.h"
#include "engine/run/step.h"

namespace fleet::run {

// One call of `step`. References to tasks stay valid but for add_task.
struct Core {
  const plan::Plan& plan;
  State& state;
  Effects& effects;
  std::int64_t now = 0;
  std::vector<NodeIndex> settled;  // their dependents are still to be told

  const plan::Node& plan_of(NodeIndex node) const { return plan.nodes[node.value]; }
  const plan::Node& plan_of(const Task& task) const { return plan_of(task.node); }
  NodeState& state_of(NodeIndex node) { return state.nodes[node.value]; }
  NodeState& state_of(const Task& task) { return state_of(task.node); }
  void command(Command command) { effects.commands.push_back(std::move(command)); }
};

inline Attempt attempt_of(const Task& task) {
  return {task.index, task.epoch};
}
inline Task* task_at(State& state, TaskIndex index) {
  return index.value < state.tasks.size() ? &state.tasks[index.value] : nullptr;
}

// phase.cc: the one place that changes a task's phase, and the counts that hang on it.
Task& add_task(Core& core, NodeIndex node, std::string item, std::string reason);
void set_phase(Core& core, Task& task, Phase to, std::string reason);
void set_phase(Core& core, NodeState& node, NodePhase to);
void take_place(Core& core, Task& task);
void free_place(Core& core, Task& task);

// schedule.cc: who depends on whom, and who goes first: the longest remaining path to the end.
Schedule make_schedule(const plan::Plan& plan);

// edges.cc
void open_run(Core& core);
void settle_node(Core& core, NodeIndex node);                           // its last task is settled
void fail_node(Core& core, NodeIndex node, const std::string& reason);  // without any task to blame
void tell_dependents(Core& core);  // of every node in core.settled
std::string why_not(const plan::Plan& plan, const State& state, const plan::Edge& edge);

// sessions.cc: who may sit where. A session is bounded by its step's spawn check, by the fleet's
// limit, and by its agent when that has only one.
enum class Seat { kIdle, kNew, kFree, kOwnBusy, kNoSession, kNoAgent };  // kFree: needs none
Seat seat_for(const Core& core, NodeIndex node);
bool has_session_slack(const Core& core);
void take_seat(Core& core, Task& task, Seat seat);
void leave_seat(Core& core, Task& task);
void end_idle_sessions(Core& core);

// admission.cc
void enqueue(Core& core, Task& task);       // behind the step's other tasks
void offer(Core& core, NodeIndex node);     // something of it may have become admissible
void withdraw(Core& core, NodeIndex node);  // from every set
void admit(Core& core);                     // as much as there is room for

// settle.cc: how attempts and tasks end. Each frees the place and the session.
void accept_task(Core& core, Task& task, std::string reason);
void give_back(Core& core, Task& task,
               std::string reason);  // a stop took the attempt; costs nothing
void lose_attempt(Core& core, Task& task, Outcome outcome, std::string detail);
void give_up(Core& core, Task& task, Outcome outcome, std::string detail);
void await_evidence(Core& core, Task& task);
plan::Restart restart_of(const Core& core, const Task& task);

// merge.cc
DoMerge merge_command(const Core& core, const Task& task);
void on(Core& core, const Merged& event);

// attempt.cc
Launch launch_command(const Task& task);
Verify verify_command(const Task& task);
void on(Core& core, const Prepared& event);
void on(Core& core, const Exited& event);
void on(Core& core, const Captured& event);
void on(Core& core, const Verified& event);
void on(Core& core, const Published& event);
void on(Core& core, const TimerFired& event);

// said.cc: what sessions say, and what humans decide
void on(Core& core, const FindingFiled& event);
void on(Core& core, const VerdictGiven& event);
void on(Core& core, const IdentityRead& event);
void on(Core& core, const TaskTaken& event);
void on(Core& core, const NoteSaved& event);
void on(Core& core, const Escalated& event);
void on(Core& core, const Concluded& event);
void on(Core& core, const Metered& event);
void on(Core& core, const GateAnswered& event);

// stop.cc
void on(Core& core, const StopAsked& event);
void on(Core& core, const Resumed& event);
void on(Core& core, const Reconciled& event);
void on(Core& core, const RunClosed& event);
void close_if_over(Core& core);

}  // namespace fleet::run
