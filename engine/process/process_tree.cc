#include "engine/process/process_tree.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace fleet::process {
namespace {

std::chrono::microseconds micros(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

// The first bytes that the job wrote: where bubblewrap's own complaint stands.
std::string output_head(const ProcessTree& tree) {
  const std::string self = "/proc/self/fd/" + std::to_string(tree.output.get());
  const UniqueFd fd(tree.output ? ::open(self.c_str(), O_RDONLY | O_CLOEXEC) : -1);
  std::array<char, kMaxText> buffer{};
  const ssize_t got =
      fd ? ::pread(fd.get(), buffer.data(), buffer.size(), static_cast<off_t>(tree.output_start))
         : -1;
  return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : std::string();
}

// Signals by which a program dies of itself or of its machine, rather than at someone's wish.
bool is_crash(int signal) {
  constexpr std::array kCrashes = {SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,
                                   SIGFPE,  SIGKILL, SIGSEGV, SIGSYS};
  return std::ranges::find(kCrashes, signal) != kCrashes.end();
}

void tell_plain_end(JobReport& report, int wait_status) {
  if (WIFEXITED(wait_status)) {
    report.how = End::kExited;
    report.code = WEXITSTATUS(wait_status);
  } else {
    report.how = End::kSignalled;
    report.signal = WTERMSIG(wait_status);
  }
}

void tell_sandbox_end(JobReport& report, ProcessTree& tree) {
  read_status(tree);
  const SandboxEnd end = classify_sandbox_end(tree.status_text, output_head(tree));
  if (end.ran) {
    // Bubblewrap tells a death by signal n as exit code 128 + n, as shells do.
    const int signal = end.code - 128;
    report.how = is_crash(signal) ? End::kSignalled : End::kExited;
    (report.how == End::kSignalled ? report.signal : report.code) =
        report.how == End::kSignalled ? signal : end.code;
    return;
  }
  tell_plain_end(report, tree.wait_status);
  if (WIFSIGNALED(tree.wait_status) || tree.cause)
    return;
  report.how = End::kSpawnFailed;
  report.code = -1;
  report.text = end.text;
  if (!end.set_up)
    report.failure = SpawnFailure::kSandbox;
  else if (end.text.ends_with("No such file or directory"))
    report.failure = SpawnFailure::kCommandNotFound;
  else
    report.failure = SpawnFailure::kNotExecutable;
}

bool too_long(const JobSpec& spec, std::uint64_t bytes) {
  return spec.output_limit > 0 && bytes > spec.output_limit;
}

}  // namespace

void add_usage(ProcessTree& tree, const rusage& usage) {
  constexpr std::uint64_t kKibi = 1'024;
  tree.cpu_user += micros(usage.ru_utime);
  tree.cpu_system += micros(usage.ru_stime);
  tree.max_rss = std::max(tree.max_rss, static_cast<std::uint64_t>(usage.ru_maxrss) * kKibi);
}

std::uint64_t output_bytes(const ProcessTree& tree) {
  struct stat about {};
  if (!tree.output || ::fstat(tree.output.get(), &about) != 0)
    return 0;
  const auto size = static_cast<std::uint64_t>(about.st_size);
  return size > tree.output_start ? size - tree.output_start : 0;
}

void read_status(ProcessTree& tree) {
  std::array<char, 1'024> buffer{};
  ssize_t got = 0;
  while (tree.status && (got = ::read(tree.status.get(), buffer.data(), buffer.size())) > 0)
    tree.status_text.append(buffer.data(), static_cast<std::size_t>(got));
}

JobReport end_report(ProcessTree& tree) {
  JobReport report;
  report.key = tree.spec->key;
  report.kind = ReportKind::kEnded;
  report.pid = tree.main;
  report.started = tree.started;
  report.ended = tree.ended;
  report.duration =
      std::chrono::duration_cast<std::chrono::microseconds>(tree.ended_mono - tree.started_mono);
  report.cpu_user = tree.cpu_user;
  report.cpu_system = tree.cpu_system;
  report.max_rss = tree.max_rss;
  report.output_bytes = output_bytes(tree);
  report.survivors = tree.left;
  if (tree.spec->sandbox)
    tell_sandbox_end(report, tree);
  else
    tell_plain_end(report, tree.wait_status);
  if (tree.cause)
    report.how = *tree.cause;
  else if (too_long(*tree.spec, report.output_bytes))
    report.how = End::kOutputLimit;
  return report;
}

}  // namespace fleet::process
