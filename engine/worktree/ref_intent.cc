#include "engine/worktree/ref_intent.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "engine/worktree/safe_files.h"

namespace fleet::worktree {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kMaxWait{10'000};
constexpr milliseconds kPoll{5};
// Git holds the lock of a ref for the time of one small write.
constexpr milliseconds kStaleAfter{250};
constexpr std::string_view kEnd = "end\n";

std::string hex_or_dash(const std::optional<Oid>& oid) {
  return oid ? oid->hex() : "-";
}

// "EXPECTED TARGET NAME"; names of refs hold no space.
std::optional<RefMove> parse_move(std::string_view line) {
  const std::size_t first = line.find(' ');
  if (first == std::string_view::npos)
    return std::nullopt;
  const std::size_t second = line.find(' ', first + 1);
  if (second == std::string_view::npos)
    return std::nullopt;
  return RefMove{std::string(line.substr(second + 1)), Oid::parse(line.substr(0, first)),
                 Oid::parse(line.substr(first + 1, second - first - 1))};
}

std::optional<RefIntent::LockFile> look_at(const std::string& path) {
  struct stat found = {};
  if (::lstat(path.c_str(), &found) != 0)
    return std::nullopt;
  return RefIntent::LockFile{path, found.st_dev, found.st_ino, nanoseconds(found.st_mtim)};
}

// Where a ref is a file, and its reflog.
std::vector<std::string> directories_of(const RefMove& move) {
  const std::string parent = move.name.substr(0, move.name.rfind('/'));
  return {parent, "logs/" + parent};
}

Status remove_unchanged(const std::vector<RefIntent::LockFile>& seen) {
  if (seen.empty())
    return {};
  std::this_thread::sleep_for(kStaleAfter);
  for (const RefIntent::LockFile& lock : seen) {
    if (look_at(lock.path) != lock)
      continue;
    if (::unlink(lock.path.c_str()) != 0 && errno != ENOENT) {
      return os_error("remove the stale lock", lock.path, errno);
    }
  }
  return {};
}

}  // namespace

Result<RefIntent> RefIntent::take(const std::string& common_dir) {
  FLEET_CHECK(make_directories(common_dir + "/fleet"));
  const std::string path = common_dir + "/fleet/ref-intent";
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!file)
    return os_error("open", path, errno);
  const auto deadline = std::chrono::steady_clock::now() + kMaxWait;
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return os_error("lock", path, errno);
    if (std::chrono::steady_clock::now() > deadline) {
      return Error(Errc::kBusy,
                   "another fleetc has been moving refs for ten seconds: see which "
                   "process has " +
                       path + " open");
    }
    std::this_thread::sleep_for(kPoll);
  }
  return RefIntent(std::move(file), common_dir);
}

Result<RefIntent::Left> RefIntent::left() const {
  Left left;
  struct stat found = {};
  if (::fstat(file_.get(), &found) != 0)
    return os_error("fstat", "ref-intent", errno);
  if (found.st_size == 0)
    return left;
  std::string text(static_cast<std::size_t>(found.st_size), '\0');
  const ssize_t size = ::pread(file_.get(), text.data(), text.size(), 0);
  if (size < 0)
    return os_error("read", "ref-intent", errno);
  text.resize(static_cast<std::size_t>(size));
  // Behind the end may stand the rest of a longer one before it.
  if (const std::size_t end = text.find("\n" + std::string(kEnd)); end != std::string::npos)
    text.resize(end + 1 + kEnd.size());
  left.checked = text.starts_with("checked\n") && text.ends_with(kEnd);
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos)
      break;
    if (auto move = parse_move(rest.substr(0, end)))
      left.moves.push_back(*std::move(move));
    rest.remove_prefix(end + 1);
  }
  return left;
}

Status RefIntent::record(const std::vector<RefMove>& moves, bool checked) const {
  std::string text = checked ? "checked\n" : "locking\n";
  for (const RefMove& move : moves) {
    text += hex_or_dash(move.expected) + " " + hex_or_dash(move.target) + " " + move.name + "\n";
  }
  text += kEnd;
  // Never empty in between: a kill there would leave git's locks and no word of them.
  if (::pwrite(file_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return os_error("write", "ref-intent", errno);
  }
  if (::ftruncate(file_.get(), static_cast<off_t>(text.size())) != 0)
    return os_error("truncate", "ref-intent", errno);
  return {};
}

Status RefIntent::clear() const {
  if (::ftruncate(file_.get(), 0) != 0)
    return os_error("truncate", "ref-intent", errno);
  return {};
}

std::vector<RefIntent::LockFile> RefIntent::lock_files(const std::vector<RefMove>& moves) const {
  std::vector<LockFile> found;
  for (const RefMove& move : moves)
    if (auto lock = look_at(common_dir_ + "/" + move.name + ".lock"))
      found.push_back(*std::move(lock));
  return found;
}

Status RefIntent::remove_stale_locks(const std::vector<RefMove>& moves) const {
  // One would keep a ref from being made in the place of the directory.
  for (const RefMove& move : moves) {
    for (const std::string& directory : directories_of(move)) {
      const std::string path = common_dir_ + "/" + directory + "/" + kRefHoldName;
      if (::unlink(path.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR)
        return os_error("remove", path, errno);
    }
  }
  std::vector<LockFile> seen = lock_files(moves);
  if (auto lock = look_at(common_dir_ + "/packed-refs.lock"))
    seen.push_back(*std::move(lock));
  return remove_unchanged(seen);
}

Status RefIntent::remove_own_locks(const std::vector<RefMove>& moves,
                                   const std::vector<LockFile>* among) const {
  std::vector<LockFile> seen = lock_files(moves);
  if (among != nullptr) {
    std::erase_if(seen, [&](const LockFile& lock) {
      return std::none_of(among->begin(), among->end(), [&](const LockFile& each) {
        return each.path == lock.path && each.device == lock.device && each.inode == lock.inode;
      });
    });
  }
  return remove_unchanged(seen);
}

Result<std::vector<HeldDirectory>> RefIntent::hold_directories(
    const std::vector<RefMove>& moves) const {
  std::vector<HeldDirectory> holds;
  for (const RefMove& move : moves) {
    for (const std::string& directory : directories_of(move)) {
      FLEET_TRY(auto hold, HeldDirectory::make(common_dir_, directory, kRefHoldName));
      holds.push_back(std::move(hold));
    }
  }
  return holds;
}

}  // namespace fleet::worktree
