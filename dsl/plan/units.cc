// Durations, money, templates and enumerators as people read them.
#include <cstdint>

#include <fmt/format.h>

#include "dsl/plan/render.h"
#include "dsl/plan/words.h"

namespace fleet::plan {
namespace {

// The magnitude, the least value included.
std::uint64_t magnitude(std::int64_t value) {
  return value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
}

// "1.5s", "30s", "0.25s" only as a part of something longer; alone, less than a second is "250ms".
std::string seconds_text(std::uint64_t millis) {
  std::string text = fmt::format("{}.{:03}", millis / 1000, millis % 1000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') {
    text.pop_back();
  }
  return text + "s";
}

}  // namespace

std::string to_string(Money money) {
  const std::uint64_t micros = magnitude(money.micros);
  std::string decimals = fmt::format("{:06}", micros % 1'000'000);
  while (decimals.size() > 2 && decimals.back() == '0') {
    decimals.pop_back();
  }
  return fmt::format("{}${}.{}", money.micros < 0 ? "-" : "", micros / 1'000'000, decimals);
}

// Exact. Days only from two on: "24h" and "36h" are how people write them.
std::string to_string(Millis duration) {
  constexpr std::uint64_t kMinute = 60'000;
  constexpr std::uint64_t kHour = 60 * kMinute;
  constexpr std::uint64_t kDay = 24 * kHour;
  std::uint64_t rest = magnitude(duration.count());
  const std::string sign = duration.count() < 0 ? "-" : "";
  if (rest < 1000) {
    return sign + (rest == 0 ? "0s" : fmt::format("{}ms", rest));
  }
  std::string text;
  const auto part = [&](std::uint64_t unit, const char* name) {
    if (rest >= unit) {
      text += fmt::format("{}{}{}", text.empty() ? "" : " ", rest / unit, name);
      rest %= unit;
    }
  };
  if (rest >= 2 * kDay) {
    part(kDay, "d");
  }
  part(kHour, "h");
  part(kMinute, "min");
  if (rest != 0) {
    text += (text.empty() ? "" : " ") + seconds_text(rest);
  }
  return sign + text;
}

std::string to_string(const Template& text) {
  std::string out;
  for (const Segment& segment : text) {
    if (segment.hole) {
      out += '{' + segment.text + '}';
      continue;
    }
    for (const char c : segment.text) {
      out += c;
      if (c == '{' || c == '}') {
        out += c;
      }
    }
  }
  return out;
}

// The words are literals: their data ends with a zero.
const char* to_string(EdgeKind kind) {
  return word_of(kind).data();
}
const char* to_string(NodeKind kind) {
  return word_of(kind).data();
}

}  // namespace fleet::plan
