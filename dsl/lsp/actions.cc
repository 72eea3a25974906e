#include "dsl/lsp/actions.h"

#include <algorithm>

#include "dsl/driver/fix.h"
#include "dsl/lsp/navigate.h"

namespace fleet::lsp {
namespace {

std::vector<FileEdit> edits_of(const Snapshot& snapshot, const Help& help) {
  std::vector<FileEdit> edits;
  for (const TextEdit& edit : help.edits)
    edits.push_back({file_span(snapshot, edit.span), edit.replacement});
  return edits;
}

// Nobody can change the library, so a help that would is no action.
bool can_edit(const std::vector<FileEdit>& edits) {
  return !edits.empty() && std::ranges::none_of(edits, [](const FileEdit& edit) {
    return edit.where.path.starts_with("std/");
  });
}

bool touches(const Span& span, std::uint32_t begin, std::uint32_t end) {
  return span.begin <= end && begin <= span.end;
}

void add_fixes(const Snapshot& snapshot, SourceId source, std::uint32_t begin, std::uint32_t end,
               std::vector<Action>& found) {
  const std::vector<Diagnostic>& all = snapshot.diagnostics();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].primary.span.source != source || !touches(all[i].primary.span, begin, end))
      continue;
    for (const Help& help : all[i].helps) {
      std::vector<FileEdit> edits = edits_of(snapshot, help);
      if (can_edit(edits))
        found.push_back({help.text, "quickfix", std::move(edits), i, help.sound});
    }
  }
}

// As `fleetc fix` would in one pass, for this file.
void add_fix_all(const Snapshot& snapshot, SourceId source, std::vector<Action>& found) {
  const auto allowed = [&](const Diagnostic& diagnostic, const Help& help) {
    return diagnostic.primary.span.source == source && can_edit(edits_of(snapshot, help));
  };
  Action all{"Apply all sound fixes", "source.fixAll", {}};
  for (const SoundFix& one : sound_fixes(snapshot.diagnostics(), allowed)) {
    const std::vector<FileEdit> edits = edits_of(snapshot, *one.help);
    all.edits.insert(all.edits.end(), edits.begin(), edits.end());
  }
  if (!all.edits.empty())
    found.push_back(std::move(all));
}

std::string indent_of(std::string_view text, std::uint32_t offset) {
  std::size_t begin = text.rfind('\n', offset == 0 ? 0 : offset - 1);
  begin = begin == std::string_view::npos ? 0 : begin + 1;
  const std::size_t end = std::min<std::size_t>(text.find_first_not_of(" \t", begin), offset);
  return std::string(text.substr(begin, end - begin));
}

// `agent a, b : base { … }` to `role a_role : base { … }` above `agent a, b : a_role {}`.
void add_extract(const Snapshot& snapshot, SourceId source, std::uint32_t begin, std::uint32_t end,
                 std::vector<Action>& found) {
  const ast::File* const file = snapshot.file(source);
  if (file == nullptr)
    return;
  for (const ast::Block* block : blocks_of(*file)) {
    const bool here = block->kind.text == "agent" && touches(block->header, begin, end);
    if (!here || block->names.empty() || !block->base || !block->has_body ||
        block->body.items.empty())
      continue;
    const std::string_view text = snapshot.sources().get(source).text();
    std::string name = block->names.front().text + "_role";
    const auto& visible = snapshot.names().visible(*snapshot.names().module_of(source));
    while (visible.contains(name))
      name += "_";
    const std::string& path = snapshot.path_of(source);
    const Span base = block->base->span;
    const Span body = block->body.span;
    Action action{"Extract role `" + name + "`", "refactor.extract", {}};
    action.edits.push_back({{path, block->span.begin, block->span.begin},
                            "role " + name + " : " + std::string(snapshot.sources().text(base)) +
                                " " + std::string(snapshot.sources().text(body)) + "\n\n" +
                                indent_of(text, block->span.begin)});
    action.edits.push_back({{path, base.begin, base.end}, name});
    action.edits.push_back({{path, body.begin, body.end}, "{}"});
    found.push_back(std::move(action));
  }
}

}  // namespace

std::vector<Action> actions(const Snapshot& snapshot, SourceId source, std::uint32_t begin,
                            std::uint32_t end) {
  std::vector<Action> found;
  add_fixes(snapshot, source, begin, end, found);
  add_fix_all(snapshot, source, found);
  add_extract(snapshot, source, begin, end, found);
  return found;
}

}  // namespace fleet::lsp
