#include "engine/worktree/merge.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/worktree/libgit.h"
#include "engine/worktree/object_writer.h"
#include "engine/worktree/trees.h"

namespace fleet::worktree {
namespace {

// A merge that touches no file on both sides, done on trees alone: costs the difference, where a
// merge through an index reads all of three trees. nullopt: some path changed on both sides, or is
// renamed on one and changed on the other, and needs the full merge.
class PlainMerge {
 public:
  PlainMerge(git_odb* odb, ObjectWriter& writer) : odb_(odb), writer_(writer) {}

  // The all-zero name stands for a tree that isn't there.
  Result<std::optional<Oid>> run(const Oid& base, const Oid& ours, const Oid& theirs) {
    if (base == theirs || ours == theirs)
      return std::optional(ours);
    if (base == ours)
      return std::optional(theirs);
    FLEET_TRY(const auto base_entries, read_tree(odb_, base));
    FLEET_TRY(const auto our_entries, read_tree(odb_, ours));
    FLEET_TRY(const auto their_entries, read_tree(odb_, theirs));
    std::vector<std::string> names;
    for (const auto* entries : {&base_entries, &our_entries, &their_entries}) {
      for (const TreeEntry& entry : *entries)
        names.push_back(entry.name);
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    std::vector<TreeEntry> merged;
    for (const std::string& name : names) {
      FLEET_TRY(const bool plain, merge_entry(find(base_entries, name), find(our_entries, name),
                                              find(their_entries, name), merged));
      if (!plain)
        return std::optional<Oid>();
    }
    if (merged.empty())
      return std::optional(Oid());
    std::sort(merged.begin(), merged.end(), tree_less);
    FLEET_TRY(const Oid tree, writer_.add(GIT_OBJECT_TREE, encode_tree(merged)));
    return std::optional(tree);
  }

 private:
  static const TreeEntry* find(const std::vector<TreeEntry>& entries, const std::string& name) {
    const auto at = std::find_if(entries.begin(), entries.end(),
                                 [&name](const TreeEntry& entry) { return entry.name == name; });
    return at == entries.end() ? nullptr : &*at;
  }

  static bool same(const TreeEntry* left, const TreeEntry* right) {
    return left == nullptr || right == nullptr ? left == right : *left == *right;
  }

  Result<bool> merge_entry(const TreeEntry* base, const TreeEntry* ours, const TreeEntry* theirs,
                           std::vector<TreeEntry>& merged) {
    const TreeEntry* taken = nullptr;
    if (same(base, theirs) || same(ours, theirs)) {
      taken = ours;
    } else if (same(base, ours)) {
      taken = theirs;
    } else {
      const auto tree_or_none = [](const TreeEntry* entry) {
        return entry == nullptr || entry->is_tree();
      };
      if (ours == nullptr || theirs == nullptr || !ours->is_tree() || !theirs->is_tree() ||
          !tree_or_none(base)) {
        return false;
      }
      FLEET_TRY(const auto inner, run(base == nullptr ? Oid() : base->oid, ours->oid, theirs->oid));
      if (!inner)
        return false;
      if (*inner != Oid())
        merged.push_back({ours->name, kModeTree, *inner});
      return true;
    }
    if (taken != nullptr)
      merged.push_back(*taken);
    return true;
  }

  git_odb* const odb_;
  ObjectWriter& writer_;
};

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
    FLEET_TRY(const auto sources, wanted_sources());
    if (sources.empty())
      return already_merged();
    tip_ = request_.into;
    FLEET_TRY(tree_, tree_of(git_, request_.into));
    for (std::size_t i = 0; i < sources.size(); ++i) {
      FLEET_TRY(auto conflicts, fold(*sources[i]));
      if (!conflicts.empty())
        return MergeOutcome(MergeConflicts{std::move(conflicts)});
      const bool last = i + 1 == sources.size();
      if (last || parents_.size() == kMaxParents)
        FLEET_CHECK(commit(part_message(i, sources.size())));
    }
    Merged merged;
    merged.commit = tip_;
    FLEET_TRY(merged.stat, repository_.diff_stat(request_.into, tip_));
    return MergeOutcome(merged);
  }

