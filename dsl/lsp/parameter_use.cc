#include "dsl/lsp/parameter_use.h"

#include <string_view>

#include "dsl/syntax/words.h"

namespace fleet::lsp {
namespace {

// Patterns that hand a parameter on to others, as deep as the compiler follows them.
constexpr int kDeepest = 32;

class Search {
 public:
  Search(const Names& names, const std::string& parameter, int deep)
      : names_(names), parameter_(parameter), deep_(deep) {}

  ParameterUse body(const ast::Body& body) {
    for (const ast::Body::Item& item : body.items) {
      if (item.assignment)
        value(item.assignment->value, ParameterUse::kUnknown);
    }
    return found_;
  }

 private:
  static ParameterUse behind(std::string_view word) {
    if (word == "to")
      return ParameterUse::kAgent;
    if (word == "in")
      return ParameterUse::kSource;
    if (word == "after" || word == "until")
      return ParameterUse::kStep;
    if (word == "timeout" || word == "est" || word == "spawn")
      return ParameterUse::kDuration;
    return ParameterUse::kNumber;
  }

  void value(const ast::Value& value, ParameterUse use) {
    ParameterUse next = use;
    for (const ast::Atom& atom : value.atoms) {
      const bool word = atom.kind == ast::Atom::Kind::kName && atom.path.size() == 1;
      if (word && atom.path.front().text != parameter_ &&
          syntax::is_clause_word(atom.path.front().text)) {
        next = behind(atom.path.front().text);
        continue;
      }
      this->atom(atom, next);
      if (atom.kind != ast::Atom::Kind::kOperator)
        next = use;
    }
  }

  void atom(const ast::Atom& atom, ParameterUse use) {
    const bool ours = !atom.path.empty() && atom.path.front().text == parameter_;
    if (ours && atom.kind == ast::Atom::Kind::kCall)
      note(ParameterUse::kAgent);
    else if (ours && atom.path.size() > 1 && use != ParameterUse::kSource)
      note(ParameterUse::kStep);
    else if (ours)
      note(use);
    for (const ast::StringPart& part : atom.parts) {
      if (part.hole && part.text == parameter_)
        note(ParameterUse::kText);
    }
    for (std::size_t i = 0; i < atom.args.size(); ++i)
      value(*atom.args[i].value, argument(atom, i, use));
    if (atom.block)
      body(*atom.block);
  }

  ParameterUse argument(const ast::Atom& call, std::size_t place, ParameterUse around) const {
    if (call.kind != ast::Atom::Kind::kCall)
      return around;
    if (call.text == "human")
      return ParameterUse::kHuman;
    if (call.text == "all" || call.text == "any" || call.text == "repo.merge")
      return ParameterUse::kStep;
    if (call.text == "route")
      return ParameterUse::kAgent;
    const Mention* const callee =
        names_.find(call.path.back().span.source, call.path.back().span.begin);
    if (callee == nullptr || names_.at(callee->named).kind != NameKind::kPattern)
      return ParameterUse::kOutput;
    const ast::Argument& given = call.args[place];
    const auto& parameters = names_.at(callee->named).block->parameters;
    const std::string name = given.name                  ? given.name->text
                             : place < parameters.size() ? parameters[place].name.text
                                                         : std::string();
    return deep_ > 0 ? of(names_, callee->named, name, deep_ - 1) : ParameterUse::kUnknown;
  }

  // The first that says something.
  void note(ParameterUse use) {
    if (found_ == ParameterUse::kUnknown)
      found_ = use;
  }

 public:
  static ParameterUse of(const Names& names, std::size_t pattern, const std::string& parameter,
                         int deep) {
    const ast::Block* const block = names.at(pattern).block;
    return block == nullptr ? ParameterUse::kUnknown
                            : Search(names, parameter, deep).body(block->body);
  }

 private:
  const Names& names_;
  const std::string& parameter_;
  int deep_;
  ParameterUse found_ = ParameterUse::kUnknown;
};

}  // namespace

ParameterUse parameter_use(const Names& names, std::size_t pattern, const std::string& parameter) {
  return Search::of(names, pattern, parameter, kDeepest);
}

}  // namespace fleet::lsp
