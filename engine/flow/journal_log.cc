#include "engine/flow/journal_log.h"

#include <algorithm>
#include <limits>

#include "dsl/plan/fanout.h"

namespace fleet::flow {

journal::OnDurable JournalLog::on_durable() {
  return [this](journal::Seq through, const Status& status) {
    const std::lock_guard lock(mutex_);
    if (!status)
      failed_ = status;
    if (durable_)
      durable_(through.value, status);
  };
}

void JournalLog::bind(journal::Journal& journal, journal::RunKey run) {
  journal_ = &journal;
  run_ = run;
}

void JournalLog::start(Durable durable) {
  const std::lock_guard lock(mutex_);
  durable_ = std::move(durable);
  if (!failed_)
    durable_(0, failed_);
}

void JournalLog::stop() {
  const std::lock_guard lock(mutex_);
  durable_ = nullptr;
}

std::uint64_t JournalLog::append(const run::Event& event) {
  const journal::EventDraft draft{run::type_of(event.body),
                                  os::WallTime(std::chrono::milliseconds(event.at)),
                                  run::encode(event.body)};
  const Result<journal::Seq> seq = journal_->append(run_, {&draft, 1});
  if (seq)
    return seq->value;
  // A journal that has stopped says so through on_durable; one that has not takes every event of
  // ours.
  if (journal_->status())
    FLEET_FAIL("the journal refuses an event", run::name_of(event.body), seq.error().message());
  return std::numeric_limits<std::uint64_t>::max();
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
      (void)journal_.record_measure(run_, {agent, "", prepared->cold ? kColdMeasure : kWarmMeasure},
                                    prepared->took, at);
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
    (void)journal_.record_measure(
        run_, {agent, measure_source(plan.nodes[task.node.value]), kTaskMeasure}, took, at);
  }
}

std::optional<plan::Millis> typical(const journal::Journal& journal,
                                    const journal::MeasureKey& key) {
  std::vector<journal::Measure> measures = journal.measures(key, 31);
  if (measures.size() < kEnoughMeasures)
    return std::nullopt;
  const auto middle = measures.begin() + static_cast<std::ptrdiff_t>(measures.size() / 2);
  std::nth_element(measures.begin(), middle, measures.end(),
                   [](const auto& a, const auto& b) { return a.took < b.took; });
  return middle->took;
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
  if (const auto measured = typical(journal_, {agent.name, measure_source(node), kTaskMeasure})) {
    each = *measured;
    question.each_from = plan::Figure::kMeasured;
  }
  question.each = {each};

  const std::optional<plan::Millis> declared = plan::spawn_prior(plan_, node);
  question.spawn = declared.value_or(plan::Millis(1'000));
  question.spawn_from = declared ? plan::Figure::kDeclared : plan::Figure::kAssumed;
  if (const auto cold = typical(journal_, {agent.name, "", kColdMeasure})) {
    // What only a cold start pays; the worktree's move to the next task is paid either way.
    const auto warm = typical(journal_, {agent.name, "", kWarmMeasure}).value_or(plan::Millis(0));
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
