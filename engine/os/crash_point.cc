#include "engine/os/crash_point.h"

#ifdef FLEETC_CRASH_POINTS
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>

namespace fleet::os {
namespace {

struct Plan {
  std::string name;
  int visit = 0;
  std::string mark;
  int trace = -1;  // a file descriptor
};

// Whether nobody did before.
bool leave_mark(const std::string& file) {
  return file.empty() || ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) >= 0;
}

Plan read_plan() {
  Plan plan;
  if (const char* crash = std::getenv("FLEETC_CRASH")) {
    const std::string_view text(crash);
    const std::size_t colon = text.rfind(':');
    plan.name = text.substr(0, colon);
    plan.visit = 1;
    if (colon != std::string_view::npos)
      std::from_chars(text.data() + colon + 1, text.data() + text.size(), plan.visit);
  }
  if (const char* mark = std::getenv("FLEETC_CRASH_MARK"))
    plan.mark = mark;
  if (const char* trace = std::getenv("FLEETC_CRASH_TRACE"))
    plan.trace = ::open(trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  return plan;
}

}  // namespace

void crash_point(const char* name) {
  static const Plan& plan = *new Plan(read_plan());
  static std::atomic<int> visits{0};
  if (plan.trace >= 0) {
    const std::string line = std::string(name) + "\n";
    [[maybe_unused]] const ssize_t written = ::write(plan.trace, line.data(), line.size());
  }
  if (plan.visit > 0 && plan.name == name && ++visits == plan.visit && leave_mark(plan.mark))
    ::raise(SIGKILL);
}

}  // namespace fleet::os
#endif
