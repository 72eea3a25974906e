#include "dsl/syntax/string_text.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "dsl/base/utf8.h"
#include "dsl/syntax/lookahead.h"

namespace fleet::syntax {
namespace {

// name or name.field.field
bool is_hole_name(std::string_view text) {
  bool expect_start = true;
  for (const char c : text) {
    if (c == '.' ? expect_start : !(expect_start ? is_word_start(c) : is_word(c))) {
      return false;
    }
    expect_start = c == '.';
  }
  return !expect_start;
}

// Reads the inside of one string, [at, end) of `text_`; offsets in it are offsets in the token.
class StringReader {
 public:
  StringReader(std::string_view text, Span token, bool escapes)
      : text_(text), token_(token), escapes_(escapes) {}

  void read(std::size_t at, std::size_t end) {
    while (at < end) {
      const char c = text_[at];
      if (c == '{' || c == '}') {
        at = read_brace(at, end);
      } else if (c == '\\' && escapes_) {
        at = read_escape(at, end);
      } else {
        add_text(text_.substr(at, 1), at, at + 1);
        ++at;
      }
    }
  }

  StringReading finish(bool closed) {
    out_.closed = closed;
    return std::move(out_);
  }

 private:
  Span span(std::size_t begin, std::size_t end) const {
    return {token_.source, token_.begin + static_cast<std::uint32_t>(begin),
            token_.begin + static_cast<std::uint32_t>(end)};
  }

  void add_text(std::string_view text, std::size_t begin, std::size_t end) {
    if (out_.parts.empty() || out_.parts.back().hole) {
      out_.parts.push_back({false, {}, span(begin, end)});
    }
    out_.parts.back().text += text;
    out_.parts.back().span.end = span(begin, end).end;
  }

  void problem(std::size_t begin, std::size_t end, StringProblem what) {
    what.begin = span(begin, end).begin;
    what.end = span(begin, end).end;
    out_.problems.push_back(std::move(what));
  }

  std::size_t read_brace(std::size_t at, std::size_t end) {
    const char c = text_[at];
    if (at + 1 < end && text_[at + 1] == c) {
      add_text(text_.substr(at, 1), at, at + 2);
      return at + 2;
    }
    if (c == '}') {
      problem(at, at + 1,
              {0, 0, "`}` without a `{` in a string", "closes no hole",
               "a literal `}` is written `}}`", "}}"});
      add_text("}", at, at + 1);
      return at + 1;
    }
    return read_hole(at, end);
  }

  std::size_t read_hole(std::size_t at, std::size_t end) {
    const std::size_t close = text_.substr(0, end).find_first_of("{}\n", at + 1);
    if (close == std::string_view::npos || text_[close] != '}') {
      problem(at, at + 1,
              {0,
               0,
               "this hole is not closed",
               "expected `}` after the name",
               "a literal `{` is written `{{`",
               {}});
      add_text("{", at, at + 1);
      return at + 1;
    }
    const std::string_view inside = text_.substr(at + 1, close - at - 1);
    std::string_view name = inside;
    name.remove_prefix(std::min(skip_blanks(name, 0), name.size()));
    while (!name.empty() && is_blank(name.back())) {
      name.remove_suffix(1);
    }
    if (is_hole_name(name)) {
      out_.parts.push_back({true, std::string(name), span(at, close + 1)});
    } else {
      problem(at, close + 1,
              {0, 0, inside.empty() ? "this hole names nothing" : "a hole holds a name",
               inside.empty() ? "expected a name between the braces" : "this is no name",
               "literal braces are written doubled", "{{" + std::string(inside) + "}}"});
      add_text(text_.substr(at, close + 1 - at), at, close + 1);
    }
    return close + 1;
  }

  std::size_t read_escape(std::size_t at, std::size_t end) {
    const char kind = at + 1 < end ? text_[at + 1] : '\0';
    switch (kind) {
      case '\\':
      case '"': add_text(text_.substr(at + 1, 1), at, at + 2); return at + 2;
      case 'n': add_text("\n", at, at + 2); return at + 2;
      case 't': add_text("\t", at, at + 2); return at + 2;
      case 'u': return read_code_point(at, end);
      default: break;
    }
    const std::size_t length = at + 1 < end ? 1 + decode_utf8(text_, at + 1).length : 1;
    const std::string written(text_.substr(at, length));
    problem(at, at + length,
            {0, 0, "unknown escape `" + written + "`", "escapes are \\\\ \\\" \\n \\t \\u{…}",
             "a literal backslash is written `\\\\`", "\\" + written});
    add_text(written, at, at + length);
    return at + length;
  }

