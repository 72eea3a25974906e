#include "dsl/format/printer.h"

#include <algorithm>
#include <utility>

namespace fleet::format_detail {
namespace {

using syntax::NodeKind;

std::string spaces(int count) {
  return std::string(static_cast<std::size_t>(count), ' ');
}

std::string_view without_trailing_blanks(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t\r\f\v") + 1);
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) {
    out += out.empty() ? line : "\n" + line;
  }
  return out;
}

bool is_item(NodeKind kind) {
  return kind == NodeKind::kUse || kind == NodeKind::kAssignment || kind == NodeKind::kBlock;
}

}  // namespace

void Writer::text(std::string_view text) {
  if (break_indent_ >= 0) {
    line(std::exchange(break_indent_, -1));
  }
  if (std::exchange(space_, false) && !lines_.back().empty() && lines_.back().back() != ' ') {
    lines_.back() += ' ';
  }
  while (true) {
    const std::size_t newline = text.find('\n');
    std::string_view piece = text.substr(0, newline);
    if (newline == std::string_view::npos) {
      lines_.back() += piece;
      return;
    }
    if (!piece.empty() && piece.back() == '\r') {
      piece.remove_suffix(1);
    }
    lines_.back() += piece;
    lines_.emplace_back();
    text.remove_prefix(newline + 1);
  }
}

void Writer::line(int indent) {
  space_ = false;
  break_indent_ = -1;
  lines_.push_back(spaces(indent));
}

void Writer::raw_line(std::string line) {
  space_ = false;
  break_indent_ = -1;
  lines_.push_back(std::move(line));
}

void Writer::comment(std::string_view text, int indent) {
  if (break_indent_ >= 0) {
    line(break_indent_);
  } else if (lines_.back().find_first_not_of(' ') != std::string::npos) {
    lines_.back() += "  ";
  }
  lines_.back() += without_trailing_blanks(text);
  break_indent_ = indent;
}

Printer::Printer(const syntax::Tree& tree) : tree_(tree), spans_lines_(tree.nodes().size(), false) {
  // Children come after their parents.
  for (std::size_t i = tree.nodes().size(); i-- > 0;) {
    const auto node = static_cast<Index>(i);
    bool spans = kind(node) == NodeKind::kNewline || is_comment(node) ||
                 (kind(node) == NodeKind::kBlockString &&
                  tree.text(node).find('\n') != std::string_view::npos);
    for (Index child = tree.at(node).first_child; child != 0; child = tree.at(child).next_sibling) {
      spans = spans || spans_lines_[child];
    }
    spans_lines_[i] = spans;
  }
}

std::vector<std::string> Printer::items(Index node, int indent) const {
  return lay_out(entries(node, indent), indent);
}

std::vector<Entry> Printer::entries(Index node, int indent) const {
  std::vector<Entry> out;
  int newlines = 0;
  bool after_open = kind(node) == NodeKind::kBody;  // a comment there was printed with the `{`
  for (const Index child : tree_.children(node)) {
    const NodeKind what = kind(child);
    if (what == NodeKind::kNewline) {
      ++newlines;
      after_open = false;
    } else if (is_comment(child)) {
      const std::string text(without_trailing_blanks(tree_.text(child)));
      if (after_open) {
        continue;
      }
      if (newlines == 0 && !out.empty()) {
        out.back().comment = text;
        continue;
      }
      Entry comment;
      comment.kind = Entry::Kind::kComment;
      comment.lines = {text};
      comment.blank_before = newlines > 1 && !out.empty();
      out.push_back(std::move(comment));
      newlines = 0;
    } else if (is_item(what)) {
      out.push_back(statement(child, indent));
      const bool first = out.size() == 1;
      out.back().blank_before = newlines > 1 && !first;
      newlines = 0;
      after_open = false;
    }
  }
  return out;
}

Entry Printer::statement(Index node, int indent) const {
  switch (kind(node)) {
    case NodeKind::kAssignment: return assignment(node, indent);
    case NodeKind::kBlock: return block(node, indent);
    default: return use(node, indent);
  }
}

