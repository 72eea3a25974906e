#include "dsl/syntax/mistakes.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "dsl/base/utf8.h"

namespace fleet::syntax {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kMostBadCharacters = 10;

enum class Character { kFine, kNotUtf8, kUnseen };

Character judge(std::string_view text, std::size_t at, const CodePoint& point) {
  if (!point.valid) {
    return Character::kNotUtf8;
  }
  const bool line_end = point.value == '\r' && at + 1 < text.size() && text[at + 1] == '\n';
  return is_unseen_control(point.value) && !line_end ? Character::kUnseen : Character::kFine;
}

// Most text is of these alone.
constexpr bool is_plain(char byte) {
  return (byte >= ' ' && byte <= '~') || byte == '\n';
}

std::string code_point_name(char32_t value) {
  char out[16];
  std::snprintf(out, sizeof out, "U+%04X", static_cast<unsigned>(value));
  return out;
}

}  // namespace

std::string quoted(std::string_view text) {
  constexpr std::size_t kMost = 60;
  const auto inside_character = [&](std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
  };
  std::size_t length = std::min({text.find('\n'), text.size(), kMost});
  while (length > 0 && inside_character(length)) {
    --length;
  }
  return "`" + std::string(text.substr(0, length)) + (length < text.size() ? "…`" : "`");
}

bool has_bad_characters(std::string_view text, std::size_t begin, std::size_t end) {
  for (std::size_t at = begin; at < end;) {
    if (is_plain(text[at])) {
      ++at;
      continue;
    }
    const CodePoint point = decode_utf8(text, at);
    if (judge(text, at, point) != Character::kFine)
      return true;
    at += point.length;
  }
  return false;
}

Diagnostic Mistakes::error(std::string code, std::string message, Span at, std::string label) {
  Diagnostic out;
  out.code = std::move(code);
  out.message = std::move(message);
  out.primary = {at, std::move(label)};
  return out;
}

void Mistakes::scan_characters() {
  std::size_t more = 0;
  std::size_t at = text_.substr(0, kByteOrderMark.size()) == kByteOrderMark ? 3 : 0;
  while (at < text_.size()) {
    if (is_plain(text_[at])) {
      ++at;
      continue;
    }
    const CodePoint first = decode_utf8(text_, at);
    const Character kind = judge(text_, at, first);
    std::size_t end = at + first.length;
    if (kind == Character::kFine) {
      at = end;
      continue;
    }
    // A run of them is one mistake.
    while (end < text_.size()) {
      const CodePoint next = decode_utf8(text_, end);
      if (judge(text_, end, next) != kind) {
        break;
      }
      end += next.length;
    }
    const Span where = span(static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end));
    if (bad_characters_.size() < kMostBadCharacters) {
      if (kind == Character::kNotUtf8) {
        add(error("F004", "this is not UTF-8", where, "invalid bytes"));
      } else {
        Diagnostic unseen =
            error("F004", "invisible control character", where, code_point_name(first.value));
        unseen.notes.emplace_back("what is shown has to be what is read");
        unseen.helps.push_back({"remove it", {{where, ""}}, false});
        add(std::move(unseen));
      }
    } else {
      ++more;
    }
    bad_characters_.push_back(where);
    at = end;
  }
  if (more > 0) {
    const Span next = bad_characters_[kMostBadCharacters];
    add(error("F004", "and " + std::to_string(more) + " more places that are no text", next,
              "the next one"));
  }
}

bool Mistakes::covers_bad_character(const Span& at) const {
  const auto first =
      std::lower_bound(bad_characters_.begin(), bad_characters_.end(), at.begin,
                       [](const Span& bad, std::uint32_t begin) { return bad.end <= begin; });
  return first != bad_characters_.end() && first->begin < at.end;
}

void Mistakes::add(Diagnostic diagnostic) {
  if (diagnostic.code == "F001" && covers_bad_character(diagnostic.primary.span)) {
    return;
  }
  ++count_;
  if (count_ == kMaxMistakes) {
    diagnostic = error("F005", "too many mistakes", diagnostic.primary.span,
                       "the first of those that are not shown");
  }
  if (count_ <= kMaxMistakes) {
    sink_.add(std::move(diagnostic));
  }
}

}  // namespace fleet::syntax
