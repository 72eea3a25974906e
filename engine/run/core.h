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
void make_unreachable(Core& core, NodeIndex node, const std::string& reason);
void settle_node(Core& core, NodeIndex node);                           // its last task is settled
void fail_node(Core& core, NodeIndex node, const std::string& reason);  // without any task to blame
void tell_dependents(Core& core);  // of every node in core.settled
std::string why_not(const plan::Plan& plan, const State& state, const plan::Edge& edge);
std::string edge_name(const plan::Plan& plan, const plan::Edge& edge);
// In words, of a settled node that did not do what was hoped for.
std::string what_became_of(const plan::Plan& plan, const State& state, NodeIndex node);

// joint.cc: kAll, kAny, kLoop and kLast. They have no task unless a human is asked about them.
bool is_disjunction(plan::NodeKind kind);
bool is_joint(plan::NodeKind kind);
void join_all(Core& core, NodeIndex node);  // every edge has fired
// One more edge of a disjunction was decided.
void join_one(Core& core, NodeIndex node, const plan::Edge& edge);

// fanout.cc
void list_findings(Core& core, NodeIndex node);
// Which of the node's agents each finding goes to, by place; -1: no route takes it.
std::vector<int> routes_of(const Core& core, NodeIndex node, const std::vector<Finding>& findings);
void on(Core& core, const ItemsListed& event);
void on(Core& core, const SpawnDecided& event);

// lease.cc
// Whose branch it is, if not this task's; empty: it is now. Nothing is leased of an empty name.
std::string lease(Core& core, const Task& task, const std::string& branch);

// tip.cc: which commit a step's result is, and what was approved.
NodeIndex stand_in(const State& state, NodeIndex node);  // through joints that stand for one step
const std::string& result_of(const plan::Plan& plan, const State& state, NodeIndex node);
void move_tip(Core& core, NodeIndex node, const std::string& commit);
// In the order of the merge's steps and their items, duplicates and empties left out.
std::vector<std::string> commits_to_merge(const plan::Plan& plan, const State& state,
                                          const plan::Merge& merge);

// approval.cc
// Why nobody approved what the merge into the base is about to take; empty: somebody did.
std::string stale_approval(const Core& core, NodeIndex merge);

// gate.cc: humans.
const std::string& escalation_human(const plan::Plan& plan);  // empty: nobody is asked
void open_decision(Core& core, NodeIndex node);               // of a `human` step
void escalate(Core& core, Task& task, std::string why);       // REQUIRES: escalation_human
// `name`: which credential; empty: the one that its model is asked with. False when no human owns a
// credential of its agent.
bool ask_for_credential(Core& core, Task& task, const std::string& why,
                        const std::string& name = {});
void give_up(Core& core, NodeIndex node, std::string reason);  // a joint's
void gate_expired(Core& core, Task& task);
void on(Core& core, const GateAnswered& event);

// unwanted.cc: what `any` does not wait for any more.
void cancel_node(Core& core, NodeIndex node, const std::string& why);
bool drop_if_unwanted(Core& core, Task& task);

// sessions.cc: who may sit where. A session is bounded by its step's spawn check, by the fleet's
// limit, and by its agent when that has only one.
enum class Seat { kIdle, kNew, kFree, kOwnBusy, kNoSession, kNoAgent };  // kFree: needs none
Seat seat_for(const Core& core, NodeIndex node);
bool has_session_slack(const Core& core);
std::size_t ready_count(const Core& core, NodeIndex node);
TaskIndex pop_ready(Core& core, NodeIndex node);  // REQUIRES: seat_for found one
void take_seat(Core& core, Task& task, Seat seat);
void leave_seat(Core& core, Task& task);
void end_idle_sessions(Core& core);
void end_idle_sessions(Core& core, NodeIndex node);

// admission.cc
void enqueue(Core& core, Task& task);       // behind the step's other tasks
void offer(Core& core, NodeIndex node);     // something of it may have become admissible
void withdraw(Core& core, NodeIndex node);  // from every set
void admit(Core& core);                     // as much as there is room for

// settle.cc: how attempts and tasks end. Each frees the place and the session.
void accept_task(Core& core, Task& task, std::string reason);
void settle_task(Core& core, Task& task);  // it has its last phase, and is counted
void fail_task(Core& core, Task& task, Outcome outcome, std::string reason);
void give_back(Core& core, Task& task,
               std::string reason);  // a stop took the attempt; costs nothing
void await_limit(Core& core, Task& task, std::string detail, std::int64_t until);
void lose_attempt(Core& core, Task& task, Outcome outcome, std::string detail);
// The attempts are spent: its `else` decides.
void give_up(Core& core, Task& task, Outcome outcome, std::string detail);
void await_evidence(Core& core, Task& task);
plan::Restart restart_of(const Core& core, const Task& task);

// merge.cc
DoMerge merge_command(const Task& task);
void on(Core& core, const Merged& event);

// attempt.cc
bool is_review(const plan::Plan& plan, NodeIndex node);           // its agents return verdicts
const plan::Agent* agent_of(const Core& core, const Task& task);  // null of a plain command
void publish(Core& core, Task& task);
Launch launch_command(const Task& task);
Verify verify_command(const Task& task);
void on(Core& core, const PathsShared& event);
void on(Core& core, const Prepared& event);
void on(Core& core, const Exited& event);
void on(Core& core, const Captured& event);
void on(Core& core, const Verified& event);
void on(Core& core, const Published& event);
void on(Core& core, const TimerFired& event);

// said.cc: what sessions say
void on(Core& core, const FindingFiled& event);
void on(Core& core, const VerdictGiven& event);
void on(Core& core, const IdentityRead& event);
void on(Core& core, const TaskTaken& event);
void on(Core& core, const NoteSaved& event);
void on(Core& core, const Escalated& event);
void on(Core& core, const Concluded& event);
void on(Core& core, const Metered& event);

// stop.cc
void on(Core& core, const StopAsked& event);
void on(Core& core, const Resumed& event);
void on(Core& core, const Reconciled& event);
void on(Core& core, const RunClosed& event);
void close_if_over(Core& core);

}  // namespace fleet::run
