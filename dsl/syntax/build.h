// From the lossless tree to the AST, and from the mistakes in the tree to their messages. Nothing
// is reported while the grammar runs, so that nothing it takes back was ever said. Private to
// dsl/syntax.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/syntax/ast.h"
#include "dsl/syntax/mistakes.h"
#include "dsl/syntax/tree.h"

namespace fleet::syntax {

// Brackets and braces that were never closed, or that close nothing. In brackets.cc.
void report_brackets(const Tree& tree, Mistakes& mistakes);

// A bracket that is missing, too many, of the wrong kind, or that was not looked into.
constexpr bool is_brace_mistake(NodeKind kind) {
  return kind == NodeKind::kWrongClose || kind == NodeKind::kStrayClose ||
         kind == NodeKind::kTooDeep || kind == NodeKind::kMissingClose;
}

class Builder {
 public:
  Builder(const Tree& tree, Mistakes& mistakes) : tree_(tree), mistakes_(mistakes) {}

  ast::File file();
  // Of the first child of the file, a kBlock, without the documentation above it.
  ast::Block only_block();

 private:
  using Index = std::uint32_t;

  // Items. In build_items.cc.
  void items(Index parent, ast::Body& out, std::string* leading_doc);
  void item(Index node, ast::Body& out, std::string doc);
  ast::Body body(Index node);
  ast::Use use(Index node);
  ast::Assignment assignment(Index node);
  void assign_mark(Index node);
  std::vector<ast::Ident> plain_names(Index arguments);

  // Declarations. In build_header.cc.
  ast::Block block(Index node);
  bool header_part(Index node, ast::Block& out);
  void header_names(Index node, ast::Block& out);
  void header_order(Index node, int& last_rank);
  bool header_junk(Index node, Index before, ast::Block& out);
  bool header_base(Index node, Index before, ast::Block& out);
  void colon_without_base(Index node, ast::Block& out);
  void missing_body(const ast::Block& block);
  void body_below(Index node, const ast::Block& block);

  // Statements that are none. In build_strays.cc.
  void missing_separator(Index node);
  void stray(Index node);
  void expression(Index node, Index first);
  void in_a_row(Span arrow);
  bool foreign(Index node, ast::Body& out);
  void read_within(Index node, ast::Body& out);
  void foreign_import(Index node, ast::Body& out);
  std::vector<std::string_view> names_lost_in(Index stray);
  void add_lost(std::string_view name, ast::Body& out);
  static void doubt(ast::Body& out);

  // Values. In build_values.cc.
  ast::Value value(Index node, bool in_brackets);
  ast::Atom atom(Index node);
  ast::Atom name(Index node);
  ast::Atom literal(Index node);
  ast::Atom string(Index node);
  void string_of_lines(Span at, std::string_view written);
  void string_prefix(ast::Atom& prefix);
  std::vector<ast::Argument> arguments(Index node);
  ast::Argument argument(Index node);
  ast::Ident ident(Index node);
  void missing_comma(const ast::Atom& before);

  // Messages for what fits nowhere, once a statement. In build_values.cc.
  void unexpected(Index node);
  void unexpected(Span at, std::string_view text);
  void missing_name(Index node, std::string_view after);
  void say_once(Diagnostic diagnostic);
  // For what is certainly a mistake of its own, unless a worse one made it.
  void say_unless_said(Diagnostic diagnostic);

  NodeKind kind(Index node) const { return tree_.at(node).kind; }
  std::string_view text(Index node) const { return tree_.text(node); }
  Span span(Index node) const {
    return mistakes_.span(tree_.at(node).offset, tree_.at(node).end());
  }
  Span end_of(Index node) const {
    return mistakes_.span(tree_.at(node).end(), tree_.at(node).end());
  }

  const Tree& tree_;
  Mistakes& mistakes_;
  // After the first mistake of a statement its other unexpected pieces are its consequence.
  bool said_ = false;
  // The body at hand holds steps.
  bool steps_ = false;
  // The body at hand is a flow's, for the first `items` that asks.
  bool flow_ = false;
  // How many statements of other languages were looked into.
  int looked_into_ = 0;
  // A word that binds a name in other languages was read, and the assignment follows.
  bool bound_ = false;
  // An arrow between steps was read, and what follows it waits for what is before it.
  bool row_ = false;
  // A word for `: BASE` was read, and the base follows.
  bool base_follows_ = false;
};

}  // namespace fleet::syntax
