#include "engine/process/descent.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/unique_fd.h"
#include "engine/process/mark.h"

namespace fleet::process {
namespace {

std::string read_short(const std::string& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 4'096> buffer{};
  const ssize_t got = fd ? ::read(fd.get(), buffer.data(), buffer.size()) : -1;
  return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : std::string();
}

// Field 4 of /proc/PID/stat, after the program's name, which may hold anything.
std::optional<int> parent_of(const std::string& pid) {
  const std::string stat = read_short("/proc/" + pid + "/stat");
  const std::size_t name = stat.rfind(')');
  // ") S PPID "
  if (name == std::string::npos || name + 4 >= stat.size())
    return std::nullopt;
  int parent = 0;
  const char* begin = stat.data() + name + 4;
  const auto [end, error] = std::from_chars(begin, stat.data() + stat.size(), parent);
  return error == std::errc() && end != begin ? std::optional(parent) : std::nullopt;
}

// "fleetc keeper …": it does not bear a mark where an administrator's limit is in the way.
bool is_keeper(const std::string& pid) {
  const std::string line = read_short("/proc/" + pid + "/cmdline");
  const std::size_t end = line.find('\0');
  if (end == std::string::npos)
    return false;
  const std::string_view program = std::string_view(line).substr(0, end);
  const std::string_view first = std::string_view(line).substr(end + 1);
  constexpr std::string_view kName = "fleetc";
  return program.size() >= kName.size() && program.substr(program.size() - kName.size()) == kName &&
         first.substr(0, first.find('\0')) == "keeper";
}

// By what /proc says, whose numbers may be those of another PID namespace than prlimit takes.
bool bears_mark(const std::string& pid) {
  const std::string limits = read_short("/proc/" + pid + "/limits");
  constexpr std::string_view kRow = "Max realtime timeout";
  const std::size_t row = limits.find(kRow);
  if (row == std::string::npos)
    return false;
  const std::size_t begin = limits.find_first_not_of(' ', row + kRow.size());
  if (begin == std::string::npos)
    return false;
  return is_marked_limit(std::string_view(limits).substr(begin, limits.find(' ', begin) - begin));
}

}  // namespace

Result<bool> descends_from_keeper() {
  if (read_mark(0))
    return true;
  std::array<char, 32> self{};
  const ssize_t length = ::readlink("/proc/self", self.data(), self.size());
  if (length <= 0)
    return Error(Errc::kUnsupported,
                 "/proc cannot be read, so nobody can tell whether an agent asks");
  std::string pid(self.data(), static_cast<std::size_t>(length));
  // Bounded: numbers may be given again while we look.
  for (int generation = 0; generation < 10'000; ++generation) {
    if (bears_mark(pid) || is_keeper(pid))
      return true;
    const std::optional<int> parent = parent_of(pid);
    if (!parent || *parent == 0)
      return false;
    pid = std::to_string(*parent);
  }
  return false;
}

}  // namespace fleet::process
