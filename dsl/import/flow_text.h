// The steps of one imported flow as text. Private to the room.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "dsl/import/draft.h"

namespace fleet::import {

// A role that is another one's, with a branch of its own: one agent is at several steps of a flow.
struct DerivedRole {
  std::string name;
  std::string base;
  std::string branch;
};

// What the text of the flows asks of the declarations before them.
struct FlowNeeds {
  Names& names;  // all that are taken
  std::string human;
  std::vector<DerivedRole> derived;
  std::set<std::size_t> blind;  // reviews that are given no change to look at
};

std::string flow_text(const Draft& draft, const DraftFlow& flow, FlowNeeds& needs);

}  // namespace fleet::import
