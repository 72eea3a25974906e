#include "dsl/lsp/completion.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <utility>

#include "dsl/lsp/candidates.h"

namespace fleet::lsp {
namespace {

class Completer {
  using Where = Cursor::Where;

 public:
  Completer(Workspace& workspace, const Snapshot& snapshot, SourceId source, std::uint32_t offset)
      : workspace_(workspace),
        tree_(snapshot.tree(source)),
        cursor_(find_cursor(tree_, offset)),
        out_(snapshot, source, offset, cursor_.word_end) {
    result_.replaced = {source, cursor_.word_begin, cursor_.word_end};
  }

  Completions run() {
    switch (cursor_.where) {
      case Where::kNothing: break;
      case Where::kStatement: statement(); break;
      case Where::kHeader: header(); break;
      case Where::kUse: use(); break;
      case Where::kString: string(); break;
      case Where::kValue:
        if (cursor_.in_flow() && cursor_.key != "accept")
          FlowCandidates(cursor_, out_).run();
        else
          KeyCandidates(cursor_, out_).run();
        break;
    }
    result_.items = out_.take();
    return std::move(result_);
  }

 private:
  void statement() {
    if (cursor_.around.empty()) {
      out_.snippet("use", "use std.roles (…)", "use std.${1:roles} (${2:builder})");
      for (const schema::Kind& kind : schema::kinds()) {
        if (kind.name != "flow" && kind.name != "defaults" && kind.name != "test")
          out_.kind(kind);
      }
      return;
    }
    if (cursor_.in_flow()) {
      if (cursor_.previous_end != 0)
        FlowCandidates(cursor_, out_).clauses_of_previous(tree_.text());
      if (cursor_.kind() == "flow")
        out_.key(*schema::find_key(*schema::find_kind("flow"), "accept"));
      for (const auto& [name, named] : out_.locals()) {
        if (cursor_.kind() == "loop" && out_.named(named).kind == NameKind::kStep)
          out_.name(name, named, name + " = ");
      }
      out_.snippet("step", "name = AGENT(…)", "${1:step} = ${2:agent}(${3:task})");
      return;
    }
    if (cursor_.kind() == "fleet") {
      for (const schema::Kind& kind : schema::kinds()) {
        if (kind.name != "fleet")
          out_.kind(kind);
      }
    }
    if (const schema::Kind* const kind = schema::find_kind(cursor_.kind())) {
      for (const schema::Key& key : kind->keys)
        out_.key(key, is_set(key.name) || is_not_for_shell(key.name));
    }
  }

  // Whether the body around sets the key, outside of the statement at hand.
  bool is_set(std::string_view key) const {
    for (std::uint32_t node = 1; node < tree_.nodes().size(); ++node) {
      if (tree_.at(node).kind != syntax::NodeKind::kBody ||
          tree_.at(node).offset != cursor_.bodies.back())
        continue;
      for (const std::uint32_t child : tree_.children(node)) {
        const std::uint32_t name = tree_.child(child, syntax::NodeKind::kIdent);
        const bool sets = tree_.at(child).kind == syntax::NodeKind::kAssignment &&
                          tree_.text(name) == key && tree_.at(name).offset != cursor_.word_begin;
        if (sets)
          return true;
      }
    }
    return false;
  }

  // A runtime of plain programs has neither model nor price.
  bool is_not_for_shell(std::string_view key) const {
    if (cursor_.kind() != "runtime" || (key != "model" && key != "price"))
      return false;
    const ast::Block* const block = out_.block_of(cursor_.bodies.back());
    for (const ast::Body::Item& item :
         block == nullptr ? std::vector<ast::Body::Item>() : block->body.items) {
      const bool shell = item.assignment && item.assignment->key.text == "adapter" &&
                         !item.assignment->value.atoms.empty() &&
                         item.assignment->value.atoms.front().text == "shell";
      if (shell)
        return true;
    }
    return false;
  }

  void header() {
    const std::string_view last = cursor_.back(0);
    const std::string_view kind = cursor_.before.front().text;
    const bool versioned = kind == "fleet" || kind == "identity";
    if (versioned && cursor_.before.size() == 2)
      out_.version(last);
    else if (kind == "flow" && cursor_.brackets.empty() && cursor_.before.size() > 1 &&
             last != "on" && last != "." && cursor_.back(1) != "on" && cursor_.back(2) != ".")
      out_.row("on", schema::find_form("on")->form, schema::find_form("on")->doc, "on $1");
    if (last == ":")
      out_.roles(cursor_.before.front().text == "agent");
    else if (last == "." && cursor_.back(2) == ":")
      out_.exported(std::string(cursor_.back(1)), {NameKind::kRole});
    else if (last == "on" || (last == "." && cursor_.back(2) == "on"))
      out_.events(last == "." ? cursor_.back(1) : std::string_view());
  }

  void use() {
    const bool in_names = !cursor_.brackets.empty();
    if (in_names) {
      out_.importable(cursor_.before);
    } else if (cursor_.back(0) == "use") {
      if (out_.followed_by('.'))
        out_.word("std", CompletionShape::kModule, "the standard library");
      else
        out_.snippet("std", "the standard library", "std.${1|roles,patterns|} ($2)");
      out_.snippet("\"./…\"", "another file", "\"./${1:roles.fleet}\"");
    } else if (cursor_.back(0) == ".") {
      out_.library_modules();
    } else if (cursor_.back(0) != "as") {
      out_.snippet("as", "a name for the whole module", "as ${1:m}");
    }
  }

  void string() {
    const std::size_t open = cursor_.string.find_last_of("{}");
    const std::size_t end = cursor_.word_begin;
    if (open != std::string_view::npos && cursor_.string[open] == '{') {
      const std::string_view written = cursor_.string.substr(open + 1);
      result_.replaced.begin = static_cast<std::uint32_t>(end - written.size());
      out_.holes(cursor_.in_flow());
      return;
    }
    const bool import = !cursor_.before.empty() && cursor_.before.front().text == "use";
    if (import || (cursor_.kind() == "identity" && cursor_.key == "file"))
      files(import ? ".fleet" : "");
  }

  // Files beside this one whose path begins with what is written.
  void files(std::string_view ending) {
    const std::string written(cursor_.string);
    const std::size_t slash = written.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : written.substr(0, slash + 1);
    const std::filesystem::path here = std::filesystem::path(out_.path()).parent_path();
    result_.replaced.begin =
        cursor_.word_begin - static_cast<std::uint32_t>(written.size() - folder.size());
    for (const std::string& name :
         workspace_.files().list((here / folder).lexically_normal().string())) {
      const bool own = (here / folder / name).lexically_normal().string() == out_.path();
      if (!own && !name.starts_with('.') && (name.ends_with('/') || name.ends_with(ending)))
        out_.word(name, CompletionShape::kFile, "");
    }
  }

  Workspace& workspace_;
  const syntax::Tree& tree_;
  Cursor cursor_;
  Candidates out_;
  Completions result_;
};

}  // namespace

Completions complete(Workspace& workspace, const Snapshot& snapshot, SourceId source,
                     std::uint32_t offset) {
  return Completer(workspace, snapshot, source, offset).run();
}

}  // namespace fleet::lsp
