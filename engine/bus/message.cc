#include "engine/bus/message.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace fleet::bus {
namespace {

constexpr std::string_view kFirst = "Fleet-Message: 1\n";

// The bytes of the UTF-8 character that begins here; 0: there is none, or it is a control
// character.
std::size_t printable_at(std::string_view text) {
  const auto byte = [&](std::size_t at) {
    return static_cast<unsigned char>(text[at]);
  };
  const unsigned char first = byte(0);
  if (first < 0x80)
    return first < 0x20 || first == 0x7F ? 0 : 1;
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size)
    return 0;
  std::uint32_t point = first & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U)
      return 0;
    point = point << 6U | (byte(i) & 0x3FU);
  }
  // Below U+00A0 are controls; else the shortest form, and no half of a pair.
  const std::uint32_t least = size == 2 ? 0xA0 : size == 3 ? 0x800 : 0x10000;
  return point < least || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000) ? 0 : size;
}

// UTF-8 without control characters but those of `allowed`.
bool is_printable(std::string_view text, std::string_view allowed) {
  while (!text.empty()) {
    const std::size_t size =
        allowed.find(text.front()) != std::string_view::npos ? 1 : printable_at(text);
    if (size == 0)
      return false;
    text.remove_prefix(size);
  }
  return true;
}

// Takes "Name: value\n" off the front.
Result<std::string> take_header(std::string_view& rest, std::string_view name) {
  const std::string begin = fmt::format("{}: ", name);
  const std::size_t end = rest.find('\n');
  if (!rest.starts_with(begin) || end == std::string_view::npos)
    return Error(Errc::kCorrupt, fmt::format("the header `{}` is missing", name));
  std::string value(rest.substr(begin.size(), end - begin.size()));
  rest.remove_prefix(end + 1);
  return value;
}

template <class Number>
Result<Number> take_number(std::string_view& rest, std::string_view name) {
  FLEET_TRY(const std::string text, take_header(rest, name));
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end)
    return Error(Errc::kCorrupt, fmt::format("the header `{}` is no number", name));
  return number;
}

}  // namespace

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxName && text.front() != '.' &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-' || c == '.';
         });
}

Status check_message(const Message& message) {
  const auto wrong = [](std::string_view part, std::string_view why) {
    return Error(Errc::kInvalid, fmt::format("the {} of a message {}", part, why));
  };
  for (const auto& [part, name] :
       {std::pair("id", &message.id), {"sender", &message.from}, {"receiver", &message.to}})
    if (!is_name(*name))
      return wrong(part,
                   fmt::format("has to be 1 to {} letters, digits, `_`, `-` or `.`", kMaxName));
  if (message.subject.size() > kMaxSubject || !is_printable(message.subject, ""))
    return wrong("subject", fmt::format("has to be one line of printable UTF-8, at most {} bytes",
                                        kMaxSubject));
  if (message.text.empty() || message.text.size() > kMaxText)
    return wrong("text",
                 fmt::format("has {} bytes; it may have 1 to {}", message.text.size(), kMaxText));
  if (!is_printable(message.text, "\n\t\r"))
    return wrong("text", "has to be UTF-8 without control characters");
  return {};
}

std::string encode(const Message& message) {
  return fmt::format("{}Id: {}\nFrom: {}\nTo: {}\nSent: {}\nSubject: {}\nSize: {}\n\n{}", kFirst,
                     message.id, message.from, message.to, message.sent, message.subject,
                     message.text.size(), message.text);
}

Result<Message> decode(std::string_view bytes) {
  std::string_view rest = bytes;
  if (!rest.starts_with(kFirst))
    return Error(Errc::kCorrupt, "it does not begin as a message does");
  rest.remove_prefix(kFirst.size());
  Message message;
  FLEET_TRY(message.id, take_header(rest, "Id"));
  FLEET_TRY(message.from, take_header(rest, "From"));
  FLEET_TRY(message.to, take_header(rest, "To"));
  FLEET_TRY(message.sent, take_number<std::int64_t>(rest, "Sent"));
  FLEET_TRY(message.subject, take_header(rest, "Subject"));
  FLEET_TRY(const std::size_t size, take_number<std::size_t>(rest, "Size"));
  if (!rest.starts_with('\n') || rest.size() - 1 != size)
    return Error(Errc::kCorrupt, fmt::format("its text has not the {} bytes that it says", size));
  message.text = rest.substr(1);
  if (const Status sound = check_message(message); !sound)
    return Error(Errc::kCorrupt, sound.error().message());
  return message;
}

}  // namespace fleet::bus
