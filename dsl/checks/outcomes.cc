#include "dsl/checks/outcomes.h"

#include <algorithm>
#include <array>

#include "dsl/base/stop.h"
#include "dsl/lower/dag.h"

namespace fleet::checks {

using plan::EdgeKind;
using sema::StepKind;

namespace {

// Of one step, and so that the flow as a whole stays linear in its size for all but odd flows.
constexpr std::size_t kMostTries = 50'000;

void unite(std::vector<std::uint64_t>& all, const std::vector<std::uint64_t>& more) {
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] |= more[i];
}

void intersect(std::vector<std::uint64_t>& all, const std::vector<std::uint64_t>& other) {
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] &= other[i];
}

std::uint64_t bit_of(std::size_t step) {
  return std::uint64_t{1} << (step % 64);
}

}  // namespace

bool Outcomes::is_success(Outcome outcome) {
  return outcome == Outcome::kSuccess || outcome == Outcome::kEmpty;
}

bool Outcomes::fires(Outcome outcome, EdgeKind kind) {
  if (kind == EdgeKind::kDone || outcome == Outcome::kAnything)
    return true;
  switch (kind) {
    case EdgeKind::kFailed: return outcome == Outcome::kFailed || outcome == Outcome::kPartly;
    case EdgeKind::kChangesRequested: return outcome == Outcome::kChanges;
    case EdgeKind::kSomeAccepted: return outcome == Outcome::kSuccess || outcome == Outcome::kPartly;
    default: return is_success(outcome);
  }
}

Outcomes::Outcomes(const sema::Model& model, const sema::Flow& flow, const Needs& needs)
    : model_(model), flow_(flow), needs_(needs), asks_(asks_human(model)) {
  order_ = lower::topological_order(flow.steps.size(), arcs_of(flow));
  started_.resize(flow.steps.size());
  find_siblings();
  // Most steps are started by one of a few simple runs.
  sample({Outcome::kSuccess, Outcome::kChanges, Outcome::kFailed});
  sample({Outcome::kChanges, Outcome::kSuccess, Outcome::kFailed});
  sample({Outcome::kFailed, Outcome::kNone, Outcome::kSuccess});
}

void Outcomes::find_siblings() {
  siblings_.resize(flow_.steps.size());
  for (const sema::Step& step : flow_.steps) {
    if (step.kind != StepKind::kAny)
      continue;
    races_ = true;
    for (const sema::At<std::size_t>& one : step.members) {
      for (const sema::At<std::size_t>& other : step.members) {
        if (one.value != other.value)
          siblings_[one.value].push_back(other.value);
      }
    }
  }
}

void Outcomes::clear() {
  outcome_.assign(flow_.steps.size(), Outcome::kNone);
  ran_.assign(flow_.steps.size(), false);
  if (races_)
    before_.assign(flow_.steps.size(), no_steps());
}

// Whether another member of an `any` has succeeded: then this one can't, since it was cancelled.
bool Outcomes::another_succeeded(std::size_t step) const {
  return std::ranges::any_of(siblings_[step],
                             [&](std::size_t other) { return is_success(outcome_[other]); });
}

// Whether the step waits for a member of the same `any` that succeeded, and with which that was
// over.
bool Outcomes::comes_too_late(std::size_t step) const {
  if (siblings_[step].empty() || !another_succeeded(step))
    return false;
  const Steps before = known_before(step);
  return std::ranges::any_of(siblings_[step], [&](std::size_t other) {
    return is_success(outcome_[other]) && (before[other / 64] & bit_of(other)) != 0;
  });
}

bool Outcomes::starts(std::size_t index) const {
  const sema::Step& step = flow_.steps[index];
  if (step.trusts)
    return true;
  return std::ranges::all_of(step.after, [&](const sema::Edge& edge) { return fires(edge); }) &&
         !comes_too_late(index);
}

