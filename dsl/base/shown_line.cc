#include "dsl/base/shown_line.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "dsl/base/utf8.h"

namespace fleet {
namespace {

constexpr std::string_view kTab = "    ";

struct Transcription {
  char32_t value;
  std::string_view ascii;
};
// The characters that our own messages use.
constexpr std::array kTranscriptions = {
    Transcription{U'×', "x"},   Transcription{U'…', "..."}, Transcription{U'→', "->"},
    Transcription{U'−', "-"},   Transcription{U'–', "-"},   Transcription{U'—', "-"},
    Transcription{U'≤', "<="},  Transcription{U'≥', ">="},  Transcription{U'·', "*"},
    Transcription{U'Σ', "sum"},
};

std::string in_hex(const char* format, char32_t value) {
  char out[24];
  std::snprintf(out, sizeof out, format, static_cast<unsigned>(value));
  return out;
}

std::string ascii_of(char32_t value) {
  for (const Transcription& known : kTranscriptions) {
    if (known.value == value) {
      return std::string(known.ascii);
    }
  }
  return in_hex("\\u{%x}", value);
}

std::string shown(const CodePoint& point, std::string_view written, bool ascii) {
  if (!point.valid) {
    return in_hex("<%02X>", point.value);
  }
  if (point.value == '\t') {
    return std::string(kTab);
  }
  if (point.value == '\n') {
    return " ";
  }
  if (is_unseen_control(point.value)) {
    constexpr char32_t kControlPictures = 0x2400;
    constexpr char32_t kDeletePicture = 0x2421;
    std::string out;
    if (point.value >= 0x80 || ascii) {
      return in_hex(point.value >= 0x80 ? "<U+%04X>" : "<%02X>", point.value);
    }
    append_utf8(out, point.value == 0x7F ? kDeletePicture : kControlPictures + point.value);
    return out;
  }
  return ascii && point.value >= 0x80 ? ascii_of(point.value) : std::string(written);
}

}  // namespace

std::string visible(std::string_view text, bool ascii, bool keep_newlines) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = decode_utf8(text, at);
    const bool newline = keep_newlines && point.value == '\n';
    out += newline ? "\n" : shown(point, text.substr(at, point.length), ascii);
    at += point.length;
  }
  return out;
}

ShownLine::ShownLine(std::string_view text, bool ascii) {
  int column = 0;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = decode_utf8(text, at);
    std::string cell = shown(point, text.substr(at, point.length), ascii);
    const int width = display_width(cell);
    columns_.insert(columns_.end(), point.length, column);
    column += width;
    cells_.push_back({std::move(cell), width});
    at += point.length;
  }
  columns_.push_back(column);
}

int ShownLine::column(std::size_t offset) const {
  return columns_[std::min(offset, columns_.size() - 1)];
}

std::string ShownLine::slice(int from, int to, std::string_view cut) const {
  std::string out;
  const int cut_width = display_width(cut);
  const bool cut_left = from > 0;
  const bool cut_right = to < width();
  const int first = from + (cut_left ? cut_width : 0);
  const int last = to - (cut_right ? cut_width : 0);
  out += cut_left ? cut : std::string_view();
  int column = 0;
  int drawn = first;
  for (const Cell& cell : cells_) {
    const bool inside = column >= first && column + cell.width <= last;
    if (inside) {
      out.append(static_cast<std::size_t>(column - drawn),
                 ' ');  // half of a wide character was cut
      out += cell.shown;
      drawn = column + cell.width;
    }
    column += cell.width;
    if (column > last) {
      break;
    }
  }
  if (cut_right) {
    out.append(static_cast<std::size_t>(std::max(0, last - drawn)), ' ');
    out += cut;
  }
  return out;
}

const ShownLine& ShownLines::of(const Source& source, std::uint32_t line) {
  const auto known = lines_.find({&source, line});
  if (known != lines_.end())
    return known->second;
  return lines_.emplace(std::pair(&source, line), ShownLine(source.line(line), ascii_))
      .first->second;
}

}  // namespace fleet
