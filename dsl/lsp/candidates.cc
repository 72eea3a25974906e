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

std::string module_of_file(std::string_view path) {
  std::string module = "std." + std::string(path.substr(0, path.find_last_of('/')));
  std::ranges::replace(module, '/', '.');
  return module;
}

}  // namespace

Candidates::Candidates(const Snapshot& snapshot, SourceId source, std::uint32_t offset)
    : snapshot_(snapshot),
      source_(source),
      offset_(offset),
      module_(snapshot.names().module_of(source).value_or(0)),
      locals_(snapshot.names().locals(source, offset)) {}

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
    if (kinds.contains(named(index).kind))
      name(label, index, after.empty() ? std::string() : label + after);
    if (named(index).kind == NameKind::kModule)
      word(label, CompletionShape::kModule, "module");
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

void Candidates::calls() {
  names({NameKind::kAgent, NameKind::kRole, NameKind::kPattern}, "(");
}

void Candidates::steps() {
  for (const auto& [label, index] : locals_) {
    if (named(index).kind == NameKind::kStep)
      name(label, index);
  }
}

void Candidates::parameters() {
  for (const auto& [label, index] : locals_) {
    if (named(index).kind != NameKind::kStep)
      name(label, index);
  }
}

void Candidates::outputs(bool only_branch) {
  word("branch", CompletionShape::kField, "the commit that the step made");
  if (only_branch)
    return;
  word("diff", CompletionShape::kField, "what the step changed");
  word("findings", CompletionShape::kField, "what the review wants changed");
}

// Those that the step can fire, where it is known what it is.
void Candidates::edges(const std::string& step) {
  std::set<std::string_view> fitting{"done", "failed"};
  const std::size_t* const found = find(step);
  const auto steps =
      found == nullptr ? std::vector<const sema::Step*>() : snapshot_.steps(named(*found));
  if (steps.empty() || steps.front()->broken) {
    for (const schema::Entry& edge : schema::edges())
      fitting.insert(edge.name);
  } else {
    const sema::Step& one = *steps.front();
    const auto returns_verdicts = [&](const sema::Step& task) {
      return std::ranges::any_of(task.agents, [&](const sema::At<std::size_t>& agent) {
        return snapshot_.model().agents[agent.value].gives_verdicts();
      });
    };
    switch (one.kind) {
      case sema::StepKind::kTask:
        if (returns_verdicts(one))
          fitting.insert({"approved", "changes_requested"});
        else
          fitting.insert("accepted");
        break;
      case sema::StepKind::kFanout: fitting.insert({"accepted", "some_accepted"}); break;
      case sema::StepKind::kRun: fitting.insert("accepted"); break;
      case sema::StepKind::kMerge: fitting.insert("merged"); break;
      case sema::StepKind::kHuman: fitting.insert({"approved", "changes_requested"}); break;
      case sema::StepKind::kLoop: fitting.insert("approved"); break;
      default: fitting.insert({"accepted", "approved", "changes_requested"}); break;
    }
  }
  // What is skipped has not failed.
  const bool skipped = !steps.empty() && !steps.front()->broken &&
                       steps.front()->otherwise == plan::Otherwise::kSkip &&
                       steps.front()->kind != sema::StepKind::kFanout;
  if (skipped)
    fitting.erase("failed");
  for (const schema::Entry& edge : schema::edges()) {
    if (fitting.contains(edge.name))
      row(edge.name, edge.form, edge.doc, {});
  }
}

bool Candidates::pattern_arguments(const std::string& call, const std::string& argument) {
  const std::size_t dot = call.rfind('.');
  const std::string last = dot == std::string::npos ? call : call.substr(dot + 1);
  const auto& patterns = snapshot_.model().patterns;
  const auto pattern = std::ranges::find(patterns, last, &sema::Pattern::name);
  const std::size_t* const found = find(call);
  const bool known =
      dot != std::string::npos || (found != nullptr && named(*found).kind == NameKind::kPattern);
  if (pattern == patterns.end() || !known)
    return false;
  if (argument.empty()) {
    for (const sema::At<std::string>& one : pattern->parameters)
      snippet(one.value, "parameter of " + last, one.value + ": ${1}");
  }
  parameters();
  steps();
  names({NameKind::kAgent, NameKind::kRole, NameKind::kHuman});
  for (const schema::Entry& source : schema::sources())
    row(source.name, source.form, source.doc, std::string(source.name) + "($1)");
  return true;
}

bool Candidates::steps_within(const std::string& use) {
  const sema::Flow* const flow = snapshot_.flow_around(source_, offset_);
  if (flow == nullptr ||
      std::ranges::find(flow->steps, use, &sema::Step::name) != flow->steps.end())
    return false;
  bool within = false;
  const std::string prefix = use + ".";
  for (const sema::Step& step : flow->steps) {
    const std::string rest = step.name.starts_with(prefix) ? step.name.substr(prefix.size()) : "";
    const std::string name = rest.substr(0, rest.find_first_of(".#"));
    if (name.empty())
      continue;
    word(name, CompletionShape::kVariable, "step of the pattern");
    within = true;
  }
  return within;
}

void Candidates::events(std::string_view prefix) {
  if (prefix == "pr") {
    word("opened", CompletionShape::kEvent, "a pull request was opened");
    word("updated", CompletionShape::kEvent, "a pull request was changed");
    return;
  }
  if (!prefix.empty())
    return;
  snippet("task", "task.NAME", "task.${1:name}");
  word("pr.opened", CompletionShape::kEvent, "a pull request was opened");
  word("pr.updated", CompletionShape::kEvent, "a pull request was changed");
  snippet("finding", "finding.LABEL", "finding.${1:label}");
  word("message", CompletionShape::kEvent, "a message came");
  snippet("file", "file(\"glob\")", "file(\"${1:docs/**}\")");
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
