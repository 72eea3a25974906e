#include "dsl/lsp/name_walk.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "dsl/syntax/words.h"

namespace fleet::lsp {
namespace {

using Kind = ast::Atom::Kind;

struct KindWord {
  std::string_view word;
  NameKind kind;
};
constexpr std::array kKinds{
    KindWord{"fleet", NameKind::kFleet},       KindWord{"role", NameKind::kRole},
    KindWord{"agent", NameKind::kAgent},       KindWord{"runtime", NameKind::kRuntime},
    KindWord{"human", NameKind::kHuman},       KindWord{"credential", NameKind::kCredential},
    KindWord{"identity", NameKind::kIdentity}, KindWord{"flow", NameKind::kFlow},
    KindWord{"pattern", NameKind::kPattern},   KindWord{"test", NameKind::kTest}};

// Keys whose values name declarations; all other words in values are the language's own.
constexpr std::array<std::string_view, 7> kNamingKeys{"runtime", "identity",   "grants", "owner",
                                                      "after",   "escalation", "load"};

std::optional<NameKind> kind_of(const ast::Block& block) {
  const auto found = std::ranges::find(kKinds, block.kind.text, &KindWord::word);
  return found == kKinds.end() ? std::nullopt : std::optional(found->kind);
}

bool is_flow(const ast::Block& block) {
  return block.kind.text == "flow" || block.kind.text == "pattern";
}

template <class Each>
void each_item(const sema::Module& module, const Each& each) {
  for (const ast::File& file : module.files) {
    for (const ast::Body::Item& item : file.body.items)
      each(item);
  }
}

// The blocks of a module, those inside of its fleet too.
template <class Each>
void each_block(const sema::Module& module, const Each& each) {
  each_item(module, [&](const ast::Body::Item& item) {
    if (!item.block)
      return;
    each(*item.block);
    if (item.block->kind.text != "fleet")
      return;
    for (const ast::Body::Item& inner : item.block->body.items) {
      if (inner.block)
        each(*inner.block);
    }
  });
}

}  // namespace

void NameWalk::run(std::size_t module) {
  module_ = module;
  steps_.clear();
  const sema::Module& read = names_.modules_[module];
  each_block(read, [&](const ast::Block& block) { declare_block(block); });
  std::size_t use = 0;
  each_item(read, [&](const ast::Body::Item& item) {
    if (!item.use)
      return;
    declare_use(*item.use, use < read.imports.size() ? read.imports[use] : std::nullopt);
    ++use;
  });
  each_block(read, [&](const ast::Block& block) {
    if (!is_flow(block) && block.kind.text != "test")
      walk_block(block);
  });
  each_block(read, [&](const ast::Block& block) {
    if (is_flow(block))
      walk_flow(block);
  });
  each_block(read, [&](const ast::Block& block) {
    if (block.kind.text == "test")
      walk_test(block);
  });
  refer_members();
}

std::size_t NameWalk::add(NameKind kind, const ast::Ident& name, Span whole,
                          const ast::Block* block) {
  Named named;
  named.kind = kind;
  named.name = name.text;
  named.module = module_;
  named.block = block;
  named.inside = inside_;
  if (block != nullptr)
    named.doc = block->doc;
  names_.all_.push_back(std::move(named));
  define(names_.all_.size() - 1, name.span, whole);
  return names_.all_.size() - 1;
}

void NameWalk::define(std::size_t named, Span span, Span whole) {
  names_.all_[named].definitions.push_back(span);
  names_.all_[named].wholes.push_back(whole);
  names_.mentions_.push_back({span, named, true});
}

void NameWalk::mention(Span span, std::size_t named) {
  names_.mentions_.push_back({span, named, false});
}

void NameWalk::declare_block(const ast::Block& block) {
  const std::optional<NameKind> kind = kind_of(block);
  if (!kind)
    return;
  for (const ast::Ident& name : block.names) {
    const std::size_t named = add(*kind, name, block.span, &block);
    const bool can_be_said = *kind != NameKind::kFleet && *kind != NameKind::kTest;
    if (can_be_said)
      names_.scopes_[module_].emplace(name.text, named);
  }
}

// The target's own declarations; what it imports itself is not handed on.
const std::size_t* NameWalk::find_declared(std::size_t module, const std::string& name) const {
  const auto found = names_.scopes_[module].find(name);
  if (found == names_.scopes_[module].end())
    return nullptr;
  const Named& named = names_.all_[found->second];
  return named.module == module && named.kind != NameKind::kModule ? &found->second : nullptr;
}

void NameWalk::declare_use(const ast::Use& use, std::optional<std::size_t> target) {
  if (use.alias) {
    const std::size_t alias = add(NameKind::kModule, *use.alias, use.span, nullptr);
    names_.scopes_[module_].emplace(use.alias->text, alias);
    if (target)
      names_.aliases_.emplace(alias, *target);
  }
  for (const ast::Ident& name : use.names) {
    const std::size_t* const named = target ? find_declared(*target, name.text) : nullptr;
    if (named == nullptr)
      continue;
    mention(name.span, *named);
    names_.scopes_[module_].emplace(name.text, *named);
  }
}

std::optional<std::size_t> NameWalk::refer(const std::vector<ast::Ident>& path) {
  if (path.empty())
    return std::nullopt;
  const auto found = names_.scopes_[module_].find(path.front().text);
  if (found == names_.scopes_[module_].end())
    return std::nullopt;
  mention(path.front().span, found->second);
  const std::optional<std::size_t> module = names_.module_of(found->second);
  if (path.size() < 2 || !module)
    return found->second;
  const std::size_t* const named = find_declared(*module, path[1].text);
  if (named == nullptr)
    return found->second;
  mention(path[1].span, *named);
  return *named;
}

void NameWalk::refer_all(const ast::Value& value) {
  for (const ast::Atom& atom : value.atoms) {
    const bool word = atom.path.size() == 1 && syntax::is_clause_word(atom.path.front().text);
    if (atom.kind == Kind::kName && !word)
      refer(atom.path);
    if (atom.kind != Kind::kList)
      continue;
    for (const ast::Argument& argument : atom.args)
      refer_all(*argument.value);
  }
}

ast::Ident NameWalk::hole_name(const ast::StringPart& hole) const {
  ast::Ident name{hole.text.substr(0, hole.text.find('.')), hole.span};
  const std::size_t at = names_.sources_.text(hole.span).find(name.text);
  name.span.begin += at == std::string_view::npos ? 0U : static_cast<std::uint32_t>(at);
  name.span.end = name.span.begin + static_cast<std::uint32_t>(name.text.size());
  return name;
}

void NameWalk::note_holes(const ast::Value& value) {
  for (const ast::Atom& atom : value.atoms)
    note_holes(atom);
}

void NameWalk::note_holes(const ast::Atom& atom) {
  for (const ast::StringPart& part : atom.parts) {
    if (!part.hole)
      continue;
    const ast::Ident name = hole_name(part);
    holes_[name.text].push_back(name.span);
  }
  for (const ast::Argument& argument : atom.args)
    note_holes(*argument.value);
}

void NameWalk::walk_block(const ast::Block& block) {
  if (block.base)
    refer(block.base->path);
  const bool contract = block.kind.text == "role" || block.kind.text == "agent" ||
                        block.kind.text == "defaults" || block.kind.text == "runtime";
  // A library's holes are explained by the words of the language, not by parameters of one fleet.
  const bool library = names_.modules_[module_].name.starts_with("std.");
  for (const ast::Body::Item& item : block.body.items) {
    if (!item.assignment)
      continue;
    if (std::ranges::find(kNamingKeys, item.assignment->key.text) != kNamingKeys.end())
      refer_all(item.assignment->value);
    if (contract && !library)
      note_holes(item.assignment->value);
  }
}

// `review returns approved in polish.fixes`, `asks founder about merge`: names stand at the
// beginning and after a few words; all others are the language's own.
void NameWalk::walk_test(const ast::Block& block) {
  for (const ast::Body::Item& item : block.body.items) {
    if (!item.assignment)
      continue;
    const bool expect = item.assignment->key.text == "expect";
    const ast::Value& value = item.assignment->value;
    if (value.atoms.size() == 1 && value.atoms.front().kind == Kind::kList) {
      for (const ast::Argument& argument : value.atoms.front().args)
        walk_test_element(*argument.value, expect);
    } else {
      walk_test_element(value, expect);
    }
  }
}

void NameWalk::walk_test_element(const ast::Value& value, bool expect) {
  bool named = true;
  bool place = expect;  // that of a step; else who does something comes before where
  for (std::size_t i = 0; i < value.atoms.size(); ++i) {
    const ast::Atom& atom = value.atoms[i];
    if (atom.kind == Kind::kCall && i == 0) {
      const std::optional<std::size_t> flow = refer(atom.path);
      for (const ast::Argument& argument : atom.args) {
        if (flow && argument.name)
          given_.push_back({*flow, *argument.name});
      }
    }
    if (atom.kind != Kind::kName)
      continue;
    const std::string& word = atom.path.front().text;
    const bool more = i + 1 < value.atoms.size() && value.atoms[i + 1].kind == Kind::kName;
    if (expect && more && atom.path.size() == 1 && (word == "never" || word == "asks"))
      continue;
    if (named) {
      const auto known = steps_.find(word);
      const std::optional<std::size_t> step =
          known != steps_.end() ? std::optional(known->second) : step_of_a_use(word);
      if (step && (place || !is_somebody(word))) {
        mention(atom.path.front().span, *step);
        members_.push_back({*step, {atom.path.begin() + 1, atom.path.end()}});
      } else {
        refer(atom.path);
      }
    }
    named = place = atom.path.size() == 1 && (word == "in" || word == "about");
  }
}

bool NameWalk::is_somebody(const std::string& name) const {
  const auto found = names_.scopes_[module_].find(name);
  if (found == names_.scopes_[module_].end())
    return false;
  const NameKind kind = names_.all_[found->second].kind;
  return kind == NameKind::kAgent || kind == NameKind::kRole || kind == NameKind::kHuman ||
         kind == NameKind::kModule;
}

}  // namespace fleet::lsp
