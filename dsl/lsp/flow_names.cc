// Names inside of flows: steps, parameters, the items of fan-outs, and what loops do to them.
#include <algorithm>
#include <array>
#include <string_view>

#include "dsl/lsp/name_walk.h"
#include "dsl/syntax/words.h"

namespace fleet::lsp {
namespace {

using Kind = ast::Atom::Kind;

// Calls that are the language's own wherever they stand, and those that are in a fan-out's source.
constexpr std::array<std::string_view, 6> kForms{"run", "repo.merge", "all",
                                                 "any", "human",      "route"};
constexpr std::array<std::string_view, 4> kSources{"files", "lines", "json", "issues"};

std::string_view word_in(const ast::Atom& atom) {
  const bool word = atom.kind == Kind::kName && atom.path.size() == 1 && !atom.per && !atom.version;
  return word ? std::string_view(atom.path.front().text) : std::string_view();
}

template <class Words>
bool holds(const Words& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

std::size_t NameWalk::open_scope(Span span) {
  names_.locals_.push_back({span, scope_, {}});
  return names_.locals_.size() - 1;
}

const std::size_t* NameWalk::find_local(const std::string& name) const {
  std::optional<std::size_t> scope = scope_;
  while (scope) {
    const auto found = names_.locals_[*scope].names.find(name);
    if (found != names_.locals_[*scope].names.end())
      return &found->second;
    scope = names_.locals_[*scope].outer;
  }
  return nullptr;
}

void NameWalk::walk_flow(const ast::Block& block) {
  const auto flow = block.names.empty() ? names_.scopes_[module_].end()
                                        : names_.scopes_[module_].find(block.names.front().text);
  if (flow != names_.scopes_[module_].end())
    inside_ = flow->second;
  if (block.on)
    note_holes(*block.on);
  scope_ = open_scope(block.has_body ? block.body.span : block.span);
  if (inside_)
    names_.bodies_.emplace(*inside_, *scope_);
  for (const ast::Parameter& parameter : block.parameters)
    declare_parameter(parameter.name, block);
  walk_steps(block.body, true);
  scope_.reset();
  inside_.reset();
}

void NameWalk::declare_parameter(const ast::Ident& name, const ast::Block& block) {
  // Contracts have holes for what a flow is given; a pattern's parameters are its own affair.
  const bool own = block.kind.text == "pattern";
  const auto holes = own ? holes_.end() : holes_.find(name.text);
  const auto shared = own ? shared_.end() : shared_.find(name.text);
  std::size_t named = 0;
  if (shared != shared_.end()) {
    named = shared->second;
    define(named, name.span, name.span);
  } else {
    named = add(NameKind::kParameter, name, name.span, &block);
    if (holes != holes_.end()) {
      shared_.emplace(name.text, named);
      for (const Span hole : holes->second)
        mention(hole, named);
    }
  }
  names_.locals_[*scope_].names.emplace(name.text, named);
}

// A name that the body of a loop sets again is the same step, later.
void NameWalk::declare_step(const ast::Assignment& step) {
  const std::size_t* const known = find_local(step.key.text);
  if (known != nullptr && names_.all_[*known].kind == NameKind::kStep) {
    define(*known, step.key.span, step.span);
    names_.all_[*known].settings.push_back(&step);
    return;
  }
  const std::size_t named = add(NameKind::kStep, step.key, step.span, nullptr);
  Named& made = names_.all_[named];
  made.doc = step.doc;
  made.step = &step;
  made.settings.push_back(&step);
  names_.locals_[*scope_].names.emplace(step.key.text, named);
  steps_.emplace(step.key.text, named);
}

void NameWalk::walk_steps(const ast::Body& body, bool top) {
  const auto is_step = [&](const ast::Body::Item& item) {
    return item.assignment && !(top && item.assignment->key.text == "accept");
  };
  for (const ast::Body::Item& item : body.items) {
    if (is_step(item))
      declare_step(*item.assignment);
  }
  for (const ast::Body::Item& item : body.items) {
    if (is_step(item))
      walk_step(*item.assignment);
    else if (item.assignment)
      walk_strings(item.assignment->value);
  }
}

// Of `accept`: its words, as in `task.criteria met`, are the language's, and only holes are names.
void NameWalk::walk_strings(const ast::Value& value) {
  for (const ast::Atom& atom : value.atoms) {
    if (atom.kind == Kind::kString)
      walk_holes(atom);
    for (const ast::Argument& argument : atom.args)
      walk_strings(*argument.value);
  }
}

void NameWalk::walk_step(const ast::Assignment& step) {
  const std::optional<std::size_t> outer = scope_;
  const std::vector<ast::Atom>& atoms = step.value.atoms;
  const bool fanout = !atoms.empty() && word_in(atoms.front()) == "fanout";
  if (fanout && atoms.size() > 1 && !word_in(atoms[1]).empty()) {
    scope_ = open_scope(step.span);
    const std::size_t item = add(NameKind::kItem, atoms[1].path.front(), step.span, nullptr);
    names_.all_[item].step = &step;
    names_.locals_[*scope_].names.emplace(names_.all_[item].name, item);
  }
  walk_run_of_atoms(step, atoms);
  scope_ = outer;
  note_use(step);
}

void NameWalk::note_use(const ast::Assignment& step) {
  const std::size_t* const own = find_local(step.key.text);
  if (own == nullptr || step.value.atoms.empty() || step.value.atoms.front().kind != Kind::kCall)
    return;
  const auto callee = named_at(step.value.atoms.front().path.back().span);
  if (callee && names_.all_[*callee].kind == NameKind::kPattern && !names_.all_[*own].uses)
    names_.all_[*own].uses = callee;
}

void NameWalk::walk_run_of_atoms(const ast::Assignment& step, const std::vector<ast::Atom>& atoms) {
  std::string_view before;  // the word, if it says what follows
  bool fanout = false;
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    const ast::Atom& atom = atoms[i];
    const std::string_view word = word_in(atom);
    if (i == 0 && (word == "fanout" || word == "loop")) {
      fanout = word == "fanout";
      i += fanout ? 1 : 0;
      continue;
    }
    const bool names_follow = before == "after" || before == "until" || before == "to";
    const bool own_word = before == "else" || before == "force";
    if (!names_follow && syntax::is_clause_word(word)) {
      before = word;
      continue;
    }
    if (atom.kind == Kind::kBlock) {
      const std::optional<std::size_t> outer = scope_;
      const std::optional<std::size_t> around = inside_;
      if (const std::size_t* const loop = find_local(step.key.text))
        inside_ = *loop;
      scope_ = open_scope(atom.block->span);
      walk_steps(*atom.block, false);
      scope_ = outer;
      inside_ = around;
    } else if (!own_word) {
      walk_atom(atom, fanout && before == "in");
    }
    if (atom.kind != Kind::kOperator)
      before = {};
  }
}

void NameWalk::walk_value(const ast::Value& value) {
  for (const ast::Atom& atom : value.atoms)
    walk_atom(atom, false);
}

void NameWalk::walk_atom(const ast::Atom& atom, bool source) {
  switch (atom.kind) {
    case Kind::kName: refer_local(atom.path); break;
    case Kind::kCall: walk_call(atom, source); break;
    case Kind::kString: walk_holes(atom); break;
    case Kind::kList:
      for (const ast::Argument& argument : atom.args)
        walk_value(*argument.value);
      break;
    default: break;
  }
}

void NameWalk::walk_call(const ast::Atom& call, bool source) {
  const bool own = holds(kForms, call.text) || (source && holds(kSources, call.text));
  const std::optional<std::size_t> called = own ? std::nullopt : refer_local(call.path);
  for (const ast::Argument& argument : call.args) {
    if (called && argument.name)
      given_.push_back({*called, *argument.name});
    const bool is_switch = argument.name && argument.name->text == "sandbox";
    if (!is_switch)
      walk_value(*argument.value);
  }
}

void NameWalk::walk_holes(const ast::Atom& string) {
  for (const ast::StringPart& part : string.parts) {
    if (!part.hole)
      continue;
    const ast::Ident name = hole_name(part);
    const std::size_t* const named = find_local(name.text);
    if (named != nullptr && names_.all_[*named].kind != NameKind::kStep)
      mention(name.span, *named);
  }
}

std::optional<std::size_t> NameWalk::refer_local(const std::vector<ast::Ident>& path) {
  if (path.empty())
    return std::nullopt;
  const std::size_t* const named = find_local(path.front().text);
  if (named == nullptr)
    return refer(path);
  mention(path.front().span, *named);
  if (path.size() > 1 && names_.all_[*named].kind == NameKind::kStep)
    members_.push_back({*named, {path.begin() + 1, path.end()}});
  return *named;
}

}  // namespace fleet::lsp
