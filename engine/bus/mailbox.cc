#include "engine/bus/mailbox.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "engine/bus/file_name.h"
#include "engine/bus/folder.h"
#include "engine/os/crash_point.h"
#include "engine/os/files.h"
#include "engine/os/folder.h"

namespace fleet::bus {
namespace {

constexpr std::chrono::seconds kMaxWait{3};
constexpr std::chrono::milliseconds kPoll{2};
constexpr std::uint64_t kMaxNumber = 999'999'999'999;  // what a name has digits for
constexpr const char* kNext = "next";                  // in tmp/: what is being delivered

// Those that are messages by their name, in order.
Result<std::vector<FileName>> names_in(const UniqueFd& folder) {
  std::vector<FileName> found;
  FLEET_TRY(const auto entries, list_folder(folder.get()));
  for (const std::string& entry : entries)
    if (auto name = FileName::parse(entry))
      found.push_back(*std::move(name));
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

Result<Mailbox> Mailbox::open(const std::string& bus_dir, const std::string& agent) {
  if (!is_name(agent))
    return Error(Errc::kInvalid, fmt::format("`{}` is no agent's name", agent));
  Mailbox box(bus_dir + "/" + agent, agent);
  const std::array<std::pair<const char*, UniqueFd*>, 5> folders{{{"/tmp", &box.tmp_},
                                                                  {"/new", &box.new_},
                                                                  {"/cur", &box.current_},
                                                                  {"/done", &box.done_},
                                                                  {"/dead", &box.dead_}}};
  // Never through a link in the place of the mailbox.
  FLEET_CHECK(os::system_files().make_dirs(box.path_));
  FLEET_TRY([[maybe_unused]] const UniqueFd top, os::open_folder(box.path_));
  for (const auto& [name, fd] : folders) {
    FLEET_CHECK(os::system_files().make_dirs(box.path_ + name));
    FLEET_TRY(*fd, os::open_folder(box.path_ + name));
  }
  return box;
}

// One deliverer at a time: the numbers are the order. Free again when the descriptor is closed.
Result<UniqueFd> Mailbox::lock() const {
  const std::string path = path_ + "/lock";
  UniqueFd fd(os::uninterrupted(
      [&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600); }));
  if (!fd)
    return os_error("open", path, errno);
  const auto deadline = std::chrono::steady_clock::now() + kMaxWait;
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return os_error("lock", path, errno);
    if (std::chrono::steady_clock::now() > deadline)
      return Error(Errc::kBusy, "somebody has been sending for seconds: see which process has " +
                                    path + " open");
    std::this_thread::sleep_for(kPoll);
  }
  return fd;
}

// The lock's file is the counter. It is not synced: after a power cut it may be behind what is
// there, which is looked at once.
Result<std::uint64_t> Mailbox::last_number(int lock) {
  if (!seen_) {
    std::uint64_t highest = 0;
    for (const UniqueFd* folder : {&new_, &current_}) {
      FLEET_TRY(const auto found, names_in(*folder));
      if (!found.empty())
        highest = std::max(highest, found.back().number);
    }
    seen_ = highest;
  }
  std::array<char, 32> digits{};
  const ssize_t got =
      os::uninterrupted([&] { return ::pread(lock, digits.data(), digits.size(), 0); });
  if (got < 0)
    return os_error("read", path_ + "/lock", errno);
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + got, number);
  return std::max(number < kMaxNumber ? number : 0, *seen_);
}

