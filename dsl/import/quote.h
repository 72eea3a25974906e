// Text of any origin as comments and strings of the language.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fleet::import {

// Without bytes that are no UTF-8 and without what nobody would see; tabs and newlines stay.
std::string visible(std::string_view text);

// A string, or where the text has several lines a block string. `{name}` of `holes` is a hole, any
// other brace is itself.
std::string quoted(std::string_view text, const std::vector<std::string>& holes = {});

// Lines that begin with `mark` ("//", "///"), wrapped.
std::string comment(std::string_view mark, std::string_view text);

}  // namespace fleet::import