Entry Printer::assignment(Index node, int indent) const {
  Entry out;
  out.kind = Entry::Kind::kAssignment;
  Writer text;
  for (const Index child : tree_.children(node)) {
    switch (kind(child)) {
      case NodeKind::kIdent: out.key = tree_.text(child); break;
      case NodeKind::kAssignMark: out.mark = tree_.text(child); break;
      case NodeKind::kComment:
      case NodeKind::kDoc: text.comment(tree_.text(child), indent + kContinuation); break;
      case NodeKind::kValue:
        value(child, indent, true, text);
        for (const Index part : tree_.children(child)) {
          out.has_body = out.has_body ||
                         (kind(part) == NodeKind::kBody && spans_lines_[part] && !is_empty(part));
        }
        break;
      default: break;
    }
  }
  out.lines = text.take();
  return out;
}

Entry Printer::block(Index node, int indent) const {
  Entry out;
  Writer head;
  Index body_node = 0;
  for (const Index child : tree_.children(node)) {
    Writer part;
    switch (kind(child)) {
      case NodeKind::kIdent: head.text(tree_.text(child)); break;
      case NodeKind::kNames:
        head.space();
        names(child, indent, head);
        break;
      case NodeKind::kVersion: out.header.version = tree_.text(child); break;
      case NodeKind::kArguments:
        brackets(child, indent, out.header.version.empty() ? head : part);
        out.header.version += joined(part.take());
        break;
      case NodeKind::kBase:
        atom(tree_.child(child, NodeKind::kName), indent, part);
        out.header.base = ": " + joined(part.take());
        break;
      case NodeKind::kOn:
        value(tree_.child(child, NodeKind::kValue), indent, true, part);
        out.header.on = "on " + joined(part.take());
        break;
      case NodeKind::kBody: body_node = child; break;
      default: break;
    }
  }
  out.header.names = joined(head.take());
  const bool one_line = cells(body_node, out.cells);
  const std::string& on = out.header.on;
  const bool header_fits =
      (out.header.names + out.header.version + on).find('\n') == std::string::npos;
  if (one_line && header_fits) {
    out.kind = Entry::Kind::kBlockLine;
    return out;
  }
  Writer text;
  text.text(out.header.names);
  for (const std::string* piece : {&out.header.version, &out.header.base, &out.header.on}) {
    if (!piece->empty()) {
      text.space();
      text.text(*piece);
    }
  }
  text.space();
  body(body_node, indent, text);
  out.lines = text.take();
  return out;
}

Entry Printer::use(Index node, int indent) const {
  Writer text;
  for (const Index child : tree_.children(node)) {
    text.space();
    if (kind(child) == NodeKind::kArguments) {
      brackets(child, indent, text);
    } else if (kind(child) == NodeKind::kAlias) {
      text.text("as");
      text.space();
      text.text(tree_.text(tree_.child(child, NodeKind::kIdent)));
    } else {
      text.text(tree_.text(child));
    }
  }
  Entry out;
  out.lines = text.take();
  return out;
}

// The items of a body as cells of one line; false if it needs several.
bool Printer::cells(Index body, std::vector<Cell>& out) const {
  if (is_empty(body) || spans_lines_[body]) {
    return is_empty(body);
  }
  for (const Index child : tree_.children(body)) {
    if (is_item(kind(child))) {
      const Entry entry = statement(child, 0);
      out.push_back({entry.key, lay_out({entry}, 0).front()});
    }
  }
  return true;
}

bool Printer::is_empty(Index body) const {
  return std::ranges::none_of(
      tree_.children(body), [&](Index child) { return is_comment(child) || is_item(kind(child)); });
}

bool Printer::has_comment(Index node) const {
  return std::ranges::any_of(tree_.children(node), [&](Index child) { return is_comment(child); });
}

bool Printer::is_broken(Index node) const {
  return tree_.child(node, NodeKind::kNewline) != 0 || has_comment(node);
}

// In a statement a line break stands before a clause word and is kept; inside brackets it means
// nothing.
void Printer::value(Index node, int indent, bool keep_breaks, Writer& out) const {
  const int further = indent + kContinuation;
  bool first = true;
  bool newline = false;
  bool after_operator = false;
  bool tight = false;  // beside `..`
  for (const Index child : tree_.children(node)) {
    if (kind(child) == NodeKind::kNewline) {
      newline = true;
    } else if (is_comment(child)) {
      if (newline) {
        out.line(further);
      }
      out.comment(tree_.text(child), further);
      newline = false;
    } else {
      const bool is_operator = kind(child) == NodeKind::kOperator;
      const bool range = is_operator && tree_.text(child) == "..";
      if (newline && keep_breaks && !after_operator) {
        out.line(further);
      } else if (!first && !range && !tight) {
        out.space();
      }
      atom(child, indent, out);
      first = false;
      newline = false;
      tight = range;
      after_operator = is_operator;
    }
  }
}

