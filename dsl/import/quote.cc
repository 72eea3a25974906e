#include "dsl/import/quote.h"

#include <algorithm>

#include "dsl/base/utf8.h"

namespace fleet::import {
namespace {

// The hole that begins at `at`, with its braces; empty: none does.
std::string_view hole_at(std::string_view text, std::size_t at,
                         const std::vector<std::string>& holes) {
  for (const std::string& hole : holes) {
    const std::string_view written = text.substr(at, hole.size() + 2);
    if (written == "{" + hole + "}")
      return written;
  }
  return {};
}

}  // namespace

std::string visible(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = decode_utf8(text, at);
    if (!point.valid)
      append_utf8(out, 0xFFFD);
    else if (!is_unseen_control(point.value))
      out.append(text.substr(at, point.length));
    at += point.length;
  }
  return out;
}

std::string quoted(std::string_view text, const std::vector<std::string>& holes) {
  const std::string seen = visible(text);
  const bool block = seen.find('\n') != std::string::npos &&
                     seen.find("\"\"\"") == std::string::npos && seen.back() != '"';
  // Every line as far in as the text around it; that does not count.
  constexpr std::string_view kIndent = "      ";
  const auto indent = [&](std::size_t at) {
    return at < seen.size() && seen[at] != '\n' ? kIndent : std::string_view();
  };
  std::string out = block ? "\"\"\"\n" : "\"";
  if (block)
    out += indent(0);
  for (std::size_t at = 0; at < seen.size(); ++at) {
    const char c = seen[at];
    if (const std::string_view hole = c == '{' ? hole_at(seen, at, holes) : std::string_view();
        !hole.empty()) {
      out += hole;
      at += hole.size() - 1;
    } else if (c == '{' || c == '}') {
      out += std::string(2, c);
    } else if (block) {
      out += c;
      if (c == '\n')
        out += indent(at + 1);
    } else if (c == '\n' || c == '\t') {
      out += c == '\n' ? "\\n" : "\\t";
    } else {
      out += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    }
  }
  return out + (block ? "\n      \"\"\"" : "\"");
}

std::string comment(std::string_view mark, std::string_view text) {
  constexpr std::size_t kWidth = 96;
  std::string words = visible(text);
  std::ranges::replace(words, '\n', ' ');
  std::ranges::replace(words, '\t', ' ');
  std::string out;
  std::string line(mark);
  for (std::size_t at = 0; at < words.size();) {
    const std::size_t end = std::min(words.find(' ', at), words.size());
    const std::string_view word = std::string_view(words).substr(at, end - at);
    if (!word.empty()) {
      if (line.size() > mark.size() && line.size() + 1 + word.size() > kWidth) {
        out += line + "\n";
        line = mark;
      }
      line.append(" ").append(word);
    }
    at = end + 1;
  }
  return out + line + "\n";
}

}  // namespace fleet::import
