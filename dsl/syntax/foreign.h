// Statements of other languages, which people and models write out of habit: where each begins and
// ends, so that it is one mistake whatever is in it, and what it would have named, so that nobody
// is told that these names are unknown. Private to dsl/syntax.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::syntax {

// `import … from …`, `#`-less includes, and a `use` in the shape of another language.
bool foreign_import_ahead(std::string_view text);
// `try {`, `for x in …`, `if …`, `parallel {`, `steps:`, `return …`.
bool foreign_statement_ahead(std::string_view text);
bool is_foreign_word(std::string_view word);
// `let x = …`, `step x = …`: the word in front of an assignment.
bool foreign_binding_ahead(std::string_view text);
// `build -> review`, `agent("…") |> …`, `repo.merge(…)`: an expression that is no statement here.
bool expression_ahead(std::string_view text);
// `{ key: value }` where a value is wanted, closed on its own; its length, 0: there is none.
std::size_t braces_value_length(std::string_view text);
// `text` begins at the end of a line in a string that is not closed: how far it is to the quote
// that closes it on one of the next lines; 0: there is none.
std::size_t length_to_quote(std::string_view text, char quote);

// The length of a foreign statement that `text` begins with: its line, its brackets, and its
// further branches. `column` is where it begins; what stands no further right than that is not
// taken into brackets that are never closed.
std::size_t foreign_length(std::string_view text, std::size_t column);

struct ForeignImport {
  std::string path;  // `std.roles` or a file; empty: not recognized
  bool is_file = false;
  std::vector<std::string_view> names;
};
ForeignImport read_foreign_import(std::string_view text);
// Of the statement, what this language would read as well: each `name = …` on a line of its own,
// but for those whose call is of a name that only the statement explains. All else is blanks, so
// that places in it are places in `text`; empty: there is none.
std::string steps_within(std::string_view text);
// The words of the statement around them that they have as well, with places in `text`: each may
// name what they use.
std::vector<std::string_view> words_shared_with_steps(std::string_view text);
// What the statement sets or declares, with places in `text`.
std::vector<std::string_view> names_set_in(std::string_view text);

}  // namespace fleet::syntax
