// A human's decision as a file: who decided what about which gate, from where, and why. Plain text
// of one `name value` line each, so that a person can read the record. Knows nothing of plans, of a
// run's rules or of the journal.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace fleet::decide {

// One opening of a gate: a task of a run, and the epoch that it waits in.
struct GateName {
  std::string run;
  std::uint32_t task = 0;
  std::uint32_t epoch = 0;
  friend auto operator<=>(const GateName&, const GateName&) = default;
  friend bool operator==(const GateName&, const GateName&) = default;
};
// "RUN.TASK.EPOCH": injective, and fit for a file's name. REQUIRES: a run's id, which has neither
// '/' nor '.'.
std::string file_name(const GateName& gate);

enum class Answer : std::uint8_t { kApprove, kReject, kRetry };
const char* name_of(Answer answer);  // "approve", "reject", "retry"

inline constexpr std::size_t kMaxDecision = std::size_t{64} << 10;  // bytes of a file
inline constexpr std::size_t kMaxWhy = std::size_t{16} << 10;       // bytes of `why`

struct Decision {
  GateName gate;
  std::string plan;  // hash of the run's plan
  Answer answer = Answer::kReject;
  std::string by;  // the human as the fleet knows them when a signature shows it, else `account`
  std::string account;  // of the process that decided
  std::string host;
  std::int64_t pid = 0;
  std::string terminal;  // "/dev/pts/3"; empty: none
  std::int64_t at = 0;   // wall ms since 1970
  std::string why;
  std::string signature;  // base64 of ed25519 over signed_text(); empty: not signed
  friend bool operator==(const Decision&, const Decision&) = default;
};

// Every byte of a value survives; what would break a line is escaped.
std::string encode(const Decision& decision);
// kCorrupt for anything that encode did not write: a file that was cut anywhere is one.
Result<Decision> decode(std::string_view bytes);

// What a signature covers: all but itself.
std::string signed_text(const Decision& decision);

// "ann@box, pid 123, terminal /dev/pts/3; key: no"
std::string origin_of(const Decision& decision);

}  // namespace fleet::decide
