#include "dsl/checks/encounters.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace fleet::checks {
namespace {

// A word in the tree: which claim of which kind of steps it is.
struct Entry {
  const Word* word = nullptr;
  std::size_t kind = 0;
  std::size_t claim = 0;
};
using Entries = std::vector<Entry>;

// Two kinds, the lesser first, and which of their claims might meet.
struct Meeting {
  std::vector<std::pair<std::size_t, std::size_t>> claims;
  bool more = false;
};
using MeetingsOfKinds = std::map<std::pair<std::size_t, std::size_t>, Meeting>;

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
  // Of one pair of kinds at most kMostClaimPairs are listed, and `most` of all.
  explicit Tree(std::size_t most) : left_(most) {}

  MeetingsOfKinds meetings(Entries entries) {
    descend(entries, 0);
    for (auto& [kinds, meeting] : meetings_)
      std::ranges::sort(meeting.claims);
    return std::move(meetings_);
  }
  // Whether pairs of kinds are missing altogether.
  bool was_cut() const { return left_ == 0; }

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
    const std::vector<Entries> kinds = by_kind(entries);
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j)
        add(kinds[j], kinds[i]);
    }
  }

  void across(const Entries& some, const Entries& others) {
    if (some.empty() || others.empty())
      return;
    const std::vector<Entries> other_kinds = by_kind(others);
    for (const Entries& one : by_kind(some)) {
      for (const Entries& other : other_kinds) {
        if (one.front().kind < other.front().kind)
          add(one, other);
        else if (other.front().kind < one.front().kind)
          add(other, one);
      }
    }
  }

  static std::vector<Entries> by_kind(const Entries& entries) {
    std::map<std::size_t, Entries> kinds;
    for (const Entry& entry : entries)
      kinds[entry.kind].push_back(entry);
    std::vector<Entries> groups;
    for (auto& [kind, group] : kinds)
      groups.push_back(std::move(group));
    return groups;
  }

  // Each of the one kind with each of the other, which is greater.
  void add(const Entries& some, const Entries& others) {
    if (left_ == 0)
      return;
    Meeting& meeting = meetings_[{some.front().kind, others.front().kind}];
    for (const Entry& one : some) {
      for (const Entry& other : others) {
        if (meeting.claims.size() == kMostClaimPairs || left_ == 0) {
          meeting.more = true;
          return;
        }
        meeting.claims.emplace_back(one.claim, other.claim);
        --left_;
      }
    }
  }

  MeetingsOfKinds meetings_;
  std::size_t left_;
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

constexpr std::size_t kMostPairs = 1'000'000;

// The first pair of an earlier step of the one kind and a later step of the other, if any. The
// meeting's claims are in that order.
void add_first(Encounters& found, std::size_t earlier_kind, std::size_t later_kind,
               const Meeting& meeting) {
  const std::size_t earlier = found.kinds[earlier_kind].front();
  const Alike& others = found.kinds[later_kind];
  const auto later = std::ranges::upper_bound(others, earlier);
  if (later == others.end())
    return;
  found.pairs.push_back({earlier, *later, earlier_kind, later_kind, meeting.claims, meeting.more});
}

Meeting turned(Meeting meeting) {
  for (auto& [one, other] : meeting.claims)
    std::swap(one, other);
  std::ranges::sort(meeting.claims);
  return meeting;
}

// Claims of two steps that are alike: the words are the same, one by one.
Meeting among_alike(std::size_t claims) {
  Meeting meeting;
  for (std::size_t i = 0; i < claims; ++i) {
    for (std::size_t j = 0; j < claims; ++j) {
      if (meeting.claims.size() == kMostClaimPairs) {
        meeting.more = true;
        return meeting;
      }
      meeting.claims.emplace_back(i, j);
    }
  }
  return meeting;
}

}  // namespace

Encounters find_encounters(const std::vector<std::vector<Claim>>& claims) {
  Encounters found;
  found.kinds = group(claims);
  Entries entries;
  for (std::size_t kind = 0; kind < found.kinds.size(); ++kind) {
    const std::vector<Claim>& some = claims[found.kinds[kind].front()];
    if (found.kinds[kind].size() > 1)
      add_first(found, kind, kind, among_alike(some.size()));
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (some[i].word.size() <= kMostSymbols)
        entries.push_back({&some[i].word, kind, i});
    }
  }
  Tree tree(kMostPairs);
  for (const auto& [kinds, meeting] : tree.meetings(std::move(entries))) {
    add_first(found, kinds.first, kinds.second, meeting);
    add_first(found, kinds.second, kinds.first, turned(meeting));
  }
  found.more = tree.was_cut();
  std::ranges::sort(found.pairs, {},
                    [](const Encounter& pair) { return std::tuple(pair.later, pair.earlier); });
  return found;
}

Meetings find_meetings(const std::vector<Claim>& claims) {
  Entries entries;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    if (claims[i].word.size() <= kMostSymbols)
      entries.push_back({&claims[i].word, claims[i].ordinal, i});
  }
  Tree tree(kMostClaimPairs);
  Meetings found;
  for (const auto& [ordinals, meeting] : tree.meetings(std::move(entries)))
    found.claims.insert(found.claims.end(), meeting.claims.begin(), meeting.claims.end());
  found.more = tree.was_cut();
  return found;
}

}  // namespace fleet::checks
