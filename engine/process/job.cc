#include "engine/process/job.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace fleet::process {
namespace {

// Canonical decimal only, so that a key has one form.
std::optional<std::uint32_t> parse_number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text != std::to_string(value))
    return std::nullopt;
  return value;
}

std::string plain_seconds(std::chrono::microseconds duration) {
  return fmt::format("{:.3g} s", std::chrono::duration<double>(duration).count());
}

std::string describe_end(const JobReport& report) {
  switch (report.how) {
    case End::kExited: return fmt::format("exit {}", report.code);
    case End::kSignalled: return fmt::format("signal {}", report.signal);
    case End::kTimedOut: return "timed out after " + plain_seconds(report.duration);
    case End::kCancelled: return "cancelled";
    case End::kOutputLimit:
      return fmt::format("stopped after {} bytes of output", report.output_bytes);
    case End::kSpawnFailed: return "could not be started";
    case End::kDropped: return "not started";
    case End::kLost: return "lost";
  }
  FLEET_FAIL("an end without a name", static_cast<int>(report.how));
}

}  // namespace

std::string to_string(const JobKey& key) {
  return fmt::format("{}/{}.{}.{}", key.run, key.task, key.epoch, key.part);
}

Result<JobKey> parse_job_key(std::string_view text) {
  const auto bad = [&] {
    return Error(Errc::kInvalid, fmt::format("'{}' is not a job key: RUN/TASK.EPOCH.PART", text));
  };
  const std::size_t slash = text.rfind('/');
  if (slash == std::string_view::npos)
    return bad();
  const std::string_view numbers = text.substr(slash + 1);
  const std::size_t first = numbers.find('.');
  const std::size_t second = first == std::string_view::npos ? first : numbers.find('.', first + 1);
  if (second == std::string_view::npos)
    return bad();
  const auto task = parse_number(numbers.substr(0, first));
  const auto epoch = parse_number(numbers.substr(first + 1, second - first - 1));
  const auto part = parse_number(numbers.substr(second + 1));
  if (!task || !epoch || !part)
    return bad();
  return JobKey{std::string(text.substr(0, slash)), *task, *epoch, *part};
}

Status check_job(const JobSpec& job) {
  const auto bad = [&](std::string_view what) {
    return Error(Errc::kInvalid, fmt::format("job {}: {}", to_string(job.key), what));
  };
  const auto has_nul = [](const std::string& text) {
    return text.find('\0') != std::string::npos;
  };
  const auto absolute = [&](const std::filesystem::path& path) {
    return path.is_absolute() && !has_nul(path.native());
  };
  if (job.key.run.size() > kMaxRunName)
    return bad("the run's name is too long");
  if (job.argv.empty() || job.argv.front().empty())
    return bad("no command");
  if (std::any_of(job.argv.begin(), job.argv.end(), has_nul))
    return bad("a NUL in an argument");
  if (std::any_of(job.env.begin(), job.env.end(), has_nul))
    return bad("a NUL in the environment");
  if (!absolute(job.cwd))
    return bad("its directory is not an absolute path");
  if (!job.output.empty() && !absolute(job.output))
    return bad("its output is not an absolute path");
  if (job.timeout.count() < 0 || job.grace.count() < 0)
    return bad("a negative time");
  return {};
}

std::string describe(const JobReport& report) {
  if (report.kind == ReportKind::kStarted)
    return fmt::format("started as process {}", report.pid);
  std::string sentence = describe_end(report);
  if (!report.text.empty())
    sentence += ": " + report.text;
  if (report.survivors > 0)
    sentence += fmt::format(" ({} of its processes could not be killed)", report.survivors);
  return sentence;
}

std::string_view to_string(End how) {
  switch (how) {
    case End::kExited: return "exited";
    case End::kSignalled: return "signalled";
    case End::kTimedOut: return "timed out";
    case End::kCancelled: return "cancelled";
    case End::kOutputLimit: return "output limit";
    case End::kSpawnFailed: return "spawn failed";
    case End::kDropped: return "dropped";
    case End::kLost: return "lost";
  }
  FLEET_FAIL("an end without a name", static_cast<int>(how));
}

}  // namespace fleet::process
