#include "engine/worktree/file_index.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/worktree/safe_files.h"

namespace fleet::worktree {
namespace {

constexpr std::string_view kMagic = "fleet index 1\n";
constexpr std::uint64_t kMaxIndexBytes = std::uint64_t{4} << 30;

// FNV-1a over 8-byte words: finds torn and rotten files, no adversary can write here.
std::uint64_t checksum(std::string_view bytes) {
  std::uint64_t hash = 14695981039346656037ULL;
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    const std::size_t size = std::min(bytes.size(), sizeof word);
    std::memcpy(&word, bytes.data(), size);
    hash = (hash ^ word) * 1099511628211ULL;
    bytes.remove_prefix(size);
  }
  return hash;
}

template <class T>
void put(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_text(std::string& out, std::string_view text) {
  put(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}

void put_dir(std::string& out, const DirNode& dir) {
  put_text(out, dir.name);
  put(out, dir.tree);
  put(out, static_cast<std::uint32_t>(dir.files.size()));
  put(out, static_cast<std::uint32_t>(dir.dirs.size()));
  for (const FileNode& file : dir.files) {
    put_text(out, file.name);
    put(out, file.mode);
    put(out, file.oid);
    put(out, file.stat);
  }
  for (const DirNode& child : dir.dirs)
    put_dir(out, child);
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool at_end() const { return bytes_.empty(); }

  template <class T>
  bool get(T& value) {
    if (bytes_.size() < sizeof value)
      return false;
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_.remove_prefix(sizeof value);
    return true;
  }

  bool get_text(std::string& text) {
    std::uint32_t size = 0;
    if (!get(size) || bytes_.size() < size)
      return false;
    text = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return true;
  }

  bool get_dir(DirNode& dir) {
    std::uint32_t files = 0;
    std::uint32_t dirs = 0;
    if (!get_text(dir.name) || !get(dir.tree) || !get(files) || !get(dirs))
      return false;
    if (files > bytes_.size() || dirs > bytes_.size())
      return false;
    dir.files.resize(files);
    for (FileNode& file : dir.files) {
      if (!get_text(file.name) || !get(file.mode) || !get(file.oid) || !get(file.stat))
        return false;
    }
    dir.dirs.resize(dirs);
    return std::all_of(dir.dirs.begin(), dir.dirs.end(), [this](DirNode& d) { return get_dir(d); });
  }

 private:
  std::string_view bytes_;
};

std::string boot_id() {
  auto id = read_file_at("/proc/sys/kernel/random/boot_id", 4096);
  // Reported with size 0 like every file of /proc, so read by hand.
  if (id && !id->empty())
    return *id;
  std::string text(64, '\0');
  const UniqueFd fd(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  const ssize_t size = fd ? ::read(fd.get(), text.data(), text.size()) : 0;
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

template <class Nodes>
auto find_in(Nodes& nodes, std::string_view name) -> decltype(nodes.data()) {
  const auto at = std::lower_bound(
      nodes.begin(), nodes.end(), name,
      [](const auto& node, std::string_view wanted) { return node.name < wanted; });
  return at != nodes.end() && at->name == name ? &*at : nullptr;
}

constexpr auto kByName = [](const auto& a, const auto& b) {
  return a.name < b.name;
};

Status move_dir(git_odb* odb, DirNode& dir, const Oid& tree, const std::string& path) {
  if (dir.tree == tree)
    return {};
  FLEET_TRY(auto entries, read_tree(odb, tree));
  DirNode next;
  next.name = dir.name;
  for (TreeEntry& entry : entries) {
    if (entry.mode == kModeSubmodule) {
      return Error(Errc::kUnsupported, path + entry.name + " is a submodule");
    }
    if (entry.is_tree()) {
      DirNode child;
      if (DirNode* known = dir.find_dir(entry.name)) {
        child = std::move(*known);
      }
      child.name = entry.name;
      FLEET_CHECK(move_dir(odb, child, entry.oid, path + entry.name + "/"));
      next.dirs.push_back(std::move(child));
      continue;
    }
    const FileNode* known = dir.find_file(entry.name);
    FileNode file{std::move(entry.name), entry.mode, entry.oid, {}};
    if (known != nullptr && known->oid == file.oid && known->mode == file.mode) {
      file.stat = known->stat;
    }
    next.files.push_back(std::move(file));
  }
  next.tree = tree;
  std::sort(next.files.begin(), next.files.end(), kByName);
  std::sort(next.dirs.begin(), next.dirs.end(), kByName);
  dir = std::move(next);
  return {};
}

}  // namespace

FileStat FileStat::of(const struct stat& found) {
  FileStat out;
  out.ctime_ns = nanoseconds(found.st_ctim);
  out.mtime_ns = nanoseconds(found.st_mtim);
  out.device = found.st_dev;
  out.inode = found.st_ino;
  out.size = static_cast<std::uint64_t>(found.st_size);
  out.mode = found.st_mode;
  out.user = found.st_uid;
  out.group = found.st_gid;
  return out;
}

FileNode* DirNode::find_file(std::string_view child) {
  return find_in(files, child);
}
DirNode* DirNode::find_dir(std::string_view child) {
  return find_in(dirs, child);
}
const FileNode* DirNode::find_file(std::string_view child) const {
  return find_in(files, child);
}
const DirNode* DirNode::find_dir(std::string_view child) const {
  return find_in(dirs, child);
}

FileIndex load_index(const std::string& path) {
  struct stat found = {};
  auto bytes = read_file_at(path, kMaxIndexBytes);
  if (!bytes || ::stat(path.c_str(), &found) != 0)
    return {};
  std::string_view body = *bytes;
  std::uint64_t sum = 0;
  if (body.size() < kMagic.size() + sizeof sum || !body.starts_with(kMagic))
    return {};
  std::memcpy(&sum, body.data() + body.size() - sizeof sum, sizeof sum);
  body.remove_suffix(sizeof sum);
  if (sum != checksum(body))
    return {};
  Reader reader(body.substr(kMagic.size()));
  FileIndex index;
  std::string boot;
  if (!reader.get_text(boot) || !reader.get_dir(index.root) || !reader.at_end())
    return {};
  index.written_ns = boot == boot_id() ? nanoseconds(found.st_mtim) : 0;
  return index;
}

Status save_index(const std::string& path, FileIndex& index) {
  std::string bytes(kMagic);
  put_text(bytes, boot_id());
  put_dir(bytes, index.root);
  put(bytes, checksum(bytes));
  FLEET_CHECK(replace_file(path, bytes, false));
  struct stat found = {};
  if (::stat(path.c_str(), &found) != 0)
    return os_error("stat", path, errno);
  index.written_ns = nanoseconds(found.st_mtim);
  return {};
}

Status move_index(git_odb* odb, FileIndex& index, const Oid& tree) {
  return move_dir(odb, index.root, tree, "");
}

}  // namespace fleet::worktree
