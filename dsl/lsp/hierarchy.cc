#include "dsl/lsp/hierarchy.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "dsl/lsp/symbols.h"

namespace fleet::lsp {
namespace {

// One edge of the flow as the text has it: rounds of loops fall together.
struct Wait {
  std::size_t who = 0;  // into the names
  std::size_t whom = 0;
  Span place;
};

class Waits {
 public:
  explicit Waits(const Snapshot& snapshot) : snapshot_(snapshot) {
    for (std::size_t i = 0; i < snapshot.names().all().size(); ++i)
      note_written(i);
    for (const sema::Flow& flow : snapshot.model().flows) {
      for (const sema::Step& step : flow.steps)
        add_step(flow, step);
    }
  }

  const std::vector<Wait>& all() const { return all_; }

 private:
  using Place = std::pair<std::uint32_t, std::uint32_t>;  // source, offset

  // Where the text writes steps that hold calls; a loop holds steps, which are found by themselves.
  void note_written(std::size_t index) {
    const Named& named = snapshot_.names().at(index);
    for (std::size_t i = 0; named.kind == NameKind::kStep && i < named.wholes.size(); ++i) {
      const Span& name = named.definitions[i];
      names_.emplace(Place(name.source.value, name.begin), index);
      const Span& whole = named.wholes[i];
      const bool loop = i == 0 && !named.step->value.atoms.empty() &&
                        named.step->value.atoms.front().text == "loop";
      if (!loop)
        written_.emplace(Place(whole.source.value, whole.begin), std::pair(whole.end, index));
    }
  }

  std::optional<std::size_t> named_at(Span span) const {
    const Mention* const found = snapshot_.names().find(span.source, span.begin);
    return found == nullptr ? std::nullopt : std::optional(found->named);
  }

  // The step that the text has there, or around there.
  std::optional<std::size_t> written_around(Span span) const {
    auto around = written_.upper_bound({span.source.value, span.begin});
    if (around == written_.begin())
      return std::nullopt;
    --around;
    const bool holds = around->first.first == span.source.value && span.end <= around->second.first;
    return holds ? std::optional(around->second.second) : std::nullopt;
  }

  // A step and the uses that it is in, innermost first. Of a call inside of `all(…)` it is the step
  // around it, whose name may be an argument's and so from elsewhere.
  std::vector<std::size_t> chain_of(const sema::Step& step) const {
    const Span name = snapshot_.sources().written(step.name_span);
    const auto own = names_.find({name.source.value, name.begin});
    const auto around = own != names_.end()
                            ? std::optional(own->second)
                            : written_around(snapshot_.sources().written(step.span));
    std::vector<std::size_t> chain;
    if (around)
      chain.push_back(*around);
    for (const Span& use : snapshot_.uses_around(step.span)) {
      if (const auto outer = written_around(use))
        chain.push_back(*outer);
    }
    return chain;
  }

  void add_step(const sema::Flow& flow, const sema::Step& step) {
    const std::vector<std::size_t> who = chain_of(step);
    const auto one = [&](Span span) {
      const auto named = named_at(snapshot_.sources().written(span));
      return named ? std::vector{*named} : std::vector<std::size_t>();
    };
    for (const sema::Edge& edge : step.after)
      add(who, chain_of(flow.steps[edge.from]), edge.span, step);
    for (const sema::At<std::size_t>& agent : step.agents)
      add(who, one(agent.span), agent.span, step);
    for (const sema::At<std::size_t>& member : step.members)
      add(who, chain_of(flow.steps[member.value]), member.span, step);
    if (step.human)
      add(who, one(step.human->span), step.human->span, step);
  }

  // What both are in waits for nothing; all else of the one waits for all else of the other.
  void add(std::vector<std::size_t> who, std::vector<std::size_t> whom, Span place,
           const sema::Step& step) {
    while (who.size() > 1 && whom.size() > 1 && who.back() == whom.back()) {
      who.pop_back();
      whom.pop_back();
    }
    for (const std::size_t from : who) {
      for (const std::size_t to : whom) {
        if (from != to)
          add(Wait{from, to, place_in(from, place, step)});
      }
    }
  }

  // Where the one that waits says so: the argument of a use is no part of its pattern's text.
  Span place_in(std::size_t who, Span place, const sema::Step& step) const {
    std::vector<Span> tried;
    if (place.end > place.begin)
      tried.push_back(snapshot_.sources().written(place));
    tried.push_back(snapshot_.sources().written(step.span));
    for (const Span& use : snapshot_.uses_around(step.span))
      tried.push_back(use);
    const std::vector<Span>& wholes = snapshot_.names().at(who).wholes;
    for (const Span& one : tried) {
      const bool here = std::ranges::any_of(wholes, [&](const Span& whole) {
        return whole.source == one.source && contains(whole, one.begin);
      });
      if (here)
        return one;
    }
    return wholes.front();
  }

  void add(const Wait& wait) {
    if (known_.emplace(wait.who, wait.whom, Place(wait.place.source.value, wait.place.begin))
            .second)
      all_.push_back(wait);
  }

  const Snapshot& snapshot_;
  std::map<Place, std::size_t> names_;
  std::map<Place, std::pair<std::uint32_t, std::size_t>> written_;  // to the end, and whose it is
  std::set<std::tuple<std::size_t, std::size_t, Place>> known_;
  std::vector<Wait> all_;
};

HierarchyItem item_of(const Snapshot& snapshot, std::size_t index) {
  const Named& named = snapshot.names().at(index);
  HierarchyItem item;
  item.name = named.name;
  item.detail = named.inside ? std::string(word_of(named.kind)) + " of " +
                                   snapshot.names().at(*named.inside).name
                             : word_of(named.kind);
  item.shape = shape_of(named.kind);
  item.name_span = named.definitions.front();
  item.whole = named.whole();
  return item;
}

bool has_hierarchy(NameKind kind) {
  return kind == NameKind::kStep || kind == NameKind::kAgent || kind == NameKind::kRole ||
         kind == NameKind::kHuman;
}

std::vector<HierarchyCall> calls(const Snapshot& snapshot, SourceId source, std::uint32_t offset,
                                 bool into) {
  std::vector<HierarchyCall> found;
  std::vector<std::size_t> others;
  const Mention* const mention = snapshot.names().find(source, offset);
  if (mention == nullptr)
    return found;
  const Waits waits(snapshot);
  for (const Wait& wait : waits.all()) {
    const std::size_t own = into ? wait.whom : wait.who;
    const std::size_t other = into ? wait.who : wait.whom;
    if (own != mention->named)
      continue;
    const auto known = std::ranges::find(others, other);
    if (known != others.end()) {
      found[static_cast<std::size_t>(known - others.begin())].places.push_back(wait.place);
      continue;
    }
    others.push_back(other);
    found.push_back({item_of(snapshot, other), {wait.place}});
  }
  return found;
}

}  // namespace

std::vector<HierarchyItem> prepare_hierarchy(const Snapshot& snapshot, SourceId source,
                                             std::uint32_t offset) {
  const Mention* const mention = snapshot.names().find(source, offset);
  if (mention == nullptr || !has_hierarchy(snapshot.names().at(mention->named).kind))
    return {};
  return {item_of(snapshot, mention->named)};
}

std::vector<HierarchyCall> incoming(const Snapshot& snapshot, SourceId source,
                                    std::uint32_t offset) {
  return calls(snapshot, source, offset, true);
}

std::vector<HierarchyCall> outgoing(const Snapshot& snapshot, SourceId source,
                                    std::uint32_t offset) {
  return calls(snapshot, source, offset, false);
}

}  // namespace fleet::lsp
