#include "dsl/base/snippet.h"

#include <algorithm>
#include <set>
#include <utility>

namespace fleet {
namespace {

constexpr int kLeastWidth = 40;

std::string_view escape_of(Style style) {
  switch (style) {
    case Style::kError: return "\x1b[1;31m";
    case Style::kWarning: return "\x1b[1;33m";
    case Style::kInfo: return "\x1b[1;36m";
    case Style::kSecondary:
    case Style::kGutter: return "\x1b[1;34m";
    case Style::kStrong: return "\x1b[1m";
    case Style::kPlain: break;
  }
  return {};
}

bool is_primary(Style style) {
  return style != Style::kSecondary;
}

}  // namespace

std::string Paint::operator()(std::string text, Style style) const {
  if (!colour_ || style == Style::kPlain || text.empty()) {
    return text;
  }
  return std::string(escape_of(style)) + text + "\x1b[0m";
}

// A row of drawing characters, each with its style, and a text at its end.
struct Snippet::Row {
  std::string chars;
  std::vector<Style> styles;
  std::string tail;
  Style tail_style = Style::kPlain;

  void put(int column, char c, Style style) {
    if (column < 0) {
      return;
    }
    const auto at = static_cast<std::size_t>(column);
    if (at >= chars.size()) {
      chars.resize(at + 1, ' ');
      styles.resize(at + 1, Style::kPlain);
    }
    chars[at] = c;
    styles[at] = style;
  }
};

Snippet::Snippet(const Source& source, ShownLines& lines, const RenderOptions& options,
                 std::size_t gutter)
    : source_(source), lines_(lines), options_(options), gutter_(gutter), paint_(options.colour) {}

void Snippet::add(const Span& span, std::string text, Style style) {
  const LineColumn begin = source_.locate(span.begin);
  // The last character counts: a span that ends with a newline ends on that line.
  const LineColumn end = source_.locate(span.end > span.begin ? span.end - 1 : span.end);
  const auto column_at = [&](const LineColumn& at, int after) {
    const ShownLine& line = lines_.of(source_, at.line);
    const std::size_t byte = at.byte_column - 1;
    const int column = line.column(byte);
    return after == 0 ? column : std::max(column + 1, line.column(byte + 1));
  };
  const int first = column_at(begin, 0);
  if (begin.line == end.line) {
    const int last = span.end > span.begin ? column_at(end, 1) : first + 1;
    marks_[begin.line].push_back({first, std::max(last, first + 1), std::move(text), style});
    return;
  }
  stretches_.push_back(
      {begin.line, end.line, first, column_at(end, 1) - 1, std::move(text), style});
}

std::string Snippet::render() const {
  std::set<std::uint32_t> lines;
  for (const auto& [line, marks] : marks_) {
    lines.insert(line);
  }
  for (const Stretch& stretch : stretches_) {
    lines.insert({stretch.first_line, stretch.last_line});
  }
  std::string out = gutter_text("") + "\n";
  std::uint32_t last = 0;
  for (const std::uint32_t line : lines) {
    if (last != 0 && line == last + 2) {
      render_line(last + 1, out);
    } else if (last != 0 && line > last + 2) {
      out += paint_("...", Style::kGutter) + "\n";
    }
    render_line(line, out);
    last = line;
  }
  return out;
}

std::string Snippet::gutter_text(const std::string& number) const {
  return paint_(std::string(gutter_ - number.size(), ' ') + number + " |", Style::kGutter);
}

// The bars of the stretches that pass this row: the source line itself, or the rows below it.
std::string Snippet::margin(std::uint32_t line, bool below) const {
  std::string out;
  for (const Stretch& stretch : stretches_) {
    const bool passes = below ? stretch.first_line <= line && line < stretch.last_line
                              : stretch.first_line < line && line <= stretch.last_line;
    out += passes ? paint_("|", stretch.style) + " " : "  ";
  }
  return out;
}

void Snippet::render_line(std::uint32_t line, std::string& out) const {
  const ShownLine& shown = lines_.of(source_, line);
  const Window window = window_of(line, shown.width());
  std::string text = shown.slice(window.from, window.to, options_.ascii ? "..." : "…");
  text.erase(text.find_last_not_of(' ') + 1);
  const std::string bars = margin(line, false);
  const bool empty = text.empty() && bars.find('|') == std::string::npos;
  out += gutter_text(std::to_string(line)) + (empty ? "" : " " + bars + text) + "\n";
  const auto marks = marks_.find(line);
  if (marks != marks_.end()) {
    render_marks(line, marks->second, window, out);
  }
  render_stretches(line, window, out);
}

// The columns of a line that are shown: all of them, or a window around its labels.
Snippet::Window Snippet::window_of(std::uint32_t line, int width) const {
  const int room =
      std::max(options_.width, kLeastWidth) - static_cast<int>(gutter_) - 3 - margin_width();
  if (width <= room) {
    return {0, width};
  }
  int begin = width;
  int end = 0;
  const auto include = [&](int from, int to) {
    begin = std::min(begin, from);
    end = std::max(end, to);
  };
  if (const auto marks = marks_.find(line); marks != marks_.end()) {
    for (const Mark& mark : marks->second) {
      include(mark.begin, mark.end);
    }
    if (end - begin > room / 2) {  // not all fit: the primary one, or the first
      const auto primary = std::find_if(marks->second.begin(), marks->second.end(),
                                        [](const Mark& mark) { return is_primary(mark.style); });
      const Mark& shown = primary != marks->second.end() ? *primary : marks->second.front();
      begin = shown.begin;
      end = std::min(shown.end, shown.begin + room / 2);
    }
  }
  for (const Stretch& stretch : stretches_) {
    if (end == 0 && (stretch.first_line == line || stretch.last_line == line)) {
      const int at = stretch.first_line == line ? stretch.first_column : stretch.last_column;
      include(at, at + 1);
    }
  }
  if (end == 0) {
    return {0, room};
  }
  const int from = std::clamp(begin - (room - (end - begin)) / 2, 0, width - room);
  return {from, from + room};
}

void Snippet::end_row(Row row, const std::string& margin_text, std::string& out) const {
  std::string line = gutter_text("") + " " + margin_text;
  for (std::size_t i = 0; i < row.chars.size();) {
    std::size_t next = i + 1;
    while (next < row.chars.size() && row.styles[next] == row.styles[i]) {
      ++next;
    }
    line += paint_(row.chars.substr(i, next - i), row.styles[i]);
    i = next;
  }
  line += paint_(row.tail, row.tail_style);
  out += line + "\n";
}

void Snippet::render_marks(std::uint32_t line, const std::vector<Mark>& marks, Window window,
                           std::string& out) const {
  const std::string bars = margin(line, false);
  Row row;
  int end = 0;
  for (const Mark& mark : marks) {
    for (int c = std::max(mark.begin, window.from); c < std::min(mark.end, window.to + 1); ++c) {
      row.put(c - window.from, is_primary(mark.style) ? '^' : '-', mark.style);
    }
    end = std::max(end, mark.end);
  }
  // Texts from right to left: the rightmost beside the underline, if nothing reaches past it.
  std::vector<const Mark*> texts;
  for (const Mark& mark : marks) {
    if (!mark.text.empty()) {
      texts.push_back(&mark);
    }
  }
  std::stable_sort(texts.begin(), texts.end(),
                   [](const Mark* a, const Mark* b) { return a->begin > b->begin; });
  if (!texts.empty() && texts.front()->end == end) {
    row.tail = " " + texts.front()->text;
    row.tail_style = texts.front()->style;
    texts.erase(texts.begin());
  }
  end_row(std::move(row), bars, out);
  const auto connectors = [&](std::size_t first) {
    Row under;
    for (std::size_t i = first; i < texts.size(); ++i) {
      under.put(texts[i]->begin - window.from, '|', texts[i]->style);
    }
    return under;
  };
  if (!texts.empty()) {
    end_row(connectors(0), bars, out);
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    Row under = connectors(i + 1);
    const auto column = static_cast<std::size_t>(std::max(0, texts[i]->begin - window.from));
    under.chars.resize(column, ' ');
    under.styles.resize(column, Style::kPlain);
    under.tail = texts[i]->text;
    under.tail_style = texts[i]->style;
    end_row(std::move(under), bars, out);
  }
}

void Snippet::render_stretches(std::uint32_t line, Window window, std::string& out) const {
  for (std::size_t i = 0; i < stretches_.size(); ++i) {
    const Stretch& stretch = stretches_[i];
    const bool begins = stretch.first_line == line;
    if (!begins && stretch.last_line != line) {
      continue;
    }
    // From its bar in the margin a line runs to the label's first or last character. The bars left
    // of it go on; those right of it are crossed.
    Row row;
    const int bar = static_cast<int>(i) * 2;
    const int target =
        margin_width() +
        std::max(0, (begins ? stretch.first_column : stretch.last_column) - window.from);
    for (std::size_t other = 0; other < i; ++other) {
      const Stretch& left = stretches_[other];
      if (left.first_line <= line && line < left.last_line) {
        row.put(static_cast<int>(other) * 2, '|', left.style);
      }
    }
    row.put(bar, begins ? ' ' : '|', stretch.style);
    for (int c = bar + 1; c < target; ++c) {
      row.put(c, '_', stretch.style);
    }
    row.put(target, is_primary(stretch.style) ? '^' : '-', stretch.style);
    if (!begins && !stretch.text.empty()) {
      row.tail = " " + stretch.text;
      row.tail_style = stretch.style;
    }
    end_row(std::move(row), "", out);
  }
}

}  // namespace fleet
