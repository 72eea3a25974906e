#include "dsl/lsp/cursor.h"

#include <algorithm>

namespace fleet::lsp {
namespace {

using syntax::Node;
using syntax::NodeKind;
using syntax::Tree;
using Index = std::uint32_t;

bool is_trivia(NodeKind kind) {
  return kind == NodeKind::kNewline || kind == NodeKind::kComment || kind == NodeKind::kDoc;
}

bool is_item(NodeKind kind) {
  return kind == NodeKind::kUse || kind == NodeKind::kAssignment || kind == NodeKind::kBlock ||
         kind == NodeKind::kStray;
}

class Finder {
 public:
  Finder(const Tree& tree, std::uint32_t offset) : tree_(tree), offset_(offset) {}

  Cursor run() {
    if (in_comment())
      return cursor_;
    Index container = 0;
    while (const Index body = enter(container))
      container = body;
    cursor_.word_begin = cursor_.word_end = offset_;
    cursor_.where = Cursor::Where::kStatement;
    if (statement_ != 0)
      read_statement();
    return std::move(cursor_);
  }

 private:
  const Node& at(Index node) const { return tree_.at(node); }

  bool in_comment() const {
    return std::ranges::any_of(tree_.nodes(), [&](const Node& node) {
      const bool comment = node.kind == NodeKind::kComment || node.kind == NodeKind::kDoc;
      return comment && node.offset < offset_ && offset_ <= node.end();
    });
  }

  // Finds the statement of the container that the offset stands in, and the body in that which
  // holds the offset; 0: none does.
  Index enter(Index container) {
    Index found = 0;
    Index next = 0;
    bool ended = false;
    cursor_.previous_begin = cursor_.previous_end = 0;
    statement_ = 0;
    for (const Index child : tree_.children(container)) {
      if (is_item(at(child).kind)) {
        if (at(child).offset >= offset_) {
          next = child;
          break;
        }
        if (found != 0)
          note_previous(found);
        found = child;
        ended = false;
      } else if (at(child).offset < offset_) {
        const NodeKind kind = at(child).kind;
        ended = ended || kind == NodeKind::kNewline || kind == NodeKind::kSemicolon;
      }
    }
    if (found == 0)
      return 0;
    const std::uint32_t limit = next != 0 ? at(next).offset : ~std::uint32_t{0};
    if (const Index body = body_in(found, limit)) {
      cursor_.around.push_back(kind_of(found));
      cursor_.bodies.push_back(at(body).offset);
      return body;
    }
    if (!ended || at(found).end() >= offset_)
      statement_ = found;
    else
      note_previous(found);
    return 0;
  }

  void note_previous(Index statement) {
    cursor_.previous_begin = at(statement).offset;
    cursor_.previous_end = at(statement).end();
  }

  // The body inside of the statement that holds the offset.
  Index body_in(Index statement, std::uint32_t limit) const {
    for (Index node = statement + 1; node < tree_.nodes().size(); ++node) {
      if (at(node).offset >= offset_ || at(node).offset >= at(statement).end())
        return 0;
      if (at(node).kind != NodeKind::kBody)
        continue;
      const Index close = tree_.child(node, NodeKind::kClose);
      const std::uint32_t end = close != 0 ? at(close).offset : limit;
      if (offset_ <= end)
        return node;
    }
    return 0;
  }

  std::string kind_of(Index statement) const {
    const bool block = at(statement).kind == NodeKind::kBlock;
    const Index word = tree_.child(statement, NodeKind::kIdent);
    return block && word != 0 ? std::string(tree_.text(word)) : "loop";
  }

  void read_statement() {
    const Index end = end_of(statement_);
    for (Index node = statement_; node < end && at(node).offset < offset_; ++node) {
      const bool leaf = at(node).first_child == 0 && at(node).length > 0;
      if (!leaf || is_trivia(at(node).kind))
        continue;
      if (read_string(node))
        return;
      const bool word = at(node).kind == NodeKind::kIdent || at(node).kind == NodeKind::kWord;
      if (word && at(node).end() >= offset_) {
        cursor_.word_begin = at(node).offset;
        cursor_.word_end = at(node).end();
        cursor_.prefix = tree_.text(node).substr(0, offset_ - at(node).offset);
        break;
      }
      // Between two dots stands a name that is not written yet, and no range.
      const bool dots = tree_.text(node) == ".." && at(node).offset + 1 == offset_;
      cursor_.before.push_back({dots ? NodeKind::kDot : at(node).kind,
                                tree_.text(node).substr(0, dots ? 1 : std::string_view::npos),
                                at(node).offset});
      note_bracket(node);
    }
    classify();
  }

