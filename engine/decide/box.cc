#include "engine/decide/box.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>

#include <fmt/format.h>

#include "engine/os/clock.h"
#include "engine/os/files.h"
#include "engine/os/folder.h"

namespace fleet::decide {
namespace {

// What bears a gate's name in one of the folders; nothing when nothing does.
Result<std::optional<Decision>> read_decision(int folder, const GateName& gate) {
  const std::string name = file_name(gate);
  auto file = os::read_plain_file(folder, name, kMaxDecision);
  if (!file && file.error().code() == Errc::kNotFound)
    return std::optional<Decision>();
  if (!file)
    return std::move(file).error();
  if (file->owner != ::geteuid())
    return Error(Errc::kCorrupt,
                 fmt::format("{}: it belongs to another account (uid {})", name, file->owner));
  auto decision = decode(file->bytes);
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
  FLEET_TRY(UniqueFd tmp, os::open_folder(root + "/tmp"));
  FLEET_TRY(UniqueFd fresh, os::open_folder(root + "/new"));
  FLEET_TRY(UniqueFd done, os::open_folder(root + "/done"));
  return DecisionBox(root + "/new", std::move(tmp), std::move(fresh), std::move(done));
}

Result<std::string> DecisionBox::write_temporary(const Decision& decision) const {
  const std::string bytes = encode(decision);
  if (bytes.size() > kMaxDecision || decision.why.size() > kMaxWhy)
    return Error(Errc::kInvalid, fmt::format("a decision's reason has at most {} bytes", kMaxWhy));
  std::string name = unique_suffix();
  UniqueFd fd(os::uninterrupted([&] {
    return ::openat(tmp_.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  }));
  if (!fd)
    return os_error("create", "a decision", errno);
  Status wrote = os::write_all(fd.get(), bytes, "a decision");
  if (wrote)
    wrote = os::sync_fd(fd.get(), "a decision");
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
  FLEET_CHECK(os::sync_fd(new_.get(), new_path_));
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
  return os::sync_fd(done_.get(), "decisions/done");
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
  FLEET_CHECK(os::sync_fd(done_.get(), "decisions/done"));
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
  return os::sync_fd(done_.get(), "decisions/done");
}

}  // namespace fleet::decide
