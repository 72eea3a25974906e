// Lines above declarations that one can click: what uses them, their graph, their cost.
#pragma once

#include <string>
#include <vector>

#include "dsl/lsp/workspace.h"

namespace fleet::lsp {

struct Lens {
  Span span;  // of the name
  std::string title;
  std::string command;   // "fleet.showGraph"; the client knows what it does
  std::string argument;  // the flow, or the test
};

std::vector<Lens> lenses(Workspace& workspace, const Snapshot& snapshot, SourceId source);

}  // namespace fleet::lsp
