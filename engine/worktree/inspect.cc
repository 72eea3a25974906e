// What keeps a fleet from working in a repository, found before a cent is spent.
#include <unistd.h>

#include <optional>
#include <string>
#include <string_view>

#include "engine/worktree/libgit.h"
#include "engine/worktree/repository.h"
#include "engine/worktree/trees.h"

namespace fleet::worktree {
namespace {

// Whether some objects are only promised by a remote.
bool is_partial_clone(git_repository* repo) {
  git_config* raw = nullptr;
  if (git_repository_config_snapshot(&raw, repo) < 0)
    return false;
  const GitPtr<git_config, git_config_free> config(raw);
  git_config_iterator* each = nullptr;
  if (git_config_iterator_new(&each, config.get()) < 0)
    return false;
  const GitPtr<git_config_iterator, git_config_iterator_free> iterator(each);
  git_config_entry* entry = nullptr;
  while (git_config_next(&entry, iterator.get()) == 0) {
    const std::string_view name = entry->name;
    if (name.starts_with("remote.") && name.ends_with(".promisor"))
      return true;
  }
  return false;
}

std::optional<bool> config_flag(git_repository* repo, const char* name) {
  git_config* raw = nullptr;
  if (git_repository_config_snapshot(&raw, repo) != 0)
    return std::nullopt;
  const GitPtr<git_config, git_config_free> config(raw);
  int value = 0;
  if (git_config_get_bool(&value, raw, name) != 0)
    return std::nullopt;
  return value != 0;
}

// The name of an attribute that makes git rewrite contents by other means than copying bytes.
std::optional<std::string> rewriting_attribute(std::string_view attributes) {
  while (!attributes.empty()) {
    const std::size_t end = std::min(attributes.find('\n'), attributes.size());
    std::string_view line = attributes.substr(0, end);
    attributes.remove_prefix(std::min(end + 1, attributes.size()));
    const std::size_t start = line.find_first_not_of(" \t\r");
    if (start == std::string_view::npos || line[start] == '#')
      continue;
    // The first word is the pattern; attributes follow.
    std::size_t at = line.find_first_of(" \t", start);
    while (at != std::string_view::npos) {
      at = line.find_first_not_of(" \t\r", at);
      if (at == std::string_view::npos)
        break;
      const std::size_t word_end = std::min(line.find_first_of(" \t\r", at), line.size());
      const std::string_view word = line.substr(at, word_end - at);
      if (word.starts_with("filter=") || word.starts_with("working-tree-encoding=")) {
        return std::string(word);
      }
      at = word_end == line.size() ? std::string_view::npos : word_end;
    }
  }
  return std::nullopt;
}

class TreeInspection {
 public:
  explicit TreeInspection(git_odb* odb) : odb_(odb) {}

  Status run(const Oid& tree, const std::string& prefix) {
    FLEET_TRY(const auto entries, read_tree(odb_, tree));
    for (const TreeEntry& entry : entries) {
      const std::string path = prefix + entry.name;
      if (entry.mode == kModeSubmodule) {
        return Error(Errc::kUnsupported,
                     path +
                         " is a submodule, and a worktree of a session can't fill it in: vendor "
                         "it, or remove it from the branch that the fleet works on");
      }
      if (entry.is_tree()) {
        FLEET_CHECK(run(entry.oid, path + "/"));
      } else if (entry.name == ".gitattributes" && entry.mode != kModeLink) {
        FLEET_CHECK(check_attributes(path, entry.oid));
      }
    }
    return {};
  }

 private:
  Status check_attributes(const std::string& path, const Oid& oid) {
    const git_oid id = to_git(oid);
    git_odb_object* raw = nullptr;
    if (const int code = git_odb_read(&raw, odb_, &id); code < 0) {
      return from_git("read " + path, code);
    }
    const OdbObjectPtr object(raw);
    const std::string_view text(static_cast<const char*>(git_odb_object_data(raw)),
                                git_odb_object_size(raw));
    if (const auto word = rewriting_attribute(text)) {
      return Error(Errc::kUnsupported,
                   path + " says `" + *word + "` (" +
                       (word->find("lfs") != std::string::npos ? "Git LFS" : "a content filter") +
                       "), and sessions would see and commit unfiltered contents: remove it from "
                       "the branch that the fleet works on");
    }
    return {};
  }

  git_odb* const odb_;
};

}  // namespace

Status Repository::inspect(const Oid& base) {
  git_repository* repo = handle_->get();
  const std::string& where = handle_->common_dir;
  if (git_repository_is_shallow(repo) == 1) {
    return Error(Errc::kUnsupported, "the repository at " + where +
                                         " is a shallow clone, so merge bases may be "
                                         "missing: run `git fetch --unshallow`");
  }
  if (is_partial_clone(repo)) {
    return Error(Errc::kUnsupported,
                 "the repository at " + where +
                     " is a partial clone, and fleetc reads objects without fetching them: clone "
                     "it whole");
  }
  if (config_flag(repo, "core.sparseCheckout").value_or(false)) {
    return Error(Errc::kUnsupported,
                 "the repository at " + where +
                     " has sparse checkout on, which a session's git "
                     "would apply to its worktree: run `git sparse-checkout disable`");
  }
  if (config_flag(repo, "core.autocrlf").value_or(false)) {
    return Error(Errc::kUnsupported,
                 "core.autocrlf is true, and worktrees of sessions hold the bytes as committed: "
                 "run `git config core.autocrlf input`");
  }
  for (const std::string& needed : {where, where + "/objects", where + "/refs"}) {
    if (::access(needed.c_str(), W_OK | X_OK) != 0) {
      return Error(Errc::kReadOnly, needed +
                                        " can't be written, so no result could be kept: check "
                                        "its owner, its permissions and its file system");
    }
  }
  FLEET_TRY(const Oid tree, tree_of(*handle_, base));
  return TreeInspection(handle_->odb.get()).run(tree, "");
}

}  // namespace fleet::worktree