 private:
  // What this request itself made, before a crash that came after the branch had moved, is its
  // result still.
  Result<MergeOutcome> already_merged() {
    Oid before = request_.into;
    for (;;) {
      FLEET_TRY(const CommitPtr commit, find_commit(git_, before));
      if (!is_ours(commit.get()) || git_commit_parentcount(commit.get()) < 2)
        break;
      before = from_git_oid(*git_commit_parent_id(commit.get(), 0));
    }
    if (before == request_.into)
      return MergeOutcome(AlreadyMerged());
    FLEET_TRY(const DiffStat stat, repository_.diff_stat(before, request_.into));
    return MergeOutcome(Merged{request_.into, stat});
  }

  // By author, date and all of the message but its subject, which may count parts.
  bool is_ours(const git_commit* commit) const {
    const auto body_of = [](std::string_view message) {
      const std::size_t end = message.find_last_not_of('\n');
      message = message.substr(0, end == std::string_view::npos ? 0 : end + 1);
      return message.substr(std::min(message.find('\n'), message.size()));
    };
    return git_commit_author(commit)->email == request_.author_email &&
           git_commit_time(commit) == request_.time &&
           body_of(git_commit_message_raw(commit)) == body_of(request_.message);
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

  Result<std::vector<MergeConflict>> fold(const MergeSource& source) {
    FLEET_TRY(const Oid theirs, tree_of(git_, source.commit));
    FLEET_TRY(const auto bases, merge_bases(source.commit));
    Oid base;
    if (!bases.empty()) {
      FLEET_TRY(base, tree_of(git_, bases.front()));
    }
    FLEET_TRY(auto changes, diff_trees(git_.odb.get(), base, theirs));
    std::optional<Oid> plain;
    if (bases.size() <= 1) {
      ObjectWriter writer(git_);
      FLEET_TRY(plain, PlainMerge(git_.odb.get(), writer).run(base, tree_, theirs));
      if (plain && *plain == Oid()) {
        FLEET_TRY(plain, writer.add(GIT_OBJECT_TREE, ""));
      }
      if (plain)
        FLEET_CHECK(writer.flush());
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
    if (git_index_has_conflicts(raw) != 0)
      return name_conflicts(raw, source);
    git_oid tree;
    if (const int code = git_index_write_tree_to(&tree, raw, git_.get()); code < 0) {
      return from_git("write the merge of " + source.name, code);
    }
    tree_ = from_git_oid(tree);
    return std::vector<MergeConflict>();
  }

  Result<std::vector<MergeConflict>> name_conflicts(git_index* index, const MergeSource& source) {
    git_index_conflict_iterator* raw = nullptr;
    if (const int code = git_index_conflict_iterator_new(&raw, index); code < 0) {
      return from_git("list conflicts", code);
    }
    const GitPtr<git_index_conflict_iterator, git_index_conflict_iterator_free> iterator(raw);
    std::vector<MergeConflict> conflicts;
    const git_index_entry* base = nullptr;
    const git_index_entry* ours = nullptr;
    const git_index_entry* theirs = nullptr;
    while (git_index_conflict_next(&base, &ours, &theirs, raw) == 0) {
      const git_index_entry* any = ours != nullptr ? ours : theirs != nullptr ? theirs : base;
      conflicts.push_back({any->path, who_touched(any->path), source.name});
    }
    std::sort(conflicts.begin(), conflicts.end(),
              [](const MergeConflict& a, const MergeConflict& b) { return a.path < b.path; });
    const auto same_path = [](const MergeConflict& a, const MergeConflict& b) {
      return a.path == b.path;
    };
    conflicts.erase(std::unique(conflicts.begin(), conflicts.end(), same_path), conflicts.end());
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
    CommitText text{tree_,         {tip_}, request_.author_name, request_.author_email,
                    request_.time, message};
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
  Oid tip_;                     // the last commit made, or `into`
  Oid tree_;                    // of what is merged so far
  std::vector<Oid> parents_;    // sources folded since the tip
  std::vector<Folded> folded_;  // all of them
};

}  // namespace

Result<MergeOutcome> merge(Repository& repository, const MergeRequest& request) {
  return Merger(repository, request).run();
}

}  // namespace fleet::worktree
