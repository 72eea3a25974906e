// A git index file written from ours. The format is git's Documentation/gitformat-index: a header,
// entries sorted by path and padded to eight bytes, the TREE extension, a SHA-1 of it all.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <openssl/sha.h>

#include "engine/worktree/file_index.h"

namespace fleet::worktree {
namespace {

void put32(std::string& out, std::uint64_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>((value >> shift) & 0xff);
}

void put_time(std::string& out, std::int64_t ns) {
  put32(out, static_cast<std::uint64_t>(ns / 1'000'000'000));
  put32(out, static_cast<std::uint64_t>(ns % 1'000'000'000));
}

void put_oid(std::string& out, const Oid& oid) {
  out.append(reinterpret_cast<const char*>(oid.bytes.data()), oid.bytes.size());
}

class Encoder {
 public:
  std::string run(const DirNode& root) {
    put_entries(root, "");
    std::string trees;
    put_trees(trees, root, "");
    std::string out = "DIRC";
    put32(out, 2);
    put32(out, count_);
    out += entries_;
    out += "TREE";
    put32(out, trees.size());
    out += trees;
    unsigned char hash[SHA_DIGEST_LENGTH];
    SHA1(reinterpret_cast<const unsigned char*>(out.data()), out.size(), hash);
    out.append(reinterpret_cast<const char*>(hash), sizeof hash);
    return out;
  }

 private:
  // Files and directories interleaved so that whole paths come out in byte order.
  void put_entries(const DirNode& dir, const std::string& path) {
    std::size_t next = 0;
    std::vector<std::pair<std::string, const DirNode*>> children;
    for (const DirNode& child : dir.dirs)
      children.emplace_back(child.name + "/", &child);
    std::sort(children.begin(), children.end());
    for (const auto& [key, child] : children) {
      while (next < dir.files.size() && dir.files[next].name < key)
        put_file(dir.files[next++], path);
      put_entries(*child, path + key);
    }
    while (next < dir.files.size())
      put_file(dir.files[next++], path);
  }

  void put_file(const FileNode& file, const std::string& directory) {
    const std::size_t start = entries_.size();
    const FileStat& stat = file.stat;
    put_time(entries_, stat.ctime_ns);
    put_time(entries_, stat.mtime_ns);
    put32(entries_, stat.device);
    put32(entries_, stat.inode);
    put32(entries_, file.mode);
    put32(entries_, stat.user);
    put32(entries_, stat.group);
    put32(entries_, stat.size);
    put_oid(entries_, file.oid);
    const std::size_t length = std::min<std::size_t>(directory.size() + file.name.size(), 0xfff);
    entries_ += static_cast<char>(length >> 8);
    entries_ += static_cast<char>(length & 0xff);
    entries_ += directory;
    entries_ += file.name;
    entries_.append(8 - (entries_.size() - start) % 8, '\0');
    ++count_;
  }

  // Gives the number of files beneath.
  std::size_t put_trees(std::string& out, const DirNode& dir, const std::string& name) {
    std::string inner;
    std::size_t files = dir.files.size();
    // Git looks subtrees up in this order: shorter names first, then bytes.
    std::vector<const DirNode*> children;
    for (const DirNode& child : dir.dirs)
      children.push_back(&child);
    std::sort(children.begin(), children.end(), [](const DirNode* a, const DirNode* b) {
      return a->name.size() != b->name.size() ? a->name.size() < b->name.size() : a->name < b->name;
    });
    for (const DirNode* child : children)
      files += put_trees(inner, *child, child->name);
    out += name;
    out += '\0';
    out += std::to_string(files) + " " + std::to_string(children.size()) + "\n";
    put_oid(out, dir.tree);
    out += inner;
    return files;
  }

  std::string entries_;
  std::uint32_t count_ = 0;
};

}  // namespace

std::string encode_git_index(const FileIndex& index) {
  return Encoder().run(index.root);
}

}  // namespace fleet::worktree
