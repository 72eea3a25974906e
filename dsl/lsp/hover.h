// What the thing under the pointer is, in Markdown: documentation, the value that holds and where
// it comes from, and what it may cost.
#pragma once

#include <optional>
#include <string>

#include "dsl/lsp/answers.h"
#include "dsl/lsp/snapshot.h"

namespace fleet::lsp {

std::optional<Hover> hover(const Snapshot& snapshot, SourceId source, std::uint32_t offset);

// Of one name: its declaration, documentation, contract and cost. For completion too.
std::string describe(const Snapshot& snapshot, const Named& named);

// The page of a code: title, explanation, a bad and a good example. Empty: there is no such code.
std::string explain_page(const std::string& code);

}  // namespace fleet::lsp
