// What the name of a message's file says. Private to engine/bus.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

namespace fleet::bus {

// "000000000042.1.ID" in new/ and dead/, "000000000042.1.ID,READER" in cur/.
struct FileName {
  std::uint64_t number = 0;  // the order
  std::uint32_t tries = 0;
  std::string id;
  std::string reader;  // in cur/ only

  std::string text() const;
  // Nothing for what others have put there, which is not ours to move.
  static std::optional<FileName> parse(const std::string& text);

  FileName taken_by(const std::string& who) const { return {number, tries, id, who}; }
  FileName given_back() const { return {number, tries + 1, id, {}}; }

  friend bool operator<(const FileName& left, const FileName& right) {
    return std::tie(left.number, left.id) < std::tie(right.number, right.id);
  }
};

}  // namespace fleet::bus
