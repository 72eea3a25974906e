// What can stand at the cursor, also in a statement that is not finished and so can't be parsed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dsl/lsp/answers.h"
#include "dsl/lsp/workspace.h"

namespace fleet::lsp {

enum class CompletionShape {  // the numbers of the protocol
  kFunction = 3,
  kField = 5,
  kVariable = 6,
  kClass = 7,
  kInterface = 8,
  kModule = 9,
  kProperty = 10,
  kUnit = 11,
  kValue = 12,
  kKeyword = 14,
  kSnippet = 15,
  kFile = 17,
  kEnumMember = 20,
  kConstant = 21,
  kEvent = 23,
};

struct Completion {
  std::string label;
  CompletionShape shape = CompletionShape::kKeyword;
  std::string detail;
  std::string doc;                   // Markdown
  std::optional<std::size_t> named;  // into the names: `describe` makes its documentation
  std::string text;                  // to insert; empty: the label
  std::string snippet;            // the same with places to fill in, for clients that know snippets
  int rank = 1;                   // 0 before 1 before 2
  std::vector<FileEdit> further;  // an import that it needs
};

struct Completions {
  Span replaced;  // the word that is being written
  std::vector<Completion> items;
};

Completions complete(Workspace& workspace, const Snapshot& snapshot, SourceId source,
                     std::uint32_t offset);

}  // namespace fleet::lsp
