// What each word of the text is, for colours that a pattern can't know: a step, an agent, a clause.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "dsl/lsp/snapshot.h"

namespace fleet::lsp {

// In the order of `token_names`, which the client is told once.
enum class TokenKind : std::uint8_t {
  kNamespace,
  kClass,
  kInterface,
  kFunction,
  kMethod,
  kParameter,
  kVariable,
  kProperty,
  kKeyword,
  kEnumMember,
  kString,
  kNumber,
  kOperator,
  kComment,
  kEvent,
};
std::vector<std::string_view> token_names();
std::vector<std::string_view> token_modifier_names();
// Bits of the modifiers, in their order.
inline constexpr std::uint32_t kDeclaration = 1;
inline constexpr std::uint32_t kDocumentation = 2;
inline constexpr std::uint32_t kFromLibrary = 4;

// In the order of the text, none over another, none over a line break.
struct Token {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  TokenKind kind = TokenKind::kKeyword;
  std::uint32_t modifiers = 0;
  friend bool operator==(const Token&, const Token&) = default;
};
std::vector<Token> tokens(const Snapshot& snapshot, SourceId source);

}  // namespace fleet::lsp
