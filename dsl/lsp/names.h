// Every name of a file and of what it imports: what it stands for, and everywhere it is said, holes
// of strings included. Read from the syntax trees by the language's rules of scope alone, so that
// it also answers where the text around a name is broken. Knows nothing of what a value means.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dsl/base/source.h"
#include "dsl/sema/analyze.h"
#include "dsl/syntax/ast.h"

namespace fleet::lsp {

enum class NameKind {
  kFleet,
  kRole,
  kAgent,
  kRuntime,
  kHuman,
  kCredential,
  kIdentity,
  kFlow,
  kPattern,
  kTest,
  kStep,
  kParameter,
  kItem,    // the variable of a fan-out
  kModule,  // `r` in `use std.roles as r`
};

// "role", "step", "item of a fan-out", …
const char* word_of(NameKind kind);

// What a name stands for. A step that the body of a loop sets again is one thing with several
// definitions; so is a parameter that the holes of a contract share between flows.
struct Named {
  NameKind kind = NameKind::kStep;
  std::string name;
  std::vector<Span> definitions;  // of the name itself, the first one first; never empty
  std::vector<Span> wholes;       // of what each of them defines, with its value or body
  std::string doc;
  std::size_t module = 0;                        // that declares it
  const ast::Block* block = nullptr;             // of a declaration; of a parameter, its flow
  const ast::Assignment* step = nullptr;         // kStep, kItem: the step that defines it first
  std::vector<const ast::Assignment*> settings;  // kStep: of each definition
  std::optional<std::size_t> uses;               // kStep: the pattern that it is a use of
  std::optional<std::size_t> inside;             // the flow, pattern or loop's step around it

  const Span& whole() const { return wholes.front(); }
};

bool is_loop(const Named& named);

struct Mention {
  Span span;
  std::size_t named = 0;
  bool defines = false;
};

// Names that a stretch of text can use beside those of its module: of a flow, or a loop's body.
struct LocalScope {
  Span span;
  std::optional<std::size_t> outer;  // into the list of scopes
  std::map<std::string, std::size_t> names;
};

// Points into the sources and modules, which outlive it.
class Names {
 public:
  // As `sema::analyze` takes them: an import before its user, the file itself last.
  Names(const SourceMap& sources, const std::vector<sema::Module>& modules);

  const std::vector<Named>& all() const { return all_; }
  const Named& at(std::size_t index) const { return all_[index]; }
  // In the order of source and text.
  const std::vector<Mention>& mentions() const { return mentions_; }
  // The mention that touches the offset; nullptr: none does.
  const Mention* find(SourceId source, std::uint32_t offset) const;
  // What the module's own text can say: its declarations, imports and aliases.
  const std::map<std::string, std::size_t>& visible(std::size_t module) const {
    return scopes_[module];
  }
  const LocalScope* local_scope(SourceId source, std::uint32_t offset) const;
  // Steps, parameters and items in reach there, by name.
  std::map<std::string, std::size_t> locals(SourceId source, std::uint32_t offset) const;
  // What a use of the pattern has after its dot, and what it names in its brackets: the pattern's
  // steps and parameters. Of a flow likewise. nullptr: it is neither.
  const std::map<std::string, std::size_t>* within(std::size_t flow) const;
  // The step of that name in a use of a pattern, or in the body of a loop.
  std::optional<std::size_t> step_within(std::size_t outer, const std::string& name) const;
  // The module that an alias stands for; empty: it could not be read.
  std::optional<std::size_t> module_of(std::size_t alias) const;
  std::optional<std::size_t> module_of(SourceId source) const;
  const std::vector<sema::Module>& modules() const { return modules_; }

 private:
  friend class NameWalk;

  const SourceMap& sources_;
  const std::vector<sema::Module>& modules_;
  std::vector<Named> all_;
  std::vector<Mention> mentions_;
  std::vector<std::map<std::string, std::size_t>> scopes_;  // by module
  std::vector<LocalScope> locals_;
  std::map<std::size_t, std::size_t> aliases_;  // index of a kModule -> module
  std::map<std::size_t, std::size_t> bodies_;   // of a kFlow or kPattern -> into locals_
};

}  // namespace fleet::lsp
