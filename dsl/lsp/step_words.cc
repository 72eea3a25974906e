#include "dsl/lsp/step_words.h"

#include <algorithm>
#include <array>
#include <map>

#include "dsl/sema/offers.h"

namespace fleet::lsp {
namespace {

using plan::EdgeKind;
using sema::StepKind;

struct EdgeWord {
  std::string_view word;
  EdgeKind kind;
};
// What mostly is waited for comes first.
constexpr std::array kEdgeWords{EdgeWord{"merged", EdgeKind::kMerged},
                                EdgeWord{"approved", EdgeKind::kApproved},
                                EdgeWord{"accepted", EdgeKind::kAccepted},
                                EdgeWord{"some_accepted", EdgeKind::kSomeAccepted},
                                EdgeWord{"changes_requested", EdgeKind::kChangesRequested},
                                EdgeWord{"failed", EdgeKind::kFailed},
                                EdgeWord{"done", EdgeKind::kDone}};

}  // namespace

const Named& StepWords::end_of(const Named& step) const {
  const Named* at = &step;
  // Uses within uses are bounded as the compiler bounds them; broken text may have a circle.
  constexpr int kDeepest = 32;
  for (int i = 0; i < kDeepest && at->uses; ++i) {
    const Named* last = nullptr;
    const auto* const within = snapshot_.names().within(*at->uses);
    for (const auto& [name, index] :
         within == nullptr ? std::map<std::string, std::size_t>() : *within) {
      const Named& one = snapshot_.names().at(index);
      const bool later =
          last == nullptr || one.definitions.front().begin > last->definitions.front().begin;
      if (one.kind == NameKind::kStep && later)
        last = &one;
    }
    if (last == nullptr)
      break;
    at = last;
  }
  return *at;
}

bool StepWords::is_written(const Named& named, const sema::Step& step) const {
  const Span written = snapshot_.sources().written(step.name_span);
  return !step.inner && step.kind != StepKind::kLast &&
         std::ranges::find(named.definitions, written) != named.definitions.end();
}

// Whether the step is written out by that use.
bool StepWords::is_within(const Named& use, const sema::Step& step) const {
  return std::ranges::any_of(snapshot_.uses_around(step.span), [&](const Span& place) {
    return std::ranges::any_of(use.wholes, [&](const Span& whole) {
      return whole.source == place.source && contains(whole, place.begin);
    });
  });
}

std::vector<StepWords::Placed> StepWords::placed(const Named& step) const {
  const Named& end = end_of(step);
  std::vector<Placed> found;
  for (const sema::Flow& flow : snapshot_.model().flows) {
    for (std::size_t i = 0; i < flow.steps.size(); ++i) {
      const sema::Step& one = flow.steps[i];
      if (is_written(end, one) && (&end == &step || is_within(step, one)))
        found.push_back({&flow, i});
    }
  }
  return found;
}

std::vector<const schema::Entry*> StepWords::edges(const std::vector<Placed>& all) const {
  std::vector<const schema::Entry*> found;
  for (const EdgeWord& edge : kEdgeWords) {
    const bool can = std::ranges::all_of(all, [&](const Placed& one) {
      return sema::can_fire(snapshot_.model(), *one.flow, one.index, edge.kind);
    });
    if (can)
      found.push_back(schema::find_edge(edge.word));
  }
  return found;
}

std::vector<const schema::Entry*> StepWords::edges(const Named& step) const {
  return edges(placed(step));
}

std::vector<const schema::Entry*> StepWords::edges(const std::string& path) const {
  std::vector<Placed> all;
  for (const sema::Flow& flow : snapshot_.model().flows) {
    for (std::size_t i = 0; i < flow.steps.size(); ++i) {
      const sema::Step& one = flow.steps[i];
      if (one.inner && (one.name == path || one.name.ends_with("." + path)))
        all.push_back({&flow, i});
    }
  }
  return all.empty() ? std::vector<const schema::Entry*>() : edges(all);
}

std::vector<const schema::Entry*> StepWords::tests(const Named& step) const {
  std::vector<const schema::Entry*> found = edges(step);
  std::erase_if(found, [](const schema::Entry* edge) {
    return edge->name != "approved" && edge->name != "accepted" && edge->name != "merged";
  });
  return found;
}

// A use that is not understood has no outputs, since its last step may be anything.
bool StepWords::is_known(const Named& step) const {
  const std::vector<Placed> all = placed(step);
  return !step.uses ||
         std::ranges::any_of(all, [](const Placed& one) { return !one.step().broken; });
}

bool StepWords::has_branch(const Named& step) const {
  if (!is_known(step))
    return false;
  return std::ranges::all_of(placed(step), [&](const Placed& one) {
    const sema::Step& at = one.step();
    return (at.broken || at.kind != StepKind::kFanout) && sema::leaves_work(snapshot_.model(), at);
  });
}

bool StepWords::can_be_merged(const Named& step) const {
  if (!is_known(step))
    return false;
  return std::ranges::all_of(placed(step), [&](const Placed& one) {
    return sema::leaves_work(snapshot_.model(), one.step());
  });
}

bool StepWords::has_findings(const Named& step) const {
  if (!is_known(step))
    return false;
  const std::vector<Placed> all = placed(step);
  return std::ranges::all_of(all, [&](const Placed& one) {
    return sema::can_find(snapshot_.model(), *one.flow, one.index);
  });
}

// By the text alone, so that it holds as well where a use is not written yet: a step waits for each
// that its setting says.
void StepWords::stand_at(const Named& own, std::uint32_t offset) {
  own_ = &own;
  own_offset_ = offset;
  const Names& names = snapshot_.names();
  std::map<const Named*, std::vector<const Named*>> next;
  for (const Named& step : names.all()) {
    for (const Span& whole : step.wholes) {
      if (step.kind != NameKind::kStep || !(whole.source == own.whole().source))
        continue;
      const auto first = std::ranges::lower_bound(
          names.mentions(), std::pair(whole.source.value, whole.begin), {},
          [](const Mention& one) { return std::pair(one.span.source.value, one.span.begin); });
      for (auto said = first; said != names.mentions().end() && said->span.source == whole.source &&
                              said->span.begin < whole.end;
           ++said) {
        const bool inside = is_loop(step) || !said->defines;
        if (inside && names.at(said->named).kind == NameKind::kStep)
          next[&names.at(said->named)].push_back(&step);
      }
    }
  }
  std::vector<const Named*> open{&own};
  while (!open.empty()) {
    const Named* const at = open.back();
    open.pop_back();
    if (!waiting_.insert(at).second)
      continue;
    // What stands between the two means, in each round, the one before.
    const std::uint32_t first = at->definitions.front().begin;
    const std::uint32_t last = at->definitions.back().begin;
    for (const Named* const one : next[at]) {
      const std::uint32_t begin = one->definitions.front().begin;
      const bool sets_it_again = is_loop(*one) && contains(one->whole(), last);
      if (begin <= first || begin >= last || sets_it_again)
        open.push_back(one);
    }
  }
}

bool StepWords::may_wait(const Named& other) const {
  if (own_ == nullptr)
    return true;
  if (own_ == &other)
    return false;
  const bool around = is_loop(other) && other.whole().source == own_->whole().source &&
                      contains(other.whole(), own_offset_);
  if (around)
    return false;
  // What the body of a loop sets again means, above that line, what it was before.
  if (other.definitions.size() > 1 || own_->definitions.size() > 1)
    return other.definitions.front().begin < own_offset_;
  return !waiting_.contains(&other);
}

}  // namespace fleet::lsp
