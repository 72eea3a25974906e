// Which steps may claim a common branch, found without comparing every step with every other: the
// words of all claims are sorted into a tree by their symbols, and only words that part at a
// variable, or where one ends, can meet.
#pragma once

#include <cstddef>
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
};

struct Encounters {
  std::vector<Alike> kinds;
  // Sorted by `later`, then by `earlier`. Holds every pair of steps between which `find_conflict`
  // can find anything, itself or by its kinds.
  std::vector<Encounter> pairs;
};

Encounters find_encounters(const std::vector<std::vector<Claim>>& claims);

}  // namespace fleet::checks
