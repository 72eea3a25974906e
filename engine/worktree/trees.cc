#include "engine/worktree/trees.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace fleet::worktree {
namespace {

Error damaged(const Oid& tree) {
  return {Errc::kCorrupt, "tree " + tree.hex() + " is damaged"};
}

// Modes that old tools wrote (100664) mean what git reads them as.
std::uint32_t canonical_mode(std::uint32_t mode) {
  switch (mode & 0170000) {
    case 0040000: return kModeTree;
    case 0120000: return kModeLink;
    case 0160000: return kModeSubmodule;
    default: return (mode & 0100) != 0 ? kModeProgram : kModeFile;
  }
}

int compare_entries(const TreeEntry& left, const TreeEntry& right) {
  if (tree_less(left, right))
    return -1;
  return tree_less(right, left) ? 1 : 0;
}

class Differ {
 public:
  explicit Differ(git_odb* odb) : odb_(odb) {}

  Status run(const Oid& before, const Oid& after, const std::string& path) {
    if (before == after)
      return {};
    FLEET_TRY(const auto left, read_tree(odb_, before));
    FLEET_TRY(const auto right, read_tree(odb_, after));
    std::size_t l = 0;
    std::size_t r = 0;
    while (l < left.size() || r < right.size()) {
      int order = 0;
      if (l == left.size()) {
        order = 1;
      } else if (r == right.size()) {
        order = -1;
      } else {
        order = compare_entries(left[l], right[r]);
      }
      const TreeEntry* old_entry = order <= 0 ? &left[l++] : nullptr;
      const TreeEntry* new_entry = order >= 0 ? &right[r++] : nullptr;
      FLEET_CHECK(compare(old_entry, new_entry, path));
    }
    return {};
  }

  std::vector<TreeChange> changes;

 private:
  Status compare(const TreeEntry* before, const TreeEntry* after, const std::string& path) {
    if (before != nullptr && after != nullptr && *before == *after)
      return {};
    const TreeEntry& any = before != nullptr ? *before : *after;
    const std::string inner = path + any.name;
    if (any.is_tree()) {
      return run(before != nullptr ? before->oid : Oid(), after != nullptr ? after->oid : Oid(),
                 inner + "/");
    }
    TreeChange change;
    change.path = inner;
    if (before != nullptr) {
      change.old_mode = before->mode;
      change.old_oid = before->oid;
    }
    if (after != nullptr) {
      change.new_mode = after->mode;
      change.new_oid = after->oid;
    }
    changes.push_back(std::move(change));
    return {};
  }

  git_odb* const odb_;
};

Result<OdbObjectPtr> read_blob(git_odb* odb, const Oid& oid) {
  const git_oid id = to_git(oid);
  git_odb_object* object = nullptr;
  if (const int code = git_odb_read(&object, odb, &id); code < 0) {
    return from_git("read blob " + oid.hex(), code);
  }
  return OdbObjectPtr(object);
}

int count_line(const git_diff_delta*, const git_diff_hunk*, const git_diff_line* line, void* data) {
  auto& stat = *static_cast<DiffStat*>(data);
  if (line->origin == GIT_DIFF_LINE_ADDITION)
    ++stat.insertions;
  if (line->origin == GIT_DIFF_LINE_DELETION)
    ++stat.deletions;
  return 0;
}

}  // namespace

bool tree_less(const TreeEntry& left, const TreeEntry& right) {
  const std::string_view a = left.name;
  const std::string_view b = right.name;
  const std::size_t common = std::min(a.size(), b.size());
  if (const int order = a.substr(0, common).compare(b.substr(0, common)); order != 0) {
    return order < 0;
  }
  const auto next = [common](const TreeEntry& entry) -> unsigned char {
    if (entry.name.size() > common)
      return static_cast<unsigned char>(entry.name[common]);
    return entry.is_tree() ? '/' : 0;
  };
  return next(left) < next(right);
}

