// Sessions: who opens one, who keeps one, when one ends. Knows nothing of places or priorities.
#include <algorithm>
#include <optional>

#include "engine/base/check.h"
#include "engine/run/core.h"

namespace fleet::run {

namespace {

bool is_agents(const plan::Node& node) {
  return node.kind == plan::NodeKind::kTask || node.kind == plan::NodeKind::kFanout;
}

std::size_t ready_count(const State& state, NodeIndex node) {
  return state.queue.ready[node.value].size() + state.queue.later[node.value].size();
}

// In turn over the step's agents, leaving out those whose only session is open.
std::optional<plan::AgentIndex> free_agent(const Core& core, NodeIndex index) {
  const plan::Node& node = core.plan_of(index);
  const WorkLists& queue = core.state.queue;
  for (std::size_t i = 0; i < node.agents.size(); ++i) {
    const std::size_t turn = (queue.sessions_ever[index.value] + i) % node.agents.size();
    const plan::AgentIndex agent = node.agents[turn];
    if (core.plan.agents[agent.value].clones || !queue.agent_open[agent.value])
      return agent;
  }
  return std::nullopt;
}

SessionIndex open_session(Core& core, NodeIndex node) {
  State& state = core.state;
  Session session;
  session.index = {static_cast<std::uint32_t>(state.sessions.size())};
  session.node = node;
  session.open = true;
  if (is_agents(core.plan_of(node))) {
    const std::optional<plan::AgentIndex> agent = free_agent(core, node);
    FLEET_ASSERT(agent.has_value(), node.value);
    session.agent = *agent;
    state.queue.agent_open[agent->value] = !core.plan.agents[agent->value].clones;
    ++state.sessions_open;
  }
  ++state.queue.sessions_ever[node.value];
  ++core.state_of(node).sessions_open;
  state.sessions.push_back(session);
  return session.index;
}

void end_session(Core& core, Session& session) {
  State& state = core.state;
  session.open = false;
  --core.state_of(session.node).sessions_open;
  if (is_agents(core.plan_of(session.node))) {
    --state.sessions_open;
    state.queue.agent_open[session.agent.value] = false;
    if (!state.queue.for_agent[session.agent.value].empty()) {
      state.queue.awake.insert(session.agent.value);
    }
  }
  core.command(EndSession{session.index});
}

}  // namespace

bool has_session_slack(const Core& core) {
  const auto& limit = core.plan.limits.sessions;
  return !limit || core.state.sessions_open < std::max(1U, *limit);
}

Seat seat_for(const Core& core, NodeIndex index) {
  const plan::Node& node = core.plan_of(index);
  if (node.kind == plan::NodeKind::kMerge)
    return Seat::kFree;
  if (!core.state.queue.idle[index.value].empty())
    return Seat::kIdle;
  if (!is_agents(node))
    return Seat::kNew;
  const NodeState& now = core.state.nodes[index.value];
  if (now.sessions_open >= now.sessions_max)
    return Seat::kOwnBusy;
  if (!has_session_slack(core))
    return Seat::kNoSession;
  return free_agent(core, index) ? Seat::kNew : Seat::kNoAgent;
}

void take_seat(Core& core, Task& task, Seat seat) {
  if (seat == Seat::kFree)
    return;
  if (seat == Seat::kIdle) {
    auto& idle = core.state.queue.idle[task.node.value];
    task.session = idle.back();
    idle.pop_back();
  } else {
    task.session = open_session(core, task.node);
  }
  task.seated = true;
  core.state.sessions[task.session.value].busy = true;
}

// An idle session is kept only for a task that waits: one kept for what may come back would hold a
// slot, an agent and a part of the limit for nothing.
void leave_seat(Core& core, Task& task) {
  if (!task.seated)
    return;
  task.seated = false;
  Session& session = core.state.sessions[task.session.value];
  session.busy = false;
  ++session.served;
  auto& idle = core.state.queue.idle[task.node.value];
  if (!core.state.draining && ready_count(core.state, task.node) > idle.size()) {
    idle.push_back(session.index);
  } else {
    end_session(core, session);
  }
  offer(core, task.node);
}

void end_idle_sessions(Core& core) {
  for (std::uint32_t node = 0; node < core.state.nodes.size(); ++node)
    end_idle_sessions(core, NodeIndex{node});
}

void end_idle_sessions(Core& core, NodeIndex node) {
  auto& idle = core.state.queue.idle[node.value];
  for (const SessionIndex session : idle)
    end_session(core, core.state.sessions[session.value]);
  idle.clear();
}

}  // namespace fleet::run
