// Positions against the plain count from the beginning of the line.
#include "dsl/lsp/position.h"

#include <rapidcheck.h>

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dsl/base/utf8.h"

namespace fleet::lsp {
namespace {

std::string any_text() {
  const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "a", "bc", "\n", "\r\n", "\r", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x9A\x80", "\xFF", "\xC3",
      std::string(700, 'x'), std::string("\0", 1)));
  std::string text;
  for (const std::string& piece : pieces)
    text += piece;
  return text;
}

// The plain way: every character from the beginning.
Position counted(const std::string& text, std::uint32_t offset, Encoding encoding) {
  Position at;
  std::uint32_t i = 0;
  while (i < offset && i < text.size()) {
    const CodePoint point = decode_utf8(text, i);
    if (i + point.length > offset)
      break;
    const bool pair = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    i += point.length;
    if (point.value == '\n' || (point.value == '\r' && !pair)) {
      at = {at.line + 1, 0};
    } else {
      at.character += encoding == Encoding::kUtf8                     ? point.length
                      : point.valid && point.value > char32_t{0xFFFF} ? 2
                                                                      : 1;
    }
  }
  return at;
}

TEST_CASE("a position is what one counts, and leads back to the offset") {
  const bool holds = rc::check([] {
    const std::string text = any_text();
    const LineTable lines(text);
    const auto offset =
        *rc::gen::inRange<std::uint32_t>(0, static_cast<std::uint32_t>(text.size()) + 3);
    for (const Encoding encoding : {Encoding::kUtf8, Encoding::kUtf16}) {
      const Position position = lines.position(text, offset, encoding);
      RC_ASSERT(position == counted(text, offset, encoding));
      const std::uint32_t back = lines.offset(text, position, encoding);
      RC_ASSERT(lines.position(text, back, encoding) <= position);
      RC_ASSERT(back <= std::min<std::size_t>(offset, text.size()));
    }
  });
  CHECK(holds);
}

TEST_CASE("any position is an offset inside of the text") {
  const bool holds = rc::check([] {
    const std::string text = any_text();
    const LineTable lines(text);
    const Position position{*rc::gen::inRange<std::uint32_t>(0, 9),
                            *rc::gen::inRange<std::uint32_t>(0, 2000)};
    for (const Encoding encoding : {Encoding::kUtf8, Encoding::kUtf16}) {
      const std::uint32_t offset = lines.offset(text, position, encoding);
      RC_ASSERT(offset <= text.size());
      RC_ASSERT(lines.position(text, offset, encoding) <= position);
    }
  });
  CHECK(holds);
}

}  // namespace
}  // namespace fleet::lsp
