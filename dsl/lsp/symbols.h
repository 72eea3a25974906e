// The declarations and steps of a file as a tree, and those of all files as a list to search.
#pragma once

#include <string>
#include <vector>

#include "dsl/lsp/answers.h"
#include "dsl/lsp/workspace.h"

namespace fleet::lsp {

struct DocumentSymbol {
  std::string name;
  std::string detail;
  SymbolShape shape = SymbolShape::kKey;
  Span whole;
  Span name_span;  // inside of `whole`
  std::vector<DocumentSymbol> children;
};

std::vector<DocumentSymbol> document_symbols(const Snapshot& snapshot, SourceId source);

struct WorkspaceSymbol {
  std::string name;
  std::string container;
  SymbolShape shape = SymbolShape::kKey;
  FileSpan where;
};

// Names that hold the letters of the query in their order, whatever their case; the best first, at
// most 500. The standard library's are found too.
std::vector<WorkspaceSymbol> workspace_symbols(Workspace& workspace, const std::string& query);

SymbolShape shape_of(NameKind kind);

}  // namespace fleet::lsp
