// Sessions: who opens one, who keeps one, when one ends. Knows nothing of places or priorities.
#include <algorithm>
#include <iterator>
#include <optional>

#include "engine/base/check.h"
#include "engine/run/core.h"

namespace fleet::run {

namespace {

bool is_agents(const plan::Node& node) {
  return node.kind == plan::NodeKind::kTask || node.kind == plan::NodeKind::kFanout;
}

bool may_open(const Core& core, plan::AgentIndex agent) {
  return core.plan.agents[agent.value].clones || !core.state.queue.agent_open[agent.value];
}

std::size_t idle_of(const Core& core, NodeIndex node, plan::AgentIndex agent) {
  const auto& idle = core.state.queue.idle[node.value];
  return static_cast<std::size_t>(std::ranges::count_if(idle, [&](SessionIndex session) {
    return core.state.sessions[session.value].agent == agent;
  }));
}

// Of a node that routes its items: whose next task has a session, or else may open one.
std::optional<std::size_t> place_with(const Core& core, NodeIndex index, bool session) {
  const auto& queues = core.state.queue.routed[index.value];
  for (std::size_t place = 0; place < queues.size(); ++place) {
    const plan::AgentIndex agent = core.plan_of(index).agents[place];
    if (queues[place].empty())
      continue;
    if (session ? idle_of(core, index, agent) > 0 : may_open(core, agent))
      return place;
  }
  return std::nullopt;
}

// In turn over the step's agents, leaving out those whose only session is open.
std::optional<plan::AgentIndex> free_agent(const Core& core, NodeIndex index) {
  const plan::Node& node = core.plan_of(index);
  const WorkLists& queue = core.state.queue;
  for (std::size_t i = 0; i < node.agents.size(); ++i) {
    const std::size_t turn = (queue.sessions_ever[index.value] + i) % node.agents.size();
    const plan::AgentIndex agent = node.agents[turn];
    if (may_open(core, agent))
      return agent;
  }
  return std::nullopt;
}

SessionIndex open_session(Core& core, NodeIndex node, std::optional<plan::AgentIndex> agent) {
  State& state = core.state;
  Session session;
  session.index = {static_cast<std::uint32_t>(state.sessions.size())};
  session.node = node;
  session.open = true;
  if (is_agents(core.plan_of(node))) {
    agent = agent ? agent : free_agent(core, node);
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

// Whether more tasks wait that its session may take than sessions that are idle already.
bool is_awaited(const Core& core, const Task& task) {
  const NodeIndex node = task.node;
  if (!task.agent)
    return ready_count(core, node) > core.state.queue.idle[node.value].size();
  const auto& agents = core.plan_of(node).agents;
  const auto place = std::ranges::find(agents, *task.agent) - agents.begin();
  const auto& queue = core.state.queue.routed[node.value][static_cast<std::size_t>(place)];
  return queue.size() > idle_of(core, node, *task.agent);
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
  const bool routed = core.state.nodes[index.value].routed;
  if (routed ? place_with(core, index, true).has_value()
             : !core.state.queue.idle[index.value].empty())
    return Seat::kIdle;
  if (!is_agents(node))
    return Seat::kNew;
  const NodeState& now = core.state.nodes[index.value];
  if (now.sessions_open >= now.sessions_max)
    return Seat::kOwnBusy;
  if (!has_session_slack(core))
    return Seat::kNoSession;
  const bool free =
      routed ? place_with(core, index, false).has_value() : free_agent(core, index).has_value();
  return free ? Seat::kNew : Seat::kNoAgent;
}

std::size_t ready_count(const Core& core, NodeIndex node) {
  const WorkLists& queue = core.state.queue;
  std::size_t count = queue.ready[node.value].size() + queue.later[node.value].size();
  for (const auto& routed : queue.routed[node.value])
    count += routed.size();
  return count;
}

TaskIndex pop_ready(Core& core, NodeIndex node) {
  WorkLists& queue = core.state.queue;
  if (core.state_of(node).routed) {
    const auto seated = place_with(core, node, true);
    auto& tasks = queue.routed[node.value][seated ? *seated : *place_with(core, node, false)];
    const TaskIndex task = tasks.front();
    tasks.pop_front();
    return task;
  }
  auto& ready = queue.ready[node.value];
  const TaskIndex task = ready.back();
  ready.pop_back();
  if (ready.empty()) {
    ready.swap(queue.later[node.value]);
    std::reverse(ready.begin(), ready.end());
  }
  return task;
}

void take_seat(Core& core, Task& task, Seat seat) {
  if (seat == Seat::kFree)
    return;
  if (seat == Seat::kIdle) {
    auto& idle = core.state.queue.idle[task.node.value];
    auto own = std::prev(idle.end());
    while (task.agent && core.state.sessions[own->value].agent != *task.agent)
      --own;
    task.session = *own;
    idle.erase(own);
  } else {
    task.session = open_session(core, task.node, task.agent);
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
  if (!core.state.draining && is_awaited(core, task)) {
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
