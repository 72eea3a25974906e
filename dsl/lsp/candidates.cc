#include "dsl/lsp/candidates.h"

#include <algorithm>
#include <array>

#include "dsl/driver/stdlib_files.h"
#include "dsl/sema/steps.h"
#include "dsl/syntax/parse.h"

namespace fleet::lsp {
namespace {

// What a value mostly begins with, as a snippet.
std::string snippet_of(const schema::Key& key) {
  const std::string_view name = key.name;
  if (!key.words.empty())
    return {};
  if (name == "repo")
    return "git(\"${1:.}\", base: ${2:main})";
  if (name == "writes")
    return "worktree(\"${1:task/{task\\}}\")";
  if (name == "accept")
    return "[\"${1:make test}\" passes]";
  if (name == "escalation")
    return "${1:human} within ${2:1h}";
  if (key.form.starts_with('['))
    return "[$1]";
  if (key.form.starts_with('"'))
    return "\"$1\"";
  return {};
}

std::string module_of_file(std::string_view path) {
  std::string module = "std." + std::string(path.substr(0, path.find_last_of('/')));
  std::ranges::replace(module, '/', '.');
  return module;
}

}  // namespace

CompletionShape shape_of_name(NameKind kind) {
  switch (kind) {
    case NameKind::kRole: return CompletionShape::kInterface;
    case NameKind::kAgent: return CompletionShape::kClass;
    case NameKind::kFlow:
    case NameKind::kPattern: return CompletionShape::kFunction;
    case NameKind::kModule: return CompletionShape::kModule;
    case NameKind::kIdentity: return CompletionShape::kFile;
    case NameKind::kStep:
    case NameKind::kParameter:
    case NameKind::kItem: return CompletionShape::kVariable;
    default: return CompletionShape::kConstant;
  }
}

Candidates::Candidates(const Snapshot& snapshot, SourceId source, std::uint32_t offset,
                       std::uint32_t end)
    : snapshot_(snapshot),
      source_(source),
      offset_(offset),
      rest_(snapshot.sources().size() == 0 ? std::string_view()
                                           : snapshot.sources().get(source).text()),
      module_(snapshot.names().module_of(source).value_or(0)),
      locals_(snapshot.names().locals(source, offset)),
      words_(snapshot) {
  rest_ = rest_.substr(std::min<std::size_t>(end, rest_.size()));
}

bool Candidates::followed_by(char sign) const {
  return rest_.starts_with(sign);
}

bool Candidates::ends_line() const {
  const std::size_t next = rest_.find_first_not_of(" \t\r");
  return next == std::string_view::npos ||
         std::string_view("\n}];,)").find(rest_[next]) != std::string_view::npos ||
         rest_.substr(next).starts_with("//");
}

const std::size_t* Candidates::find(const std::string& name) const {
  const auto local = locals_.find(name);
  if (local != locals_.end())
    return &local->second;
  if (snapshot_.names().modules().empty())
    return nullptr;
  const auto& visible = snapshot_.names().visible(module_);
  const auto found = visible.find(name);
  return found == visible.end() ? nullptr : &found->second;
}

const ast::Block* Candidates::block_of(std::uint32_t body) const {
  const ast::File* const file = snapshot_.file(source_);
  for (const ast::Block* block :
       file == nullptr ? std::vector<const ast::Block*>() : blocks_of(*file)) {
    if (block->has_body && block->body.span.begin == body)
      return block;
  }
  return nullptr;
}

bool Candidates::can_work(std::size_t index) const {
  if (named(index).kind != NameKind::kRole)
    return true;
  const sema::Agent* const role = snapshot_.agent(named(index));
  return role == nullptr || role->broken || role->contract.runtime ||
         role->contract.broken.contains("runtime");
}

void Candidates::add(Completion item) {
  if (labels_.insert(item.label).second)
    items_.push_back(std::move(item));
}

void Candidates::word(std::string_view text, CompletionShape shape, std::string_view detail) {
  Completion item;
  item.label = std::string(text);
  item.shape = shape;
  item.detail = std::string(detail);
  add(std::move(item));
}

void Candidates::snippet(std::string_view label, std::string_view detail,
                         std::string_view snippet) {
  Completion item;
  item.label = std::string(label);
  item.shape = CompletionShape::kSnippet;
  item.detail = std::string(detail);
  item.snippet = std::string(snippet);
  add(std::move(item));
}

void Candidates::row(std::string_view label, std::string_view form, std::string_view doc,
                     std::string_view snippet) {
  Completion item;
  item.label = std::string(label);
  item.detail = std::string(form);
  item.doc = std::string(doc);
  item.snippet = std::string(snippet);
  add(std::move(item));
}

void Candidates::kind(const schema::Kind& kind) {
  const std::string name(kind.name);
  std::string body = " {\n  $0\n}";
  if (kind.name == "defaults")
    body = "defaults" + body;
  else if (kind.name == "test")
    body = "test \"${1:what holds}\"" + body;
  else if (kind.name == "agent")
    body = "agent ${1:name} : ${2:role}" + body;
  else if (kind.name == "identity")
    body = "identity ${1:name} v${2:1}" + body;
  else
    body = name + " ${1:name}" + body;
  row(name, kind.form, kind.doc, body);
  if (!items_.empty() && items_.back().label == name)
    items_.back().rank = 2;
}

void Candidates::key(const schema::Key& key, bool set) {
  if (set)
    return;
  Completion item;
  item.label = std::string(key.name);
  item.shape = CompletionShape::kProperty;
  item.detail = std::string(key.form);
  item.doc = std::string(key.doc);
  item.text = item.label + " = ";
  const std::string value = snippet_of(key);
  if (!value.empty())
    item.snippet = item.text + value;
  item.rank = key.required ? 0 : 1;
  add(std::move(item));
}

void Candidates::name(const std::string& label, std::size_t named, const std::string& text) {
  const Named& what = this->named(named);
  Completion item;
  item.label = label;
  item.shape = shape_of_name(what.kind);
  item.detail = word_of(what.kind);
  item.named = named;
  item.text = text;
  item.rank = 0;
  add(std::move(item));
}

void Candidates::names(const std::set<NameKind>& kinds, const std::string& after) {
  if (snapshot_.names().modules().empty())
    return;
  for (const auto& [label, index] : snapshot_.names().visible(module_)) {
    const bool works = !kinds.contains(NameKind::kAgent) || can_work(index);
    if (kinds.contains(named(index).kind) && works && !left_out_.contains(label))
      name(label, index, after.empty() ? std::string() : label + after);
    if (named(index).kind == NameKind::kModule)
      behind_alias(label, kinds, after);
  }
}

// `r.builder`; where a dot follows, the alias alone.
void Candidates::behind_alias(const std::string& alias, const std::set<NameKind>& kinds,
                              const std::string& after) {
  const auto module = snapshot_.names().module_of(snapshot_.names().visible(module_).at(alias));
  if (!module)
    return;
  for (const auto& [label, index] : snapshot_.names().visible(*module)) {
    const bool works = !kinds.contains(NameKind::kAgent) || can_work(index);
    if (!kinds.contains(named(index).kind) || named(index).module != *module || !works)
      continue;
    if (followed_by('.'))
      word(alias, CompletionShape::kModule, "module");
    else
      name(alias + "." + label, index, after.empty() ? std::string() : alias + "." + label + after);
  }
}

void Candidates::exported(const std::string& alias, const std::set<NameKind>& kinds,
                          const std::string& after) {
  const std::size_t* const found = find(alias);
  const auto module = found == nullptr ? std::nullopt : snapshot_.names().module_of(*found);
  if (!module)
    return;
  for (const auto& [label, index] : snapshot_.names().visible(*module)) {
    if (kinds.contains(named(index).kind) && named(index).module == *module)
      name(label, index, after.empty() ? std::string() : label + after);
  }
}

// `, name` in the `use` of that module, or a new one at the top.
FileEdit Candidates::import_of(const std::string& module, const std::string& name) const {
  const ast::File* const file = snapshot_.file(source_);
  std::uint32_t top = 0;
  for (const ast::Body::Item& item :
       file == nullptr ? std::vector<ast::Body::Item>() : file->body.items) {
    if (item.use && item.use->path == module && !item.use->names.empty()) {
      const std::uint32_t end = item.use->names.back().span.end;
      return {{path(), end, end}, ", " + name};
    }
    const Span first = item.use          ? item.use->span
                       : item.block      ? item.block->span
                       : item.assignment ? item.assignment->span
                                         : Span{};
    if (top == 0)
      top = first.begin;
  }
  // Above the documentation of what stands first.
  const std::string_view text = snapshot_.sources().get(source_).text();
  while (top > 0) {
    const std::size_t end = top - 1;
    const std::size_t before = end == 0 ? std::string_view::npos : text.rfind('\n', end - 1);
    const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
    if (!text.substr(begin).starts_with("//"))
      break;
    top = static_cast<std::uint32_t>(begin);
  }
  return {{path(), top, top}, "use " + module + " (" + name + ")\n"};
}

void Candidates::roles(bool library) {
  names({NameKind::kRole});
  if (!library)
    return;
  for (const StdlibFile& file : stdlib_files()) {
    SourceMap sources;
    DiagnosticSink ignored;
    const SourceId source = sources.add("std", std::string(file.text));
    for (const ast::Body::Item& item : syntax::parse(sources, source, ignored).body.items) {
      if (!item.block || item.block->kind.text != "role" || item.block->names.empty())
        continue;
      const std::string module = module_of_file(file.path);
      Completion one;
      one.label = item.block->names.front().text;
      one.shape = CompletionShape::kInterface;
      one.detail = "role of " + module + " (imports it)";
      one.doc = item.block->doc;
      one.rank = 2;
      one.further.push_back(import_of(module, one.label));
      add(std::move(one));
    }
  }
}

void Candidates::events(std::string_view prefix) {
  for (const schema::Entry& event : schema::events()) {
    const std::string_view name = event.name;
    const bool request = name.starts_with("pr.");
    if (prefix == "pr" && request)
      row(name.substr(3), event.form, event.doc, {});
    if (!prefix.empty())
      continue;
    if (name == "file")
      row(name, event.form, event.doc, "file(\"${1:docs/**}\")");
    else if (name == "message" || request)
      row(name, event.form, event.doc, {});
    else
      row(name, event.form, event.doc, std::string(name) + ".${1:name}");
  }
}

void Candidates::version(std::string_view name) {
  std::uint32_t version = 1;
  for (const sema::Identity& identity : snapshot_.model().identities) {
    if (identity.name == name && identity.version != 0)
      version = identity.version;
  }
  const schema::Entry& form = *schema::find_form("version");
  row("v" + std::to_string(version), form.form, form.doc, {});
}

void Candidates::holes(bool in_flow) {
  for (const auto& [label, index] : locals_) {
    if (named(index).kind == NameKind::kParameter)
      name(label, index);
  }
  if (!in_flow) {
    for (const Named& one : snapshot_.names().all()) {
      if (one.kind == NameKind::kParameter)
        word(one.name, CompletionShape::kVariable, "parameter of a flow");
    }
  }
  for (const schema::Entry& hole : schema::holes())
    row(hole.name, hole.form, hole.doc, {});
}

void Candidates::importable(const std::vector<Cursor::Token>& use) {
  const ast::File* const file = snapshot_.file(source_);
  if (file == nullptr || use.empty() || snapshot_.names().modules().empty())
    return;
  const sema::Module& module = snapshot_.names().modules()[module_];
  std::size_t index = 0;
  for (const ast::File& one : module.files) {
    for (const ast::Body::Item& item : one.body.items) {
      if (!item.use)
        continue;
      const bool here = item.use->span.begin == use.front().offset && one.source == source_;
      if (here && index < module.imports.size() && module.imports[index]) {
        for (const auto& [label, named_index] : snapshot_.names().visible(*module.imports[index])) {
          const Named& what = named(named_index);
          const bool local = what.module == *module.imports[index];
          const bool said =
              std::ranges::find(item.use->names, label, &ast::Ident::text) != item.use->names.end();
          if (local && !said && what.kind != NameKind::kModule && what.kind != NameKind::kFlow)
            name(label, named_index);
        }
      }
      ++index;
    }
  }
}

void Candidates::library_modules() {
  for (const StdlibFile& file : stdlib_files())
    word(module_of_file(file.path).substr(4), CompletionShape::kModule, "standard library");
}

}  // namespace fleet::lsp
