#include "engine/worktree/tree_walk.h"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <utility>

#include "engine/worktree/safe_files.h"

namespace fleet::worktree {
namespace {

constexpr std::uint64_t kMaxRules = 1 << 20;
constexpr std::size_t kMaxPath = 4000;  // below PATH_MAX, which no git could check out
constexpr std::size_t kMaxHidden = 20;

bool is_git_name(std::string_view name) {
  static constexpr std::string_view kGit = ".git";
  return std::equal(name.begin(), name.end(), kGit.begin(), kGit.end(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == b;
  });
}

std::string join(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : directory + "/" + name;
}

std::uint32_t git_mode(const struct stat& found) {
  if (S_ISLNK(found.st_mode))
    return kModeLink;
  return (found.st_mode & 0100) != 0 ? kModeProgram : kModeFile;
}

}  // namespace

Result<Oid> TreeWalk::run(const std::vector<std::string>& exclude_texts) {
  Place root;
  root.node = &index_.root;
  for (const std::string& text : exclude_texts) {
    const auto file = std::make_shared<const IgnoreFile>("", text);
    root.now.add(file);
    root.start.add(file);
  }
  FLEET_TRY(const auto tree, walk(root));
  if (tree)
    return *tree;
  return writer_.add(GIT_OBJECT_TREE, "");
}

// Nothing is held open while a child is walked, so depth costs no descriptors.
Result<std::optional<Oid>> TreeWalk::walk(const Place& outer) {
  Place place = outer;
  Listing listing;
  {
    FLEET_TRY(const UniqueFd directory, open_beneath(tree_, place.path));
    FLEET_CHECK(read_rules(directory.get(), place));
    FLEET_TRY(auto names, list_directory(directory.get()));
    std::sort(names.begin(), names.end(),
              [](const DirEntry& a, const DirEntry& b) { return a.name < b.name; });
    for (const DirEntry& entry : names) {
      FLEET_CHECK(visit(directory.get(), place, entry.name, listing));
    }
  }
  if (place.node != nullptr) {
    std::vector<std::string> files;
    std::vector<std::string> dirs;
    for (const TreeEntry& entry : listing.entries)
      files.push_back(entry.name);
    for (const Place& below : listing.below)
      dirs.push_back(below.path.substr(below.path.rfind('/') + 1));
    note_deleted(place, files, dirs, listing);
  }
  for (const Place& below : listing.below) {
    FLEET_TRY(const auto tree, walk(below));
    const bool same = below.node != nullptr && tree && *tree == below.node->tree;
    listing.changed = listing.changed || (!same && (below.node != nullptr || tree));
    if (tree) {
      listing.entries.push_back({below.path.substr(below.path.rfind('/') + 1), kModeTree, *tree});
    }
  }
  if (place.node != nullptr && !listing.changed)
    return std::optional(place.node->tree);
  if (listing.entries.empty())
    return std::optional<Oid>();
  std::sort(listing.entries.begin(), listing.entries.end(), tree_less);
  FLEET_TRY(const Oid tree, writer_.add(GIT_OBJECT_TREE, encode_tree(listing.entries)));
  return std::optional(tree);
}

Status TreeWalk::read_rules(int directory, Place& place) {
  const FileNode* tracked = place.node != nullptr ? place.node->find_file(".gitignore") : nullptr;
  if (tracked != nullptr && tracked->mode != kModeLink) {
    const git_oid id = to_git(tracked->oid);
    git_odb_object* raw = nullptr;
    if (const int code = git_odb_read(&raw, odb_, &id); code < 0) {
      return from_git("read " + join(place.path, ".gitignore"), code);
    }
    const OdbObjectPtr object(raw);
    place.start.add(std::make_shared<const IgnoreFile>(
        place.path, std::string_view(static_cast<const char*>(git_odb_object_data(raw)),
                                     git_odb_object_size(raw))));
  }
  // What is no readable regular file of sane size holds no rules, as for git.
  if (const auto text = read_entry(directory, ".gitignore", kMaxRules)) {
    place.now.add(std::make_shared<const IgnoreFile>(place.path, *text));
  }
  return {};
}

Status TreeWalk::visit(int directory, const Place& place, const std::string& name,
                       Listing& listing) {
  const std::string path = join(place.path, name);
  if (is_git_name(name)) {
    if (place.path.empty() && name == ".git")
      return {};
    if (place.ignored)
      return {};
    return name == ".git" ? refuse(CaptureRefused::Why::kRepositoryInside, place.path)
                          : refuse(CaptureRefused::Why::kBadName, path);
  }
  if (path.size() > kMaxPath) {
    return place.ignored ? Status() : refuse(CaptureRefused::Why::kBadName, path);
  }
  FLEET_TRY(const auto found, stat_entry(directory, name));
  if (!found)
    return {};
  if (S_ISDIR(found->st_mode))
    return visit_directory(directory, place, name, *found, listing);
  if (S_ISREG(found->st_mode) || S_ISLNK(found->st_mode)) {
    return visit_file(directory, place, name, *found, listing);
  }
  const bool tracked = place.node != nullptr && place.node->find_file(name) != nullptr;
  if (!tracked && is_ignored(place, path, false))
    return {};
  return refuse(CaptureRefused::Why::kSpecialFile, path);
}

Status TreeWalk::visit_file(int directory, const Place& place, const std::string& name,
                            const struct stat& found, Listing& listing) {
  const std::string path = join(place.path, name);
  const FileNode* tracked = place.node != nullptr ? place.node->find_file(name) : nullptr;
  if (tracked != nullptr && index_.is_unchanged(*tracked, found)) {
    listing.entries.push_back({name, tracked->mode, tracked->oid});
    return {};
  }
  if (tracked == nullptr && is_ignored(place, path, false))
    return {};
  if (static_cast<std::uint64_t>(found.st_size) > request_.max_file_bytes && !request_.lenient) {
    return refuse(CaptureRefused::Why::kTooLarge, path);
  }
  FLEET_TRY(auto bytes, contents(directory, name, path, found));
  if (!bytes)
    return refuse(CaptureRefused::Why::kUnreadable, path);
  TreeEntry entry{name, git_mode(found), {}};
  git_oid id;
  if (const int code = git_odb_hash(&id, bytes->data(), bytes->size(), GIT_OBJECT_BLOB); code < 0) {
    return from_git("hash " + path, code);
  }
  entry.oid = from_git_oid(id);
  if (tracked == nullptr || tracked->oid != entry.oid || tracked->mode != entry.mode) {
    FLEET_TRY(const Oid written, writer_.add(GIT_OBJECT_BLOB, *std::move(bytes)));
    FLEET_ASSERT(written == entry.oid, path);
    touched.push_back(path);
    listing.changed = true;
  }
  listing.entries.push_back(std::move(entry));
  return {};
}

Status TreeWalk::visit_directory(int directory, const Place& place, const std::string& name,
                                 const struct stat& found, Listing& listing) {
  Place below{place.node != nullptr ? place.node->find_dir(name) : nullptr, join(place.path, name),
              place.now, place.start, place.ignored};
  if (is_ignored(place, below.path, true)) {
    if (below.node == nullptr)
      return {};
    below.ignored = true;
  }
  if ((found.st_mode & 0700) != 0700 &&
      ::fchmodat(directory, name.c_str(), found.st_mode | 0700, 0) != 0) {
    return refuse(CaptureRefused::Why::kUnreadable, below.path);
  }
  listing.below.push_back(std::move(below));
  return {};
}

void TreeWalk::note_deleted(const Place& place, const std::vector<std::string>& files,
                            const std::vector<std::string>& dirs, Listing& listing) {
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::binary_search(names.begin(), names.end(), name);
  };
  for (const FileNode& file : place.node->files) {
    if (has(files, file.name))
      continue;
    touched.push_back(join(place.path, file.name));
    listing.changed = true;
  }
  for (const DirNode& dir : place.node->dirs) {
    if (has(dirs, dir.name))
      continue;
    note_deleted_beneath(dir, join(place.path, dir.name));
    listing.changed = true;
  }
}

