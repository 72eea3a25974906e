#include "engine/worktree/merge.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/worktree/libgit.h"
#include "engine/worktree/object_writer.h"
#include "engine/worktree/replay.h"
#include "engine/worktree/taken.h"
#include "engine/worktree/tree_merge.h"
#include "engine/worktree/trees.h"

namespace fleet::worktree {
namespace {

// Whether `text` has these lines, whole, one below the other.
bool has_line(std::string_view text, std::string_view lines) {
  for (std::size_t at = text.find(lines); at != std::string_view::npos;
       at = text.find(lines, at + 1)) {
    const std::size_t end = at + lines.size();
    if ((at == 0 || text[at - 1] == '\n') && (end == text.size() || text[end] == '\n'))
      return true;
  }
  return false;
}

// What a source brought, to name both sides of a later conflict.
struct Folded {
  const MergeSource* source;
  std::vector<TreeChange> changes;
};

class Merger {
 public:
  Merger(Repository& repository, const MergeRequest& request)
      : repository_(repository), git_(repository.handle()), request_(request) {}

  Result<MergeOutcome> run() {
    FLEET_TRY(auto before, made_before());
    if (before)
      return *std::move(before);
    FLEET_TRY(const auto sources, wanted_sources());
    if (sources.empty())
      return MergeOutcome(AlreadyMerged());
    std::vector<Oid> commits;
    for (const MergeSource* source : sources)
      commits.push_back(source->commit);
    FLEET_TRY(taken_, taken_anew(git_, request_.into, commits, request_.author_email));
    tip_ = request_.into;
    FLEET_TRY(tree_, tree_of(git_, request_.into));
    for (std::size_t i = 0; i < sources.size(); ++i) {
      FLEET_TRY(auto conflicts, fold(*sources[i]));
      if (!conflicts.empty())
        return MergeOutcome(MergeConflicts{std::move(conflicts), {}});
      const bool last = i + 1 == sources.size();
      if (request_.style == MergeStyle::kMerge && (last || parents_.size() == kMaxParents))
        FLEET_CHECK(commit(part_message(i, sources.size())));
    }
    if (request_.style != MergeStyle::kMerge) {
      FLEET_TRY(auto conflicts, lay_on_top(sources));
      if (conflicts)
        return MergeOutcome(*std::move(conflicts));
      if (tip_ == request_.into)
        return MergeOutcome(AlreadyMerged());
    }
    Merged merged;
    merged.commit = tip_;
    FLEET_TRY(merged.stat, repository_.diff_stat(request_.into, tip_));
    return MergeOutcome(merged);
  }

 private:
  // What this request itself made, before a crash that came after the branch had moved: the result
  // still, or, where the branch went on from it, nothing to do. A merge shows by its parents what
  // is in; of a squash or rebase nothing else would, and it would be made twice.
  Result<std::optional<MergeOutcome>> made_before() {
    Oid before = request_.into;
    for (;;) {
      FLEET_TRY(const CommitPtr commit, find_commit(git_, before));
      if (!is_ours(commit.get()) || git_commit_parentcount(commit.get()) == 0)
        break;
      before = from_git_oid(*git_commit_parent_id(commit.get(), 0));
    }
    if (before != request_.into) {
      FLEET_TRY(const DiffStat stat, repository_.diff_stat(before, request_.into));
      return std::optional<MergeOutcome>(Merged{request_.into, stat});
    }
    if (request_.style == MergeStyle::kMerge)
      return std::optional<MergeOutcome>();
    std::vector<Oid> sources;
    for (const MergeSource& source : request_.sources)
      sources.push_back(source.commit);
    FLEET_TRY(const auto since, commits_between(git_, sources, request_.into));
    for (const Oid& one : since) {
      FLEET_TRY(const CommitPtr commit, find_commit(git_, one));
      if (is_ours(commit.get()))
        return std::optional<MergeOutcome>(AlreadyMerged());
    }
    return std::optional<MergeOutcome>();
  }

