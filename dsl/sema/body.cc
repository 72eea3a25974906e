#include "dsl/sema/body.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "dsl/sema/report.h"

namespace fleet::sema {
namespace {

std::vector<std::string> key_names(const schema::Kind& kind) {
  std::vector<std::string> names;
  for (const schema::Key& key : kind.keys)
    names.emplace_back(key.name);
  return names;
}

// The kind for a word that other languages have.
std::string_view meant_kind(std::string_view word) {
  struct Meant {
    std::string_view word;
    std::string_view kind;
  };
  constexpr std::array kMeant = {
      Meant{"def", "flow"},         Meant{"fn", "flow"},           Meant{"func", "flow"},
      Meant{"function", "flow"},    Meant{"workflow", "flow"},     Meant{"pipeline", "flow"},
      Meant{"job", "flow"},         Meant{"dag", "flow"},          Meant{"class", "role"},
      Meant{"struct", "role"},      Meant{"interface", "role"},    Meant{"type", "role"},
      Meant{"contract", "role"},    Meant{"bot", "agent"},         Meant{"worker", "agent"},
      Meant{"subagent", "agent"},   Meant{"assistant", "agent"},   Meant{"team", "fleet"},
      Meant{"crew", "fleet"},       Meant{"project", "fleet"},     Meant{"swarm", "fleet"},
      Meant{"person", "human"},     Meant{"user", "human"},        Meant{"secret", "credential"},
      Meant{"token", "credential"}, Meant{"model", "runtime"},     Meant{"provider", "runtime"},
      Meant{"engine", "runtime"},   Meant{"executor", "runtime"},  Meant{"macro", "pattern"},
      Meant{"template", "pattern"}, Meant{"document", "identity"}, Meant{"settings", "defaults"},
      Meant{"default", "defaults"},
  };
  const auto found = std::ranges::find(kMeant, word, &Meant::word);
  return found == kMeant.end() ? std::string_view() : found->kind;
}

// For a key that other tools have, or that another kind of declaration has.
void suggest_key(Diagnostic& diagnostic, const schema::Kind& kind, std::string_view word) {
  struct Meant {
    std::string_view word;
    std::string_view key;
  };
  constexpr std::array kMeant = {
      Meant{"prompt", "brief"},     Meant{"instructions", "brief"}, Meant{"description", "brief"},
      Meant{"system", "brief"},     Meant{"goal", "brief"},         Meant{"backstory", "brief"},
      Meant{"branch", "writes"},    Meant{"worktree", "writes"},    Meant{"workspace", "writes"},
      Meant{"verify", "accept"},    Meant{"check", "accept"},       Meant{"checks", "accept"},
      Meant{"test", "accept"},      Meant{"tests", "accept"},       Meant{"done_when", "accept"},
      Meant{"secrets", "grants"},   Meant{"credentials", "grants"}, Meant{"permissions", "grants"},
      Meant{"max_cost", "budget"},  Meant{"cost", "budget"},        Meant{"deadline", "timeout"},
      Meant{"max_time", "timeout"}, Meant{"cmd", "command"},        Meant{"exec", "command"},
      Meant{"run", "command"},      Meant{"type", "adapter"},       Meant{"provider", "adapter"},
      Meant{"repository", "repo"},  Meant{"git", "repo"},           Meant{"path", "file"},
      Meant{"trigger", "dispatch"}, Meant{"schedule", "dispatch"},  Meant{"output", "returns"},
      Meant{"environment", "env"},  Meant{"concurrency", "limits"}, Meant{"parallelism", "limits"},
  };
  for (const Meant& meant : kMeant) {
    if (meant.word == word && schema::find_key(kind, meant.key) != nullptr) {
      diagnostic.helps.push_back({"here it is " + ticked(meant.key) + ": `" +
                                      std::string(meant.key) + " = " +
                                      std::string(schema::find_key(kind, meant.key)->form) + "`",
                                  {},
                                  false});
      return;
    }
  }
  if (kind.name == "flow" && schema::find_clause(word) != nullptr) {
    diagnostic.helps.push_back(
        {"a clause stands behind its step: `a = dev(task) " + std::string(word) + " …`",
         {},
         false});
    return;
  }
  for (const schema::Kind& other : schema::kinds()) {
    if (schema::find_key(other, word) != nullptr) {
      diagnostic.helps.push_back({ticked(word) + " is a key of " + ticked(other.name), {}, false});
      return;
    }
  }
}

}  // namespace

Want want_of(const ast::Assignment& assignment) {
  return {ticked(assignment.key.text), assignment.key.span};
}

Origin origin_of(Context& context, Layer layer, const std::string& owner,
                 const ast::Assignment& assignment) {
  return {layer, owner, std::string(context.sources.text(assignment.value.span)),
          assignment.value.span, assignment.add};
}

const schema::Key* check_key(Context& context, const schema::Kind& kind,
                             const ast::Assignment& assignment, std::map<std::string, Span>& seen) {
  const ast::Ident& name = assignment.key;
  const schema::Key* key = schema::find_key(kind, name.text);
  if (key == nullptr && assignment.bound)
    return nullptr;
  if (key == nullptr) {
    Diagnostic diagnostic = unknown("F104", name.span, "key", name.text, key_names(kind));
    diagnostic.message += " of " + ticked(kind.name);
    if (diagnostic.helps.empty())
      suggest_key(diagnostic, kind, name.text);
    diagnostic.notes.push_back("keys of " + ticked(kind.name) + ": " +
                               listed(key_names(kind), "and"));
    context.sink.add(std::move(diagnostic));
    return nullptr;
  }
  const auto [first, fresh] = seen.emplace(name.text, name.span);
  if (!fresh) {
    Diagnostic diagnostic =
        error("F106", name.span, ticked(name.text) + " is set twice", "set again here");
    diagnostic.secondary.push_back({first->second, "first set here"});
    context.sink.add(std::move(diagnostic));
    return nullptr;
  }
  if (assignment.add && !key->list) {
    Diagnostic diagnostic =
        error("F202", name.span, "`+=` adds to a list, and " + ticked(name.text) + " is one value");
    diagnostic.helps.push_back({"write `" + name.text + " = …` to replace it", {}, false});
    context.sink.add(std::move(diagnostic));
    return nullptr;
  }
  return key;
}

void say_misplaced(Context& context, const ast::Body::Item& item, const std::string& kind) {
  if (item.use) {
    context.sink.add(error("F104", item.use->span,
                           "`use` stands at the top of a file, not inside " + ticked(kind)));
  } else if (item.block) {
    const ast::Ident& name = item.block->kind;
    if (schema::find_kind(name.text) == nullptr) {
      say_unknown_kind(context, *item.block, schema::find_kind(kind));
    } else {
      context.sink.add(
          error("F104", name.span, ticked(name.text) + " can't stand inside " + ticked(kind)));
    }
  }
}

bool has_unknown_key(const schema::Kind& kind, const ast::Body& body) {
  return std::ranges::any_of(body.items, [&](const ast::Body::Item& item) {
    const std::string* const name = item.assignment ? &item.assignment->key.text
                                    : item.block    ? &item.block->kind.text
                                                    : nullptr;
    return name != nullptr && schema::find_key(kind, *name) == nullptr
               ? item.assignment != nullptr
               : item.block != nullptr && schema::find_key(kind, *name) != nullptr;
  });
}

void say_unknown_kind(Context& context, const ast::Block& block, const schema::Kind* around) {
  const ast::Ident& name = block.kind;
  if (around != nullptr && block.has_body && schema::find_key(*around, name.text) != nullptr) {
    const schema::Key& key = *schema::find_key(*around, name.text);
    context.sink.withdraw(block.span);
    Diagnostic diagnostic = error("F104", name.span, ticked(name.text) + " is a key, not a block",
                                  "a key is set with `=`");
    diagnostic.helps.push_back(
        {"write `" + name.text + " = " + std::string(key.form) + "`", {}, false});
    context.sink.add(std::move(diagnostic));
    return;
  }
  if (block.misread || !block.has_body)
    return;  // what it is meant to be was asked already
  std::vector<std::string> kinds;
  for (const schema::Kind& one : schema::kinds())
    kinds.emplace_back(one.name);
  Diagnostic diagnostic = unknown("F104", name.span, "kind of declaration", name.text, kinds);
  const schema::Kind* const meant = schema::find_kind(meant_kind(name.text));
  if (meant != nullptr && diagnostic.helps.empty())
    diagnostic.helps.push_back({"here it is `" + std::string(meant->form) + "`", {}, false});
  else if (diagnostic.helps.empty())
    diagnostic.notes.push_back("declarations are " + listed(kinds, "and"));
  context.sink.add(std::move(diagnostic));
}

// A block without a body, or a loop without one, leaves its lines behind.
void LostLines::begin(const ast::Body::Item& item) {
  if (item.block) {
    kind_ = item.block->kind.text;
    header_ = item.block->has_body ? std::nullopt : std::optional(item.block->span);
    return;
  }
  if (!item.assignment || item.assignment->value.atoms.empty())
    return;
  const std::vector<ast::Atom>& atoms = item.assignment->value.atoms;
  const bool has_body = std::ranges::any_of(
      atoms, [](const ast::Atom& atom) { return atom.kind == ast::Atom::Kind::kBlock; });
  if (is_word(atoms.front(), "loop") && !has_body) {
    kind_ = "loop";
    header_ = item.assignment->span;
  }
}

bool LostLines::take_step(const ast::Body::Item& item) {
  const bool further_right =
      header_ && item.assignment && column(item.assignment->span) > column(*header_);
  if (!further_right)
    begin(item);
  return further_right;
}

bool LostLines::take(const ast::Body::Item& item) {
  const bool further_right =
      header_ && item.assignment && column(item.assignment->span) > column(*header_);
  if (further_right)
    return true;
  if (!item.assignment || !header_ || kind_ == "loop") {
    begin(item);
    return false;
  }
  const schema::Kind* kind = schema::find_kind(kind_);
  const bool steps = kind != nullptr && (kind->name == "flow" || kind->name == "pattern");
  const bool lost =
      kind == nullptr || steps || schema::find_key(*kind, item.assignment->key.text) != nullptr;
  if (!lost)
    begin(item);
  return lost;
}

void walk_keys(Context& context, const schema::Kind& kind, const ast::Body& body,
               const std::function<void(const schema::Key&, const ast::Assignment&)>& read) {
  std::map<std::string, Span> seen;
  for (const ast::Body::Item& item : body.items) {
    if (!item.assignment) {
      say_misplaced(context, item, std::string(kind.name));
      continue;
    }
    const schema::Key* key = check_key(context, kind, *item.assignment, seen);
    if (key != nullptr)
      read(*key, *item.assignment);
  }
}

void require_keys(Context& context, const schema::Kind& kind, const ast::Block& block,
                  const std::set<std::string>& further) {
  if (!block.has_body || has_unknown_key(kind, block.body))
    return;
  std::set<std::string> seen;
  for (const ast::Body::Item& item : block.body.items) {
    if (item.assignment)
      seen.insert(item.assignment->key.text);
  }
  for (const schema::Key& key : kind.keys) {
    const std::string name(key.name);
    if (!(key.required || further.contains(name)) || seen.contains(name))
      continue;
    const ast::Ident& owner = block.names.front();
    Diagnostic diagnostic =
        error("F108", owner.span,
              std::string(kind.name) + " " + ticked(owner.text) + " has no " + ticked(name));
    diagnostic.helps.push_back({"write `" + name + " = " + std::string(key.form) + "`", {}, false});
    context.sink.add(std::move(diagnostic));
  }
}

const schema::Word* read_word(Context& context, const schema::Key& key, Reader& reader) {
  std::vector<std::string> allowed;
  for (const schema::Word& word : key.words)
    allowed.emplace_back(word.text);
  if (reader.failed())
    return nullptr;
  if (reader.at_end() || !is_word(reader.peek())) {
    reader.fail(reader.want(), listed(allowed, "or"));
    return nullptr;
  }
  const ast::Atom& atom = reader.next();
  for (const schema::Word& word : key.words) {
    if (word.text == atom.text)
      return &word;
  }
  Diagnostic diagnostic = unknown("F202", atom.span, "value", atom.text, allowed);
  diagnostic.message += " of " + ticked(key.name);
  diagnostic.notes.push_back(ticked(key.name) + " is " + listed(allowed, "or"));
  context.sink.add(std::move(diagnostic));
  reader.give_up();
  return nullptr;
}

}  // namespace fleet::sema
