#include "dsl/checks/encounters.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace fleet::checks {
namespace {

// A word in the tree, with the kind of steps that claims it.
struct Entry {
  const Word* word = nullptr;
  std::size_t kind = 0;
};
using Entries = std::vector<Entry>;

// Words by what they go on with at one depth.
struct Parting {
  Entries ended;
  Entries open;                   // a variable that no other step has: meets anything
  std::map<int, Entries> shared;  // a variable of the flow, the same for all that have it
  std::map<char, Entries> lettered;
  std::map<int, Entries> opaque;
};

class Tree {
 public:
  // Each pair once, the lesser kind first.
  std::vector<std::pair<std::size_t, std::size_t>> pairs(Entries entries) {
    descend(entries, 0);
    std::ranges::sort(pairs_);
    pairs_.erase(std::unique(pairs_.begin(), pairs_.end()), pairs_.end());
    return std::move(pairs_);
  }

 private:
  static Parting part(const Entries& entries, std::size_t depth) {
    Parting parting;
    for (const Entry& entry : entries) {
      if (entry.word->size() == depth) {
        parting.ended.push_back(entry);
        continue;
      }
      const Symbol& next = (*entry.word)[depth];
      if (next.kind == Symbol::Kind::kLetter)
        parting.lettered[next.letter].push_back(entry);
      else if (next.kind == Symbol::Kind::kOpaque)
        parting.opaque[next.variable].push_back(entry);
      else if (next.of_flow)
        parting.shared[next.variable].push_back(entry);
      else
        parting.open.push_back(entry);
    }
    return parting;
  }

  // As deep as the longest word, which `find_conflict` bounds.
  void descend(const Entries& entries, std::size_t depth) {
    if (entries.size() < 2)
      return;
    const Parting parting = part(entries, depth);
    meet_ended(parting);
    within(parting.open);
    for (const auto& [variable, group] : parting.shared)
      meet_variable(parting, variable, group);
    across(parting.open, parting.ended);
    for (const auto& [variable, group] : parting.shared)
      across(parting.open, group);
    for (const auto& [letter, group] : parting.lettered)
      across(parting.open, group);
    for (const auto& [variable, group] : parting.opaque)
      across(parting.open, group);
    for (const auto& [variable, group] : parting.shared)
      descend(group, depth + 1);
    for (const auto& [letter, group] : parting.lettered)
      descend(group, depth + 1);
    for (const auto& [variable, group] : parting.opaque)
      descend(group, depth + 1);
  }

  // A whole name meets itself, and what lies below it as in a directory.
  void meet_ended(const Parting& parting) {
    within(parting.ended);
    const auto below = parting.lettered.find('/');
    if (below != parting.lettered.end())
      across(parting.ended, below->second);
  }

  // Every other way to go on; of the other variables the lesser ones have met it already.
  void meet_variable(const Parting& parting, int variable, const Entries& group) {
    across(group, parting.ended);
    for (const auto& [other, words] : parting.shared) {
      if (other > variable)
        across(group, words);
    }
    for (const auto& [letter, words] : parting.lettered)
      across(group, words);
    for (const auto& [other, words] : parting.opaque)
      across(group, words);
  }

  void within(const Entries& entries) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j)
        add(entries[i].kind, entries[j].kind);
    }
  }

  void across(const Entries& some, const Entries& others) {
    for (const Entry& one : some) {
      for (const Entry& other : others)
        add(one.kind, other.kind);
    }
  }

  void add(std::size_t one, std::size_t other) {
    if (one != other)
      pairs_.emplace_back(std::min(one, other), std::max(one, other));
  }

  std::vector<std::pair<std::size_t, std::size_t>> pairs_;
};

// Equal for claims that differ only in the names of variables of their own step.
std::string signature(const std::vector<Claim>& claims) {
  std::string text;
  std::unordered_map<int, std::size_t> own;
  const auto number = [&](std::size_t value) {
    text += std::to_string(value) + ',';
  };
  for (const Claim& claim : claims) {
    number(claim.branch.source.value);
    number(claim.branch.begin);
    for (const Symbol& symbol : claim.word) {
      text += static_cast<char>('0' + static_cast<int>(symbol.kind));
      if (symbol.kind == Symbol::Kind::kLetter) {
        text += symbol.letter;
      } else if (symbol.kind == Symbol::Kind::kOpaque || symbol.of_flow) {
        number(static_cast<std::size_t>(symbol.variable));
      } else {
        text += 'o';
        number(own.emplace(symbol.variable, own.size()).first->second);
        number(static_cast<std::size_t>(symbol.letters) * 2 + (symbol.may_be_empty ? 1 : 0));
      }
    }
    text += ';';
  }
  return text;
}

std::vector<Alike> group(const std::vector<std::vector<Claim>>& claims) {
  std::vector<Alike> kinds;
  std::unordered_map<std::string, std::size_t> known;
  for (std::size_t step = 0; step < claims.size(); ++step) {
    if (claims[step].empty())
      continue;
    const auto [kind, is_new] = known.emplace(signature(claims[step]), kinds.size());
    if (is_new)
      kinds.emplace_back();
    kinds[kind->second].push_back(step);
  }
  return kinds;
}

// The first pair of an earlier step of the one kind and a later step of the other, if any.
void add_first(Encounters& found, std::size_t earlier_kind, std::size_t later_kind) {
  const std::size_t earlier = found.kinds[earlier_kind].front();
  const Alike& others = found.kinds[later_kind];
  const auto later = std::ranges::upper_bound(others, earlier);
  if (later != others.end())
    found.pairs.push_back({earlier, *later, earlier_kind, later_kind});
}

}  // namespace

Encounters find_encounters(const std::vector<std::vector<Claim>>& claims) {
  Encounters found;
  found.kinds = group(claims);
  Entries entries;
  for (std::size_t kind = 0; kind < found.kinds.size(); ++kind) {
    add_first(found, kind, kind);
    for (const Claim& claim : claims[found.kinds[kind].front()]) {
      if (claim.word.size() <= kMostSymbols)
        entries.push_back({&claim.word, kind});
    }
  }
  for (const auto& [one, other] : Tree().pairs(std::move(entries))) {
    add_first(found, one, other);
    add_first(found, other, one);
  }
  std::ranges::sort(found.pairs, {},
                    [](const Encounter& pair) { return std::tuple(pair.later, pair.earlier); });
  return found;
}

}  // namespace fleet::checks
