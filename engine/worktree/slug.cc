#include "engine/worktree/slug.h"

#include <algorithm>

#include "engine/worktree/libgit.h"

namespace fleet::worktree {
namespace {

// Below NAME_MAX (255) with room for git's own ".lock" and for what a template adds around a hole.
constexpr std::size_t kMaxComponent = 180;
constexpr std::size_t kMaxTotal = 700;
constexpr std::size_t kCutText = 48;  // bytes of an over-long text that stay readable

void append_escaped(std::string& out, char byte) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  const auto value = static_cast<unsigned char>(byte);
  out += '%';
  out += kDigits[value >> 4];
  out += kDigits[value & 15];
}

bool is_plain(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '_';
}

bool ends_component(std::string_view text, std::size_t at) {
  return at == text.size() || text[at] == '/';
}

// Every byte is either kept or escaped, and '%' always is: the text can be read back, so no two
// texts share a slug.
std::string encode(std::string_view text) {
  std::string out;
  bool at_start = true;  // of a component of the output
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char byte = text[i];
    bool keep = is_plain(byte);
    if (byte == '-') {
      keep = !at_start;
    } else if (byte == '.') {
      const bool locks = text.substr(i, 5) == ".lock" && ends_component(text, i + 5);
      keep = !at_start && out.back() != '.' && !ends_component(text, i + 1) && !locks;
    } else if (byte == '/') {
      keep = !at_start && i + 1 < text.size();
    }
    if (keep) {
      out += byte;
    } else {
      append_escaped(out, byte);
    }
    at_start = keep && byte == '/';
  }
  return out;
}

bool fits(std::string_view slug) {
  if (slug.size() > kMaxTotal)
    return false;
  std::size_t start = 0;
  for (;;) {
    const std::size_t slash = slug.find('/', start);
    const std::size_t end = slash == std::string_view::npos ? slug.size() : slash;
    if (end - start > kMaxComponent)
      return false;
    if (slash == std::string_view::npos)
      return true;
    start = slash + 1;
  }
}

std::string hash_of(std::string_view text) {
  start_libgit2();
  git_oid id;
  git_odb_hash(&id, text.data(), text.size(), GIT_OBJECT_BLOB);
  return from_git_oid(id).hex();
}

bool is_directory_of(std::string_view outer, std::string_view inner) {
  return inner.size() > outer.size() && inner.starts_with(outer) && inner[outer.size()] == '/';
}

}  // namespace

std::string slug(std::string_view text) {
  if (text.empty())
    return "%";
  std::string out = encode(text);
  if (fits(out))
    return out;
  std::string cut;
  for (const char byte : text.substr(0, kCutText)) {
    if (is_plain(byte)) {
      cut += byte;
    } else {
      append_escaped(cut, byte);
    }
  }
  return cut + "%h" + hash_of(text);
}

bool is_valid_branch(std::string_view name) {
  if (name.empty() || name.front() == '-' || name == "HEAD")
    return false;
  // libgit2 lets DEL pass, git does not.
  if (name.find('\0') != std::string_view::npos || name.find('\x7F') != std::string_view::npos)
    return false;
  start_libgit2();
  int valid = 0;
  return git_reference_name_is_valid(&valid, ("refs/heads/" + std::string(name)).c_str()) == 0 &&
         valid != 0;
}

std::optional<std::pair<std::string, std::string>> find_branch_conflict(
    std::vector<std::string> names) {
  // With '/' sorted before every other byte, a directory is next to what lies beneath it.
  const auto key_less = [](const std::string& left, const std::string& right) {
    return std::lexicographical_compare(
        left.begin(), left.end(), right.begin(), right.end(), [](char a, char b) {
          const auto rank = [](char byte) {
            return byte == '/' ? 0 : static_cast<int>(static_cast<unsigned char>(byte)) + 1;
          };
          return rank(a) < rank(b);
        });
  };
  std::sort(names.begin(), names.end(), key_less);
  for (std::size_t i = 0; i + 1 < names.size(); ++i) {
    if (names[i] == names[i + 1] || is_directory_of(names[i], names[i + 1])) {
      return std::pair(names[i], names[i + 1]);
    }
  }
  return std::nullopt;
}

}  // namespace fleet::worktree
