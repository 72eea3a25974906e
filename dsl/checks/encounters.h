// Which steps may claim a common branch, found without comparing every step with every other: the
// words of all claims are sorted into a tree by their symbols, and only words that part at a
// variable, or where one ends, can meet.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "dsl/checks/claims.h"

namespace fleet::checks {

// Steps whose claims are the same up to the names of variables of their own: what is found of two
// of them, or of one and a third step, holds of all. Rising indices into the given claims.
using Alike = std::vector<std::size_t>;

// Two steps to compare, `earlier` < `later`, in the name of all pairs of an earlier step from
// `earlier_kind` and a later one from `later_kind`; they are the first of these.
struct Encounter {
  std::size_t earlier = 0;
  std::size_t later = 0;
  std::size_t earlier_kind = 0;
  std::size_t later_kind = 0;
  // Which of their claims might meet, in order; none that is left out can, but where there are
  // `more` than are listed.
  std::vector<std::pair<std::size_t, std::size_t>> claims;
  bool more = false;
};

struct Encounters {
  std::vector<Alike> kinds;
  // Sorted by `later`, then by `earlier`. Holds every pair of steps between which `find_conflict`
  // can find anything, itself or by its kinds.
  std::vector<Encounter> pairs;
  bool more = false;  // but for more pairs of claims than are looked at
};

// Of two steps at most so many pairs of claims are listed.
inline constexpr std::size_t kMostClaimPairs = 4'096;
Encounters find_encounters(const std::vector<std::vector<Claim>>& claims);

// Which of the items of one step might have branches that meet: pairs of claims with different
// ordinals, as far as they are listed.
struct Meetings {
  std::vector<std::pair<std::size_t, std::size_t>> claims;
  bool more = false;
};
Meetings find_meetings(const std::vector<Claim>& claims);

}  // namespace fleet::checks
