// What a word of the language means at its place: a key, a part of a value, a clause, an edge, a
// unit. Texts are the rows of dsl/schema. Names of one's own are `hover`'s.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dsl/lsp/answers.h"
#include "dsl/lsp/snapshot.h"

namespace fleet::lsp {

// nullopt: nothing that the language knows stands there.
std::optional<Hover> hover_of_word(const Snapshot& snapshot, SourceId source, std::uint32_t offset);

// "agent.review.budget", as `fleetc explain` names it; without a name, of `fleet` and `defaults`.
std::string path_of(const ast::Block& block, const std::string& name);
// "ship.fleet:12"
std::string place_of(const Snapshot& snapshot, Span span);
// One line of code, however it was laid out.
std::string on_one_line(std::string_view text);
std::string code_block(std::string_view text);

}  // namespace fleet::lsp
