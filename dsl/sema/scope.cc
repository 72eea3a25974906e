#include "dsl/sema/scope.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "dsl/sema/report.h"
#include "dsl/syntax/lookahead.h"

namespace fleet::sema {
namespace {

// Words that a value's grammar gives a meaning, so that a declaration of that name could not be
// used.
constexpr std::array<std::string_view, 13> kReserved{"fanout",   "run",   "repo",  "all", "any",
                                                     "loop",     "human", "route", "std", "shell",
                                                     "worktree", "git",   "none"};

std::string name_of(Symbol::Kind kind) {
  switch (kind) {
    case Symbol::Kind::kRole: return "a role";
    case Symbol::Kind::kAgent: return "an agent";
    case Symbol::Kind::kRuntime: return "a runtime";
    case Symbol::Kind::kFlow: return "a flow";
    case Symbol::Kind::kHuman: return "a human";
    case Symbol::Kind::kCredential: return "a credential";
    case Symbol::Kind::kIdentity: return "an identity document";
    case Symbol::Kind::kPattern: return "a pattern";
    case Symbol::Kind::kUnknown: return "unknown";
  }
  return "";
}

std::string bare_name_of(Symbol::Kind kind) {
  const std::string name = name_of(kind);
  return name.substr(name.find(' ') + 1);
}

std::string names_of_kinds(const std::vector<Symbol::Kind>& kinds) {
  std::string text;
  for (const Symbol::Kind kind : kinds)
    text += (text.empty() ? "" : kind == kinds.back() ? " or " : ", ") + bare_name_of(kind);
  return text;
}

}  // namespace

bool is_version_name(Context& context, const ast::Ident& name) {
  if (!syntax::version_ahead(name.text))
    return false;
  Diagnostic diagnostic =
      error("F107", name.span, ticked(name.text) + " is a version and can't be a name",
            "could not be referred to");
  diagnostic.helps.push_back(
      {"call it otherwise, such as " + ticked("r" + name.text.substr(1)), {}, false});
  context.sink.add(std::move(diagnostic));
  return true;
}

bool Scope::taken(Context& context, const ast::Ident& name) const {
  if (is_version_name(context, name))
    return true;
  if (std::ranges::find(kReserved, name.text) != kReserved.end()) {
    context.sink.add(error("F107", name.span,
                           ticked(name.text) + " is a word of the language and can't be a name",
                           "could not be referred to"));
    return true;
  }
  const auto known = names_.find(name.text);
  const auto alias = aliases_.find(name.text);
  if (known == names_.end() && alias == aliases_.end())
    return false;
  Diagnostic diagnostic =
      error("F107", name.span, ticked(name.text) + " is declared twice", "second declaration");
  diagnostic.secondary.push_back(
      {known != names_.end() ? known->second.span : alias->second.span, "first declaration"});
  context.sink.add(std::move(diagnostic));
  return true;
}

bool Scope::declare(Context& context, const ast::Ident& name, Symbol symbol,
                    const std::string& what) {
  if (is_version_name(context, name)) {
    declare_unknown(name);
    return false;
  }
  if (taken(context, name))
    return false;
  names_.emplace(name.text, Entry{symbol, name.span, what, false, false});
  return true;
}

bool Scope::declare_import(Context& context, const ast::Ident& name, Symbol symbol) {
  if (taken(context, name))
    return false;
  names_.emplace(name.text, Entry{symbol, name.span, "import", true, false});
  return true;
}

void Scope::declare_alias(Context& context, const ast::Ident& name, const Scope* module) {
  if (!taken(context, name))
    aliases_.emplace(name.text, Alias{module, name.span, false});
}

const Symbol* Scope::exported(const std::string& name) const {
  const auto found = names_.find(name);
  if (found == names_.end() || found->second.imported)
    return nullptr;
  return &found->second.symbol;
}

std::vector<std::string> Scope::exported_names(const std::vector<Symbol::Kind>& kinds) const {
  return names_of(kinds, false);
}

std::vector<std::string> Scope::names_of(const std::vector<Symbol::Kind>& kinds,
                                         bool imported) const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : names_) {
    if (entry.imported && !imported)
      continue;
    if (std::ranges::find(kinds, entry.symbol.kind) != kinds.end())
      names.push_back(name);
  }
  return names;
}

const Symbol* Scope::resolve(Context& context, const std::vector<ast::Ident>& path, Span span,
                             const std::vector<Symbol::Kind>& wanted) {
  const Symbol* symbol = nullptr;
  const Scope* home = this;
  if (path.size() == 2) {
    const auto alias = aliases_.find(path.front().text);
    if (alias == aliases_.end()) {
      if (is_assumed(path.front().text))
        return nullptr;
      std::vector<std::string> candidates;
      for (const auto& [name, unused] : aliases_)
        candidates.push_back(name);
      context.sink.add(unknown("F101", path.front().span, "module", path.front().text, candidates));
      return nullptr;
    }
    alias->second.used = true;
    home = alias->second.module;
    if (home == nullptr)
      return nullptr;
    symbol = home->exported(path.back().text);
  } else if (path.size() == 1) {
    const auto found = names_.find(path.front().text);
    if (found != names_.end()) {
      found->second.used = true;
      symbol = &found->second.symbol;
    }
  }
  if (symbol == nullptr && path.size() == 1 && is_assumed(path.front().text))
    return nullptr;
  if (symbol == nullptr) {
    std::string text;
    for (const ast::Ident& part : path)
      text += (text.empty() ? "" : ".") + part.text;
    const Span place = path.size() == 2 ? path.back().span : span;
    context.sink.add(unknown("F101", place, names_of_kinds(wanted),
                             path.size() == 2 ? path.back().text : text,
                             home->names_of(wanted, home == this)));
    return nullptr;
  }
  if (symbol->kind == Symbol::Kind::kUnknown)
    return nullptr;
  if (std::ranges::find(wanted, symbol->kind) == wanted.end()) {
    Diagnostic diagnostic =
        error("F202", span, ticked(path.back().text) + " is " + name_of(symbol->kind),
              name_of(wanted.front()) + " is expected here");
    diagnostic.secondary.push_back({symbol->span, "declared here"});
    context.sink.add(std::move(diagnostic));
    return nullptr;
  }
  return symbol;
}

const Symbol* Scope::find(const std::vector<ast::Ident>& path) const {
  if (path.size() == 2) {
    const auto alias = aliases_.find(path.front().text);
    const Scope* home = alias == aliases_.end() ? nullptr : alias->second.module;
    return home == nullptr ? nullptr : home->exported(path.back().text);
  }
  const auto found = path.size() == 1 ? names_.find(path.front().text) : names_.end();
  return found == names_.end() ? nullptr : &found->second.symbol;
}

void Scope::collect_unused(std::vector<Unused>& unused) const {
  for (const auto& [name, entry] : names_) {
    if (!entry.used && !entry.what.empty() && entry.symbol.kind != Symbol::Kind::kUnknown) {
      unused.push_back({entry.what, name, entry.span});
    }
  }
  for (const auto& [name, alias] : aliases_) {
    if (!alias.used && alias.module != nullptr)
      unused.push_back({"import", name, alias.span});
  }
  std::ranges::sort(unused, {}, [](const Unused& one) { return one.span.begin; });
}

}  // namespace fleet::sema