// Under the lock: what a dead deliverer left of its own is written over.
Status Mailbox::write_next(const std::string& bytes) const {
  const std::string path = path_ + "/tmp/" + kNext;
  const UniqueFd fd(os::uninterrupted([&] {
    return ::openat(tmp_.get(), kNext, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  }));
  if (!fd)
    return os_error("create", path, errno);
  FLEET_CHECK(os::write_all(fd.get(), bytes, path));
  return os::sync_fd(fd.get(), path);
}

Result<bool> Mailbox::is_done(const std::string& id) const {
  struct stat found = {};
  if (::fstatat(done_.get(), id.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0)
    return true;
  if (errno != ENOENT)
    return os_error("stat", path_ + "/done/" + id, errno);
  return false;
}

Status Mailbox::deliver(std::span<const Message> messages) {
  for (const Message& message : messages) {
    FLEET_CHECK(check_message(message));
    if (message.to != agent_)
      return Error(Errc::kInvalid,
                   fmt::format("a message to {} in the mailbox of {}", message.to, agent_));
  }
  FLEET_TRY(const UniqueFd held, lock());
  FLEET_TRY(std::uint64_t number, last_number(held.get()));
  for (const Message& message : messages) {
    FLEET_TRY(const bool done, is_done(message.id));
    if (done)
      continue;
    ++number;
    FLEET_CHECK(write_next(encode(message)));
    os::crash_point("bus.written");
    const std::string digits = fmt::format("{:012}\n", number);
    const auto size = static_cast<ssize_t>(digits.size());
    if (os::uninterrupted([&] { return ::pwrite(held.get(), digits.data(), digits.size(), 0); }) !=
        size)
      return os_error("write", path_ + "/lock", errno);
    FLEET_TRY(const bool moved,
              rename(tmp_.get(), kNext, new_.get(), FileName{number, 0, message.id, {}}.text()));
    if (!moved)
      return Error(Errc::kIo, path_ + "/tmp: a message that was being delivered is gone");
    os::crash_point("bus.delivered");
  }
  return os::sync_fd(new_.get(), new_path());
}

// What the reader has in cur/, also what it takes over from those who are gone, in order.
Result<std::vector<FileName>> Mailbox::held_by(const Wish& wish) const {
  std::vector<FileName> held;
  FLEET_TRY(const auto current, names_in(current_));
  for (const FileName& name : current) {
    if (name.reader == wish.reader) {
      held.push_back(name);
      continue;
    }
    if (wish.is_held(name.reader) || wish.is_known(name.id))
      continue;
    const FileName again = name.given_back();
    const bool dead = again.tries >= kMaxTries;
    const FileName mine = dead ? again : again.taken_by(wish.reader);
    FLEET_TRY(const bool moved,
              rename(current_.get(), name.text(), (dead ? dead_ : current_).get(), mine.text()));
    if (moved && !dead)
      held.push_back(mine);
  }
  return held;
}

// Nothing: it has moved on, or was none and is set aside. Where that can't be done it is passed
// over, since it must not keep a reader from the others.
std::optional<Message> Mailbox::look(const UniqueFd& folder, const FileName& name) const {
  auto file = os::read_plain_file(folder.get(), name.text(), kMaxMessage);
  auto message = file ? decode(file->bytes) : Result<Message>(std::move(file).error());
  if (message && message->id == name.id && message->to == agent_)
    return *std::move(message);
  if (message || message.error().code() != Errc::kNotFound)
    (void)rename(folder.get(), name.text(), dead_.get(), name.taken_by({}).text());
  return std::nullopt;
}

Result<Mailbox::Taken> Mailbox::take(const Wish& wish) {
  if (!is_name(wish.reader))
    return Error(Errc::kInvalid, fmt::format("`{}` is no reader's name", wish.reader));
  FLEET_TRY(auto names, held_by(wish));
  FLEET_TRY(const auto unread, names_in(new_));
  names.insert(names.end(), unread.begin(), unread.end());
  std::sort(names.begin(), names.end());

  Taken taken;
  std::set<std::string> ids;
  std::size_t room = wish.room;
  for (const FileName& name : names) {
    const UniqueFd& folder = name.reader.empty() ? new_ : current_;
    FLEET_TRY(const bool done, is_done(name.id));
    if (done || !ids.insert(name.id).second) {
      ::unlinkat(folder.get(), name.text().c_str(), 0);
      continue;
    }
    if (wish.is_known(name.id))
      continue;
    std::optional<Message> message = look(folder, name);
    if (!message)
      continue;
    const std::size_t size = message->text.size() + message->subject.size() + kEnvelope;
    if (size > room) {
      taken.more = true;
      return taken;
    }
    if (name.reader.empty()) {
      FLEET_TRY(const bool moved,
                rename(new_.get(), name.text(), current_.get(), name.taken_by(wish.reader).text()));
      if (!moved)
        continue;
    }
    room -= size;
    taken.letters.push_back({*std::move(message), name.tries});
  }
  return taken;
}

Status Mailbox::acknowledge(const IsReader& is_reader) {
  FLEET_TRY(const auto current, names_in(current_));
  bool any = false;
  for (const FileName& name : current) {
    if (!is_reader(name.reader))
      continue;
    FLEET_CHECK(rename_any(current_.get(), name.text(), done_.get(), name.id));
    any = true;
  }
  if (!any)
    return {};
  // The new place first: in between it may be seen in both, and counts as done.
  FLEET_CHECK(os::sync_fd(done_.get(), path_ + "/done"));
  return os::sync_fd(current_.get(), path_ + "/cur");
}

Status Mailbox::give_back(const IsReader& is_reader) {
  FLEET_TRY(const auto current, names_in(current_));
  for (const FileName& name : current) {
    if (!is_reader(name.reader))
      continue;
    const FileName again = name.given_back();
    FLEET_CHECK(rename_any(current_.get(), name.text(),
                           (again.tries >= kMaxTries ? dead_ : new_).get(), again.text()));
  }
  return {};
}

Status Mailbox::requeue(const std::string& id) {
  FLEET_TRY(const UniqueFd held, lock());
  FLEET_TRY(const auto dead, names_in(dead_));
  const auto name = std::ranges::find(dead, id, &FileName::id);
  if (name == dead.end())
    return Error(Errc::kNotFound, fmt::format("no dead message of {} is called {}", agent_, id));
  FLEET_TRY(const bool done, is_done(id));
  if (done)
    return Error(Errc::kExists, fmt::format("{} has been done since it was set aside", id));
  FLEET_TRY(const auto file, os::read_plain_file(dead_.get(), name->text(), kMaxMessage));
  const auto message = decode(file.bytes);
  if (!message || message->id != id || message->to != agent_)
    return Error(Errc::kCorrupt, fmt::format("{}/dead/{} is no message: it was set aside for that",
                                             path_, name->text()));
  FLEET_CHECK(
      rename_any(dead_.get(), name->text(), new_.get(), FileName{name->number, 0, id, {}}.text()));
  FLEET_CHECK(os::sync_fd(new_.get(), new_path()));
  return os::sync_fd(dead_.get(), path_ + "/dead");
}

Result<std::vector<Mailbox::Entry>> Mailbox::list() const {
  std::vector<Entry> entries;
  FLEET_TRY(const auto unread, names_in(new_));
  FLEET_TRY(const auto current, names_in(current_));
  FLEET_TRY(const auto dead, names_in(dead_));
  FLEET_TRY(auto done, list_folder(done_.get()));
  std::vector<std::pair<FileName, Entry>> waiting;
  const auto entry_of = [&](const FileName& name, Place place, const char* folder) {
    return Entry{place, name.id, name.reader, name.tries, path_ + folder + name.text()};
  };
  for (const FileName& name : unread)
    waiting.emplace_back(name, entry_of(name, Place::kNew, "/new/"));
  for (const FileName& name : current)
    waiting.emplace_back(name, entry_of(name, Place::kCurrent, "/cur/"));
  std::stable_sort(waiting.begin(), waiting.end(),
                   [](const auto& left, const auto& right) { return left.first < right.first; });
  for (auto& [name, entry] : waiting)
    entries.push_back(std::move(entry));
  for (const FileName& name : dead)
    entries.push_back(entry_of(name, Place::kDead, "/dead/"));
  std::sort(done.begin(), done.end());
  for (const std::string& id : done)
    entries.push_back({Place::kDone, id, {}, 0, path_ + "/done/" + id});
  return entries;
}

Result<Message> read_message(const std::string& file) {
  FLEET_TRY(const auto plain, os::read_plain_file(AT_FDCWD, file, kMaxMessage));
  return decode(plain.bytes);
}

}  // namespace fleet::bus
