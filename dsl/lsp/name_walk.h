// Fills `Names`: one module after another, first what it declares, then where each name is said.
// Private to dsl/lsp.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dsl/lsp/names.h"

namespace fleet::lsp {

class NameWalk {
 public:
  explicit NameWalk(Names& names) : names_(names) {}
  void run(std::size_t module);

 private:
  // Declarations. In name_walk.cc.
  void declare_use(const ast::Use& use, std::optional<std::size_t> target);
  void declare_block(const ast::Block& block);
  void walk_block(const ast::Block& block);
  void walk_contract(const ast::Block& block);
  void walk_test(const ast::Block& block);
  void walk_test_element(const ast::Value& value, bool expect);
  std::size_t add(NameKind kind, const ast::Ident& name, Span whole, const ast::Block* block);
  void define(std::size_t named, Span span, Span whole);
  void mention(Span span, std::size_t named);
  const std::size_t* find_declared(std::size_t module, const std::string& name) const;
  void refer(const std::vector<ast::Ident>& path);
  void refer_all(const ast::Value& value);
  // The name in a hole: `f` of `{ f.label }`.
  ast::Ident hole_name(const ast::StringPart& hole) const;
  void note_holes(const ast::Value& value);
  void note_holes(const ast::Atom& atom);

  // Flows and patterns. In flow_names.cc.
  void walk_flow(const ast::Block& block);
  void walk_steps(const ast::Body& body, bool top);
  void declare_parameter(const ast::Ident& name, const ast::Block& block);
  void declare_step(const ast::Assignment& step);
  void walk_step(const ast::Assignment& step);
  void walk_run_of_atoms(const ast::Assignment& step, const std::vector<ast::Atom>& atoms);
  void walk_value(const ast::Value& value);
  void walk_atom(const ast::Atom& atom, bool source);
  void walk_call(const ast::Atom& call, bool source);
  void walk_strings(const ast::Value& value);
  void walk_holes(const ast::Atom& string);
  void refer_local(const std::vector<ast::Ident>& path);
  const std::size_t* find_local(const std::string& name) const;
  std::size_t open_scope(Span span);

  Names& names_;
  std::size_t module_ = 0;
  std::optional<std::size_t> scope_;          // innermost, into Names::locals_
  std::optional<std::size_t> inside_;         // flow, pattern or loop
  std::map<std::string, std::size_t> steps_;  // of all flows of this module, for tests
  // Holes of contracts that no word of the language explains: parameters of the flows that use
  // them.
  std::map<std::string, std::vector<Span>> holes_;
  std::map<std::string, std::size_t> shared_;  // those parameters, made when first declared
};

}  // namespace fleet::lsp
