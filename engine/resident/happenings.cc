#include "engine/resident/happenings.h"

#include <fmt/format.h>

#include "engine/flow/order.h"

namespace fleet::resident {
namespace {

using Kind = plan::Event::Kind;

const run::Task* task_of(const run::State& state, run::Attempt attempt) {
  if (attempt.task.value >= state.tasks.size())
    return nullptr;
  const run::Task& task = state.tasks[attempt.task.value];
  return task.epoch == attempt.epoch ? &task : nullptr;
}

Happening about(const plan::Plan& plan, const run::State& state, const run::Event& event,
                plan::Event what, std::string id, std::string text, std::string commit) {
  Wake wake;
  wake.id = fmt::format("{}:{}.{}",
                        what.kind == Kind::kFinding    ? "finding"
                        : what.kind == Kind::kPrOpened ? "pr.opened"
                                                       : "pr.updated",
                        state.run, id);
  wake.event = std::move(what);
  wake.text = std::move(text);
  wake.commit = std::move(commit);
  wake.at = event.at;
  for (const plan::Agent& agent : plan.agents)
    wake.spare.push_back(agent.name);
  return {std::move(wake), false};
}

std::string pull_text(const plan::Plan& plan, const run::State& state, const run::Task& task,
                      const std::string& branch, const char* what) {
  return fmt::format("pull request of `{}` (run {}) {}: branch {}",
                     plan.nodes[task.node.value].name, state.run, what, branch);
}

Happening published(const plan::Plan& plan, const run::State& state, const run::Event& event,
                    const run::Published& published) {
  const run::Task* task = task_of(state, published.attempt);
  if (task == nullptr || !published.error.empty() || task->phase != run::Phase::kDone)
    return {};
  return about(plan, state, event, {Kind::kPrOpened, {}}, std::to_string(task->index.value),
               pull_text(plan, state, *task, published.branch, "opened"), published.commit);
}

Happening merged(const plan::Plan& plan, const run::State& state, const run::Event& event,
                 const run::Merged& merged) {
  const run::Task* task = task_of(state, merged.attempt);
  if (task == nullptr || merged.how != run::MergeHow::kMerged || task->phase != run::Phase::kDone)
    return {};
  const plan::Merge& merge = *plan.nodes[task->node.value].merge;
  if (merge.into_base)
    return {std::nullopt, true};
  if (!merge.into_step || state.nodes[merge.into_step->value].tasks.size() != 1)
    return {};
  const run::Task& owner = state.tasks[state.nodes[merge.into_step->value].tasks.front().value];
  return about(plan, state, event, {Kind::kPrUpdated, {}},
               fmt::format("{}:{}", owner.index.value, merged.commit.substr(0, 16)),
               pull_text(plan, state, owner, merged.branch, "updated"), merged.commit);
}

Happening filed(const plan::Plan& plan, const run::State& state, const run::Event& event,
                const run::FindingFiled& filed) {
  const run::Task* task = task_of(state, filed.attempt);
  if (task == nullptr)
    return {};
  return about(plan, state, event, {Kind::kFinding, filed.finding.label},
               fmt::format("{}.{}", task->index.value, filed.finding.id),
               flow::text_of(filed.finding), task->start);
}

}  // namespace

Happening happening_of(const plan::Plan& plan, const run::State& state, const run::Event& event) {
  if (const auto* body = std::get_if<run::Published>(&event.body))
    return published(plan, state, event, *body);
  if (const auto* body = std::get_if<run::Merged>(&event.body))
    return merged(plan, state, event, *body);
  if (const auto* body = std::get_if<run::FindingFiled>(&event.body))
    return filed(plan, state, event, *body);
  return {std::nullopt, std::holds_alternative<run::GateAnswered>(event.body)};
}

}  // namespace fleet::resident
