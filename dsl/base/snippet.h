// Lines of one source with labels under them. Private to the text renderer.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "dsl/base/render.h"
#include "dsl/base/shown_line.h"
#include "dsl/base/source.h"

namespace fleet {

enum class Style : char { kPlain, kError, kWarning, kInfo, kSecondary, kGutter, kStrong };

// Wraps text in the escape sequences of a style, or does nothing.
class Paint {
 public:
  explicit Paint(bool colour) : colour_(colour) {}
  std::string operator()(std::string text, Style style) const;

 private:
  bool colour_;
};

class Snippet {
 public:
  // `gutter`: columns for line numbers. `lines` is shared by the snippets of one rendering.
  Snippet(const Source& source, ShownLines& lines, const RenderOptions& options,
          std::size_t gutter);

  // `text` is safe to print already. The label added last wins where underlines overlap.
  void add(const Span& span, std::string text, Style style);
  std::string render() const;

 private:
  struct Mark {  // on one line
    int begin = 0;
    int end = 0;  // columns, exclusive; at least one wide
    std::string text;
    Style style = Style::kPlain;
  };
  struct Stretch {  // a label over several lines
    std::uint32_t first_line = 0;
    std::uint32_t last_line = 0;
    int first_column = 0;
    int last_column = 0;
    std::string text;
    Style style = Style::kPlain;
  };
  struct Window {
    int from = 0;
    int to = 0;
  };
  struct Row;

  void render_line(std::uint32_t line, std::string& out) const;
  void render_marks(std::uint32_t line, const std::vector<Mark>& marks, Window window,
                    std::string& out) const;
  void render_stretches(std::uint32_t line, Window window, std::string& out) const;
  Window window_of(std::uint32_t line, int width) const;
  std::string gutter_text(const std::string& number) const;
  std::string margin(std::uint32_t line, bool below) const;
  int margin_width() const { return static_cast<int>(stretches_.size()) * 2; }
  void end_row(Row row, const std::string& margin_text, std::string& out) const;

  const Source& source_;
  ShownLines& lines_;
  const RenderOptions& options_;
  std::size_t gutter_;
  Paint paint_;
  std::map<std::uint32_t, std::vector<Mark>> marks_;  // by line
  std::vector<Stretch> stretches_;
};

}  // namespace fleet
