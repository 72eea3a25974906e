#include "engine/worktree/capture.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "engine/worktree/glob.h"
#include "engine/worktree/safe_files.h"
#include "engine/worktree/session_log.h"
#include "engine/worktree/tree_walk.h"

namespace fleet::worktree {
namespace {

constexpr std::uint64_t kMaxExcludes = 1 << 20;

std::string excludes_path(git_repository* repo) {
  git_config* raw = nullptr;
  if (git_repository_config_snapshot(&raw, repo) == 0) {
    const GitPtr<git_config, git_config_free> config(raw);
    git_buf buffer = GIT_BUF_INIT;
    if (git_config_get_path(&buffer, raw, "core.excludesfile") == 0) {
      std::string path(buffer.ptr, buffer.size);
      git_buf_dispose(&buffer);
      return path;
    }
  }
  const char* config_home = std::getenv("XDG_CONFIG_HOME");
  if (config_home != nullptr && *config_home != '\0')
    return std::string(config_home) + "/git/ignore";
  const char* home = std::getenv("HOME");
  return home == nullptr ? "" : std::string(home) + "/.config/git/ignore";
}

// The user's rules outside the tree, weakest first.
std::vector<std::string> exclude_texts(Repository::Handle& git) {
  std::vector<std::string> texts;
  for (const std::string& path : {excludes_path(git.get()), git.common_dir + "/info/exclude"}) {
    if (auto text = read_file_at(path, kMaxExcludes))
      texts.push_back(*std::move(text));
  }
  return texts;
}

std::string full_message(const std::string& message, const Slot& slot) {
  const std::vector<std::string> subjects = session_subjects(slot);
  std::string text = message;
  if (subjects.empty())
    return text;
  text += "\n\nCommits of the session:\n";
  for (const std::string& subject : subjects)
    text += "- " + subject + "\n";
  return text;
}

// The index of the slot if it is at the start commit, else one that makes every file be read.
Result<FileIndex> index_at(Repository::Handle& git, const Slot& slot, const Oid& start_tree) {
  FileIndex index = load_index(slot.engine_dir() + "/index");
  if (index.root.tree != start_tree) {
    index = {};
    FLEET_CHECK(move_index(git.odb.get(), index, start_tree));
  }
  return index;
}

}  // namespace

Result<CaptureOutcome> capture(Repository& repository, const Slot& slot,
                               const CaptureRequest& request) {
  Repository::Handle& git = repository.handle();
  FLEET_TRY(const Oid start_tree, tree_of(git, slot.commit));
  FLEET_TRY(const FileIndex index, index_at(git, slot, start_tree));
  FLEET_TRY(const UniqueFd root, open_directory(slot.root));
  FLEET_TRY(const UniqueFd session, open_child(root.get(), "session"));
  FLEET_TRY(const UniqueFd tree, open_child(session.get(), "tree"));

  ObjectWriter writer(git);
  TreeWalk walk(git.odb.get(), index, tree.get(), request, writer);
  auto new_tree = walk.run(exclude_texts(git));
  if (walk.refused)
    return CaptureOutcome(*std::move(walk.refused));
  if (!new_tree)
    return std::move(new_tree).error().in("capture " + slot.tree());
  if (walk.touched.empty())
    return CaptureOutcome(CapturedNothing{std::move(walk.newly_hidden)});

  if (!request.in.empty()) {
    const PathSet in(request.in);
    CapturedOutside outside;
    for (const std::string& path : walk.touched) {
      if (!in.covers(path))
        outside.paths.push_back(path);
    }
    std::sort(outside.paths.begin(), outside.paths.end());
    if (!outside.paths.empty())
      return CaptureOutcome(std::move(outside));
  }

  CommitText text{*new_tree,           {slot.commit},
                  request.author_name, request.author_email,
                  request.time,        full_message(request.message, slot)};
  Captured captured;
  FLEET_TRY(captured.commit, writer.add(GIT_OBJECT_COMMIT, encode_commit(text)));
  FLEET_CHECK(writer.flush());
  FLEET_TRY(const auto changes, diff_trees(git.odb.get(), start_tree, *new_tree));
  FLEET_TRY(captured.stat, count_lines(git.odb.get(), changes));
  for (const TreeChange& change : changes)
    captured.changes.push_back(to_change(change));
  captured.newly_hidden = std::move(walk.newly_hidden);
  return CaptureOutcome(std::move(captured));
}

}  // namespace fleet::worktree
