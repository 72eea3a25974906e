#include "dsl/checks/needs.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dsl/base/stop.h"

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
  order_ = lower::topological_order(count, arcs_of(flow));
  for (const std::size_t index : order_) {
    poll_stop();
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

Needs::Facts Needs::settled_before(std::size_t index) const {
  return settled(index, Facts(flow_.steps.size(), 0),
                 [&](std::size_t from) -> const Facts& { return settled_[from]; });
}

// A step settles once it ran, which takes all of its edges, or once one of them can't fire, which
// is none of those that are known to. An `any` and a loop do once one fires, or none can any more.
template <class SettledOf>
Needs::Facts Needs::settled(std::size_t index, const Facts& told, const SettledOf& of) const {
  const sema::Step& step = flow_.steps[index];
  const bool first = is_disjunction(step.kind) && step.kind != StepKind::kLast;
  const auto fires = [&](const sema::Edge& edge) {
    return !first && (edge.kind == EdgeKind::kDone || (told[edge.from] & bit(edge.kind)) != 0);
  };
  const bool every = std::ranges::all_of(step.after, fires);
  Facts all;
  for (const sema::Edge& edge : step.after) {
    if (!every && fires(edge))
      continue;
    if (all.empty()) {
      all = of(edge.from);
    } else if (every) {
      unite(all, of(edge.from));
    } else {
      intersect(all, of(edge.from));
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
  if (may_pass(edge.from) && edge.kind != EdgeKind::kChangesRequested)
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

// The same in a run in which `step` starts: what came of others tells more of what has settled.
Needs::Facts Needs::of_passed_before(std::size_t joint, std::size_t step) const {
  Facts facts = of_passed(joint);
  Facts told = told_by(step);
  told.resize(facts.size(), 0);
  for (std::size_t i = 0; i < facts.size(); ++i)
    told[i] = static_cast<Bits>((told[i] & ~kBefore) | facts[i]);
  std::map<std::size_t, Facts> known;
  for (const sema::Edge& edge : flow_.steps[joint].after)
    unite(facts, settled_when(edge.from, told, known));
  return facts;
}

// As settled_before, where some outcomes are known.
const Needs::Facts& Needs::settled_when(std::size_t index, const Facts& told,
                                        std::map<std::size_t, Facts>& known) const {
  const auto found = known.find(index);
  if (found != known.end())
    return found->second;
  Facts all = settled(index, told, [&](std::size_t from) -> const Facts& {
    return settled_when(from, told, known);
  });
  return known.emplace(index, std::move(all)).first->second;
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

bool Needs::may_pass(std::size_t joint) const {
  const sema::Step& step = flow_.steps[joint];
  return asks_ && sema::is_joint(step.kind) && step.kind != StepKind::kLast &&
         step.otherwise == plan::Otherwise::kEscalate;
}

bool Needs::is_before_pass(std::size_t from, std::size_t joint, std::size_t step) const {
  auto known = passes_.find({joint, step});
  if (known == passes_.end())
    known = passes_.emplace(std::pair(joint, step), of_passed_before(joint, step)).first;
  return (known->second[from] & kBefore) != 0;
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

// An `all` whose steps all ended well has not failed, and nobody is asked about it.
Needs::Facts Needs::told_by(std::size_t step) const {
  constexpr Bits kWell =
      bit(EdgeKind::kAccepted) | bit(EdgeKind::kApproved) | bit(EdgeKind::kMerged);
  constexpr Bits kChanges = bit(EdgeKind::kChangesRequested);
  Facts facts = facts_[step];
  if (facts.empty())
    return facts;
  for (const std::size_t index : order_) {
    const sema::Step& joint = flow_.steps[index];
    if (joint.kind != StepKind::kAll || joint.members.empty())
      continue;
    Bits every = kWell;
    Bits some = 0;
    bool well = true;
    for (const sema::At<std::size_t>& member : joint.members) {
      every = static_cast<Bits>(every & facts[member.value]);
      some = static_cast<Bits>(some | facts[member.value]);
      well = well && (facts[member.value] & (kWell | kChanges)) != 0;
    }
    if (well)
      add(facts[index], static_cast<Bits>(every | (some & kChanges)));
  }
  return facts;
}

bool Needs::exclude(std::size_t a, std::size_t b) const {
  const Facts one = told_by(a);
  const Facts other = told_by(b);
  for (std::size_t from = 0; from < std::min(one.size(), other.size()); ++from) {
    if (clash(one[from], other[from]))
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
