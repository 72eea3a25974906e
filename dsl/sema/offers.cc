#include "dsl/sema/offers.h"

#include <algorithm>

namespace fleet::sema {

using plan::EdgeKind;

namespace {

// Of a joint: all of its steps can, or one of them.
bool members_can(const Model& model, const Flow& flow, const Step& step, EdgeKind kind) {
  const auto can = [&](const At<std::size_t>& one) {
    return can_fire(model, flow, one.value, kind);
  };
  const bool every = step.kind == StepKind::kAll && kind != EdgeKind::kChangesRequested;
  return every ? std::ranges::all_of(step.members, can) : std::ranges::any_of(step.members, can);
}

// Agents either work, and their work is accepted, or judge.
bool agents_can(const Model& model, const Step& step, EdgeKind kind) {
  const bool judges = kind == EdgeKind::kApproved || kind == EdgeKind::kChangesRequested;
  return std::ranges::all_of(step.agents, [&](const At<std::size_t>& use) {
    const Agent& agent = model.agents[use.value];
    const bool known = !agent.broken && !agent.contract.broken.contains("returns");
    return !known || agent.gives_verdicts() == judges;
  });
}

// What is skipped has not failed. A fan-out fails where its items can't be listed, and a task where
// its credential's owner stops it.
bool can_fail(const Model& model, const Flow& flow, std::size_t index) {
  const Step& step = flow.steps[index];
  if (step.kind == StepKind::kLast) {
    return std::ranges::any_of(
        step.members, [&](const At<std::size_t>& one) { return can_fail(model, flow, one.value); });
  }
  const auto may_be_stopped = [&](const At<std::size_t>& use) {
    const Contract& contract = model.agents[use.value].contract;
    return contract.grants.has_value() || contract.broken.contains("grants");
  };
  return step.broken || step.otherwise != plan::Otherwise::kSkip ||
         step.kind == StepKind::kFanout || std::ranges::any_of(step.agents, may_be_stopped);
}

}  // namespace

bool can_fire(const Model& model, const Flow& flow, std::size_t index, EdgeKind kind) {
  const Step& step = flow.steps[index];
  if (step.broken || kind == EdgeKind::kDone)
    return true;
  if (kind == EdgeKind::kFailed)
    return can_fail(model, flow, index);
  switch (step.kind) {
    case StepKind::kRun: return kind == EdgeKind::kAccepted;
    case StepKind::kMerge: return kind == EdgeKind::kMerged;
    case StepKind::kHuman:
      return kind == EdgeKind::kApproved || kind == EdgeKind::kChangesRequested;
    case StepKind::kLoop: return kind == EdgeKind::kApproved;
    case StepKind::kAll:
    case StepKind::kAny:
    case StepKind::kLast: return members_can(model, flow, step, kind);
    case StepKind::kTask:
      return kind != EdgeKind::kMerged && kind != EdgeKind::kSomeAccepted &&
             agents_can(model, step, kind);
    case StepKind::kFanout: return kind != EdgeKind::kMerged && agents_can(model, step, kind);
  }
  return true;
}

bool leaves_work(const Model& model, const Step& step) {
  if (step.broken || step.kind == StepKind::kMerge)
    return true;
  const bool works = step.kind == StepKind::kTask || step.kind == StepKind::kFanout;
  return works && std::ranges::any_of(step.agents, [&](const At<std::size_t>& use) {
           const Agent& agent = model.agents[use.value];
           return agent.writes() || agent.broken || agent.contract.broken.contains("writes");
         });
}

bool can_find(const Model& model, const Flow& flow, std::size_t index) {
  const Step& step = flow.steps[index];
  if (step.broken)
    return true;
  if (!step.members.empty()) {
    return std::ranges::any_of(
        step.members, [&](const At<std::size_t>& one) { return can_find(model, flow, one.value); });
  }
  return std::ranges::any_of(step.agents, [&](const At<std::size_t>& use) {
    const Agent& agent = model.agents[use.value];
    return agent.broken || agent.gives_verdicts() || agent.contract.broken.contains("returns");
  });
}

}  // namespace fleet::sema