  // The index after the node's last descendant.
  Index end_of(Index node) const {
    if (at(node).next_sibling != 0)
      return at(node).next_sibling;
    Index end = node + 1;
    while (end < tree_.nodes().size() && at(end).offset < at(node).end())
      ++end;
    return end;
  }

  bool read_string(Index node) {
    const bool block = at(node).kind == NodeKind::kBlockString;
    if (!block && at(node).kind != NodeKind::kString)
      return false;
    const std::uint32_t quotes = block ? 3 : 1;
    const std::string_view text = tree_.text(node);
    const bool closed = text.size() >= 2 * quotes && text.ends_with(block ? "\"\"\"" : "\"");
    const bool inside =
        at(node).offset + quotes <= offset_ && offset_ <= at(node).end() - (closed ? quotes : 0);
    if (!inside)
      return false;
    cursor_.string = text.substr(quotes, offset_ - at(node).offset - quotes);
    classify();
    cursor_.where = Cursor::Where::kString;
    return true;
  }

  void note_bracket(Index node) {
    const std::string_view text = tree_.text(node);
    std::vector<Cursor::Bracket>& open = cursor_.brackets;
    if (at(node).kind == NodeKind::kOpen) {
      open.push_back({text.front(), call_before(), cursor_.before.size() - 1, 0, {}});
    } else if (at(node).kind == NodeKind::kClose || at(node).kind == NodeKind::kWrongClose) {
      if (!open.empty())
        open.pop_back();
    } else if (!open.empty() && at(node).kind == NodeKind::kComma) {
      ++open.back().argument;
      open.back().name = {};
    } else if (!open.empty() && at(node).kind == NodeKind::kColon && cursor_.before.size() > 1) {
      open.back().name = cursor_.before[cursor_.before.size() - 2].text;
    }
  }

  // `repo.merge` before its bracket; a list has no name before it.
  std::string call_before() const {
    std::string name;
    for (std::size_t i = cursor_.before.size() - 1; i-- > 0;) {
      const Cursor::Token& token = cursor_.before[i];
      const Cursor::Token& after = cursor_.before[i + 1];
      const bool clings = token.offset + token.text.size() == after.offset;
      if (!clings || (token.kind != NodeKind::kIdent && token.kind != NodeKind::kDot))
        break;
      name.insert(0, token.text);
    }
    return cursor_.before.back().text == "(" ? name : std::string();
  }

  void classify() {
    using Where = Cursor::Where;
    const std::vector<Cursor::Token>& before = cursor_.before;
    const auto mark = std::ranges::find(before, NodeKind::kAssignMark, &Cursor::Token::kind);
    const NodeKind kind = at(statement_).kind;
    if (before.empty()) {
      cursor_.where = Where::kStatement;
    } else if (kind == NodeKind::kUse) {
      cursor_.where = Where::kUse;
    } else if (kind == NodeKind::kAssignment && mark != before.end()) {
      cursor_.where = Where::kValue;
      cursor_.key = before.front().text;
    } else {
      cursor_.where = kind == NodeKind::kBlock ? Where::kHeader : Where::kNothing;
    }
  }

  const Tree& tree_;
  std::uint32_t offset_;
  Index statement_ = 0;
  Cursor cursor_;
};

}  // namespace

bool Cursor::in_flow() const {
  return kind() == "flow" || kind() == "pattern" || kind() == "loop";
}

std::string_view Cursor::back(std::size_t n) const {
  return n < before.size() ? before[before.size() - 1 - n].text : std::string_view();
}

Cursor find_cursor(const syntax::Tree& tree, std::uint32_t offset) {
  return Finder(tree, offset).run();
}

}  // namespace fleet::lsp
