#include "engine/flow/measures.h"

#include <algorithm>

#include "dsl/plan/fanout.h"

namespace fleet::flow {

void JournalMeasures::record(const journal::MeasureKey& key, plan::Millis took, os::WallTime at) {
  (void)journal_.record_measure(run_, key, took, at);
}

std::vector<plan::Millis> JournalMeasures::newest(const journal::MeasureKey& key,
                                                  std::size_t limit) const {
  std::vector<plan::Millis> taken;
  for (const journal::Measure& measure : journal_.measures(key, limit))
    taken.push_back(measure.took);
  return taken;
}

void MemoryMeasures::record(const journal::MeasureKey& key, plan::Millis took, os::WallTime) {
  taken_[key].push_back(took);
}

std::vector<plan::Millis> MemoryMeasures::newest(const journal::MeasureKey& key,
                                                 std::size_t limit) const {
  const auto found = taken_.find(key);
  if (found == taken_.end())
    return {};
  const std::size_t count = std::min(limit, found->second.size());
  return {found->second.end() - static_cast<std::ptrdiff_t>(count), found->second.end()};
}

std::string measure_source(const plan::Node& node) {
  return node.fanout ? node.fanout->source.text : node.name;
}

void Measuring::saw(const plan::Plan& plan, const run::State& state, const run::Event& event,
                    const std::vector<run::Transition>& transitions) {
  const os::WallTime at{std::chrono::milliseconds(event.at)};
  const auto agent_of = [&](const run::Task& task) -> std::string {
    const plan::Node& node = plan.nodes[task.node.value];
    return node.agents.empty() ? "" : plan.agents[node.agents.front().value].name;
  };
  if (const auto* prepared = std::get_if<run::Prepared>(&event.body);
      prepared != nullptr && prepared->error.empty() &&
      prepared->attempt.task.value < state.tasks.size()) {
    const std::string agent = agent_of(state.tasks[prepared->attempt.task.value]);
    if (!agent.empty())
      measures_.record({agent, "", prepared->cold ? kColdMeasure : kWarmMeasure}, prepared->took,
                       at);
  }
  for (const run::Transition& change : transitions) {
    if (change.to != run::Phase::kDone)
      continue;
    const run::Task& task = state.tasks[change.task.value];
    const std::string agent = agent_of(task);
    if (agent.empty())
      continue;
    plan::Millis took = task.duration;
    for (const run::CheckResult& check : task.checks)
      took += check.duration;
    measures_.record({agent, measure_source(plan.nodes[task.node.value]), kTaskMeasure}, took, at);
  }
}

std::optional<plan::Millis> typical(const Measures& measures, const journal::MeasureKey& key) {
  std::vector<plan::Millis> taken = measures.newest(key, 31);
  if (taken.size() < kEnoughMeasures)
    return std::nullopt;
  const auto middle = taken.begin() + static_cast<std::ptrdiff_t>(taken.size() / 2);
  std::nth_element(taken.begin(), middle, taken.end());
  return *middle;
}

run::SpawnDecided MeasuredSpawnPolicy::decide(const SpawnOrder& order) {
  const plan::Node& node = plan_.nodes[order.node.value];
  const plan::Fanout& fanout = *node.fanout;
  const plan::Agent& agent = plan_.agents[node.agents.front().value];
  plan::SpawnQuestion question;
  question.items = order.items.size();
  question.force = fanout.force;

  const auto items =
      static_cast<std::uint32_t>(std::min<std::size_t>(order.items.size(), order.jobs));
  question.width =
      std::max(1U, std::min(plan::session_bound(plan_, node).value_or(items), order.jobs));

  const std::optional<plan::Millis> estimate = plan::item_prior(node);
  plan::Millis each = estimate.value_or(plan::Millis(60'000));
  question.each_from = estimate ? plan::Figure::kDeclared : plan::Figure::kAssumed;
  if (const auto measured = typical(measures_, {agent.name, measure_source(node), kTaskMeasure})) {
    each = *measured;
    question.each_from = plan::Figure::kMeasured;
  }
  question.each = {each};

  const std::optional<plan::Millis> declared = plan::spawn_prior(plan_, node);
  question.spawn = declared.value_or(plan::Millis(1'000));
  question.spawn_from = declared ? plan::Figure::kDeclared : plan::Figure::kAssumed;
  if (const auto cold = typical(measures_, {agent.name, "", kColdMeasure})) {
    // What only a cold start pays; the worktree's move to the next task is paid either way.
    const auto warm = typical(measures_, {agent.name, "", kWarmMeasure}).value_or(plan::Millis(0));
    question.spawn = std::max(plan::Millis(0), *cold - warm);
    question.spawn_from = plan::Figure::kMeasured;
  }

  const plan::SpawnDecision decision = plan::decide_spawn(question);
  run::SpawnDecided event;
  event.node = order.node;
  event.items = question.items;
  event.width = question.width;
  event.each = each;
  event.spawn = question.spawn;
  event.each_from = question.each_from;
  event.spawn_from = question.spawn_from;
  event.sessions = decision.sessions;
  event.pays = decision.pays;
  event.forced = decision.forced;
  event.sequential = decision.sequential;
  event.chosen = decision.chosen;
  event.arithmetic = decision.arithmetic;
  event.order.resize(order.items.size());
  for (std::uint32_t i = 0; i < event.order.size(); ++i)
    event.order[i] = i;
  return event;
}

}  // namespace fleet::flow
