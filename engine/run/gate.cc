// Gates: when a human is asked, and what follows from the answer, or from none.
#include <algorithm>

#include <fmt/format.h>

#include "dsl/plan/grants.h"
#include "dsl/plan/render.h"
#include "engine/run/core.h"

namespace fleet::run {

namespace {

std::string because(const std::string& why) {
  return why.empty() ? "" : ": " + why;
}

// An answer to one gate is never taken for an answer to the next one of the same task.
void open_gate(Core& core, Task& task, Gate gate, std::string reason) {
  if (task.epoch == 0 || (task.gate && task.gate->epoch == task.epoch))
    ++task.epoch;
  gate.epoch = task.epoch;
  gate.opened_at = core.now;
  gate.opened_by = core.state.events;
  const std::int64_t closes_at = gate.closes_at;
  task.gate = std::move(gate);
  task.decision.reset();
  set_phase(core, task, Phase::kParked, std::move(reason));
  free_place(core, task);
  leave_seat(core, task);
  core.command(OpenGate{attempt_of(task)});
  if (closes_at != 0)
    core.command(StartTimer{attempt_of(task), closes_at});
}

void refuse(Core& core, Task& task) {
  task.outcome = Outcome::kRejected;
  task.detail = task.decision->why;
  ++core.state_of(task).changes_requested;
  set_phase(core, task, Phase::kDone,
            fmt::format("refused by {}{}", task.decision->by, because(task.decision->why)));
  settle_task(core, task);
}

void let_pass(Core& core, Task& task) {
  core.state_of(task).let_pass = task.decision->by;
  const plan::Node& node = core.plan_of(task);
  const bool writes = !node.agents.empty() && agent_of(core, task)->writes;
  if (writes && !task.commit.empty()) {
    publish(core, task);
  } else {
    accept_task(core, task, "let pass by " + task.decision->by + because(task.decision->why));
  }
}

void stop_here(Core& core, Task& task) {
  core.state_of(task).stopped = true;
  const Outcome outcome = task.outcome == Outcome::kNone ? Outcome::kRejected : task.outcome;
  std::string reason =
      fmt::format("stopped by {}{}", task.decision->by, because(task.decision->why));
  if (!task.gate->why.empty())
    reason += fmt::format(" ({})", task.gate->why);
  fail_task(core, task, outcome, std::move(reason));
}

// Whoever asks for it has put right what was in the way, so what was spent before does not count.
void merge_again(Core& core, Task& task) {
  task.failures = task.losses = 0;
  set_phase(core, task, Phase::kReady,
            fmt::format("again: {} wants it tried again{}", task.decision->by,
                        because(task.decision->why)));
  enqueue(core, task);
}

void go_on_with_credential(Core& core, Task& task) {
  set_phase(core, task, Phase::kReady,
            fmt::format("again: {} says that the credential is good", task.decision->by));
  enqueue(core, task);
}

void expire(Core& core, Task& task, const std::string& late) {
  core.command(CloseGate{attempt_of(task), "nobody decided in time"});
  const plan::Millis open{task.gate->closes_at - task.gate->opened_at};
  give_up(
      core, task, Outcome::kUnanswered,
      fmt::format("{} did not decide within {}{}", task.gate->human, plan::to_string(open), late));
}

// "; what bob decided 5min after that does not count"
std::string too_late(const Gate& gate, const GateAnswered& event) {
  constexpr std::int64_t kSecond = 1000;
  std::int64_t by = event.given - gate.closes_at;
  by -= by > kSecond ? by % kSecond : 0;
  return fmt::format("; what {} decided {} after that does not count", event.by,
                     plan::to_string(plan::Millis{by}));
}

// By its name; else the one that the agent's model is asked with, or the first that it holds
// itself.
const plan::Credential* credential_of(const plan::Plan& plan, const plan::Agent& agent,
                                      const std::string& name) {
  if (name.empty())
    if (const auto models = plan::model_credentials(plan, agent); !models.empty())
      return models.front();
  for (const plan::Credential& credential : plan.credentials)
    if (name.empty() ? plan::is_granted(agent, credential) : credential.name == name)
      return &credential;
  return nullptr;
}

bool fits(const Core& core, const Task& task, Decision decision) {
  return decision != Decision::kRetry ||
         (task.gate->asks == Asks::kEscalation && may_retry(core.plan, task.node));
}

}  // namespace

const std::string& escalation_human(const plan::Plan& plan) {
  static const std::string nobody;
  if (!plan.escalation)
    return nobody;
  const auto& path = plan.escalation->path;
  // Agents on the way are passed over.
  const auto human = std::find_if(path.begin(), path.end(), [&](const std::string& name) {
    return std::ranges::find(plan.humans, name, &plan::Human::name) != plan.humans.end();
  });
  return human == path.end() ? nobody : *human;
}

std::vector<TaskIndex> open_gates(const State& state) {
  std::vector<TaskIndex> open;
  for (const Task& task : state.tasks) {
    if (task.phase == Phase::kParked)
      open.push_back(task.index);
  }
  return open;
}

bool may_retry(const plan::Plan& plan, NodeIndex node) {
  return plan.nodes[node.value].kind == plan::NodeKind::kMerge;
}

bool waits_for_human(const State& state) {
  return !state.closed && !state.closing && state.parked > 0 && state.in_flight == 0 &&
         state.ready == 0;
}

void open_decision(Core& core, NodeIndex index) {
  const plan::Node& node = core.plan_of(index);
  Task& task = core.state.tasks[core.state_of(index).tasks.front().value];
  Gate gate;
  gate.asks = Asks::kDecision;
  gate.human = node.human;
  gate.why = node.doc.empty() ? fmt::format("`{}` is to be decided", node.name) : node.doc;
  gate.closes_at = node.timeout ? core.now + node.timeout->count() : 0;
  open_gate(core, task, std::move(gate), fmt::format("waits for {} to decide", node.human));
}

void escalate(Core& core, Task& task, std::string why) {
  Gate gate;
  gate.asks = Asks::kEscalation;
  gate.human = escalation_human(core.plan);
  std::string reason = fmt::format("waits for {}{}", gate.human, because(why));
  gate.why = std::move(why);
  open_gate(core, task, std::move(gate), std::move(reason));
}

bool ask_for_credential(Core& core, Task& task, const std::string& why, const std::string& name) {
  const plan::Agent* agent = agent_of(core, task);
  const plan::Credential* credential =
      agent == nullptr ? nullptr : credential_of(core.plan, *agent, name);
  if (credential == nullptr || credential->owner.empty())
    return false;
  Gate gate;
  gate.asks = Asks::kCredential;
  gate.human = credential->owner;
  gate.why =
      fmt::format("credential {} of {}: {}", plan::text_of(*credential), credential->owner, why);
  std::string reason = fmt::format("waits for {}: {}", gate.human, gate.why);
  open_gate(core, task, std::move(gate), std::move(reason));
  return true;
}

// A joint's task is made when a human has to be asked, and not before.
void give_up(Core& core, NodeIndex index, std::string reason) {
  NodeState& node = core.state_of(index);
  const plan::Node& planned = core.plan_of(index);
  node.stopped = std::ranges::any_of(
      planned.after, [&](const plan::Edge& edge) { return core.state_of(edge.from).stopped; });
  node.reason = reason;
  if (planned.otherwise == plan::Otherwise::kSkip) {
    node.skipped = 1;
    settle_node(core, index);
  } else if (planned.otherwise == plan::Otherwise::kEscalate && !node.stopped &&
             !escalation_human(core.plan).empty()) {
    set_phase(core, node, NodePhase::kOpen);
    escalate(core, add_task(core, index, "", ""), std::move(reason));
  } else {
    fail_node(core, index, reason);
  }
}

void gate_expired(Core& core, Task& task) {
  if (task.gate->closes_at != 0)
    expire(core, task, "");
}

bool is_late(const Gate& gate, const GateAnswered& event) {
  return gate.closes_at != 0 && event.given > gate.closes_at;
}

// The first answer stands: a gate that has one is no longer parked. One that was given after the
// gate's time shows that this is over, whether or not an engine was there to see it.
void on(Core& core, const GateAnswered& event) {
  Task& task = core.state.tasks[event.attempt.task.value];
  if (task.phase != Phase::kParked || !fits(core, task, event.decision))
    return;
  if (is_late(*task.gate, event))
    return expire(core, task, too_late(*task.gate, event));
  task.decision = event;
  task.judged_by = core.state.events;
  core.command(
      CloseGate{attempt_of(task), fmt::format("{} by {}", name_of(event.decision), event.by)});
  if (event.decision == Decision::kRetry)
    return merge_again(core, task);
  const bool yes = event.decision == Decision::kApprove;
  switch (task.gate->asks) {
    case Asks::kDecision:
      return yes ? accept_task(core, task, "approved by " + event.by + because(event.why))
                 : refuse(core, task);
    case Asks::kEscalation: return yes ? let_pass(core, task) : stop_here(core, task);
    case Asks::kCredential: return yes ? go_on_with_credential(core, task) : stop_here(core, task);
  }
}

}  // namespace fleet::run
