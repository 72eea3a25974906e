#include "dsl/sema/body.h"

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
  if (key == nullptr) {
    Diagnostic diagnostic = unknown("F104", name.span, "key", name.text, key_names(kind));
    diagnostic.message += " of " + ticked(kind.name);
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
      context.sink.add(unknown("F104", name.span, "kind of declaration", name.text, {}));
    } else {
      context.sink.add(
          error("F104", name.span, ticked(name.text) + " can't stand inside " + ticked(kind)));
    }
  }
}

bool LostLines::take(const ast::Body::Item& item) {
  if (item.block)
    lost_ = item.block->has_body ? nullptr : item.block.get();
  if (!item.assignment || lost_ == nullptr)
    return false;
  const schema::Kind* kind = schema::find_kind(lost_->kind.text);
  const bool steps = kind != nullptr && (kind->name == "flow" || kind->name == "pattern");
  return kind == nullptr || steps || schema::find_key(*kind, item.assignment->key.text) != nullptr;
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
  if (!block.has_body)
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
