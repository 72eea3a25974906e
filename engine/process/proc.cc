#include "engine/process/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <string_view>

namespace fleet::process {
namespace {

// Files of /proc have no size; what is wanted of these is short.
std::string read_start(const std::string& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 4'096> buffer{};
  const ssize_t got = fd ? ::read(fd.get(), buffer.data(), buffer.size()) : -1;
  return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : std::string();
}

template <class Int>
std::optional<Int> parse(std::string_view text) {
  Int value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::uint64_t> start_ticks(pid_t pid) {
  const std::string stat = read_start("/proc/" + std::to_string(pid) + "/stat");
  // The program's name, which may hold anything, ends at the last parenthesis; field 3 follows it.
  std::size_t at = stat.rfind(')');
  for (int field = 2; field < 22 && at != std::string::npos; ++field)
    at = stat.find(' ', at + 1);
  if (at == std::string::npos)
    return std::nullopt;
  const std::string_view rest = std::string_view(stat).substr(at + 1);
  return parse<std::uint64_t>(rest.substr(0, rest.find(' ')));
}

std::string boot_id() {
  std::string id = read_start("/proc/sys/kernel/random/boot_id");
  while (!id.empty() && id.back() == '\n')
    id.pop_back();
  return id;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> pids;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), &::closedir);
  while (const dirent* entry = proc ? ::readdir(proc.get()) : nullptr)
    if (const auto pid = parse<pid_t>(entry->d_name))
      pids.push_back(*pid);
  return pids;
}

Result<Children> Children::open() {
  const std::string file = "/proc/self/task/" + std::to_string(::getpid()) + "/children";
  UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  // Within a PID namespace without a /proc of its own the two numbers differ.
  if (!fd)
    fd.reset(::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC));
  if (!fd)
    return os_error("open", file, errno);
  return Children(std::move(fd));
}

std::vector<pid_t> Children::read() const {
  std::string text;
  std::array<char, 4'096> buffer{};
  // A read stops short of the buffer by less than a number where there is more.
  constexpr ssize_t kNumber = 16;
  ssize_t got = 0;
  do {
    got = ::pread(fd_.get(), buffer.data(), buffer.size(), static_cast<off_t>(text.size()));
    text.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  } while (got > static_cast<ssize_t>(buffer.size()) - kNumber);
  std::vector<pid_t> pids;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    if (const auto pid = parse<pid_t>(word))
      pids.push_back(*pid);
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
  }
  return pids;
}

}  // namespace fleet::process
