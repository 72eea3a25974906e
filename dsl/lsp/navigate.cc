#include "dsl/lsp/navigate.h"

#include <algorithm>
#include <filesystem>

namespace fleet::lsp {
namespace {

std::string beside(const std::string& from, const std::string& path) {
  return (std::filesystem::path(from).parent_path() / path).lexically_normal().string();
}

Target target_of(const Snapshot& snapshot, Span origin, const Named& named,
                 std::size_t definition) {
  return {origin, file_span(snapshot, named.definitions[definition]),
          file_span(snapshot, named.wholes[definition])};
}

// The file of the first module that this `use` names.
std::optional<std::string> imported_path(const Snapshot& snapshot, SourceId source,
                                         const ast::Use& use) {
  const std::vector<sema::Module>& modules = snapshot.names().modules();
  const std::optional<std::size_t> module = snapshot.names().module_of(source);
  std::size_t index = 0;
  if (!module)
    return std::nullopt;
  for (const ast::File& file : modules[*module].files) {
    for (const ast::Body::Item& item : file.body.items) {
      if (!item.use)
        continue;
      if (item.use.get() == &use) {
        const auto& imports = modules[*module].imports;
        if (index >= imports.size() || !imports[index])
          return std::nullopt;
        return snapshot.path_of(modules[*imports[index]].files.front().source);
      }
      ++index;
    }
  }
  return std::nullopt;
}

// The path that an `identity` declares, where the string stands.
std::optional<Link> document_of(const Snapshot& snapshot, const ast::Block& block) {
  for (const ast::Body::Item& item : block.body.items) {
    if (!item.assignment || item.assignment->key.text != "file" ||
        item.assignment->value.atoms.empty())
      continue;
    const ast::Atom& atom = item.assignment->value.atoms.front();
    if (atom.kind != ast::Atom::Kind::kString || atom.parts.size() != 1 || atom.parts[0].hole)
      continue;
    return Link{atom.span, beside(snapshot.path_of(block.span.source), atom.parts[0].text),
                "Open the document"};
  }
  return std::nullopt;
}

void add_document(const Snapshot& snapshot, Span origin, const Named& named,
                  std::vector<Target>& found) {
  if (named.kind != NameKind::kIdentity || named.block == nullptr)
    return;
  if (const std::optional<Link> document = document_of(snapshot, *named.block))
    found.push_back({origin, {document->path, 0, 0}, {document->path, 0, 0}});
}

bool same_thing(const FileSpan& key, const Snapshot& other, const Named& named) {
  return file_span(other, named.definitions.front()) == key;
}

}  // namespace

FileSpan file_span(const Snapshot& snapshot, Span span) {
  return {snapshot.path_of(span.source), span.begin, span.end};
}

std::vector<Link> links(const Snapshot& snapshot, SourceId source) {
  std::vector<Link> found;
  const ast::File* const file = snapshot.file(source);
  if (file == nullptr)
    return found;
  for (const ast::Body::Item& item : file->body.items) {
    if (!item.use)
      continue;
    if (const auto path = imported_path(snapshot, source, *item.use))
      found.push_back({item.use->path_span, *path, "Open what is imported"});
  }
  for (const ast::Block* block : blocks_of(*file)) {
    if (block->kind.text != "identity")
      continue;
    if (const std::optional<Link> document = document_of(snapshot, *block))
      found.push_back(*document);
  }
  return found;
}

std::vector<Target> definition(const Snapshot& snapshot, SourceId source, std::uint32_t offset) {
  std::vector<Target> found;
  const Mention* const mention = snapshot.names().find(source, offset);
  if (mention == nullptr) {
    for (const Link& link : links(snapshot, source)) {
      if (contains(link.span, offset))
        found.push_back({link.span, {link.path, 0, 0}, {link.path, 0, 0}});
    }
    return found;
  }
  const Named& named = snapshot.names().at(mention->named);
  if (mention->defines)
    add_document(snapshot, mention->span, named, found);
  if (!found.empty())
    return found;
  for (std::size_t i = 0; i < named.definitions.size(); ++i)
    found.push_back(target_of(snapshot, mention->span, named, i));
  return found;
}

std::vector<Target> type_definition(const Snapshot& snapshot, SourceId source,
                                    std::uint32_t offset) {
  std::vector<Target> found;
  const Mention* const mention = snapshot.names().find(source, offset);
  if (mention == nullptr)
    return found;
  const Named& named = snapshot.names().at(mention->named);
  add_document(snapshot, mention->span, named, found);
  const auto add = [&](const Mention* one) {
    if (one == nullptr)
      return;
    const Named& type = snapshot.names().at(one->named);
    found.push_back(target_of(snapshot, mention->span, type, 0));
  };
  if (named.block != nullptr && named.block->base)
    add(snapshot.names().find(named.block->span.source, named.block->base->span.end));
  if (named.uses)
    found.push_back(target_of(snapshot, mention->span, snapshot.names().at(*named.uses), 0));
  for (const sema::Step* step : snapshot.steps(named)) {
    for (const sema::At<std::size_t>& agent : step->agents)
      add(snapshot.names().find(agent.span.source, agent.span.begin));
    break;
  }
  return found;
}

std::vector<Reference> references(Workspace& workspace, const Snapshot& snapshot, SourceId source,
                                  std::uint32_t offset) {
  std::vector<Reference> found;
  const Mention* const mention = snapshot.names().find(source, offset);
  if (mention == nullptr)
    return found;
  const Named& named = snapshot.names().at(mention->named);
  const FileSpan key = file_span(snapshot, named.definitions.front());
  const auto collect = [&](const Snapshot& other) {
    for (const Mention& one : other.names().mentions()) {
      if (same_thing(key, other, other.names().at(one.named)))
        found.push_back({file_span(other, one.span), one.defines});
    }
  };
  collect(snapshot);
  for (const auto& other : workspace.containing(key.path))
    collect(*other);
  std::ranges::sort(found, {}, &Reference::where);
  const auto repeats = std::ranges::unique(found, {}, &Reference::where);
  found.erase(repeats.begin(), repeats.end());
  return found;
}

std::vector<Mention> highlights(const Snapshot& snapshot, SourceId source, std::uint32_t offset) {
  std::vector<Mention> found;
  const Mention* const mention = snapshot.names().find(source, offset);
  if (mention == nullptr)
    return found;
  for (const Mention& one : snapshot.names().mentions()) {
    if (one.named == mention->named && one.span.source == source)
      found.push_back(one);
  }
  return found;
}

}  // namespace fleet::lsp
