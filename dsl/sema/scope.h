// The names that one module can use: its declarations, what `use` brings in, and aliases of whole
// modules. One name means one thing in a module, except that a fleet's own name is apart.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "dsl/base/diagnostic.h"
#include "dsl/sema/model.h"
#include "dsl/syntax/ast.h"

namespace fleet::sema {

class Scope;

// What a use of a pattern is made from; parallel to Model::patterns. Only while the modules live.
struct PatternText {
  const ast::Block* block = nullptr;
  Scope* home = nullptr;  // what the names in it mean
};

// What every part of the analysis works on.
struct Context {
  SourceMap& sources;
  DiagnosticSink& sink;
  Model& model;
  std::vector<PatternText> patterns = {};
  // Of a use, by its place and the pattern.
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::size_t>, SourceId> expansions = {};
  bool said_long_text = false;  // that a text with its holes filled is too long
};

struct Symbol {
  enum class Kind {
    kRole,
    kAgent,
    kRuntime,
    kFlow,
    kHuman,
    kCredential,
    kIdentity,
    kPattern,
    kUnknown  // declared, but not readable, which was reported: asks no questions
  };
  Kind kind = Kind::kUnknown;
  std::size_t index = 0;  // into the model's vector of that kind; kRole and kAgent share `agents`
  Span span;              // of the name where it is declared
};

// F107 and true for `v2`, which reads as a version wherever it stands alone.
bool is_version_name(Context& context, const ast::Ident& name);

class Scope {
 public:
  // F107 when the module has the name already. `what` is for F105: "role", "import", …; empty:
  // never reported as unused.
  bool declare(Context& context, const ast::Ident& name, Symbol symbol, const std::string& what);
  bool declare_import(Context& context, const ast::Ident& name, Symbol symbol);
  // What a name may mean that an import would have brought, had it been readable: asks no question
  // where nothing else is called that. Empty: any name.
  void assume(const std::string& name) { assumed_.insert(name); }
  void declare_alias(Context& context, const ast::Ident& name, const Scope* module);

  // The symbol of a plain or qualified name, marked as used. nullptr: reported here, unless the
  // name is one that asks no questions.
  const Symbol* resolve(Context& context, const std::vector<ast::Ident>& path, Span span,
                        const std::vector<Symbol::Kind>& wanted);
  // As `resolve`, without a word and without a mark.
  const Symbol* find(const std::vector<ast::Ident>& path) const;
  // What a `use` of this module can name: its own declarations. nullptr: nothing, and nothing is
  // reported.
  const Symbol* exported(const std::string& name) const;
  std::vector<std::string> exported_names(const std::vector<Symbol::Kind>& kinds) const;

  // Appends what nothing refers to, in order of the text.
  void collect_unused(std::vector<Unused>& unused) const;

 private:
  struct Entry {
    Symbol symbol;
    Span span;  // where this module says the name
    std::string what;
    bool imported = false;
    bool used = false;
  };
  struct Alias {
    const Scope* module = nullptr;  // nullptr: could not be read, which was reported
    Span span;
    bool used = false;
  };
  bool taken(Context& context, const ast::Ident& name) const;
  void declare_unknown(const ast::Ident& name) {
    names_.emplace(name.text, Entry{{Symbol::Kind::kUnknown, 0, name.span}, name.span, ""});
  }
  std::vector<std::string> names_of(const std::vector<Symbol::Kind>& kinds, bool imported) const;

  std::map<std::string, Entry> names_;
  bool is_assumed(const std::string& name) const {
    return assumed_.contains(name) || assumed_.contains("");
  }

  std::map<std::string, Alias> aliases_;
  std::set<std::string> assumed_;
};

}  // namespace fleet::sema
