// Strings inside an event's JSON. Private to the room.
#pragma once

#include <string>
#include <string_view>

namespace fleet::run {

// Appends `text` with its quotes. See encode() in event.h for what happens to bytes that are not
// UTF-8.
void append_quoted(std::string& out, std::string_view text);

// Reads what append_quoted wrote from the front of `rest`; false, and nothing promised of the
// others, on anything else.
bool take_quoted(std::string_view& rest, std::string& text);

// Bytes of the well-formed UTF-8 sequence at the front of `text`; 0: there is none.
std::size_t utf8_length(std::string_view text);

}  // namespace fleet::run
