// The one canonical layout of a .fleet file. It has no options, keeps every comment and at most one
// blank line in a row, and never changes what the file means; formatting twice is formatting once.
//
// - Two columns of indentation a level; one statement a line. A block stays on one line if it was
//   written on one and fits there as a whole; an empty one is `{}`.
// - Brackets that hold a line break have one element a line with a comma after each. A line break
//   before a clause word stays; any other line break inside a statement goes.
// - The `=` of assignments on adjacent lines stand in one column, one further right where one of
//   them has a body, so that a step stands apart from the steps of that body which rebind its name.
// - One-line blocks of one kind on adjacent lines have their names, versions and bases in columns,
//   and from three on their leading keys as well: those that more than half of them have.
// - Comments beside adjacent assignments stand in one column, a multiple of eight from the
//   indentation.
#pragma once

#include <optional>
#include <string>

#include "dsl/base/source.h"

namespace fleet {

// None if the text has syntax errors: what could not be read can't be laid out. `syntax::parse`
// says what they are. Lines end with \n, and the text, if any, with one.
std::optional<std::string> format(const SourceMap& sources, SourceId source);

}  // namespace fleet
