// Who waits for whom. The calls of a hierarchy are the edges between steps: incoming are the steps
// that wait for this one, outgoing those that it waits for. An agent is called by the steps that
// give it tasks, and a human by the gates that ask them. Of a pattern each step has the edges of
// all uses, and a use those that lead out of it or into it.
#pragma once

#include <string>
#include <vector>

#include "dsl/lsp/answers.h"
#include "dsl/lsp/snapshot.h"

namespace fleet::lsp {

struct HierarchyItem {
  std::string name;
  std::string detail;
  SymbolShape shape = SymbolShape::kMethod;
  Span whole;
  Span name_span;
};

struct HierarchyCall {
  HierarchyItem other;
  std::vector<Span> places;  // where the one that waits says so, in its own file
};

std::vector<HierarchyItem> prepare_hierarchy(const Snapshot& snapshot, SourceId source,
                                             std::uint32_t offset);
// `offset` is of the item's name.
std::vector<HierarchyCall> incoming(const Snapshot& snapshot, SourceId source,
                                    std::uint32_t offset);
std::vector<HierarchyCall> outgoing(const Snapshot& snapshot, SourceId source,
                                    std::uint32_t offset);

}  // namespace fleet::lsp
