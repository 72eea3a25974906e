#include "dsl/lsp/signature.h"

#include <algorithm>

#include "dsl/lsp/cursor.h"
#include "dsl/schema/schema.h"
#include "dsl/syntax/tree.h"

namespace fleet::lsp {
namespace {

// What stands between the brackets of the form, cut at its commas.
void find_parameters(Signature& signature) {
  const std::size_t open = signature.label.find_first_of("([");
  std::size_t begin = open + 1;
  int depth = 0;
  for (std::size_t i = open; open != std::string::npos && i < signature.label.size(); ++i) {
    const char c = signature.label[i];
    depth += c == '(' || c == '[' ? 1 : c == ')' || c == ']' ? -1 : 0;
    const bool ends = (c == ',' && depth == 1) || depth == 0;
    if (!ends)
      continue;
    while (begin < i && signature.label[begin] == ' ')
      ++begin;
    if (begin < i)
      signature.parameters.emplace_back(begin, i);
    begin = i + 1;
    if (depth == 0)
      return;
  }
}

Signature make(std::string_view label, std::string_view doc, std::size_t active) {
  Signature signature{std::string(label), std::string(doc), {}, 0};
  find_parameters(signature);
  const std::size_t last = signature.parameters.empty() ? 0 : signature.parameters.size() - 1;
  signature.active = std::min(active, last);
  return signature;
}

// Of a call of an agent or a pattern: the holes of its templates are what the arguments fill.
std::optional<Signature> call_of(const Snapshot& snapshot, SourceId source,
                                 const Cursor::Bracket& bracket) {
  const Names& names = snapshot.names();
  const std::optional<std::size_t> module = names.module_of(source);
  if (!module)
    return std::nullopt;
  const std::size_t dot = bracket.call.find('.');
  const auto& visible = names.visible(*module);
  auto found = visible.find(bracket.call.substr(0, dot));
  if (found == visible.end())
    return std::nullopt;
  if (dot != std::string::npos) {
    const std::optional<std::size_t> other = names.module_of(found->second);
    if (!other)
      return std::nullopt;
    found = names.visible(*other).find(bracket.call.substr(dot + 1));
    if (found == names.visible(*other).end())
      return std::nullopt;
  }
  const Named& named = names.at(found->second);
  if (named.kind == NameKind::kPattern && named.block != nullptr) {
    std::string label = bracket.call + "(";
    for (const ast::Parameter& parameter : named.block->parameters)
      label += (label.ends_with('(') ? "" : ", ") + parameter.name.text;
    return make(label + ")", named.doc, bracket.argument);
  }
  return make(bracket.call + "(task, build.diff or verdict.findings, …)",
              named.doc.empty() ? "The first argument is the task's text; a step's output is "
                                  "where the work starts."
                                : named.doc,
              bracket.argument);
}

std::optional<Signature> bracket_of(const Snapshot& snapshot, SourceId source,
                                    const Cursor& cursor) {
  const Cursor::Bracket& bracket = cursor.brackets.back();
  if (const schema::StepForm* const form =
          bracket.call.empty() ? nullptr : schema::find_step(bracket.call))
    return make(form->form, form->doc, bracket.argument);
  if (const schema::Entry* const entry = schema::find_source(bracket.call))
    return make(entry->form, entry->doc, bracket.argument);
  if (bracket.call == "route")
    return make("route(x.FIELD, VALUE: AGENT, else: AGENT)",
                "Chooses the agent by a field of the item.", bracket.argument);
  return call_of(snapshot, source, bracket);
}

}  // namespace

std::optional<Signature> signature(const Snapshot& snapshot, SourceId source,
                                   std::uint32_t offset) {
  const Cursor cursor = find_cursor(snapshot.tree(source), offset);
  using Where = Cursor::Where;
  if (cursor.where == Where::kHeader) {
    const schema::Kind* const kind = schema::find_kind(cursor.before.front().text);
    return kind == nullptr ? std::nullopt : std::optional(make(kind->form, kind->doc, 0));
  }
  if (cursor.where != Where::kValue && cursor.where != Where::kString)
    return std::nullopt;
  if (cursor.in_flow() && cursor.key != "accept") {
    if (!cursor.brackets.empty())
      return bracket_of(snapshot, source, cursor);
    const std::string_view head = cursor.before.size() > 2 ? cursor.before[2].text : "";
    const schema::StepForm* const form = head.empty() ? nullptr : schema::find_step(head);
    return form == nullptr ? std::nullopt : std::optional(make(form->form, form->doc, 0));
  }
  const schema::Kind* const kind = schema::find_kind(cursor.kind());
  const schema::Key* const key = kind == nullptr ? nullptr : schema::find_key(*kind, cursor.key);
  if (key == nullptr)
    return std::nullopt;
  const std::size_t active = cursor.brackets.empty() ? 0 : cursor.brackets.front().argument;
  return make(std::string(key->name) + " = " + std::string(key->form), key->doc, active);
}

}  // namespace fleet::lsp
