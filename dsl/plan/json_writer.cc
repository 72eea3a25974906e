#include "dsl/plan/json_writer.h"

#include "dsl/plan/utf8.h"

namespace fleet::plan {
namespace {

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

void append_ascii(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    case '\b': out += "\\b"; break;
    case '\f': out += "\\f"; break;
    default: out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && is_plain(text[plain])) {
      ++plain;
    }
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) {
      break;
    }
    const CodePoint point = first_code_point(text);
    if (point.length > 1) {
      out += text.substr(0, point.length);
    } else if (point.length == 1) {
      append_ascii(out, text[0]);
    } else {
      out += fmt::format("\\udc{:02x}", static_cast<unsigned>(static_cast<unsigned char>(text[0])));
    }
    text.remove_prefix(point.length == 0 ? 1 : point.length);
  }
  out += '"';
}

}  // namespace fleet::plan
