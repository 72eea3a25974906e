#include "engine/worktree/repository.h"

#include <algorithm>
#include <utility>

#include "engine/worktree/find_repository.h"
#include "engine/worktree/glob.h"
#include "engine/worktree/libgit.h"
#include "engine/worktree/suggest.h"
#include "engine/worktree/trees.h"

namespace fleet::worktree {
namespace {

std::string without_slash(const char* path) {
  std::string text = path == nullptr ? "" : path;
  while (text.size() > 1 && text.back() == '/')
    text.pop_back();
  return text;
}

// Why libgit2 wouldn't open it, with what to do.
Error cannot_open(const std::string& path, int code) {
  const git_error* last = git_error_last();
  const std::string words = last != nullptr && last->message != nullptr ? last->message : "";
  if (code == GIT_EOWNER) {
    return {Errc::kUnsupported,
            "the repository at " + path +
                " belongs to another user, who could make git run "
                "anything: run as its owner, or trust it with `git config --global --add "
                "safe.directory " +
                path + "`"};
  }
  const auto mentions = [&words](std::string_view what) {
    return words.find(what) != std::string::npos;
  };
  if (mentions("objectformat") || mentions("object format")) {
    return {Errc::kUnsupported, "the repository at " + path +
                                    " names its objects by SHA-256, "
                                    "which libgit2 1.5 can't read: use a SHA-1 repository"};
  }
  if (mentions("partialclone")) {
    return {Errc::kUnsupported,
            "the repository at " + path +
                " is a partial clone, so a worktree "
                "would need the network in the middle of a checkout: use a full "
                "clone"};
  }
  if (mentions("worktreeconfig")) {
    return {
        Errc::kUnsupported,
        "the repository at " + path +
            " has settings for each worktree (git sparse-checkout "
            "sets extensions.worktreeConfig): turn sparse checkout off with `git sparse-checkout "
            "disable` and `git config --unset extensions.worktreeConfig`, or use another clone"};
  }
  if (mentions("extension") || mentions("repository version")) {
    return {Errc::kUnsupported, "the repository at " + path +
                                    " uses a format that is not "
                                    "supported (" +
                                    words + "): use a clone without it"};
  }
  return from_git("open the repository at " + path, code);
}

Result<std::vector<std::string>> branch_names(git_repository* repo) {
  git_branch_iterator* raw = nullptr;
  if (const int code = git_branch_iterator_new(&raw, repo, GIT_BRANCH_ALL); code < 0) {
    return from_git("list branches", code);
  }
  const GitPtr<git_branch_iterator, git_branch_iterator_free> iterator(raw);
  std::vector<std::string> names;
  git_reference* ref = nullptr;
  git_branch_t type = GIT_BRANCH_LOCAL;
  while (git_branch_next(&ref, &type, iterator.get()) == 0) {
    const ReferencePtr owned(ref);
    names.emplace_back(git_reference_shorthand(ref));
  }
  return names;
}

Error no_branch(git_repository* repo, const std::string& branch) {
  if (git_repository_head_unborn(repo) == 1) {
    return {Errc::kNotFound,
            "the repository has no commit yet, so there is nothing to start from: "
            "make a first commit on `" +
                branch + "`"};
  }
  auto names = branch_names(repo);
  std::string text = "there is no branch `" + branch + "`";
  if (names && !names->empty()) {
    const std::string nearest = nearest_name(branch, *names);
    if (!nearest.empty()) {
      text += "; did you mean `" + nearest + "`?";
    } else {
      std::sort(names->begin(), names->end());
      text += "; there is";
      for (std::size_t i = 0; i < names->size() && i < 8; ++i)
        text += " `" + (*names)[i] + "`";
      if (names->size() > 8)
        text += " and " + std::to_string(names->size() - 8) + " more";
    }
  }
  return {Errc::kNotFound, std::move(text)};
}

// Paths below `prefix` of a tree, pruned by the literal start of the glob.
class Lister {
 public:
  Lister(git_odb* odb, std::string_view glob)
      : odb_(odb), glob_(glob), literal_(glob_literal_prefix(glob)) {}

