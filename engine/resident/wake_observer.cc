#include "engine/resident/wake_observer.h"

#include <fmt/format.h>

#include "engine/flow/order.h"

namespace fleet::resident {
namespace {

const run::Task* task_of(const run::State& state, run::Attempt attempt) {
  if (attempt.task.value >= state.tasks.size())
    return nullptr;
  const run::Task& task = state.tasks[attempt.task.value];
  return task.epoch == attempt.epoch ? &task : nullptr;
}

Wake about(const run::State& state, const run::Event& event, plan::Event what, std::string id,
           std::string text, std::string commit) {
  Wake wake;
  wake.id = fmt::format("{}:{}.{}",
                        what.kind == plan::Event::Kind::kFinding    ? "finding"
                        : what.kind == plan::Event::Kind::kPrOpened ? "pr.opened"
                                                                    : "pr.updated",
                        state.run, id);
  wake.event = std::move(what);
  wake.text = std::move(text);
  wake.commit = std::move(commit);
  wake.at = event.at;
  return wake;
}

std::string pull_text(const plan::Plan& plan, const run::State& state, const run::Task& task,
                      const std::string& branch, const char* what) {
  return fmt::format("pull request of `{}` (run {}) {}: branch {}",
                     plan.nodes[task.node.value].name, state.run, what, branch);
}

}  // namespace

void WakeObserver::tell(const plan::Plan& plan, Wake wake) {
  if (!wanted_(wake.event))
    return;
  for (const plan::Agent& agent : plan.agents)
    wake.spare.push_back(agent.name);
  // A full disk: it is told all the same, and forgotten if the engine dies before it begins.
  (void)box_.put(wake);
  woke_(wake);
}

void WakeObserver::saw(const plan::Plan& plan, const run::State& state, const run::Event& event,
                       const std::vector<run::Transition>&) {
  using Kind = plan::Event::Kind;
  if (const auto* published = std::get_if<run::Published>(&event.body)) {
    const run::Task* task = task_of(state, published->attempt);
    if (task == nullptr || !published->error.empty() || task->phase != run::Phase::kDone)
      return;
    tell(plan,
         about(state, event, {Kind::kPrOpened, {}}, std::to_string(task->index.value),
               pull_text(plan, state, *task, published->branch, "opened"), published->commit));
  } else if (const auto* merged = std::get_if<run::Merged>(&event.body)) {
    const run::Task* task = task_of(state, merged->attempt);
    if (task == nullptr || merged->how != run::MergeHow::kMerged ||
        task->phase != run::Phase::kDone)
      return;
    const plan::Merge& merge = *plan.nodes[task->node.value].merge;
    if (merge.into_base)
      return news_(duty_);
    if (!merge.into_step || state.nodes[merge.into_step->value].tasks.size() != 1)
      return;
    const run::Task& owner = state.tasks[state.nodes[merge.into_step->value].tasks.front().value];
    tell(plan, about(state, event, {Kind::kPrUpdated, {}},
                     fmt::format("{}:{}", owner.index.value, merged->commit.substr(0, 16)),
                     pull_text(plan, state, owner, merged->branch, "updated"), merged->commit));
  } else if (const auto* filed = std::get_if<run::FindingFiled>(&event.body)) {
    const run::Task* task = task_of(state, filed->attempt);
    if (task == nullptr)
      return;
    tell(plan, about(state, event, {Kind::kFinding, filed->finding.label},
                     fmt::format("{}.{}", task->index.value, filed->finding.id),
                     flow::text_of(filed->finding), task->start));
  } else if (std::holds_alternative<run::GateAnswered>(event.body)) {
    news_(duty_);
  }
}

}  // namespace fleet::resident
