// What a session can say to the engine: the one table that the protocol, the command line and the
// MCP tools are made from. Knows words and sizes; what a verb leads to is the engine's.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace fleet::agent {

enum class Verb : std::uint8_t {
  kIdentity,
  kTask,
  kSync,
  kCheckpoint,
  kHandoff,
  kSend,
  kInbox,
  kFinding,
  kVerdict,
  kEscalate,
  kDone,
  kFail,
};

struct Parameter {
  enum class Kind : std::uint8_t {
    kLine,    // text without line breaks
    kText,    // any text
    kWord,    // one of `words`
    kNumber,  // 0 to 2^31 - 1, in decimal
  };
  std::string_view name;
  Kind kind = Kind::kLine;
  bool needed = false;
  bool leading = false;   // on the command line it may stand first, without its name
  bool internal = false;  // between client and engine only
  std::size_t max_bytes = 0;
  std::string_view about;
  std::span<const std::string_view> words = {};
};

struct VerbInfo {
  Verb verb;
  std::string_view name;
  std::string_view about;  // for people and for models
  std::span<const Parameter> parameters;
};

// In the order in which a session needs them.
std::span<const VerbInfo> verbs();
const VerbInfo& info_of(Verb verb);
const VerbInfo* find_verb(std::string_view name);

// By name; a number in decimal. What is not given is not there.
using Arguments = std::map<std::string, std::string>;

// kInvalid: an unknown or missing parameter, a value that does not fit; says which and what would.
Status check_arguments(const VerbInfo& verb, const Arguments& arguments);

inline constexpr std::size_t kMaxMessageText = std::size_t{64} << 10;  // bytes
inline constexpr std::size_t kMaxNote = std::size_t{128} << 10;  // bytes of a checkpoint or handoff

}  // namespace fleet::agent
