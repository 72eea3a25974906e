#include "engine/worktree/find_repository.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/worktree/oid.h"
#include "engine/worktree/safe_files.h"

namespace fleet::worktree {
namespace {

constexpr std::uint64_t kMaxSmallFile = 1 << 16;

// nullopt if there is none.
Result<std::optional<mode_t>> kind_at(const std::string& path, bool follow) {
  struct stat found = {};
  if ((follow ? ::stat(path.c_str(), &found) : ::lstat(path.c_str(), &found)) == 0)
    return std::optional(found.st_mode & S_IFMT);
  if (errno == ENOENT || errno == ENOTDIR)
    return std::optional<mode_t>();
  return os_error("look at", path, errno);
}

Result<bool> is_directory(const std::string& path) {
  FLEET_TRY(const auto kind, kind_at(path, true));
  return kind == mode_t{S_IFDIR};
}

// The first line of a file whose last component may be a link, as git writes such files.
Result<std::string> first_line(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  if (real == nullptr)
    return os_error("read", path, errno);
  FLEET_TRY(std::string text, read_file_at(real.get(), kMaxSmallFile));
  text.resize(std::min(text.find_first_of("\r\n"), text.size()));
  return text;
}

std::string beneath(const std::string& folder, const std::string& path) {
  return path.starts_with('/') ? path : folder + "/" + path;
}

// What a git directory is made of.
struct Parts {
  bool head = false;       // and it names a branch or a commit
  bool head_file = false;  // there is one at all
  bool objects = false;
  bool refs = false;
  bool config = false;
  bool other = false;  // something else that only a repository has

  bool whole() const { return head && objects && refs; }
  bool any() const { return head_file || objects || refs || config || other; }
  // Enough for a bare repository that lost something; other folders are named like that too.
  bool most() const { return head_file + objects + refs + config >= 3; }
  std::string missing() const {
    if (head_file && !head)
      return "its HEAD names neither a branch nor a commit";
    std::string text;
    for (const auto& [there, name] :
         {std::pair(head, "HEAD"), std::pair(objects, "objects"), std::pair(refs, "refs")}) {
      if (!there)
        text += (text.empty() ? "it has no " : " and no ") + std::string(name);
    }
    return text;
  }
};

Result<bool> names_something(const std::string& head) {
  FLEET_TRY(const auto kind, kind_at(head, false));
  if (kind == mode_t{S_IFLNK}) {  // as git made it long ago; an unborn branch makes it dangle
    FLEET_TRY(const auto target, kind_at(head, true));
    if (!target)
      return true;
  }
  FLEET_TRY(const std::string line, first_line(head));
  return line.starts_with("ref:") || Oid::parse(line).has_value() || line.size() == 64;
}

Result<Parts> parts_of(const std::string& git_dir) {
  Parts parts;
  std::string common = git_dir;
  FLEET_TRY(const auto linked, kind_at(git_dir + "/commondir", true));
  if (linked == mode_t{S_IFREG}) {
    parts.other = true;
    FLEET_TRY(const std::string line, first_line(git_dir + "/commondir"));
    common = beneath(git_dir, line);
  }
  FLEET_TRY(const auto head, kind_at(git_dir + "/HEAD", false));
  parts.head_file = head == mode_t{S_IFREG} || head == mode_t{S_IFLNK};
  if (parts.head_file) {
    FLEET_TRY(parts.head, names_something(git_dir + "/HEAD"));
  }
  FLEET_TRY(parts.objects, is_directory(common + "/objects"));
  FLEET_TRY(parts.refs, is_directory(common + "/refs"));
  FLEET_TRY(const auto config, kind_at(common + "/config", true));
  parts.config = config == mode_t{S_IFREG};
  for (const char* name : {"/packed-refs", "/index"}) {
    FLEET_TRY(const auto kind, kind_at(git_dir + name, true));
    parts.other = parts.other || kind == mode_t{S_IFREG};
  }
  return parts;
}

Error refused(const std::string& path, const std::string& why) {
  return {Errc::kUnsupported, "the repository at " + path + " can't be used: " + why +
                                  ". None further out is taken for it: mend it, or remove " + path +
                                  " if it is no repository"};
}

// Where a `.git` file leads.
Result<std::string> follow(const std::string& folder, const std::string& file) {
  FLEET_TRY(std::string line, first_line(file));
  constexpr std::string_view kWord = "gitdir:";
  if (!line.starts_with(kWord))
    return refused(file, "it is a file that does not begin with `gitdir:`");
  line.erase(0, std::min(line.find_first_not_of(' ', kWord.size()), line.size()));
  const std::string target = beneath(folder, line);
  FLEET_TRY(const bool there, is_directory(target));
  if (there)
    return target;
  return refused(file, "it leads to " + target +
                           ", which is not there. If the repository was moved, `git worktree "
                           "repair " +
                           folder +
                           "` in it mends a worktree, and `git submodule update --init` in what "
                           "holds it a submodule");
}

// The `.git` of this very folder, if it has one.
Result<std::optional<std::string>> dot_git(const std::string& folder) {
  const std::string path = (folder == "/" ? "" : folder) + "/.git";
  FLEET_TRY(const auto entry, kind_at(path, false));
  if (!entry)
    return std::optional<std::string>();
  FLEET_TRY(const auto kind, kind_at(path, true));
  if (!kind)
    return refused(path, "it is a link that leads nowhere");
  if (kind == mode_t{S_IFREG}) {
    FLEET_TRY(const std::string target, follow(folder, path));
    FLEET_TRY(const Parts parts, parts_of(target));
    if (!parts.whole())
      return refused(path, "it leads to " + target + ", which is not whole: " + parts.missing());
    return std::optional(path);
  }
  if (kind != mode_t{S_IFDIR})
    return std::optional<std::string>();
  FLEET_TRY(const Parts parts, parts_of(path));
  if (parts.whole())
    return std::optional(path);
  if (!parts.any())
    return std::optional<std::string>();
  return refused(path, parts.missing());
}

Result<std::optional<std::string>> bare(const std::string& folder) {
  FLEET_TRY(const Parts parts, parts_of(folder));
  if (parts.whole())
    return std::optional(folder);
  if (parts.most())
    return refused(folder, parts.missing());
  return std::optional<std::string>();
}

}  // namespace

Result<std::string> find_repository(const std::string& folder) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(folder.c_str(), nullptr),
                                                         &std::free);
  if (real == nullptr)
    return os_error("find the repository of", folder, errno);
  for (std::string at = real.get();; at.resize(std::max<std::size_t>(at.rfind('/'), 1))) {
    FLEET_TRY(auto inside, dot_git(at));
    if (inside)
      return *std::move(inside);
    FLEET_TRY(auto itself, bare(at));
    if (itself)
      return *std::move(itself);
    if (at == "/")
      break;
  }
  return Error(Errc::kNotFound, folder +
                                    " is in no git repository: run `git init` and make a first "
                                    "commit, or point `repo` at an existing repository");
}

}  // namespace fleet::worktree