  // \u{1F600}
  std::size_t read_code_point(std::size_t at, std::size_t end) {
    const std::size_t close = text_.substr(0, end).find('}', at);
    std::uint32_t value = 0;
    const bool shape = close != std::string_view::npos && at + 2 < close && text_[at + 2] == '{' &&
                       close - at - 3 >= 1 && close - at - 3 <= 6;
    if (shape) {
      const char* const last = text_.data() + close;
      const auto parsed = std::from_chars(text_.data() + at + 3, last, value, 16);
      const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
      if (parsed.ec == std::errc{} && parsed.ptr == last && value <= 0x10FFFF && value != 0 &&
          !surrogate) {
        std::string encoded;
        append_utf8(encoded, value);
        add_text(encoded, at, close + 1);
        return close + 1;
      }
    }
    const std::size_t stop = shape ? close + 1 : at + 2;
    problem(at, stop,
            {0,
             0,
             "invalid escape `" + std::string(text_.substr(at, stop - at)) + "`",
             "expected a code point, as in `\\u{e9}`",
             {},
             {}});
    return stop;
  }

  std::string_view text_;
  Span token_;
  bool escapes_;
  StringReading out_;
};

// The end of a string's inside, or none when its closing quote is missing.
std::optional<std::size_t> closing_quote(std::string_view written) {
  for (std::size_t at = 1; at < written.size(); ++at) {
    if (written[at] == '"') {
      return at;
    }
    at += written[at] == '\\' ? 1U : 0U;
  }
  return std::nullopt;
}

struct Line {
  std::size_t begin;
  std::size_t end;  // without the newline
};

std::vector<Line> split_lines(std::string_view text, std::size_t begin, std::size_t end) {
  std::vector<Line> out;
  while (true) {
    const std::size_t newline = text.substr(0, end).find('\n', begin);
    const std::size_t stop = newline == std::string_view::npos ? end : newline;
    const bool carriage_return = stop > begin && text[stop - 1] == '\r';
    out.push_back({begin, carriage_return && newline != std::string_view::npos ? stop - 1 : stop});
    if (newline == std::string_view::npos) {
      return out;
    }
    begin = newline + 1;
  }
}

std::size_t indent_of(std::string_view text, Line line) {
  std::size_t at = line.begin;
  while (at < line.end && (text[at] == ' ' || text[at] == '\t')) {
    ++at;
  }
  return at - line.begin;
}

// The indentation that all lines but the blank ones share, and the closing quotes with them.
std::size_t shared_indent(std::string_view text, const std::vector<Line>& lines) {
  std::optional<std::string_view> shared;
  for (const Line& line : lines) {
    const std::size_t indent = indent_of(text, line);
    if (line.begin + indent == line.end && &line != &lines.back()) {
      continue;
    }
    const std::string_view here = text.substr(line.begin, indent);
    std::size_t same = 0;
    while (shared && same < shared->size() && same < here.size() && (*shared)[same] == here[same]) {
      ++same;
    }
    shared = shared ? here.substr(0, same) : here;
  }
  return shared ? shared->size() : 0;
}

}  // namespace

StringReading read_string(std::string_view written, Span at) {
  const std::optional<std::size_t> close = closing_quote(written);
  StringReader reader(written, at, true);
  reader.read(1, close.value_or(written.size()));
  return reader.finish(close.has_value());
}

StringReading read_block_string(std::string_view written, Span at) {
  constexpr std::size_t kQuotes = 3;
  const bool closed =
      written.size() >= 2 * kQuotes && written.substr(written.size() - kQuotes) == "\"\"\"";
  const std::size_t end = closed ? written.size() - kQuotes : written.size();
  StringReader reader(written, at, false);
  std::vector<Line> lines = split_lines(written, kQuotes, end);
  std::size_t indent = 0;
  const bool below = lines.size() > 1 &&
                     indent_of(written, lines.front()) == lines.front().end - lines.front().begin;
  if (below) {
    lines.erase(lines.begin());
    indent = shared_indent(written, lines);
    if (const Line last = lines.back(); last.begin + indent_of(written, last) == last.end) {
      lines.pop_back();
    }
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Line line = lines[i];
    reader.read(std::min(line.begin + indent, line.end), line.end);
    if (i + 1 < lines.size()) {
      reader.read(lines[i + 1].begin - 1, lines[i + 1].begin);
    }
  }
  return reader.finish(closed);
}

}  // namespace fleet::syntax