  // As one commit, or each source's commits again. Either leaves the tree that a merge would: what
  // was approved is what is judged. A set: it can't be done commit by commit.
  Result<std::optional<MergeConflicts>> lay_on_top(const std::vector<const MergeSource*>& sources) {
    FLEET_TRY(const Oid before, tree_of(git_, request_.into));
    if (tree_ == before)
      return std::optional<MergeConflicts>();
    parents_.clear();
    if (request_.style == MergeStyle::kSquash) {
      std::string message = request_.message;
      for (const MergeSource* source : sources)
        message += "\n" + source_line(source->commit);
      FLEET_CHECK(commit(message));
      return std::optional<MergeConflicts>();
    }
    FLEET_TRY(auto replayed, replay(git_, request_, sources, taken_));
    if (auto* conflicts = std::get_if<MergeConflicts>(&replayed))
      return std::optional(std::move(*conflicts));
    tip_ = std::get<Oid>(replayed);
    FLEET_TRY(const Oid left, tree_of(git_, tip_));
    if (left == tree_)
      return std::optional<MergeConflicts>();
    FLEET_TRY(const auto changes, diff_trees(git_.odb.get(), tree_, left));
    MergeConflicts conflicts{{},
                             "commit by commit they come to something else than merged at once"};
    for (const TreeChange& change : changes)
      conflicts.conflicts.push_back({change.path, request_.into_name, who_touched(change.path)});
    return std::optional(std::move(conflicts));
  }

  bool is_ours(const git_commit* commit) const {
    return git_commit_committer(commit)->email == request_.author_email &&
           git_commit_time(commit) == request_.time && !request_.mark.empty() &&
           has_line(git_commit_message_raw(commit), request_.mark);
  }

  // Those that bring something: no ancestor of the tip or of another source, none twice.
  Result<std::vector<const MergeSource*>> wanted_sources() {
    std::vector<const MergeSource*> wanted;
    const auto& all = request_.sources;
    for (std::size_t i = 0; i < all.size(); ++i) {
      FLEET_TRY(bool redundant, repository_.is_ancestor(all[i].commit, request_.into));
      for (std::size_t j = 0; j < all.size() && !redundant; ++j) {
        if (i == j || (all[i].commit == all[j].commit && i < j))
          continue;
        FLEET_TRY(redundant, repository_.is_ancestor(all[i].commit, all[j].commit));
      }
      if (!redundant)
        wanted.push_back(&all[i]);
    }
    return wanted;
  }

  std::string part_message(std::size_t index, std::size_t count) const {
    if (count <= kMaxParents)
      return request_.message;
    const std::size_t parts = (count + kMaxParents - 1) / kMaxParents;
    const std::string part =
        " (part " + std::to_string(index / kMaxParents + 1) + " of " + std::to_string(parts) + ")";
    std::string message = request_.message;
    message.insert(std::min(message.find('\n'), message.size()), part);
    return message;
  }

  // Commits that the next source's history meets ours in: of a merge of everything folded so far.
  Result<std::vector<Oid>> merge_bases(const Oid& source) const {
    std::vector<git_oid> commits{to_git(source), to_git(tip_)};
    for (const Oid& parent : parents_)
      commits.push_back(to_git(parent));
    git_oidarray array = {};
    const int code = git_merge_bases_many(&array, git_.get(), commits.size(), commits.data());
    std::vector<Oid> bases;
    if (code == GIT_ENOTFOUND)
      return bases;
    if (code < 0)
      return from_git("find a merge base", code);
    for (std::size_t i = 0; i < array.count; ++i)
      bases.push_back(from_git_oid(array.ids[i]));
    git_oidarray_dispose(&array);
    std::sort(bases.begin(), bases.end());
    return bases;
  }

  // The latest of what the source is built on that is in the branch anew.
  Result<std::optional<Oid>> taken_of(const Oid& source) const {
    for (const Oid& one : taken_) {
      FLEET_TRY(const bool built, is_built_on(git_, source, one));
      if (built)
        return std::optional(one);
    }
    return std::optional<Oid>();
  }

  // What the source brings beyond `known`, which both sides have.
  Result<std::vector<MergeConflict>> fold_from(const Oid& known, const Oid& theirs,
                                               const MergeSource& source) {
    FLEET_TRY(const Oid base, tree_of(git_, known));
    FLEET_TRY(auto changes, diff_trees(git_.odb.get(), base, theirs));
    FLEET_TRY(const TreeMerge merged, merge_trees(git_, base, tree_, theirs));
    std::vector<MergeConflict> conflicts;
    if (const auto* paths = std::get_if<ConflictPaths>(&merged)) {
      for (const std::string& path : *paths)
        conflicts.push_back({path, who_touched(path), source.name});
      return conflicts;
    }
    tree_ = std::get<Oid>(merged);
    folded_.push_back({&source, std::move(changes)});
    parents_.push_back(source.commit);
    return conflicts;
  }

