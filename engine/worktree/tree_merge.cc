#include "engine/worktree/tree_merge.h"

#include <algorithm>
#include <utility>

#include "engine/worktree/object_writer.h"
#include "engine/worktree/trees.h"

namespace fleet::worktree {
namespace {

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

// null for the all-zero name.
Result<TreePtr> open_tree(Repository::Handle& git, const Oid& oid) {
  if (oid == Oid())
    return TreePtr();
  git_tree* tree = nullptr;
  const git_oid id = to_git(oid);
  if (const int code = git_tree_lookup(&tree, git.get(), &id); code < 0)
    return from_git("read tree " + oid.hex(), code);
  return TreePtr(tree);
}

}  // namespace

Result<std::optional<Oid>> merge_plain_trees(Repository::Handle& git, const Oid& base,
                                             const Oid& ours, const Oid& theirs) {
  ObjectWriter writer(git);
  FLEET_TRY(auto merged, PlainMerge(git.odb.get(), writer).run(base, ours, theirs));
  if (merged && *merged == Oid()) {
    FLEET_TRY(merged, writer.add(GIT_OBJECT_TREE, ""));
  }
  if (merged)
    FLEET_CHECK(writer.flush());
  return merged;
}

Result<TreeMerge> write_merged(Repository::Handle& git, git_index* index) {
  if (git_index_has_conflicts(index) == 0) {
    git_oid tree;
    if (const int code = git_index_write_tree_to(&tree, index, git.get()); code < 0)
      return from_git("write a merged tree", code);
    return TreeMerge(from_git_oid(tree));
  }
  git_index_conflict_iterator* raw = nullptr;
  if (const int code = git_index_conflict_iterator_new(&raw, index); code < 0)
    return from_git("list conflicts", code);
  const GitPtr<git_index_conflict_iterator, git_index_conflict_iterator_free> iterator(raw);
  ConflictPaths paths;
  const git_index_entry* base = nullptr;
  const git_index_entry* ours = nullptr;
  const git_index_entry* theirs = nullptr;
  while (git_index_conflict_next(&base, &ours, &theirs, raw) == 0)
    paths.emplace_back((ours != nullptr ? ours : theirs != nullptr ? theirs : base)->path);
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return TreeMerge(std::move(paths));
}

Result<TreeMerge> merge_trees(Repository::Handle& git, const Oid& base, const Oid& ours,
                              const Oid& theirs) {
  FLEET_TRY(const auto plain, merge_plain_trees(git, base, ours, theirs));
  if (plain)
    return TreeMerge(*plain);
  FLEET_TRY(const TreePtr base_tree, open_tree(git, base));
  FLEET_TRY(const TreePtr our_tree, open_tree(git, ours));
  FLEET_TRY(const TreePtr their_tree, open_tree(git, theirs));
  git_merge_options options = GIT_MERGE_OPTIONS_INIT;
  git_index* raw = nullptr;
  if (const int code = git_merge_trees(&raw, git.get(), base_tree.get(), our_tree.get(),
                                       their_tree.get(), &options);
      code < 0) {
    return from_git("merge trees", code);
  }
  const IndexPtr index(raw);
  return write_merged(git, raw);
}

}  // namespace fleet::worktree
