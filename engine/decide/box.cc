#include "engine/decide/box.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>

#include <fmt/format.h>

#include "engine/os/clock.h"
#include "engine/os/files.h"

namespace fleet::decide {
namespace {

template <class Call>
auto steadily(Call call) {
  decltype(call()) got{};
  do {
    got = call();
  } while (got < 0 && errno == EINTR);
  return got;
}

Result<UniqueFd> open_folder(const std::string& path) {
  UniqueFd fd(steadily(
      [&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); }));
  if (!fd)
    return os_error("open", path, errno);
  return fd;
}

Status sync(int fd, std::string_view what) {
  if (steadily([&] { return ::fsync(fd); }) != 0)
    return os_error("fsync", what, errno);
  return {};
}

// What bears a gate's name in one of the folders; nothing when nothing does.
Result<std::optional<Decision>> read_decision(int folder, const GateName& gate) {
  const std::string name = file_name(gate);
  // Neither through a link nor waiting for the other end of a pipe.
  const UniqueFd fd(steadily([&] {
    return ::openat(folder, name.c_str(),
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  }));
  if (!fd) {
    const int error = errno;
    if (error == ENOENT)
      return std::optional<Decision>();
    if (error == ELOOP || error == ENXIO)
      return Error(Errc::kCorrupt, name + ": it is no plain file");
    return os_error("open", name, error);
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0)
    return os_error("stat", name, errno);
  if (!S_ISREG(status.st_mode))
    return Error(Errc::kCorrupt, name + ": it is no plain file");
  if (status.st_uid != ::geteuid())
    return Error(Errc::kCorrupt,
                 fmt::format("{}: it belongs to another account (uid {})", name, status.st_uid));
  std::string bytes(kMaxDecision + 1, '\0');
  std::size_t length = 0;
  while (length < bytes.size()) {
    const ssize_t got =
        steadily([&] { return ::read(fd.get(), bytes.data() + length, bytes.size() - length); });
    if (got < 0)
      return os_error("read", name, errno);
    if (got == 0)
      break;
    length += static_cast<std::size_t>(got);
  }
  bytes.resize(length);
  auto decision = decode(bytes);
  if (!decision)
    return std::move(decision).error().in(name);
  if (decision->gate != gate)
    return Error(Errc::kCorrupt, name + ": it is about another gate");
  return std::optional(*std::move(decision));
}

// A name that no other process or thread uses.
std::string unique_suffix() {
  static std::atomic<std::uint32_t> counter{0};
  return fmt::format("{}-{}-{:08x}", ::getpid(), ++counter,
                     os::system_random().next() & 0xFFFFFFFFU);
}

}  // namespace

Result<DecisionBox> DecisionBox::open(const std::string& state_dir) {
  const std::string root = state_dir + "/decisions";
  for (const char* folder : {"/tmp", "/new", "/done"})
    FLEET_CHECK(os::system_files().make_dirs(root + folder));
  FLEET_TRY(UniqueFd tmp, open_folder(root + "/tmp"));
  FLEET_TRY(UniqueFd fresh, open_folder(root + "/new"));
  FLEET_TRY(UniqueFd done, open_folder(root + "/done"));
  return DecisionBox(root + "/new", std::move(tmp), std::move(fresh), std::move(done));
}

Result<std::string> DecisionBox::write_temporary(const Decision& decision) const {
  const std::string bytes = encode(decision);
  if (bytes.size() > kMaxDecision || decision.why.size() > kMaxWhy)
    return Error(Errc::kInvalid, fmt::format("a decision's reason has at most {} bytes", kMaxWhy));
  std::string name = unique_suffix();
  UniqueFd fd(steadily([&] {
    return ::openat(tmp_.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  }));
  if (!fd)
    return os_error("create", "a decision", errno);
  std::string_view rest = bytes;
  Status wrote;
  while (wrote && !rest.empty()) {
    const ssize_t got = steadily([&] { return ::write(fd.get(), rest.data(), rest.size()); });
    if (got < 0)
      wrote = os_error("write", "a decision", errno);
    else
      rest.remove_prefix(static_cast<std::size_t>(got));
  }
  if (wrote)
    wrote = sync(fd.get(), "a decision");
  if (!wrote) {
    ::unlinkat(tmp_.get(), name.c_str(), 0);
    return std::move(wrote).error();
  }
  return name;
}

Result<DecisionBox::Delivered> DecisionBox::deliver(const Decision& decision) {
  const std::string name = file_name(decision.gate);
  FLEET_TRY(const std::string temporary, write_temporary(decision));
  const bool linked = ::linkat(tmp_.get(), temporary.c_str(), new_.get(), name.c_str(), 0) == 0;
  const int error = linked ? 0 : errno;
  ::unlinkat(tmp_.get(), temporary.c_str(), 0);
  if (!linked && error != EEXIST)
    return os_error("link", name, error);
  FLEET_CHECK(sync(new_.get(), new_path_));
  // One that was taken already is in done/ by now, whatever became of new/.
  FLEET_TRY(auto taken, read_decision(done_.get(), decision.gate));
  if (taken && *taken != decision) {
    if (linked)
      ::unlinkat(new_.get(), name.c_str(), 0);
    return Delivered{false, *std::move(taken)};
  }
  if (linked)
    return Delivered{true, decision};
  FLEET_TRY(auto first, read_decision(new_.get(), decision.gate));
  if (!first) {
    // It was taken between the two looks.
    FLEET_TRY(first, read_decision(done_.get(), decision.gate));
  }
  if (!first)
    return Error(Errc::kBusy, name + ": another decision was just set aside; decide again");
  return Delivered{false, *std::move(first)};
}

Status DecisionBox::record(const Decision& decision, std::string_view what) {
  FLEET_TRY(const std::string temporary, write_temporary(decision));
  const std::string kept = fmt::format("{}.{}.{}", file_name(decision.gate), what, temporary);
  if (::renameat(tmp_.get(), temporary.c_str(), done_.get(), kept.c_str()) != 0) {
    const int error = errno;
    ::unlinkat(tmp_.get(), temporary.c_str(), 0);
    return os_error("rename", kept, error);
  }
  return sync(done_.get(), "decisions/done");
}

Result<std::optional<Decision>> DecisionBox::look(const GateName& gate) const {
  FLEET_TRY(auto taken, read_decision(done_.get(), gate));
  if (taken)
    return taken;
  return read_decision(new_.get(), gate);
}

Status DecisionBox::keep(const GateName& gate) {
  const std::string name = file_name(gate);
  if (::linkat(new_.get(), name.c_str(), done_.get(), name.c_str(), 0) != 0) {
    const int error = errno;
    if (error == ENOENT)
      return {};  // it is there already
    // Left by an engine that died between the two; or another one, which came after the first.
    if (error != EEXIST)
      return os_error("link", name, error);
  }
  FLEET_CHECK(sync(done_.get(), "decisions/done"));
  ::unlinkat(new_.get(), name.c_str(), 0);
  return {};
}

Status DecisionBox::set_aside(const GateName& gate, std::string_view what) {
  const std::string name = file_name(gate);
  for (const UniqueFd* folder : {&new_, &done_}) {
    const std::string aside = fmt::format("{}.{}.{}", name, what, unique_suffix());
    if (::renameat(folder->get(), name.c_str(), done_.get(), aside.c_str()) != 0 && errno != ENOENT)
      return os_error("rename", name, errno);
  }
  return sync(done_.get(), "decisions/done");
}

}  // namespace fleet::decide