void TreeWalk::note_deleted_beneath(const DirNode& dir, const std::string& path) {
  for (const FileNode& file : dir.files)
    touched.push_back(path + "/" + file.name);
  for (const DirNode& child : dir.dirs)
    note_deleted_beneath(child, path + "/" + child.name);
}

bool TreeWalk::is_ignored(const Place& place, const std::string& path, bool is_directory) {
  if (place.ignored)
    return true;
  if (!place.now.ignores(path, is_directory))
    return false;
  if (!place.start.ignores(path, is_directory) && newly_hidden.size() < kMaxHidden) {
    newly_hidden.push_back(path);
  }
  return true;
}

// nullopt if it can't be read.
Result<std::optional<std::string>> TreeWalk::contents(int directory, const std::string& name,
                                                      const std::string& path,
                                                      const struct stat& found) {
  if (S_ISLNK(found.st_mode)) {
    FLEET_TRY(auto target, read_link(directory, name));
    return std::optional(std::move(target));
  }
  if ((found.st_mode & 0400) == 0) {
    // Root reads it anyway; for others this is what lets them.
    (void)::fchmodat(directory, name.c_str(), found.st_mode | 0400, 0);
  }
  auto bytes = read_entry(directory, name, std::uint64_t{1} << 40);
  if (bytes)
    return std::optional(*std::move(bytes));
  const Errc code = bytes.error().code();
  if (code == Errc::kIo || code == Errc::kNoSpace)
    return std::move(bytes).error().in(path);
  return std::optional<std::string>();
}

Status TreeWalk::refuse(CaptureRefused::Why why, const std::string& path) {
  if (request_.lenient)
    return {};
  refused = CaptureRefused{why, path};
  return Error(Errc::kCancelled, path + " can't be committed");
}

}  // namespace fleet::worktree
