// The name of a git object (SHA-1). A value; knows nothing of where the object is.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fleet::worktree {

struct Oid {
  std::array<std::uint8_t, 20> bytes{};

  // 40 lower-case hexadecimal digits.
  std::string hex() const;
  // Exactly 40 hexadecimal digits, nothing abbreviated.
  static std::optional<Oid> parse(std::string_view hex);

  friend auto operator<=>(const Oid&, const Oid&) = default;
};

}  // namespace fleet::worktree