void Printer::atom(Index node, int indent, Writer& out) const {
  switch (kind(node)) {
    case NodeKind::kName:
      for (const Index child : tree_.children(node)) {
        kind(child) == NodeKind::kArguments ? brackets(child, indent, out)
                                            : out.text(tree_.text(child));
      }
      break;
    case NodeKind::kList: brackets(node, indent, out); break;
    case NodeKind::kBody: body(node, indent, out); break;
    default: out.text(tree_.text(node)); break;  // literals, strings, operators: nothing to choose
  }
}

void Printer::argument(Index node, int indent, Writer& out) const {
  for (const Index child : tree_.children(node)) {
    if (is_comment(child)) {
      out.comment(tree_.text(child), indent + kContinuation);
    } else if (kind(child) == NodeKind::kValue) {
      value(child, indent, false, out);
    } else if (kind(child) == NodeKind::kColon) {
      out.text(":");
      out.space();
    } else if (kind(child) == NodeKind::kIdent) {
      out.text(tree_.text(child));
    }
  }
}

void Printer::brackets(Index node, int indent, Writer& out) const {
  if (is_broken(node) && (tree_.child(node, NodeKind::kArgument) != 0 || has_comment(node))) {
    broken_brackets(node, indent, out);
    return;
  }
  bool first = true;
  for (const Index child : tree_.children(node)) {
    switch (kind(child)) {
      case NodeKind::kArgument:
        if (!std::exchange(first, false)) {
          out.text(",");
          out.space();
        }
        argument(child, indent, out);
        break;
      case NodeKind::kOpen:
      case NodeKind::kClose: out.text(tree_.text(child)); break;
      default: break;
    }
  }
}

// One element a line. The comma goes right behind its element, before a comment that stood between.
void Printer::broken_brackets(Index node, int indent, Writer& out) const {
  const int inner = indent + kIndent;
  bool newline = false;
  for (const Index child : tree_.children(node)) {
    switch (kind(child)) {
      case NodeKind::kOpen: out.text(tree_.text(child)); break;
      case NodeKind::kNewline: newline = true; break;
      case NodeKind::kComment:
      case NodeKind::kDoc:
        if (newline) {
          out.line(inner);
        }
        out.comment(tree_.text(child), inner);
        newline = false;
        break;
      case NodeKind::kArgument:
        out.line(inner);
        argument(child, inner, out);
        out.text(",");
        newline = false;
        break;
      case NodeKind::kClose:
        out.line(indent);
        out.text(tree_.text(child));
        break;
      default: break;
    }
  }
}

void Printer::names(Index node, int indent, Writer& out) const {
  for (const Index child : tree_.children(node)) {
    if (is_comment(child)) {
      out.comment(tree_.text(child), indent + kContinuation);
    } else if (kind(child) == NodeKind::kComma) {
      out.text(",");
      out.space();
    } else if (kind(child) != NodeKind::kNewline) {
      out.text(tree_.text(child));
    }
  }
}

// The comment on the line of the `{`, before any statement, or 0. A `;` there says nothing.
Printer::Index Printer::comment_beside_open(Index body) const {
  Index at = tree_.at(tree_.at(body).first_child).next_sibling;
  while (at != 0 && kind(at) == NodeKind::kSemicolon)
    at = tree_.at(at).next_sibling;
  return at != 0 && is_comment(at) ? at : 0;
}

void Printer::body(Index node, int indent, Writer& out) const {
  std::vector<Cell> line;
  if (cells(node, line)) {
    out.text(line.empty() ? "{}" : "{ ");
    for (std::size_t i = 0; i < line.size(); ++i) {
      out.text(line[i].text + (i + 1 < line.size() ? "; " : " }"));
    }
    return;
  }
  out.text("{");
  if (const Index beside = comment_beside_open(node)) {
    out.comment(tree_.text(beside), indent);
  }
  for (const std::string& line_text : items(node, indent + kIndent)) {
    out.raw_line(line_text);
  }
  out.line(indent);
  out.text("}");
}

}  // namespace fleet::format_detail