Result<std::vector<TreeEntry>> read_tree(git_odb* odb, const Oid& tree) {
  std::vector<TreeEntry> entries;
  if (tree == Oid())
    return entries;
  const git_oid id = to_git(tree);
  git_odb_object* raw = nullptr;
  if (const int code = git_odb_read(&raw, odb, &id); code < 0) {
    return from_git("read tree " + tree.hex(), code);
  }
  const OdbObjectPtr object(raw);
  if (git_odb_object_type(raw) != GIT_OBJECT_TREE)
    return damaged(tree);
  std::string_view bytes(static_cast<const char*>(git_odb_object_data(raw)),
                         git_odb_object_size(raw));
  while (!bytes.empty()) {
    TreeEntry entry;
    std::size_t at = 0;
    std::uint32_t mode = 0;
    for (; at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '7'; ++at) {
      mode = mode * 8 + static_cast<std::uint32_t>(bytes[at] - '0');
    }
    const std::size_t end = bytes.find('\0', at);
    if (at == 0 || at >= bytes.size() || bytes[at] != ' ' || end == std::string_view::npos ||
        end + 1 + entry.oid.bytes.size() > bytes.size()) {
      return damaged(tree);
    }
    entry.mode = canonical_mode(mode);
    entry.name = bytes.substr(at + 1, end - at - 1);
    // A checkout must never be led out of its directory.
    if (entry.name.empty() || entry.name == "." || entry.name == ".." ||
        entry.name.find('/') != std::string::npos) {
      return damaged(tree);
    }
    std::memcpy(entry.oid.bytes.data(), bytes.data() + end + 1, entry.oid.bytes.size());
    bytes.remove_prefix(end + 1 + entry.oid.bytes.size());
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::string encode_tree(const std::vector<TreeEntry>& entries) {
  static constexpr const char* kModes[] = {"40000 ", "100644 ", "100755 ", "120000 ", "160000 "};
  std::string bytes;
  for (const TreeEntry& entry : entries) {
    switch (entry.mode) {
      case kModeTree: bytes += kModes[0]; break;
      case kModeFile: bytes += kModes[1]; break;
      case kModeProgram: bytes += kModes[2]; break;
      case kModeLink: bytes += kModes[3]; break;
      default: bytes += kModes[4]; break;
    }
    bytes += entry.name;
    bytes += '\0';
    bytes.append(reinterpret_cast<const char*>(entry.oid.bytes.data()), entry.oid.bytes.size());
  }
  return bytes;
}

Result<std::vector<TreeChange>> diff_trees(git_odb* odb, const Oid& before, const Oid& after) {
  Differ differ(odb);
  FLEET_CHECK(differ.run(before, after, ""));
  std::sort(differ.changes.begin(), differ.changes.end(),
            [](const TreeChange& a, const TreeChange& b) { return a.path < b.path; });
  return std::move(differ.changes);
}

Result<DiffStat> count_lines(git_odb* odb, const std::vector<TreeChange>& changes) {
  DiffStat stat;
  git_diff_options options = GIT_DIFF_OPTIONS_INIT;
  options.context_lines = 0;
  for (const TreeChange& change : changes) {
    ++stat.files;
    if (change.old_mode == kModeSubmodule || change.new_mode == kModeSubmodule)
      continue;
    if (change.old_mode != 0 && change.new_mode != 0 && change.old_oid == change.new_oid)
      continue;
    OdbObjectPtr before;
    OdbObjectPtr after;
    if (change.old_mode != 0) {
      FLEET_TRY(before, read_blob(odb, change.old_oid));
    }
    if (change.new_mode != 0) {
      FLEET_TRY(after, read_blob(odb, change.new_oid));
    }
    const auto data = [](const OdbObjectPtr& o) {
      return o ? git_odb_object_data(o.get()) : nullptr;
    };
    const auto size = [](const OdbObjectPtr& o) {
      return o ? git_odb_object_size(o.get()) : 0;
    };
    const int code =
        git_diff_buffers(data(before), size(before), nullptr, data(after), size(after), nullptr,
                         &options, nullptr, nullptr, nullptr, count_line, &stat);
    if (code < 0)
      return from_git("compare " + change.path, code);
  }
  return stat;
}

Change to_change(const TreeChange& change) {
  Change out;
  out.path = change.path;
  if (change.old_mode == 0)
    out.kind = Change::Kind::kAdded;
  if (change.new_mode == 0)
    out.kind = Change::Kind::kDeleted;
  return out;
}

}  // namespace fleet::worktree
