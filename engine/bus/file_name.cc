#include "engine/bus/file_name.h"

#include <charconv>

#include <fmt/format.h>

#include "engine/bus/message.h"

namespace fleet::bus {

std::string FileName::text() const {
  return fmt::format("{:012}.{}.{}{}{}", number, tries, id, reader.empty() ? "" : ",", reader);
}

std::optional<FileName> FileName::parse(const std::string& text) {
  FileName name;
  const char* const end = text.data() + text.size();
  const auto number = std::from_chars(text.data(), end, name.number);
  if (number.ec != std::errc() || number.ptr == end)
    return std::nullopt;
  const auto tries = std::from_chars(number.ptr + 1, end, name.tries);
  if (tries.ec != std::errc() || tries.ptr == end)
    return std::nullopt;
  const std::string rest(tries.ptr + 1, end);
  const std::size_t comma = rest.find(',');
  name.id = rest.substr(0, comma);
  if (comma != std::string::npos)
    name.reader = rest.substr(comma + 1);
  if (!is_name(name.id) || (comma != std::string::npos && !is_name(name.reader)) ||
      name.text() != text)
    return std::nullopt;
  return name;
}

}  // namespace fleet::bus
