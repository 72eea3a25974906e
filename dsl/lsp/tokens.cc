#include "dsl/lsp/tokens.h"

#include <algorithm>

#include "dsl/schema/schema.h"
#include "dsl/syntax/tree.h"
#include "dsl/syntax/words.h"

namespace fleet::lsp {
namespace {

using syntax::Node;
using syntax::NodeKind;

TokenKind kind_of(NameKind kind) {
  switch (kind) {
    case NameKind::kFleet:
    case NameKind::kModule: return TokenKind::kNamespace;
    case NameKind::kRole: return TokenKind::kInterface;
    case NameKind::kAgent: return TokenKind::kClass;
    case NameKind::kFlow:
    case NameKind::kPattern: return TokenKind::kFunction;
    case NameKind::kStep: return TokenKind::kMethod;
    case NameKind::kParameter:
    case NameKind::kItem: return TokenKind::kParameter;
    case NameKind::kTest: return TokenKind::kString;
    default: return TokenKind::kVariable;
  }
}

class Painter {
 public:
  Painter(const Snapshot& snapshot, SourceId source)
      : snapshot_(snapshot), tree_(snapshot.tree(source)) {
    const std::vector<Mention>& all = snapshot.names().mentions();
    const auto of_source = std::ranges::equal_range(
        all, source.value, {}, [](const Mention& one) { return one.span.source.value; });
    mentions_.assign(of_source.begin(), of_source.end());
  }

  std::vector<Token> run() {
    parents();
    for (std::uint32_t index = 0; index < tree_.nodes().size(); ++index) {
      const Node& node = tree_.at(index);
      if (node.first_child == 0 && node.length > 0)
        leaf(index);
    }
    return std::move(tokens_);
  }

 private:
  void parents() {
    parents_.assign(tree_.nodes().size(), 0);
    for (std::uint32_t index = 0; index < tree_.nodes().size(); ++index) {
      for (const std::uint32_t child : tree_.children(index))
        parents_[child] = index;
    }
  }

  NodeKind around(std::uint32_t index) const { return tree_.at(parents_[index]).kind; }

  void leaf(std::uint32_t index) {
    const Node& node = tree_.at(index);
    switch (node.kind) {
      case NodeKind::kComment: add(node.offset, node.end(), TokenKind::kComment); break;
      case NodeKind::kDoc: add(node.offset, node.end(), TokenKind::kComment, kDocumentation); break;
      case NodeKind::kLiteralText:
      case NodeKind::kVersion: add(node.offset, node.end(), TokenKind::kNumber); break;
      case NodeKind::kOperator: add(node.offset, node.end(), TokenKind::kOperator); break;
      case NodeKind::kWord: add(node.offset, node.end(), TokenKind::kKeyword); break;
      case NodeKind::kString:
      case NodeKind::kBlockString: string(node); break;
      case NodeKind::kIdent: word(index); break;
      default: break;
    }
  }

  const Mention* mention_at(std::uint32_t offset) const {
    const auto found = std::ranges::lower_bound(mentions_, offset, {},
                                                [](const Mention& one) { return one.span.begin; });
    return found != mentions_.end() && found->span.begin == offset ? &*found : nullptr;
  }

  void add_name(const Mention& mention) {
    const Named& named = snapshot_.names().at(mention.named);
    const std::string& path = snapshot_.path_of(named.definitions.front().source);
    const bool library = path.starts_with("std/");
    add(mention.span.begin, mention.span.end, kind_of(named.kind),
        (mention.defines ? kDeclaration : 0U) | (library ? kFromLibrary : 0U));
  }

  void word(std::uint32_t index) {
    const Node& node = tree_.at(index);
    if (const Mention* const mention = mention_at(node.offset)) {
      add_name(*mention);
      return;
    }
    const std::string_view text = tree_.text(index);
    switch (around(index)) {
      case NodeKind::kAssignment:
      case NodeKind::kArgument: add(node.offset, node.end(), TokenKind::kProperty); return;
      case NodeKind::kBlock: add(node.offset, node.end(), TokenKind::kKeyword); return;
      case NodeKind::kPer: add(node.offset, node.end(), TokenKind::kNumber); return;
      case NodeKind::kUsePath: add(node.offset, node.end(), TokenKind::kNamespace); return;
      default: break;
    }
    const bool after_dot = node.offset > 0 && tree_.text()[node.offset - 1] == '.';
    if (after_dot) {
      const bool edge = schema::find_edge(text) != nullptr;
      add(node.offset, node.end(), edge ? TokenKind::kEvent : TokenKind::kProperty);
    } else if (syntax::is_clause_word(text) || schema::find_step(text) != nullptr ||
               text == "repo" || text == "route" || text == "never" || text == "returns") {
      add(node.offset, node.end(), TokenKind::kKeyword);
    } else if (node.end() < tree_.text().size() && tree_.text()[node.end()] == '(') {
      add(node.offset, node.end(), TokenKind::kFunction);
    } else {
      add(node.offset, node.end(), TokenKind::kEnumMember);
    }
  }

  // The pieces of a string between its holes, and the names in those.
  void string(const Node& node) {
    std::uint32_t at = node.offset;
    auto next = std::ranges::lower_bound(mentions_, node.offset, {},
                                         [](const Mention& one) { return one.span.begin; });
    for (; next != mentions_.end() && next->span.end <= node.end(); ++next) {
      const Mention& mention = *next;
      if (mention.span.begin == node.offset) {  // the name of a test
        add(node.offset, node.end(), TokenKind::kString, kDeclaration);
        return;
      }
      add(at, mention.span.begin, TokenKind::kString);
      add_name(mention);
      at = mention.span.end;
    }
    add(at, node.end(), TokenKind::kString);
  }

  // A line at a time: not every client takes a token over several.
  void add(std::uint32_t begin, std::uint32_t end, TokenKind kind, std::uint32_t modifiers = 0) {
    const std::string_view text = tree_.text();
    while (begin < end) {
      const std::size_t line_break = std::min<std::size_t>(text.find_first_of("\r\n", begin), end);
      const auto line_end = static_cast<std::uint32_t>(line_break);
      if (begin < line_end)
        tokens_.push_back({begin, line_end, kind, modifiers});
      begin = line_end + 1;
    }
  }

  const Snapshot& snapshot_;
  const syntax::Tree& tree_;
  std::vector<Mention> mentions_;
  std::vector<std::uint32_t> parents_;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<std::string_view> token_names() {
  return {"namespace", "class",    "interface", "function", "method",
          "parameter", "variable", "property",  "keyword",  "enumMember",
          "string",    "number",   "operator",  "comment",  "event"};
}

std::vector<std::string_view> token_modifier_names() {
  return {"declaration", "documentation", "defaultLibrary"};
}

std::vector<Token> tokens(const Snapshot& snapshot, SourceId source) {
  return Painter(snapshot, source).run();
}

}  // namespace fleet::lsp
