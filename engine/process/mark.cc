#include "engine/process/mark.h"

#include <sys/resource.h>

#include <algorithm>
#include <charconv>

#include "engine/os/clock.h"

namespace fleet::process {
namespace {

constexpr unsigned kJobBits = 30;
constexpr rlim_t kBase = rlim_t{1} << 62;

}  // namespace

std::uint32_t choose_keeper_mark() {
  const std::optional<JobMark> own = read_mark(0);
  const std::uint64_t limit = own && own->keeper > 1 ? own->keeper : std::uint64_t{1} << 32;
  return static_cast<std::uint32_t>(1 + os::system_random().next() % (limit - 1));
}

bool mark_this_process(JobMark mark) {
  const rlim_t value = kBase | (rlim_t{mark.keeper} << kJobBits) | mark.job;
  const rlimit limit{value, value};
  return ::setrlimit(RLIMIT_RTTIME, &limit) == 0;
}

std::optional<JobMark> read_mark(pid_t pid) {
  rlimit limit{};
  if (::prlimit(pid, RLIMIT_RTTIME, nullptr, &limit) != 0)
    return std::nullopt;
  if (limit.rlim_max == RLIM_INFINITY || (limit.rlim_max & kBase) == 0)
    return std::nullopt;
  const rlim_t value = limit.rlim_max & ~kBase;
  return JobMark{static_cast<std::uint32_t>(value >> kJobBits),
                 static_cast<std::uint32_t>(value & ((rlim_t{1} << kJobBits) - 1))};
}

bool is_marked_limit(std::string_view printed) {
  rlim_t value = 0;
  const auto [end, error] = std::from_chars(printed.data(), printed.data() + printed.size(), value);
  return error == std::errc() && end == printed.data() + printed.size() && value != RLIM_INFINITY &&
         (value & kBase) != 0;
}

}  // namespace fleet::process
