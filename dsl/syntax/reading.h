// The state of one pass of the grammar over a text: nodes made so far, brackets open, and the two
// ways to tell where a block ends. Private to dsl/syntax.
#pragma once

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "dsl/syntax/lookahead.h"
#include "dsl/syntax/tree.h"

namespace fleet::syntax {

// How braces are believed. Plain: as they stand. By layout: braces are known not to match, so the
// indentation tells which one is missing or too many; a well-formed file is never read this way.
enum class Braces { kPlain, kByLayout };

class Reading {
 public:
  // `part`: how many bytes of the text will be read.
  Reading(std::string_view text, Braces braces, std::size_t part) : text_(text), braces_(braces) {
    constexpr std::size_t kUsual = 6;  // bytes of text for each node
    nodes_.reserve(part / kUsual);
    parents_.reserve(part / kUsual);
    if (braces == Braces::kByLayout) {
      note_lines();
    }
  }

  std::string_view text() const { return text_; }

  // Nodes of an attempt that failed are dropped again: what a rule adds is all after its mark.
  std::size_t mark() const { return nodes_.size(); }
  void rollback(std::size_t mark) {
    if (nodes_.size() == mark)
      return;
    nodes_.resize(mark);
    parents_.resize(mark);
  }
  // Returns the parent to restore with `close`.
  std::uint32_t open(NodeKind kind, std::uint32_t offset) {
    const std::uint32_t parent = current_;
    current_ = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back({kind, offset, 0, 0, 0});
    parents_.push_back(parent);
    return parent;
  }
  void close(std::size_t mark, std::uint32_t end) {
    nodes_[mark].length = end - nodes_[mark].offset;
  }
  void restore(std::uint32_t parent) { current_ = parent; }

  void push_bracket(char bracket, std::uint32_t offset) {
    brackets_.push_back({bracket, braces_ == Braces::kByLayout ? indent_of_line(offset) : 0});
  }
  void pop_bracket() { brackets_.pop_back(); }
  bool too_deep() const { return brackets_.size() >= kMaxDepth; }
  // A closing bracket that would close one opened further out in this block.
  bool paren_closes_other(std::uint32_t) const { return is_open('('); }
  bool square_closes_other(std::uint32_t) const { return is_open('['); }

  // By layout only: the line that begins at `offset` stands too far left to be in the current
  // block. An item belongs inside its block's line; a `}` stands under it.
  bool outside_block(std::uint32_t offset) const {
    const bool nothing = offset < text_.size() && (text_[offset] == '\n' || text_[offset] == '/');
    if (nothing || !judges_by_layout(offset)) {
      return false;  // an empty line or a comment may stand anywhere
    }
    const std::uint32_t indent = indent_of_line(offset);
    const std::uint32_t block = brackets_.back().indent;
    return text_[offset] == '}' ? indent < block : indent <= block;
  }
  // By layout only: a `}` that stands too far right to close the current block.
  bool stray_close(std::uint32_t offset) const {
    return judges_by_layout(offset) && indent_of_line(offset) > brackets_.back().indent;
  }

  std::uint32_t column_of(std::uint32_t offset) const { return column(offset); }
  // Returns the statement around, to be entered again at the end.
  std::uint32_t enter_statement(std::uint32_t offset) { return std::exchange(statement_, offset); }
  // On a later line, no further right than the statement that it would continue, a declaration
  // begins. Further right it is believed to be a value that only looks like one.
  bool declaration_below(std::uint32_t offset) const {
    return declaration_ahead(text_.substr(offset)) && column(offset) <= column(statement_);
  }

  Tree finish() {
    for (std::size_t i = nodes_.size(); i-- > 1;) {
      nodes_[i].next_sibling = nodes_[parents_[i]].first_child;
      nodes_[parents_[i]].first_child = static_cast<std::uint32_t>(i);
    }
    return {text_, std::move(nodes_)};
  }

 private:
  struct Bracket {
    char kind;
    std::uint32_t indent;
  };

  bool is_open(char bracket) const {
    for (auto it = brackets_.rbegin(); it != brackets_.rend() && it->kind != '{'; ++it) {
      if (it->kind == bracket) {
        return true;
      }
    }
    return false;
  }
  // Bounded, so that a text of one long line is not read over and over.
  std::uint32_t column(std::uint32_t offset) const {
    constexpr std::uint32_t kFarRight = 1024;
    std::uint32_t out = 0;
    while (out < kFarRight && out < offset && text_[offset - out - 1] != '\n') {
      ++out;
    }
    return out;
  }
  void note_lines() {
    line_starts_.push_back(0);
    for (std::size_t i = 0; i < text_.size(); ++i) {
      if (text_[i] == '\n') {
        line_starts_.push_back(static_cast<std::uint32_t>(i + 1));
      }
    }
  }
  std::uint32_t line_start(std::uint32_t offset) const {
    return *std::prev(std::upper_bound(line_starts_.begin(), line_starts_.end(), offset));
  }
  std::uint32_t indent_of_line(std::uint32_t offset) const {
    const std::uint32_t start = line_start(offset);
    return static_cast<std::uint32_t>(skip_blanks(text_, start)) - start;
  }
  bool judges_by_layout(std::uint32_t offset) const {
    return braces_ == Braces::kByLayout && offset < text_.size() && !brackets_.empty() &&
           brackets_.back().kind == '{' && skip_blanks(text_, line_start(offset)) == offset;
  }

  std::string_view text_;
  Braces braces_;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> parents_;
  std::uint32_t current_ = 0;
  std::uint32_t statement_ = 0;  // offset
  std::vector<Bracket> brackets_;
  std::vector<std::uint32_t> line_starts_;
};

}  // namespace fleet::syntax