std::vector<Outcomes::Outcome> Outcomes::options_of_work(const sema::Step& step) const {
  if (step.broken)
    return {Outcome::kAnything};
  const auto may_judge = [&](const sema::At<std::size_t>& use) {
    const sema::Agent& agent = model_.agents[use.value];
    return agent.broken || agent.gives_verdicts() || agent.contract.broken.contains("returns");
  };
  std::vector<Outcome> all{Outcome::kSuccess};
  if (step.kind == StepKind::kHuman || std::ranges::any_of(step.agents, may_judge))
    all.push_back(Outcome::kChanges);
  all.push_back(Outcome::kFailed);
  if (step.kind == StepKind::kFanout)
    all.insert(all.end(), {Outcome::kPartly, Outcome::kEmpty});
  if (step.otherwise == plan::Otherwise::kSkip)
    all.push_back(Outcome::kNone);
  return all;
}

// A joint has with the first of its steps that ran; a loop once its first test can be made.
bool Outcomes::has_begun(const sema::Step& joint) const {
  if (joint.kind == StepKind::kLoop)
    return !joint.after.empty() && ran_[joint.after.front().from];
  return std::ranges::any_of(joint.members,
                             [&](const sema::At<std::size_t>& one) { return ran_[one.value]; });
}

// The last of the rounds that ran.
Outcomes::Outcome Outcomes::of_latest(const sema::Step& step) const {
  for (std::size_t i = step.members.size(); i > 0; --i) {
    if (ran_[step.members[i - 1].value])
      return outcome_[step.members[i - 1].value];
  }
  return Outcome::kNone;
}

Outcomes::Outcome Outcomes::joined(const sema::Step& step) const {
  std::size_t succeeded = 0;
  std::size_t changes = 0;
  for (const sema::At<std::size_t>& member : step.members) {
    const Outcome outcome = outcome_[member.value];
    if (outcome == Outcome::kAnything)
      return outcome;
    succeeded += is_success(outcome) ? 1 : 0;
    changes += outcome == Outcome::kChanges ? 1 : 0;
  }
  // Of `all` each has to end well; a review that wants changes does.
  const bool all = step.kind == StepKind::kAll;
  if (all ? succeeded == step.members.size() : succeeded > 0)
    return Outcome::kSuccess;
  const bool wants = all ? succeeded + changes == step.members.size() : changes > 0;
  return wants ? Outcome::kChanges : Outcome::kFailed;
}

std::vector<Outcomes::Outcome> Outcomes::options_of_joint(const sema::Step& step) const {
  if (step.broken || step.trusts)
    return {Outcome::kAnything};
  if (!has_begun(step))
    return {Outcome::kNone};
  Outcome outcome = Outcome::kFailed;
  if (step.kind == StepKind::kLast)
    return {of_latest(step)};
  if (step.kind == StepKind::kLoop) {
    for (const sema::Edge& test : step.after) {
      if (outcome_[test.from] == Outcome::kAnything)
        return {Outcome::kAnything};
      if (fires(test))
        outcome = Outcome::kSuccess;
    }
  } else {
    const auto fires_it = [&](const sema::Edge& edge) {
      return fires(edge);
    };
    outcome = std::ranges::all_of(step.after, fires_it) ? joined(step) : Outcome::kNone;
  }
  if (outcome == Outcome::kFailed && step.otherwise == plan::Otherwise::kEscalate && asks_)
    return {outcome, Outcome::kSuccess};  // a human lets it pass
  return {outcome};
}

bool Outcomes::succeeds_with_another(const sema::Step& step) const {
  return step.kind == StepKind::kAny &&
         std::ranges::any_of(step.members, [&](const sema::At<std::size_t>& one) {
           return is_success(outcome_[one.value]);
         });
}

std::vector<Outcomes::Outcome> Outcomes::options(std::size_t index) const {
  const sema::Step& step = flow_.steps[index];
  std::vector<Outcome> all;
  // A joint that waits for a member of the same `any` which succeeded was cancelled before it
  // could fail; unless that success was its own, too, which it had first.
  const bool joins = step.kind == StepKind::kAll || step.kind == StepKind::kAny;
  if (joins && !step.broken && !step.trusts && comes_too_late(index))
    return succeeds_with_another(step) ? options_of_joint(step) : std::vector{Outcome::kNone};
  if (sema::is_joint(step.kind)) {
    all = options_of_joint(step);
  } else if (starts(index)) {
    all = options_of_work(step);
  } else {
    return {Outcome::kNone};
  }
  if (another_succeeded(index)) {
    std::erase_if(all, is_success);
    all.push_back(Outcome::kNone);
  }
  return all;
}

