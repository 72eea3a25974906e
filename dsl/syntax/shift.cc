#include "dsl/syntax/shift.h"

namespace fleet::syntax {
namespace {

class Mover {
 public:
  explicit Mover(Shift by) : by_(by) {}

  void item(ast::Body::Item& item) {
    if (item.assignment)
      assignment(*item.assignment);
    if (item.block)
      block(*item.block);
    if (item.use)
      use(*item.use);
  }

 private:
  void move(Span& span) { shift(span, by_); }
  void move(ast::Ident& ident) { move(ident.span); }
  void move(std::optional<ast::Ident>& ident) {
    if (ident)
      move(*ident);
  }
  void move(std::vector<ast::Ident>& idents) {
    for (ast::Ident& one : idents)
      move(one);
  }

  // Recursion is as deep as brackets nest, which the grammar bounds.
  void body(ast::Body& body) {
    move(body.span);
    for (ast::Body::Item& one : body.items)
      item(one);
  }

  void assignment(ast::Assignment& assignment) {
    move(assignment.key);
    move(assignment.span);
    value(assignment.value);
  }

  void block(ast::Block& block) {
    move(block.kind);
    move(block.names);
    move(block.version);
    for (ast::Parameter& one : block.parameters)
      move(one.name);
    if (block.base)
      atom(*block.base);
    if (block.on)
      value(*block.on);
    body(block.body);
    move(block.header);
    move(block.span);
  }

  void use(ast::Use& use) {
    move(use.path_span);
    move(use.names);
    move(use.alias);
    move(use.span);
  }

  void value(ast::Value& value) {
    move(value.span);
    for (ast::Atom& one : value.atoms)
      atom(one);
  }

  void atom(ast::Atom& atom) {
    move(atom.span);
    move(atom.path);
    move(atom.version);
    move(atom.per);
    for (ast::StringPart& part : atom.parts)
      move(part.span);
    for (ast::Argument& one : atom.args) {
      move(one.name);
      if (one.value)
        value(*one.value);
    }
    if (atom.block)
      body(*atom.block);
  }

  Shift by_;
};

}  // namespace

void shift(ast::Body::Item& item, Shift by) {
  Mover(by).item(item);
}

void shift(Span& span, Shift by) {
  const bool unset = span.begin == 0 && span.end == 0;
  if (unset)
    return;
  span.begin += by;
  span.end += by;
}

}  // namespace fleet::syntax