  Status run(const Oid& tree, const std::string& prefix) {
    FLEET_TRY(const auto entries, read_tree(odb_, tree));
    for (const TreeEntry& entry : entries) {
      const std::string path = prefix + entry.name;
      if (entry.is_tree()) {
        if (may_match_beneath(path))
          FLEET_CHECK(run(entry.oid, path + "/"));
      } else if (entry.mode != kModeSubmodule && glob_matches(glob_, path)) {
        paths.push_back(path);
      }
    }
    return {};
  }

  std::vector<std::string> paths;

 private:
  bool may_match_beneath(std::string_view directory) const {
    const std::size_t common = std::min(directory.size(), literal_.size());
    return directory.substr(0, common) == std::string_view(literal_).substr(0, common);
  }

  git_odb* const odb_;
  const std::string_view glob_;
  const std::string literal_;
};

}  // namespace

Repository::Repository(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
Repository::Repository(Repository&&) noexcept = default;
Repository& Repository::operator=(Repository&&) noexcept = default;
Repository::~Repository() = default;

namespace {

// Exactly this one.
Result<std::unique_ptr<Repository::Handle>> open_handle(const std::string& path) {
  start_libgit2();
  constexpr unsigned flags = GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_NO_DOTGIT;
  git_repository* raw = nullptr;
  if (const int code = git_repository_open_ext(&raw, path.c_str(), flags, nullptr); code < 0) {
    return cannot_open(path.ends_with("/.git") ? path.substr(0, path.size() - 5) : path, code);
  }
  auto handle = std::make_unique<Repository::Handle>();
  handle->repo.reset(raw);
  handle->common_dir = without_slash(git_repository_commondir(raw));
  handle->work_dir = without_slash(git_repository_workdir(raw));
  handle->bare = git_repository_is_bare(raw) != 0;
  git_odb* odb = nullptr;
  if (const int code = git_repository_odb(&odb, raw); code < 0) {
    return from_git("open the object store of " + path, code);
  }
  handle->odb.reset(odb);
  return handle;
}

}  // namespace

Result<Repository> Repository::discover(const std::string& path) {
  FLEET_TRY(const std::string found, find_repository(path));
  FLEET_TRY(auto handle, open_handle(found));
  // libgit2 believes the record in the repository, which is out of date when somebody moved it.
  if (git_repository_is_worktree(handle->get()) != 0)
    handle->work_dir = found.substr(0, found.rfind('/'));
  return Repository(std::move(handle));
}

Result<Repository> Repository::open(const std::string& common_dir) {
  FLEET_TRY(auto handle, open_handle(common_dir));
  handle->work_dir.clear();
  return Repository(std::move(handle));
}

const std::string& Repository::common_dir() const {
  return handle_->common_dir;
}
const std::string& Repository::work_dir() const {
  return handle_->work_dir;
}
bool Repository::is_bare() const {
  return handle_->bare;
}

Result<Oid> Repository::resolve_base(std::string_view branch) {
  const std::string name(branch);
  for (const std::string& full : {"refs/heads/" + name, name, "refs/remotes/" + name}) {
    if (full == name && !branch.starts_with("refs/"))
      continue;
    git_oid id;
    const int code = git_reference_name_to_id(&id, handle_->get(), full.c_str());
    if (code == GIT_ENOTFOUND || code == GIT_EINVALIDSPEC)
      continue;
    if (code < 0)
      return from_git("read " + full, code);
    // A ref may name a tag object; peeling gives its commit.
    git_object* raw = nullptr;
    if (git_object_lookup(&raw, handle_->get(), &id, GIT_OBJECT_ANY) < 0) {
      return from_git("read what " + full + " names", code);
    }
    const ObjectPtr object(raw);
    git_object* peeled = nullptr;
    if (const int peel = git_object_peel(&peeled, raw, GIT_OBJECT_COMMIT); peel < 0) {
      return Error(Errc::kInvalid, full + " names no commit");
    }
    const ObjectPtr commit(peeled);
    return from_git_oid(*git_object_id(peeled));
  }
  return no_branch(handle_->get(), name);
}

Result<std::string> Repository::head_branch() {
  git_reference* raw = nullptr;
  if (const int code = git_reference_lookup(&raw, handle_->get(), "HEAD"); code < 0) {
    return from_git("read HEAD", code);
  }
  const ReferencePtr head(raw);
  const char* target = git_reference_symbolic_target(raw);
  const std::string_view name = target == nullptr ? "" : target;
  if (!name.starts_with("refs/heads/")) {
    return Error(Errc::kNotFound, "HEAD is detached: it names a commit and no branch");
  }
  return std::string(name.substr(std::string_view("refs/heads/").size()));
}

Result<bool> Repository::commit_exists(const Oid& commit) {
  auto found = find_commit(*handle_, commit);
  if (found)
    return true;
  if (found.error().code() == Errc::kNotFound)
    return false;
  return std::move(found).error();
}

Result<bool> Repository::is_ancestor(const Oid& ancestor, const Oid& commit) {
  if (ancestor == commit)
    return true;
  const git_oid old_id = to_git(ancestor);
  const git_oid new_id = to_git(commit);
  const int code = git_graph_descendant_of(handle_->get(), &new_id, &old_id);
  if (code < 0)
    return from_git("compare the histories of two commits", code);
  return code == 1;
}

Result<std::optional<Oid>> Repository::merge_base(const Oid& one, const Oid& other) {
  const git_oid left = to_git(one);
  const git_oid right = to_git(other);
  git_oid base;
  const int code = git_merge_base(&base, handle_->get(), &left, &right);
  if (code == GIT_ENOTFOUND)
    return std::optional<Oid>();
  if (code < 0)
    return from_git("find where the histories of two commits meet", code);
  return std::optional(from_git_oid(base));
}

Result<std::vector<std::string>> Repository::list_files(const Oid& commit, std::string_view glob) {
  FLEET_TRY(const Oid tree, tree_of(*handle_, commit));
  while (glob.starts_with("./"))
    glob.remove_prefix(2);
  Lister lister(handle_->odb.get(), glob);
  FLEET_CHECK(lister.run(tree, ""));
  std::sort(lister.paths.begin(), lister.paths.end());
  return std::move(lister.paths);
}

Result<std::string> Repository::read_file(const Oid& commit, std::string_view path) {
  FLEET_TRY(Oid oid, tree_of(*handle_, commit));
  std::uint32_t mode = kModeTree;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view name = path.substr(start, end - start);
    start = end + 1;
    if (name.empty() || name == ".")
      continue;
    if (mode != kModeTree)
      mode = 0;
    if (mode == 0)
      break;
    FLEET_TRY(const auto entries, read_tree(handle_->odb.get(), oid));
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [name](const TreeEntry& entry) { return entry.name == name; });
    mode = found == entries.end() ? 0 : found->mode;
    if (mode == 0)
      break;
    oid = found->oid;
  }
  const std::string where = std::string(path) + " in commit " + commit.hex().substr(0, 12);
  if (mode == 0)
    return Error(Errc::kNotFound, "there is no file " + where);
  if (mode == kModeTree || mode == kModeSubmodule) {
    return Error(Errc::kInvalid, where + " is a directory");
  }
  const git_oid id = to_git(oid);
  git_odb_object* raw = nullptr;
  if (const int code = git_odb_read(&raw, handle_->odb.get(), &id); code < 0) {
    return from_git("read " + where, code);
  }
  const OdbObjectPtr object(raw);
  return std::string(static_cast<const char*>(git_odb_object_data(raw)), git_odb_object_size(raw));
}

}  // namespace fleet::worktree