  Result<std::vector<MergeConflict>> fold(const MergeSource& source) {
    FLEET_TRY(const Oid theirs, tree_of(git_, source.commit));
    FLEET_TRY(const auto known, taken_of(source.commit));
    if (known)
      return fold_from(*known, theirs, source);
    FLEET_TRY(const auto bases, merge_bases(source.commit));
    Oid base;
    if (!bases.empty()) {
      FLEET_TRY(base, tree_of(git_, bases.front()));
    }
    FLEET_TRY(auto changes, diff_trees(git_.odb.get(), base, theirs));
    std::optional<Oid> plain;
    if (bases.size() <= 1) {
      FLEET_TRY(plain, merge_plain_trees(git_, base, tree_, theirs));
    }
    if (plain) {
      tree_ = *plain;
    } else {
      FLEET_TRY(auto conflicts, full_merge(source));
      if (!conflicts.empty())
        return conflicts;
    }
    folded_.push_back({&source, std::move(changes)});
    parents_.push_back(source.commit);
    return std::vector<MergeConflict>();
  }

  // With renames, contents and several merge bases, as git merges. What was folded so far stands as
  // a commit of its own, which nothing refers to afterwards.
  Result<std::vector<MergeConflict>> full_merge(const MergeSource& source) {
    Oid ours = tip_;
    if (!parents_.empty()) {
      FLEET_TRY(ours, write_commit("merge in progress"));
    }
    FLEET_TRY(const CommitPtr our_commit, find_commit(git_, ours));
    FLEET_TRY(const CommitPtr their_commit, find_commit(git_, source.commit));
    git_merge_options options = GIT_MERGE_OPTIONS_INIT;
    git_index* raw = nullptr;
    if (const int code =
            git_merge_commits(&raw, git_.get(), our_commit.get(), their_commit.get(), &options);
        code < 0) {
      return from_git("merge " + source.name, code);
    }
    const IndexPtr index(raw);
    FLEET_TRY(auto merged, write_merged(git_, raw));
    if (const Oid* tree = std::get_if<Oid>(&merged)) {
      tree_ = *tree;
      return std::vector<MergeConflict>();
    }
    std::vector<MergeConflict> conflicts;
    for (const std::string& path : std::get<ConflictPaths>(merged))
      conflicts.push_back({path, who_touched(path), source.name});
    return conflicts;
  }

  // The latest source that changed the path, something beneath it, or a file where it has a
  // directory.
  std::string who_touched(const std::string& path) const {
    for (auto at = folded_.rbegin(); at != folded_.rend(); ++at) {
      for (const TreeChange& change : at->changes) {
        if (change.path == path || change.path.starts_with(path + "/") ||
            path.starts_with(change.path + "/")) {
          return at->source->name;
        }
      }
    }
    return request_.into_name;
  }

  Result<Oid> write_commit(const std::string& message) {
    CommitText text{
        tree_, {tip_}, request_.author_name, request_.author_email, request_.time, message, {}, {}};
    text.parents.insert(text.parents.end(), parents_.begin(), parents_.end());
    ObjectWriter writer(git_);
    FLEET_TRY(const Oid commit, writer.add(GIT_OBJECT_COMMIT, encode_commit(text)));
    FLEET_CHECK(writer.flush());
    return commit;
  }

  Status commit(const std::string& message) {
    FLEET_TRY(tip_, write_commit(message));
    parents_.clear();
    return {};
  }

  Repository& repository_;
  Repository::Handle& git_;
  const MergeRequest& request_;
  std::vector<Oid> taken_;      // what of the sources is in the branch anew
  Oid tip_;                     // the last commit made, or `into`
  Oid tree_;                    // of what is merged so far
  std::vector<Oid> parents_;    // sources folded since the tip
  std::vector<Folded> folded_;  // all of them
};

}  // namespace

Result<MergeOutcome> merge(Repository& repository, const MergeRequest& request) {
  return Merger(repository, request).run();
}

Result<std::vector<std::string>> authors_of(Repository& repository, const MergeRequest& request) {
  Repository::Handle& git = repository.handle();
  std::vector<std::string> authors;
  for (const MergeSource& source : request.sources) {
    FLEET_TRY(const auto commits, commits_between(git, {request.into}, source.commit));
    for (const Oid& oid : commits) {
      FLEET_TRY(const CommitPtr commit, find_commit(git, oid));
      const git_signature* const author = git_commit_author(commit.get());
      if (author->email != request.author_email)
        authors.push_back(std::string(author->name) + " <" + author->email + ">");
    }
  }
  std::sort(authors.begin(), authors.end());
  authors.erase(std::unique(authors.begin(), authors.end()), authors.end());
  return authors;
}

}  // namespace fleet::worktree
