// From a name to what it stands for, and to everywhere it is said.
#pragma once

#include <string>
#include <vector>

#include "dsl/lsp/answers.h"
#include "dsl/lsp/workspace.h"

namespace fleet::lsp {

// Where the name at the offset is declared; of the file that `use` or an identity's `file` names,
// that file; from the name of an identity's own declaration, its document.
std::vector<Target> definition(const Snapshot& snapshot, SourceId source, std::uint32_t offset);
// Of an agent its role, of a step its agents, of a use its pattern, of a use of an identity the
// document.
std::vector<Target> type_definition(const Snapshot& snapshot, SourceId source,
                                    std::uint32_t offset);

struct Reference {
  FileSpan where;
  bool defines = false;
};
// In every fleet of the workspace that the name's own file is a part of; sorted, each place once.
std::vector<Reference> references(Workspace& workspace, const Snapshot& snapshot, SourceId source,
                                  std::uint32_t offset);
// In this file alone.
std::vector<Mention> highlights(const Snapshot& snapshot, SourceId source, std::uint32_t offset);

struct Link {
  Span span;
  std::string path;
  std::string tooltip;
};
// Files that the text names: imports, and documents of identities.
std::vector<Link> links(const Snapshot& snapshot, SourceId source);

FileSpan file_span(const Snapshot& snapshot, Span span);

}  // namespace fleet::lsp
