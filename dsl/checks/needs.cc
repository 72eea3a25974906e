#include "dsl/checks/needs.h"

#include <algorithm>
#include <array>
#include <utility>

namespace fleet::checks {
namespace {

using plan::EdgeKind;
using sema::StepKind;

using Bits = std::uint16_t;

constexpr Bits kBefore = 0x80;
constexpr Bits kNoChanges = 0x100;

constexpr Bits bit(EdgeKind kind) {
  return static_cast<Bits>(1u << static_cast<unsigned>(kind));
}

void add(Bits& facts, Bits more) {
  facts = static_cast<Bits>(facts | more);
}

void unite(std::vector<Bits>& all, const std::vector<Bits>& more) {
  for (std::size_t i = 0; i < all.size(); ++i)
    add(all[i], more[i]);
}

void intersect(std::vector<Bits>& all, const std::vector<Bits>& other) {
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = static_cast<Bits>(all[i] & other[i]);
}

constexpr std::array<std::pair<EdgeKind, EdgeKind>, 5> kExclusive{
    std::pair{EdgeKind::kAccepted, EdgeKind::kFailed},
    std::pair{EdgeKind::kMerged, EdgeKind::kFailed},
    std::pair{EdgeKind::kApproved, EdgeKind::kFailed},
    std::pair{EdgeKind::kApproved, EdgeKind::kChangesRequested},
    std::pair{EdgeKind::kChangesRequested, EdgeKind::kFailed}};

// Whether no run has both, or has the one where it is only known that there were no changes.
bool clash(Bits one, Bits other) {
  const auto both = [&](Bits first, Bits second) {
    return ((one & first) != 0 && (other & second) != 0) ||
           ((one & second) != 0 && (other & first) != 0);
  };
  return both(bit(EdgeKind::kChangesRequested), kNoChanges) ||
         std::ranges::any_of(
             kExclusive, [&](const auto& pair) { return both(bit(pair.first), bit(pair.second)); });
}

}  // namespace

bool asks_human(const sema::Model& model) {
  return model.fleet && (model.fleet->escalation || model.fleet->origins.contains("escalation"));
}

std::uint32_t round_in(const sema::Flow& flow, std::size_t step, std::size_t loop) {
  for (std::optional<std::size_t> at = step; at;) {
    const sema::Step& one = flow.steps[*at];
    if (one.loop == loop)
      return one.round;
    // The last value that a loop leaves stands where the loop does.
    at = one.closes ? one.closes : one.loop;
  }
  return 0;
}

std::vector<lower::Arc> arcs_of(const sema::Flow& flow) {
  std::vector<lower::Arc> arcs;
  for (std::size_t i = 0; i < flow.steps.size(); ++i) {
    for (const sema::Edge& edge : flow.steps[i].after)
      arcs.push_back({edge.from, i});
  }
  return arcs;
}

Needs::Needs(const sema::Flow& flow, bool asks)
    : flow_(flow), asks_(asks), facts_(flow.steps.size()), settled_(flow.steps.size()) {
  const std::size_t count = flow.steps.size();
  find_insides();
  for (const std::size_t index : lower::topological_order(count, arcs_of(flow))) {
    Facts facts(count, 0);
    // Of what a disjunction has seen its consumers ask for themselves: see facts_of.
    if (!is_disjunction(flow.steps[index].kind)) {
      for (const sema::Edge& edge : flow.steps[index].after)
        unite(facts, facts_of(edge));
    }
    facts_[index] = std::move(facts);
    settled_[index] = settled_before(index);
  }
}

// Which loops a step is in, by the same way as `round_in`.
void Needs::find_insides() {
  for (std::size_t step = 0; step < flow_.steps.size(); ++step) {
    for (std::optional<std::size_t> at = step; at;) {
      const sema::Step& one = flow_.steps[*at];
      if (one.loop)
        inside_[*one.loop].emplace_back(step, one.round);
      at = one.closes ? one.closes : one.loop;
    }
  }
}

// A step settles once it ran, which takes all of its edges, or once one of them can't fire: either
// way at least one of those it waits for has settled. Only `all` waits for every one, and so does
// the last of several rounds: which one was the last is known then.
Needs::Facts Needs::settled_before(std::size_t index) const {
  const sema::Step& step = flow_.steps[index];
  Facts all;
  for (const sema::Edge& edge : step.after) {
    if (all.empty()) {
      all = settled_[edge.from];
    } else if (step.kind == StepKind::kAll || step.kind == StepKind::kLast) {
      unite(all, settled_[edge.from]);
    } else {
      intersect(all, settled_[edge.from]);
    }
  }
  all.resize(flow_.steps.size(), 0);
  all[index] = kBefore;
  return all;
}

Needs::Facts Needs::facts_of(const sema::Edge& edge) const {
  if (!sema::is_joint(flow_.steps[edge.from].kind))
    return of_joint(edge);
  const std::pair key(edge.from, edge.kind);
  auto known = known_.find(key);
  if (known == known_.end())
    known = known_.emplace(key, of_joint(edge)).first;
  return known->second;
}

Needs::Facts Needs::of_joint(const sema::Edge& edge) const {
  const sema::Step& from = flow_.steps[edge.from];
  const bool ran = edge.kind != EdgeKind::kDone;
  Facts facts = ran ? facts_[edge.from] : settled_[edge.from];
  facts.resize(flow_.steps.size(), 0);  // of a step that was not understood nothing is known
  add(facts[edge.from], bit(edge.kind) | kBefore);
  if (ran && edge.kind != EdgeKind::kChangesRequested)
    add(facts[edge.from], kNoChanges);
  if (!ran || edge.kind == EdgeKind::kFailed || !sema::is_joint(from.kind))
    return facts;
  Facts inside;
  if (from.kind != StepKind::kLoop && !from.members.empty())
    inside = of_members(from, edge.kind);
  else if (edge.kind == EdgeKind::kApproved && !from.after.empty())
    inside = of_loop(edge.from);
  if (inside.empty())
    return facts;
  const bool passes = asks_ && from.otherwise == plan::Otherwise::kEscalate &&
                      from.kind != StepKind::kLast && edge.kind != EdgeKind::kChangesRequested;
  if (passes)
    intersect(inside, of_passed(edge.from));
  unite(facts, inside);
  return facts;
}

// Once a human let it pass: it had begun, and all that it waited for has settled.
Needs::Facts Needs::of_passed(std::size_t joint) const {
  Facts facts = of_run(joint);
  for (const sema::Edge& edge : flow_.steps[joint].after)
    unite(facts, settled_[edge.from]);
  // A loop fails when its rounds are over.
  add_beyond(facts, joint, 0);
  // An `any` has changes requested rather than failed where one of its steps wants them.
  if (flow_.steps[joint].kind == StepKind::kAny) {
    for (const sema::At<std::size_t>& member : flow_.steps[joint].members)
      add(facts[member.value], kNoChanges);
  }
  return facts;
}

// What holds when the step ran. A joint began once one of its steps ran, a loop once its first test
// could be made.
Needs::Facts Needs::of_run(std::size_t index) const {
  const sema::Step& step = flow_.steps[index];
  if (!sema::is_joint(step.kind) || step.after.empty())
    return facts_[index];
  const auto known = runs_.find(index);
  if (known != runs_.end())
    return known->second;
  Facts all;
  if (step.kind == StepKind::kLoop) {
    all = of_run(step.after.front().from);
  } else {
    for (const sema::At<std::size_t>& member : step.members) {
      if (all.empty())
        all = of_run(member.value);
      else
        intersect(all, of_run(member.value));
    }
    all.resize(flow_.steps.size(), 0);
    unite(all, facts_[index]);
  }
  runs_.emplace(index, all);
  return all;
}

// `all` is approved once each is, and wants changes once one of them does.
Needs::Facts Needs::of_members(const sema::Step& joint, EdgeKind kind) const {
  const bool every = joint.kind == StepKind::kAll && kind != EdgeKind::kChangesRequested;
  Facts all;
  for (const sema::At<std::size_t>& member : joint.members) {
    Facts facts = facts_of({member.value, kind, true, member.span});
    if (joint.closes)
      add_beyond(facts, *joint.closes, round_in(flow_, member.value, *joint.closes));
    if (all.empty()) {
      all = std::move(facts);
    } else if (every) {
      unite(all, facts);
    } else {
      intersect(all, facts);
    }
  }
  return all;
}

// The test that ended the loop is one of them; the rounds beyond it never run.
Needs::Facts Needs::of_loop(std::size_t loop) const {
  Facts all;
  const std::vector<sema::Edge>& tests = flow_.steps[loop].after;
  for (std::size_t rounds = 0; rounds < tests.size(); ++rounds) {
    Facts facts = facts_of(tests[rounds]);
    add_beyond(facts, loop, rounds);
    if (all.empty()) {
      all = std::move(facts);
    } else {
      intersect(all, facts);
    }
  }
  return all;
}

void Needs::add_beyond(Facts& facts, std::size_t loop, std::size_t rounds) const {
  const auto inside = inside_.find(loop);
  if (inside == inside_.end())
    return;
  for (const auto& [step, round] : inside->second) {
    if (round > rounds)
      add(facts[step], kBefore);
  }
}

bool Needs::has(std::size_t step, std::size_t from, EdgeKind kind) const {
  return !facts_[step].empty() && (facts_[step][from] & bit(kind)) != 0;
}

bool Needs::is_before(std::size_t from, std::size_t step) const {
  return !facts_[step].empty() && (facts_[step][from] & kBefore) != 0;
}

std::optional<Needs::Contradiction> Needs::contradiction(std::size_t step) const {
  for (std::size_t from = 0; from < facts_[step].size(); ++from) {
    const Bits facts = facts_[step][from];
    if (!clash(facts, facts))
      continue;
    for (const auto& [one, other] : kExclusive) {
      if ((facts & bit(one)) != 0 && (facts & bit(other)) != 0)
        return Contradiction{from, one, other};
    }
    return Contradiction{from, EdgeKind::kChangesRequested, EdgeKind::kDone};
  }
  return std::nullopt;
}

bool Needs::exclude(std::size_t a, std::size_t b) const {
  for (std::size_t from = 0; from < std::min(facts_[a].size(), facts_[b].size()); ++from) {
    if (clash(facts_[a][from], facts_[b][from]))
      return true;
  }
  return false;
}

const sema::Edge* Needs::edge_of(std::size_t step, std::size_t from, EdgeKind kind) const {
  std::vector<bool> seen(flow_.steps.size(), false);
  std::vector<std::size_t> open{step};
  while (!open.empty()) {
    const std::size_t at = open.back();
    open.pop_back();
    if (seen[at])
      continue;
    seen[at] = true;
    for (const sema::Edge& edge : flow_.steps[at].after) {
      if (edge.from == from && edge.kind == kind)
        return &edge;
      if (has(edge.from, from, kind) || edge.from == from)
        open.push_back(edge.from);
    }
  }
  return nullptr;
}

}  // namespace fleet::checks
