#include "tests/support/fault_shim/plan.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

namespace fleet::testing::faults {
namespace {

enum class Time : std::uint8_t { kBefore, kAfter, kTorn };
constexpr std::size_t kMaxPath = 1024;
constexpr std::size_t kMaxPrefixes = 8;

struct Prefixes {
  std::array<std::array<char, kMaxPath>, kMaxPrefixes> texts{};
  std::size_t count = 0;

  void add(std::string_view text) {
    if (count < kMaxPrefixes && text.size() < kMaxPath)
      text.copy(texts[count++].data(), kMaxPath - 1);
  }
  bool match(std::string_view path) const {
    return std::any_of(texts.begin(), texts.begin() + static_cast<std::ptrdiff_t>(count),
                       [&](const auto& each) { return path.starts_with(each.data()); });
  }
};

struct Plan {
  bool applies = false;
  std::array<bool, 4> kinds{};  // by Kind
  Prefixes under;
  Prefixes except;
  std::uint64_t call = 0;
  bool every = false;
  int error = EIO;
  Time time = Time::kBefore;
  std::array<char, kMaxPath> mark{};
  std::array<char, kMaxPath> trace{};
  std::uint64_t clock_call = 0;
  std::int64_t clock_jump = 0;
};

Plan plan;
std::atomic<std::uint64_t> calls{0};
std::atomic<std::uint64_t> looks{0};
bool is_keeper = false;

int error_named(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, int>, 12> kErrors = {
      {{"EIO", EIO},
       {"ENOSPC", ENOSPC},
       {"EMFILE", EMFILE},
       {"ENFILE", ENFILE},
       {"EAGAIN", EAGAIN},
       {"ENOMEM", ENOMEM},
       {"EDQUOT", EDQUOT},
       {"EROFS", EROFS},
       {"EACCES", EACCES},
       {"EINTR", EINTR},
       {"EPIPE", EPIPE},
       {"ECONNRESET", ECONNRESET}}};
  for (const auto& [text, number] : kErrors)
    if (text == name)
      return number;
  return EIO;
}

Kind kind_named(std::string_view name) {
  return static_cast<Kind>(std::find(kKinds.begin(), kKinds.end() - 1, name) - kKinds.begin());
}

void take_line(std::string_view line) {
  const std::size_t space = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, space);
  const std::string_view rest = line.substr(std::min(space + 1, line.size()));
  const auto number = [](std::string_view text) {
    return strtoll(text.data(), nullptr, 10);
  };
  if (word == "who")
    plan.applies = rest == "any" || (rest == "keeper") == is_keeper;
  else if (word == "kind")
    plan.kinds[static_cast<std::size_t>(kind_named(rest))] = true;
  else if (word == "under")
    plan.under.add(rest);
  else if (word == "except")
    plan.except.add(rest);
  else if (word == "call")
    plan.call = static_cast<std::uint64_t>(number(rest));
  else if (word == "every")
    plan.every = true;
  else if (word == "error")
    plan.error = error_named(rest);
  else if (word == "time")
    plan.time = rest == "after" ? Time::kAfter : rest == "torn" ? Time::kTorn : Time::kBefore;
  else if (word == "mark")
    rest.copy(plan.mark.data(), kMaxPath - 1);
  else if (word == "trace")
    rest.copy(plan.trace.data(), kMaxPath - 1);
  else if (word == "clock") {
    plan.clock_call = static_cast<std::uint64_t>(number(rest));
    plan.clock_jump = number(rest.substr(std::min(rest.find(' '), rest.size())));
  }
}

std::size_t read_whole(const char* path, char* buffer, std::size_t room) {
  const long fd = kernel(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  std::size_t size = 0;
  for (long got = fd < 0 ? 0 : 1; got > 0 && size < room; size += static_cast<std::size_t>(got))
    if ((got = kernel(SYS_read, fd, buffer + size, room - size)) <= 0)
      break;
  if (fd >= 0)
    kernel(SYS_close, fd);
  return size;
}

// Whether this is the program under test, by its arguments: "fleetc …" or "fleetc keeper …".
bool recognise() {
  static std::array<char, 4096> line;
  const std::string_view all(line.data(),
                             read_whole("/proc/self/cmdline", line.data(), line.size()));
  const std::string_view program = all.substr(0, all.find('\0'));
  const std::string_view first = all.substr(std::min(program.size() + 1, all.size()));
  is_keeper = first.substr(0, first.find('\0')) == "keeper";
  return program == "fleetc" || program.ends_with("/fleetc");
}

__attribute__((constructor)) void begin() {
  Dl_info about{};
  if (!recognise() || ::dladdr(reinterpret_cast<void*>(&take_line), &about) == 0)
    return;
  static std::array<char, kMaxPath> file;
  const std::string_view self = about.dli_fname;
  if (self.size() + sizeof ".plan" > file.size())
    return;
  self.copy(file.data(), self.size());
  std::string_view(".plan").copy(file.data() + self.size(), 5);
  static std::array<char, std::size_t{16} << 10> text;
  std::string_view rest(text.data(), read_whole(file.data(), text.data(), text.size() - 1));
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    take_line(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

// The path that a call means, as text, or nothing for what has none.
std::string_view path_of(int directory, const char* path, std::array<char, 2 * kMaxPath>& buffer) {
  if (path != nullptr && path[0] == '/')
    return path;
  std::array<char, 64> link{};
  std::string_view("/proc/self/").copy(link.data(), link.size());
  if (directory == AT_FDCWD) {
    std::string_view("cwd").copy(link.data() + 11, 4);
  } else {
    std::string_view("fd/").copy(link.data() + 11, 4);
    std::array<char, 16> digits{};
    std::size_t count = 0;
    for (int left = std::max(directory, 0); left > 0 || count == 0; left /= 10)
      digits[count++] = static_cast<char>('0' + left % 10);
    std::reverse_copy(digits.begin(), digits.begin() + static_cast<std::ptrdiff_t>(count),
                      link.data() + 14);
  }
  const long size = kernel(SYS_readlinkat, AT_FDCWD, link.data(), buffer.data(), kMaxPath);
  if (size <= 0)
    return {};
  std::size_t length = static_cast<std::size_t>(size);
  if (path != nullptr && path[0] != '\0') {
    buffer[length++] = '/';
    length += std::string_view(path).copy(buffer.data() + length, kMaxPath - 2);
  }
  return {buffer.data(), length};
}

bool say(const char* file, int flags, Kind kind, const char* name, std::string_view path) {
  const long fd = kernel(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
  if (fd < 0)
    return false;
  std::array<char, 3 * kMaxPath> line{};
  std::size_t size = 0;
  const auto add = [&](std::string_view text) {
    size += text.copy(line.data() + size, line.size() - 1 - size);
  };
  add(is_keeper ? "keeper " : "engine ");
  add(kKinds[static_cast<std::size_t>(kind)]);
  add(" ");
  add(name);
  add(" ");
  add(path);
  add("\n");
  [[maybe_unused]] const long wrote = kernel(SYS_write, fd, line.data(), size);
  kernel(SYS_close, fd);
  return true;
}

}  // namespace

bool wanted(Kind kind) {
  return plan.applies && plan.kinds[static_cast<std::size_t>(kind)];
}

Verdict decide(Kind kind, const char* name, int directory, const char* path) {
  if (!wanted(kind))
    return Verdict::kPass;
  const int saved = errno;
  std::array<char, 2 * kMaxPath> buffer;
  std::string_view where;
  if (kind == Kind::kChange || kind == Kind::kRead) {
    where = path_of(directory, path, buffer);
    const bool meant = where.starts_with('/') &&
                       (plan.under.count == 0 || plan.under.match(where)) &&
                       !plan.except.match(where);
    errno = saved;
    if (!meant)
      return Verdict::kPass;
  }
  const std::uint64_t number = calls.fetch_add(1) + 1;
  if (plan.trace[0] != '\0')
    say(plan.trace.data(), O_APPEND, kind, name, where);
  const bool due = plan.call != 0 && (plan.every ? number % plan.call == 0 : number == plan.call);
  const bool fails =
      due && say(plan.mark.data(), plan.every ? O_APPEND : O_EXCL, kind, name, where);
  errno = saved;
  if (!fails)
    return Verdict::kPass;
  return plan.time == Time::kBefore  ? Verdict::kBefore
         : plan.time == Time::kAfter ? Verdict::kAfter
                                     : Verdict::kTorn;
}

int error() {
  return plan.error;
}

std::int64_t jump() {
  if (!plan.applies || plan.clock_call == 0)
    return 0;
  return looks.fetch_add(1) + 1 >= plan.clock_call ? plan.clock_jump : 0;
}

}  // namespace fleet::testing::faults
