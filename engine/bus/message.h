// A message from one agent, or a human, to an agent: as a value and as the bytes of a file. Headers
// by name, an empty line, Markdown. Pure; knows no folders. Decoding takes time linear in the
// bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace fleet::bus {

struct Message {
  std::string id;         // the sender's: the same id is the same message, however often it is sent
  std::string from;       // an agent, or a human
  std::string to;         // an agent
  std::string subject;    // one line; may be empty
  std::int64_t sent = 0;  // ns since 1970, by the sender's clock
  std::string text;       // Markdown
  friend bool operator==(const Message&, const Message&) = default;
};

inline constexpr std::size_t kMaxName = 100;  // bytes of an id, an agent or a reader
inline constexpr std::size_t kMaxSubject = 300;
inline constexpr std::size_t kMaxText = std::size_t{64} << 10;
inline constexpr std::size_t kMaxMessage = kMaxText + 2048;  // bytes of a file

// Whether it can be part of a file's name here: letters, digits, `_`, `-`, and `.` but not first.
bool is_name(std::string_view text);

// kInvalid: which part does not fit, and what would.
Status check_message(const Message& message);

// REQUIRES: check_message(message).
std::string encode(const Message& message);
// kCorrupt: what is wrong, also when bytes are missing at the end.
Result<Message> decode(std::string_view bytes);

}  // namespace fleet::bus