Outcomes::Steps Outcomes::known_before(std::size_t index) const {
  Steps known = no_steps();
  for (const sema::Edge& edge : flow_.steps[index].after)
    unite(known, before_[edge.from]);
  return known;
}

// At least what has settled when the step has: of one that does not start, what the edge needs that
// tells so, and of a disjunction, what its first success does.
Outcomes::Steps Outcomes::known_when_settled(std::size_t index) const {
  const sema::Step& step = flow_.steps[index];
  const bool first = (step.kind == StepKind::kAny || step.kind == StepKind::kLoop) &&
                     is_success(outcome_[index]);
  if (!first && (ran_[index] || sema::is_joint(step.kind)))
    return known_before(index);
  Steps known;
  const auto add = [&](std::size_t from) {
    if (known.empty())
      known = before_[from];
    else
      intersect(known, before_[from]);
  };
  for (const sema::Edge& edge : step.after) {
    const bool counts =
        step.kind == StepKind::kAny ? is_success(outcome_[edge.from]) : fires(edge) == first;
    if (counts)
      add(edge.from);
  }
  return known.empty() ? known_before(index) : known;
}

void Outcomes::settle(std::size_t index, Outcome outcome) {
  const sema::Step& step = flow_.steps[index];
  outcome_[index] = outcome;
  ran_[index] = sema::is_joint(step.kind) ? has_begun(step) : starts(index);
  if (!races_)
    return;
  before_[index] = known_when_settled(index);
  before_[index][index / 64] |= bit_of(index);
}

// The target, and all that it waits for, in an order in which they can settle.
std::vector<std::size_t> Outcomes::cone_of(std::size_t target) const {
  std::vector<bool> within(flow_.steps.size());
  std::vector<std::size_t> open{target};
  const auto visit = [&](std::size_t step) {
    if (!within[step])
      open.push_back(step);
    within[step] = true;
  };
  within[target] = true;
  while (!open.empty()) {
    const std::size_t step = open.back();
    open.pop_back();
    for (const sema::Edge& edge : flow_.steps[step].after)
      visit(edge.from);
  }
  std::vector<std::size_t> cone;
  for (const std::size_t step : order_) {
    if (within[step])
      cone.push_back(step);
  }
  return cone;
}

bool Outcomes::is_wanted(std::size_t target, std::size_t step, Outcome outcome) const {
  constexpr std::array kKinds{EdgeKind::kAccepted, EdgeKind::kApproved, EdgeKind::kChangesRequested,
                              EdgeKind::kFailed,   EdgeKind::kMerged,   EdgeKind::kSomeAccepted};
  return std::ranges::all_of(kKinds, [&](EdgeKind kind) {
    return !needs_.has(target, step, kind) || fires(outcome, kind);
  });
}

bool Outcomes::search(const std::vector<std::size_t>& cone, std::size_t at, std::size_t target) {
  const std::size_t step = cone[at];
  poll_stop();
  if (step == target)
    return starts(target);
  for (const Outcome outcome : options(step)) {
    if (!is_wanted(target, step, outcome))
      continue;
    if (tries_ == 0)
      return true;
    --tries_;
    settle(step, outcome);
    if (search(cone, at + 1, target))
      return true;
  }
  outcome_[step] = Outcome::kNone;  // nothing after this has an outcome
  return false;
}

bool Outcomes::can_start(std::size_t step) {
  if (sema::is_joint(flow_.steps[step].kind) || started_[step])
    return true;
  clear();
  tries_ = kMostTries;
  return search(cone_of(step), 0, step);
}

void Outcomes::sample(const std::vector<Outcome>& preferred) {
  clear();
  for (const std::size_t step : order_) {
    const std::vector<Outcome> all = options(step);
    const auto wanted = std::ranges::find_first_of(preferred, all);
    settle(step, wanted == preferred.end() ? all.front() : *wanted);
    started_[step] = started_[step] || ran_[step];
  }
}

}  // namespace fleet::checks
