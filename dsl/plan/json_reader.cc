#include "dsl/plan/json_reader.h"

#include <charconv>

#include "dsl/plan/text.h"
#include "dsl/plan/utf8.h"

namespace fleet::plan {

std::string JsonReader::error() const {
  return fmt::format("${}: {} (at byte {})", printable(path_), message_, at_);
}

char JsonReader::peek() {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) {
    ++at_;
  }
  return at_ < text_.size() ? text_[at_] : '\0';
}

bool JsonReader::take(char c) {
  if (peek() != c || at_ == text_.size()) {
    return false;
  }
  ++at_;
  return true;
}

bool JsonReader::expect(char c, const char* what) {
  return take(c) || unexpected(what);
}

bool JsonReader::fail(std::string message) {
  if (message_.empty()) {
    message_ = std::move(message);
  }
  return false;
}

bool JsonReader::unexpected(std::string_view wanted) {
  const char next = peek();
  std::string_view found = "something else";
  if (at_ == text_.size()) {
    found = "the end";
  } else if (next == '"') {
    found = "a string";
  } else if (next == '{') {
    found = "an object";
  } else if (next == '[') {
    found = "an array";
  } else if (next == '-' || (next >= '0' && next <= '9')) {
    found = "a number";
  } else if (next == 't' || next == 'f') {
    found = "a boolean";
  } else if (next == 'n') {
    found = "null";
  }
  return fail(fmt::format("expected {}, found {}", wanted, found));
}

bool JsonReader::read_end() {
  peek();
  return at_ == text_.size() || fail("there is more text after the plan");
}

bool JsonReader::read(bool& out) {
  peek();
  for (const bool value : {true, false}) {
    const std::string_view word = value ? "true" : "false";
    if (text_.substr(at_, word.size()) == word) {
      at_ += word.size();
      out = value;
      return true;
    }
  }
  return unexpected("a boolean");
}

// A lower limit of -max-1 for the signed: one more than the upper one.
bool JsonReader::read_integer(bool is_signed, std::uint64_t max, std::uint64_t& magnitude,
                              bool& negative) {
  peek();
  std::size_t end = at_;
  negative = end < text_.size() && text_[end] == '-';
  end += negative ? 1 : 0;
  const std::size_t digits = end;
  const auto* const last = text_.data() + text_.size();
  const auto [stop, code] = std::from_chars(text_.data() + digits, last, magnitude);
  if (code == std::errc::invalid_argument) {
    return unexpected("an integer");
  }
  end = static_cast<std::size_t>(stop - text_.data());
  if (end < text_.size() && (text_[end] == '.' || text_[end] == 'e' || text_[end] == 'E')) {
    return fail("must be an integer");
  }
  if (text_[digits] == '0' && end - digits > 1) {
    return fail("a number may not begin with 0");
  }
  const std::uint64_t limit = !negative ? max : is_signed ? max + 1 : 0;
  if (code == std::errc::result_out_of_range || magnitude > limit) {
    return fail(negative && !is_signed ? "must not be negative"
                                       : fmt::format("is out of range, at most {}", max));
  }
  at_ = end;
  return true;
}

bool JsonReader::read_hex4(char32_t& out) {
  const std::string_view digits = text_.substr(at_, 4);
  std::uint32_t value = 0;
  const auto [stop, code] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (code != std::errc() || digits.size() != 4 || stop != digits.data() + 4) {
    return fail("\\u needs four hexadecimal digits");
  }
  at_ += 4;
  out = value;
  return true;
}

// After a backslash.
bool JsonReader::read_escape(std::string& out) {
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
  const char name = at_ < text_.size() ? text_[at_++] : '\0';
  if (const auto index = kNames.find(name); index != std::string_view::npos) {
    out += kValues[index];
    return true;
  }
  char32_t value = 0;
  if (name != 'u') {
    return fail("an unknown escape in a string");
  }
  if (!read_hex4(value)) {
    return false;
  }
  if (value >= 0xDC80 && value <= 0xDCFF) {  // the writer's form of a byte that is not UTF-8
    out += static_cast<char>(value - 0xDC00);
    return true;
  }
  if (value >= 0xD800 && value < 0xDC00 && text_.substr(at_, 2) == "\\u") {
    at_ += 2;
    char32_t low = 0;
    if (!read_hex4(low)) {
      return false;
    }
    if (low >= 0xDC00 && low < 0xE000) {
      append_utf8(out, 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00));
      return true;
    }
  }
  if (value >= 0xD800 && value < 0xE000) {
    return fail("half of a surrogate pair in a string");
  }
  append_utf8(out, value);
  return true;
}

bool JsonReader::read(std::string& out) {
  if (!expect('"', "a string")) {
    return false;
  }
  out.clear();
  while (at_ < text_.size()) {
    std::size_t end = at_;
    while (end < text_.size() && text_[end] != '"' && text_[end] != '\\' &&
           static_cast<unsigned char>(text_[end]) >= 0x20 &&
           static_cast<unsigned char>(text_[end]) < 0x80) {
      ++end;
    }
    out.append(text_, at_, end - at_);
    at_ = end;
    if (at_ == text_.size()) {
      break;
    }
    if (take('"')) {
      return true;
    }
    if (take('\\')) {
      if (!read_escape(out)) {
        return false;
      }
      continue;
    }
    const CodePoint point = first_code_point(text_.substr(at_));
    if (point.length < 2) {
      return fail(point.length == 1 ? "a control character in a string"
                                    : "a string that is not UTF-8");
    }
    out.append(text_, at_, point.length);
    at_ += point.length;
  }
  return fail("a string without an end");
}

bool JsonReader::read(Segment& out) {
  out.hole = take('{');
  if (!out.hole) {
    return peek() == '"' ? read(out.text) : unexpected("text or a hole");
  }
  std::string key;
  if (!read(key)) {
    return false;
  }
  if (key != "hole") {
    return fail("a hole has the one key \"hole\"");
  }
  return expect(':', "':'") && read(out.text) && expect('}', "'}'");
}

}  // namespace fleet::plan
