// Statements and values as text, each on as many lines as it needs. Private to dsl/format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dsl/syntax/tree.h"

namespace fleet::format_detail {

inline constexpr int kIndent = 2;
inline constexpr int kContinuation = 4;

// Lines under construction. The first has no indentation: what it follows is not known yet. The
// others have theirs, from column 0.
class Writer {
 public:
  // May hold newlines of its own (a block string), which are kept as they are.
  void text(std::string_view text);
  void space() { space_ = true; }
  void line(int indent);
  // To the end of the line. The next text goes to a line of its own at `indent`.
  void comment(std::string_view text, int indent);
  // A finished line, with its indentation.
  void raw_line(std::string line);

  std::vector<std::string> take() { return std::move(lines_); }

 private:
  std::vector<std::string> lines_{std::string()};
  bool space_ = false;
  int break_indent_ = -1;  // not negative: the next text has to begin a line
};

// What precedes an item in a one-line block, in the columns of a table.
struct Header {
  std::string names;  // "agent fix_a, fix_b", "flow ship(task)"
  std::string version;
  std::string base;  // ": fixer"
  std::string on;
};

struct Cell {
  std::string key;   // of an assignment, else empty
  std::string text;  // "budget = $3/task"
};

// One line or group of lines of a body.
struct Entry {
  enum class Kind { kComment, kAssignment, kBlockLine, kOther };
  Kind kind = Kind::kOther;
  bool blank_before = false;
  bool has_body = false;  // an assignment whose value has a body of several lines
  std::string key;        // kAssignment
  std::string mark;
  Header header;  // kBlockLine
  std::vector<Cell> cells;
  std::vector<std::string> lines;  // the value, the comment, or everything
  std::string comment;             // beside the last line
};

class Printer {
 public:
  explicit Printer(const syntax::Tree& tree);

  // The lines of a body's or the file's content, laid out and indented.
  std::vector<std::string> items(std::uint32_t node, int indent) const;

 private:
  using Index = std::uint32_t;

  std::vector<Entry> entries(Index node, int indent) const;
  Entry statement(Index node, int indent) const;
  Entry assignment(Index node, int indent) const;
  Entry block(Index node, int indent) const;
  Entry use(Index node, int indent) const;
  bool cells(Index body, std::vector<Cell>& out) const;
  bool is_empty(Index body) const;
  bool has_comment(Index node) const;

  void value(Index node, int indent, bool keep_breaks, Writer& out) const;
  void atom(Index node, int indent, Writer& out) const;
  void brackets(Index node, int indent, Writer& out) const;
  void broken_brackets(Index node, int indent, Writer& out) const;
  void argument(Index node, int indent, Writer& out) const;
  void names(Index node, int indent, Writer& out) const;
  void body(Index node, int indent, Writer& out) const;
  bool is_broken(Index node) const;
  Index comment_beside_open(Index body) const;

  syntax::NodeKind kind(Index node) const { return tree_.at(node).kind; }
  bool is_comment(Index node) const {
    return kind(node) == syntax::NodeKind::kComment || kind(node) == syntax::NodeKind::kDoc;
  }

  const syntax::Tree& tree_;
  // By node: something in it breaks a line. A block that has such a thing anywhere is not put on
  // one line; asking this first keeps the work linear, where trying the line would repeat at every
  // level.
  std::vector<bool> spans_lines_;
};

// Columns: gives the entries of one body their final lines.
std::vector<std::string> lay_out(const std::vector<Entry>& entries, int indent);

}  // namespace fleet::format_detail
