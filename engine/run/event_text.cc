#include "engine/run/event_text.h"

#include <cstdint>

namespace fleet::run {

namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr unsigned char kByteFollows = 0x10;

unsigned char byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

void append_hex(std::string& out, unsigned char byte) {
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

void append_control(std::string& out, unsigned char byte) {
  out += "\\u00";
  append_hex(out, byte);
}

void append_raw_byte(std::string& out, unsigned char byte) {
  append_control(out, kByteFollows);
  append_hex(out, byte);
}

void append_ascii(std::string& out, unsigned char byte) {
  if (byte == '"' || byte == '\\') {
    out += '\\';
    out += static_cast<char>(byte);
  } else if (byte == kByteFollows) {
    append_raw_byte(out, byte);
  } else if (byte < 0x20) {
    append_control(out, byte);
  } else {
    out += static_cast<char>(byte);
  }
}

int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return -1;
}

bool take_hex(std::string_view& rest, unsigned char& byte) {
  if (rest.size() < 2)
    return false;
  const int high = hex_value(rest[0]);
  const int low = hex_value(rest[1]);
  if (high < 0 || low < 0)
    return false;
  byte = static_cast<unsigned char>(high * 16 + low);
  rest.remove_prefix(2);
  return true;
}

// After a backslash.
bool take_escape(std::string_view& rest, std::string& text) {
  if (rest.empty())
    return false;
  if (rest[0] == '"' || rest[0] == '\\') {
    text += rest[0];
    rest.remove_prefix(1);
    return true;
  }
  if (!rest.starts_with("u00"))
    return false;
  rest.remove_prefix(3);
  unsigned char byte = 0;
  if (!take_hex(rest, byte) || byte >= 0x20)
    return false;
  if (byte == kByteFollows) {
    if (!take_hex(rest, byte) || (byte < 0x80 && byte != kByteFollows))
      return false;
  }
  text += static_cast<char>(byte);
  return true;
}

bool follows(std::string_view text, std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
  return i < text.size() && byte_at(text, i) >= low && byte_at(text, i) <= high;
}

bool take_body(std::string_view& rest, std::string& text) {
  while (!rest.empty()) {
    const unsigned char byte = byte_at(rest, 0);
    if (byte == '"') {
      rest.remove_prefix(1);
      return true;
    }
    if (byte == '\\') {
      rest.remove_prefix(1);
      if (!take_escape(rest, text))
        return false;
      continue;
    }
    const std::size_t length = byte < 0x20 ? 0 : utf8_length(rest);
    if (length == 0)
      return false;
    text.append(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  return false;
}

}  // namespace

// The table of well-formed sequences of the Unicode standard: no overlong forms, no surrogates,
// nothing above U+10FFFF.
std::size_t utf8_length(std::string_view text) {
  if (text.empty())
    return 0;
  const unsigned char lead = byte_at(text, 0);
  if (lead < 0x80)
    return 1;
  if (lead >= 0xc2 && lead <= 0xdf)
    return follows(text, 1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const unsigned low = lead == 0xe0 ? 0xa0 : 0x80;
    const unsigned high = lead == 0xed ? 0x9f : 0xbf;
    return follows(text, 1, low, high) && follows(text, 2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const unsigned low = lead == 0xf0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xf4 ? 0x8f : 0xbf;
    return follows(text, 1, low, high) && follows(text, 2) && follows(text, 3) ? 4 : 0;
  }
  return 0;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      append_raw_byte(out, byte_at(text, 0));
    } else if (length == 1) {
      append_ascii(out, byte_at(text, 0));
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

bool take_quoted(std::string_view& rest, std::string& text) {
  const std::string_view whole = rest;
  text.clear();
  if (!rest.starts_with('"'))
    return false;
  rest.remove_prefix(1);
  if (!take_body(rest, text))
    return false;
  // Bytes written one by one might have formed a character: then append_quoted would not have.
  const std::string_view read = whole.substr(0, whole.size() - rest.size());
  if (read.find("\\u0010") == std::string_view::npos)
    return true;
  std::string again;
  append_quoted(again, text);
  return again == read;
}

}  // namespace fleet::run
