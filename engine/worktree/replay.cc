#include "engine/worktree/replay.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <utility>

#include "engine/worktree/object_writer.h"
#include "engine/worktree/taken.h"
#include "engine/worktree/tree_merge.h"

namespace fleet::worktree {
namespace {

using WalkPtr = GitPtr<git_revwalk, git_revwalk_free>;

// "Reviewed-by: …"
bool is_trailer(std::string_view line) {
  const std::size_t colon = line.find(": ");
  return colon != std::string_view::npos && colon > 0 &&
         std::ranges::all_of(line.substr(0, colon),
                             [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; });
}

// Whether the last paragraph, which is not the subject, is one of trailers.
bool ends_in_trailers(std::string_view message) {
  const std::size_t gap = message.rfind("\n\n");
  if (gap == std::string_view::npos)
    return false;
  std::string_view rest = message.substr(gap + 2);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (!is_trailer(rest.substr(0, end)))
      return false;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return true;
}

std::string with_trailers(std::string message, const std::string& trailers) {
  while (!message.empty() && message.back() == '\n')
    message.pop_back();
  if (trailers.empty())
    return message;
  return message + (ends_in_trailers(message) ? "\n" : "\n\n") + trailers;
}

// "Ann <ann@host> 1700000000 +0100", as the commit has it.
std::string author_line(const git_commit* commit) {
  const std::string_view header = git_commit_raw_header(commit);
  constexpr std::string_view kAuthor = "\nauthor ";
  const std::size_t at = header.find(kAuthor);
  if (at == std::string_view::npos)
    return {};
  const std::size_t begin = at + kAuthor.size();
  return std::string(header.substr(begin, header.find('\n', begin) - begin));
}

class Replay {
 public:
  Replay(Repository::Handle& git, const MergeRequest& request, const std::vector<Oid>& taken)
      : git_(git), request_(request), taken_(taken), tip_(request.into) {}

  Result<std::variant<Oid, MergeConflicts>> run(const std::vector<const MergeSource*>& sources) {
    std::vector<Oid> done{request_.into};
    done.insert(done.end(), taken_.begin(), taken_.end());
    FLEET_TRY(tree_, tree_of(git_, request_.into));
    for (const MergeSource* source : sources) {
      FLEET_TRY(const auto commits, commits_between(git_, done, source->commit));
      for (const Oid& commit : commits) {
        FLEET_TRY(auto conflicts, pick(commit, *source));
        if (!conflicts.conflicts.empty())
          return std::variant<Oid, MergeConflicts>(std::move(conflicts));
      }
      done.push_back(source->commit);
    }
    return std::variant<Oid, MergeConflicts>(tip_);
  }

 private:
  Result<MergeConflicts> pick(const Oid& oid, const MergeSource& source) {
    FLEET_TRY(const CommitPtr commit, find_commit(git_, oid));
    if (git_commit_parentcount(commit.get()) > 1)
      return MergeConflicts{};
    Oid before;
    if (git_commit_parentcount(commit.get()) == 1) {
      FLEET_TRY(before, tree_of(git_, from_git_oid(*git_commit_parent_id(commit.get(), 0))));
    }
    FLEET_TRY(const Oid after, tree_of(git_, oid));
    FLEET_TRY(const TreeMerge merged, merge_trees(git_, before, tree_, after));
    if (const auto* paths = std::get_if<ConflictPaths>(&merged)) {
      MergeConflicts conflicts{
          {}, "commit " + oid.hex().substr(0, 12) + " does not apply by itself, though all fits"};
      for (const std::string& path : *paths)
        conflicts.conflicts.push_back({path, request_.into_name, source.name});
      return conflicts;
    }
    const Oid tree = std::get<Oid>(merged);
    if (tree == tree_)
      return MergeConflicts{};
    tree_ = tree;
    FLEET_TRY(tip_, write(commit.get()));
    return MergeConflicts{};
  }

  Result<Oid> write(const git_commit* commit) {
    const char* const encoding = git_commit_message_encoding(commit);
    const CommitText text{
        tree_,
        {tip_},
        request_.author_name,
        request_.author_email,
        request_.time,
        with_trailers(git_commit_message_raw(commit),
                      request_.message + "\n" + source_line(from_git_oid(*git_commit_id(commit)))),
        author_line(commit),
        encoding == nullptr ? "" : encoding};
    ObjectWriter writer(git_);
    FLEET_TRY(const Oid made, writer.add(GIT_OBJECT_COMMIT, encode_commit(text)));
    FLEET_CHECK(writer.flush());
    return made;
  }

  Repository::Handle& git_;
  const MergeRequest& request_;
  const std::vector<Oid>& taken_;
  Oid tip_;   // the last commit made, or `into`
  Oid tree_;  // of it
};

}  // namespace

Result<std::vector<Oid>> commits_between(Repository::Handle& git, const std::vector<Oid>& without,
                                         const Oid& tip) {
  git_revwalk* raw = nullptr;
  if (const int code = git_revwalk_new(&raw, git.get()); code < 0)
    return from_git("walk commits", code);
  const WalkPtr walk(raw);
  git_revwalk_sorting(raw, GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE);
  git_oid id = to_git(tip);
  int code = git_revwalk_push(raw, &id);
  for (const Oid& one : without) {
    id = to_git(one);
    if (code == 0)
      code = git_revwalk_hide(raw, &id);
  }
  std::vector<Oid> commits;
  while (code == 0 && (code = git_revwalk_next(&id, raw)) == 0)
    commits.push_back(from_git_oid(id));
  if (code != GIT_ITEROVER)
    return from_git("walk commits", code);
  return commits;
}

Result<std::variant<Oid, MergeConflicts>> replay(Repository::Handle& git,
                                                 const MergeRequest& request,
                                                 const std::vector<const MergeSource*>& sources,
                                                 const std::vector<Oid>& taken) {
  return Replay(git, request, taken).run(sources);
}

}  // namespace fleet::worktree
