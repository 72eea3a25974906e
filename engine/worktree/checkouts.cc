// Which of the user's worktrees has a branch checked out. Read from the files that git itself
// reads, since libgit2 knows nothing of a rebase or bisect that will come back to a branch.
#include <dirent.h>

#include <optional>
#include <string>
#include <string_view>

#include "engine/worktree/libgit.h"
#include "engine/worktree/refs.h"
#include "engine/worktree/safe_files.h"

namespace fleet::worktree {
namespace {

constexpr std::uint64_t kMaxStateFile = 1 << 16;

std::string read_line(const std::string& path) {
  auto text = read_file_at(path, kMaxStateFile);
  if (!text)
    return "";
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r'))
    text->pop_back();
  return *std::move(text);
}

bool holds_branch(const std::string& git_dir, const std::string& branch) {
  const std::string full = branch_ref(branch);
  return read_line(git_dir + "/HEAD") == "ref: " + full ||
         read_line(git_dir + "/rebase-merge/head-name") == full ||
         read_line(git_dir + "/rebase-apply/head-name") == full ||
         read_line(git_dir + "/BISECT_START") == branch;
}

std::string parent_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

}  // namespace

Result<std::optional<std::string>> checked_out_at(Repository& repository,
                                                  const std::string& branch) {
  const std::string& common = repository.common_dir();
  if (!repository.is_bare() && holds_branch(common, branch)) {
    const char* work_dir = git_repository_workdir(repository.handle().get());
    const bool is_main = git_repository_is_worktree(repository.handle().get()) == 0;
    return std::optional(is_main && work_dir != nullptr ? std::string(work_dir)
                                                        : parent_of(common));
  }
  auto directory = open_directory(common + "/worktrees");
  if (!directory) {
    if (directory.error().code() == Errc::kNotFound)
      return std::optional<std::string>();
    return std::move(directory).error();
  }
  FLEET_TRY(const auto entries, list_directory(directory->get()));
  for (const DirEntry& entry : entries) {
    const std::string admin = common + "/worktrees/" + entry.name;
    if (holds_branch(admin, branch))
      return std::optional(parent_of(read_line(admin + "/gitdir")));
  }
  return std::optional<std::string>();
}

}  // namespace fleet::worktree
