// Fills `Names`: one module after another, first what it declares, then where each name is said.
// Private to dsl/lsp.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
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
  bool is_somebody(const std::string& name) const;
  std::size_t add(NameKind kind, const ast::Ident& name, Span whole, const ast::Block* block);
  void define(std::size_t named, Span span, Span whole);
  void mention(Span span, std::size_t named);
  const std::size_t* find_declared(std::size_t module, const std::string& name) const;
  // Mentions each part of the dotted name that is one's own; the last of them is what it stands
  // for.
  std::optional<std::size_t> refer(const std::vector<ast::Ident>& path);
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
  void note_use(const ast::Assignment& step);
  void walk_run_of_atoms(const ast::Assignment& step, const std::vector<ast::Atom>& atoms);
  void walk_value(const ast::Value& value);
  void walk_atom(const ast::Atom& atom, bool source);
  void walk_call(const ast::Atom& call, bool source);
  void walk_strings(const ast::Value& value);
  void walk_holes(const ast::Atom& string);
  std::optional<std::size_t> refer_local(const std::vector<ast::Ident>& path);
  const std::size_t* find_local(const std::string& name) const;
  std::size_t open_scope(Span span);

  // What stands after the dot of a step, and before the colon of an argument: once all flows and
  // patterns of the module are known, since a use may stand above its pattern. In member_walk.cc.
  struct Member {
    std::size_t of = 0;            // the step before the dots
    std::vector<ast::Ident> path;  // what follows it
  };
  struct Given {
    std::size_t to = 0;  // the pattern or flow
    ast::Ident name;
  };
  void refer_members();
  void refer_member(const Member& member);
  // A call inside of a joint is named by its agent; `uses` are those that the joint is in.
  bool refer_call(const ast::Atom& joint, const std::vector<ast::Ident>& path, std::size_t at,
                  const std::vector<std::size_t>& uses);
  std::optional<std::size_t> agent_of(const ast::Ident& callee, std::string_view said,
                                      const std::vector<std::size_t>& uses) const;
  // What was mentioned at that very place.
  std::optional<std::size_t> named_at(const Span& span) const;
  std::optional<std::size_t> pattern_around(std::size_t named) const;
  std::vector<std::size_t> uses_around(std::size_t step) const;
  std::optional<std::size_t> step_of_a_use(const std::string& name) const;

  Names& names_;
  std::size_t module_ = 0;
  std::optional<std::size_t> scope_;          // innermost, into Names::locals_
  std::optional<std::size_t> inside_;         // flow, pattern or loop
  std::map<std::string, std::size_t> steps_;  // of all flows of this module, for tests
  // Holes of contracts that no word of the language explains: parameters of the flows that use
  // them.
  std::map<std::string, std::vector<Span>> holes_;
  std::map<std::string, std::size_t> shared_;  // those parameters, made when first declared
  std::vector<Member> members_;
  std::vector<Given> given_;
};

}  // namespace fleet::lsp
