// Admission: which work gets the next free place. Waiting evidence first, since it finishes what
// was paid for; then steps by rank; then plain commands beyond `jobs`, when there is nothing else.
#include <algorithm>
#include <optional>

#include "engine/base/check.h"
#include "engine/run/core.h"

namespace fleet::run {

namespace {

using Ranks = std::set<std::uint32_t>;

std::uint32_t rank_of(const Core& core, NodeIndex node) {
  return core.state.schedule.rank[node.value];
}

// Somewhere a session ended for which nodes wait: the first of each agent that is free now.
void look_at_agents(WorkLists& queue, std::optional<std::uint32_t>& best) {
  for (auto agent = queue.awake.begin(); agent != queue.awake.end();) {
    const Ranks& waiting = queue.for_agent[*agent];
    if (queue.agent_open[*agent] || waiting.empty()) {
      agent = queue.awake.erase(agent);
      continue;
    }
    best = best ? std::min(*best, *waiting.begin()) : *waiting.begin();
    ++agent;
  }
}

std::optional<std::uint32_t> best_rank(Core& core) {
  WorkLists& queue = core.state.queue;
  std::optional<std::uint32_t> best;
  if (!queue.candidates.empty())
    best = *queue.candidates.begin();
  if (!has_session_slack(core))
    return best;
  if (!queue.for_session.empty()) {
    best = best ? std::min(*best, *queue.for_session.begin()) : *queue.for_session.begin();
  }
  look_at_agents(queue, best);
  return best;
}

// Takes the node out of the candidates until what it waits for is there.
void park(Core& core, NodeIndex node, Seat seat) {
  WorkLists& queue = core.state.queue;
  const std::uint32_t rank = rank_of(core, node);
  withdraw(core, node);
  if (seat == Seat::kNoSession)
    queue.for_session.insert(rank);
  if (seat != Seat::kNoAgent)
    return;
  const auto& agents = core.plan_of(node).agents;
  for (std::size_t place = 0; place < agents.size(); ++place) {
    if (core.state_of(node).routed && queue.routed[node.value][place].empty())
      continue;
    queue.for_agent[agents[place].value].insert(rank);
  }
}

// The most urgent node, plain commands aside, of which a task can sit down now. Each turn parks a
// node on something scarcer than it waited for before, so this ends.
std::optional<NodeIndex> best_work(Core& core) {
  while (const std::optional<std::uint32_t> rank = best_rank(core)) {
    const NodeIndex node = core.state.schedule.by_rank[*rank];
    const Seat seat = seat_for(core, node);
    if (seat == Seat::kIdle || seat == Seat::kNew || seat == Seat::kFree)
      return node;
    park(core, node, seat);
  }
  return std::nullopt;
}

std::optional<NodeIndex> best_command(const Core& core) {
  const Ranks& commands = core.state.queue.commands;
  if (commands.empty())
    return std::nullopt;
  return core.state.schedule.by_rank[*commands.begin()];
}

std::optional<NodeIndex> choose(Core& core) {
  const State& state = core.state;
  const std::optional<NodeIndex> work = best_work(core);
  const std::optional<NodeIndex> command = best_command(core);
  if (state.busy < state.jobs) {
    if (!work || !command)
      return work ? work : command;
    return rank_of(core, *work) < rank_of(core, *command) ? work : command;
  }
  const bool room_ahead = state.busy - state.jobs < state.ahead;
  return room_ahead && !work && state.queue.verify.empty() ? command : std::nullopt;
}

void forget_last_attempt(Task& task) {
  task.commit.clear();
  task.branch.clear();
  task.slot.clear();
  task.checks.clear();
  task.captured_at = 0;
  task.files = 0;
  task.insertions = 0;
  task.deletions = 0;
  task.duration = Millis{0};
  task.unreconciled = false;
  task.stop_cancelled = false;
  task.verdict.reset();
  task.summary.clear();
  task.findings.clear();
  task.read.clear();
  task.taken = false;
  task.said_done.reset();
  task.asks_human.clear();
  task.checkpoints = 0;
  task.handoffs = 0;
  task.decision.reset();
  task.judged_by = 0;
  task.objected_by = 0;
  if (task.spends_anew)
    task.spent = {};
  task.spends_anew = false;
  task.over_budget = false;
}

void start_merge(Core& core, Task& task) {
  const plan::Merge& merge = *core.plan_of(task).merge;
  task.takes = commits_to_merge(core.plan, core.state, merge);
  const std::string stale = merge.into_base ? stale_approval(core, task.node) : "";
  if (!stale.empty()) {
    give_up(core, task, Outcome::kRefused, stale);
    return;
  }
  task.captured_at = core.now;
  set_phase(core, task, Phase::kRunning, "is being merged");
  core.command(merge_command(task));
}

// Whether who is asked may first have to end a session elsewhere, or to let time pass.
bool waits_for_session(const plan::Plan& plan, const plan::Node& node) {
  if (node.agents.empty())
    return false;
  return plan.limits.sessions || plan.limits.starts ||
         std::ranges::any_of(node.agents, [&](const plan::AgentIndex agent) {
           return !plan.agents[agent.value].clones;
         });
}

void start_attempt(Core& core, NodeIndex node) {
  const Seat seat = seat_for(core, node);
  Task& task = core.state.tasks[pop_ready(core, node).value];
  withdraw(core, node);
  forget_last_attempt(task);
  ++task.epoch;
  task.start = start_commit(core.plan, core.state, node);
  take_place(core, task);
  take_seat(core, task, seat);
  set_phase(core, task, Phase::kAdmitted, "has a place");
  if (core.plan_of(node).kind == plan::NodeKind::kMerge) {
    start_merge(core, task);
  } else {
    set_phase(core, task, Phase::kPreparing,
              waits_for_session(core.plan, core.plan_of(node))
                  ? "waits for a session, then for its worktree"
                  : "its worktree is being made");
    core.command(Prepare{attempt_of(task), task.session, task.start});
  }
  offer(core, node);
}

bool start_evidence(Core& core) {
  State& state = core.state;
  if (state.stopping || state.queue.verify.empty() || state.busy >= state.jobs)
    return false;
  Task& task = state.tasks[state.queue.verify.front().value];
  state.queue.verify.erase(state.queue.verify.begin());
  take_place(core, task);
  set_phase(core, task, Phase::kVerifying, "evidence is being gathered");
  core.command(verify_command(task));
  return true;
}

}  // namespace

void enqueue(Core& core, Task& task) {
  WorkLists& queue = core.state.queue;
  if (task.agent) {
    const auto& agents = core.plan_of(task).agents;
    const auto place = std::ranges::find(agents, *task.agent) - agents.begin();
    queue.routed[task.node.value][static_cast<std::size_t>(place)].push_back(task.index);
    offer(core, task.node);
    return;
  }
  auto& ready = queue.ready[task.node.value];
  (ready.empty() ? ready : queue.later[task.node.value]).push_back(task.index);
  offer(core, task.node);
}

void offer(Core& core, NodeIndex node) {
  WorkLists& queue = core.state.queue;
  if (ready_count(core, node) == 0)
    return;
  withdraw(core, node);
  const bool command = core.plan_of(node).kind == plan::NodeKind::kRun;
  (command ? queue.commands : queue.candidates).insert(rank_of(core, node));
}

void withdraw(Core& core, NodeIndex node) {
  WorkLists& queue = core.state.queue;
  const std::uint32_t rank = rank_of(core, node);
  queue.candidates.erase(rank);
  queue.commands.erase(rank);
  queue.for_session.erase(rank);
  for (const plan::AgentIndex agent : core.plan_of(node).agents) {
    queue.for_agent[agent.value].erase(rank);
  }
}

void admit(Core& core) {
  while (start_evidence(core)) {
  }
  while (!core.state.draining) {
    const std::optional<NodeIndex> node = choose(core);
    if (!node)
      return;
    start_attempt(core, *node);
  }
}

}  // namespace fleet::run
