#include "engine/process/codec.h"

#include <utility>

namespace fleet::process {
namespace {

using std::filesystem::path;

template <class Duration>
Duration get_duration(Reader& in) {
  return Duration(in.number<std::int64_t>());
}

os::WallTime get_wall(Reader& in) {
  return os::WallTime(get_duration<std::chrono::milliseconds>(in));
}

void put_wall(Writer& out, os::WallTime time) {
  out.number<std::int64_t>(time.time_since_epoch().count());
}

void put_texts(Writer& out, const std::vector<std::string>& texts) {
  out.list(texts, [&](const std::string& text) { out.text(text); });
}

std::vector<std::string> get_texts(Reader& in) {
  return in.list([&] { return in.text(); });
}

void put_paths(Writer& out, const std::vector<path>& paths) {
  out.list(paths, [&](const path& each) { out.text(each.native()); });
}

std::vector<path> get_paths(Reader& in) {
  return in.list([&] { return path(in.text()); });
}

void put_sandbox(Writer& out, const SandboxSpec& spec) {
  put_paths(out, spec.writable);
  out.text(spec.home.native());
  out.text(spec.tmp.native());
  put_paths(out, spec.read_only_over);
  put_paths(out, spec.masked);
  put_paths(out, spec.exposed);
  out.flag(spec.network);
  put_paths(out, spec.masked_files);
}

SandboxSpec get_sandbox(Reader& in) {
  SandboxSpec spec;
  spec.writable = get_paths(in);
  spec.home = in.text();
  spec.tmp = in.text();
  spec.read_only_over = get_paths(in);
  spec.masked = get_paths(in);
  spec.exposed = get_paths(in);
  spec.network = in.flag();
  spec.masked_files = get_paths(in);
  return spec;
}

}  // namespace

void put_key(Writer& out, const JobKey& key) {
  out.text(key.run);
  out.number(key.task);
  out.number(key.epoch);
  out.number(key.part);
}

JobKey get_key(Reader& in) {
  JobKey key;
  key.run = in.text();
  key.task = in.number<std::uint32_t>();
  key.epoch = in.number<std::uint32_t>();
  key.part = in.number<std::uint32_t>();
  return key;
}

void put_job(Writer& out, const JobSpec& job) {
  put_key(out, job.key);
  put_texts(out, job.argv);
  put_texts(out, job.env);
  out.text(job.cwd.native());
  out.text(job.output.native());
  out.flag(job.sandbox.has_value());
  if (job.sandbox)
    put_sandbox(out, *job.sandbox);
  out.number<std::int64_t>(job.timeout.count());
  out.number<std::int64_t>(job.grace.count());
  out.number(job.output_limit);
  out.flag(job.kill_with_engine);
  out.list(job.after, [&](const JobKey& key) { put_key(out, key); });
}

JobSpec get_job(Reader& in) {
  JobSpec job;
  job.key = get_key(in);
  job.argv = get_texts(in);
  if (job.argv.empty())
    in.fail();
  job.env = get_texts(in);
  job.cwd = in.text();
  job.output = in.text();
  if (in.flag())
    job.sandbox = get_sandbox(in);
  job.timeout = get_duration<std::chrono::milliseconds>(in);
  job.grace = get_duration<std::chrono::milliseconds>(in);
  job.output_limit = in.number<std::uint64_t>();
  job.kill_with_engine = in.flag();
  job.after = in.list([&] { return get_key(in); });
  return job;
}

void put_report(Writer& out, const JobReport& report) {
  out.number(report.sequence);
  put_key(out, report.key);
  out.number(static_cast<std::uint8_t>(report.kind));
  out.number(report.pid);
  put_wall(out, report.started);
  if (report.kind == ReportKind::kStarted)
    return;
  out.number(static_cast<std::uint8_t>(report.how));
  out.number(report.code);
  out.number(report.signal);
  out.number(static_cast<std::uint8_t>(report.failure));
  out.text(report.text);
  put_wall(out, report.ended);
  out.number<std::int64_t>(report.duration.count());
  out.number<std::int64_t>(report.cpu_user.count());
  out.number<std::int64_t>(report.cpu_system.count());
  out.number(report.max_rss);
  out.number(report.output_bytes);
  out.number(report.survivors);
}

JobReport get_report(Reader& in) {
  JobReport report;
  report.sequence = in.number<std::uint64_t>();
  report.key = get_key(in);
  report.kind = in.choice(ReportKind::kEnded);
  report.pid = in.number<std::int32_t>();
  report.started = get_wall(in);
  if (report.kind == ReportKind::kStarted)
    return report;
  report.how = in.choice(End::kLost);
  report.code = in.number<std::int32_t>();
  report.signal = in.number<std::int32_t>();
  report.failure = in.choice(SpawnFailure::kResources);
  report.text = in.text();
  report.ended = get_wall(in);
  report.duration = get_duration<std::chrono::microseconds>(in);
  report.cpu_user = get_duration<std::chrono::microseconds>(in);
  report.cpu_system = get_duration<std::chrono::microseconds>(in);
  report.max_rss = in.number<std::uint64_t>();
  report.output_bytes = in.number<std::uint64_t>();
  report.survivors = in.number<std::uint32_t>();
  return report;
}

void put_status(Writer& out, const JobStatus& status) {
  put_key(out, status.key);
  out.number(static_cast<std::uint8_t>(status.state));
  put_report(out, status.report);
}

JobStatus get_status(Reader& in) {
  JobStatus status;
  status.key = get_key(in);
  status.state = in.choice(JobState::kEnded);
  status.report = get_report(in);
  return status;
}

void put_capabilities(Writer& out, const Capabilities& capabilities) {
  out.flag(capabilities.pid_namespace);
  out.text(capabilities.pid_namespace_reason);
  out.flag(capabilities.sandbox);
  out.text(capabilities.sandbox_reason);
  out.number(static_cast<std::uint8_t>(capabilities.user));
  out.number(capabilities.keeper_pid);
  put_texts(out, capabilities.notices);
}

Capabilities get_capabilities(Reader& in) {
  Capabilities capabilities;
  capabilities.pid_namespace = in.flag();
  capabilities.pid_namespace_reason = in.text();
  capabilities.sandbox = in.flag();
  capabilities.sandbox_reason = in.text();
  capabilities.user = in.choice(UserMode::kUserNamespace);
  capabilities.keeper_pid = in.number<std::int32_t>();
  capabilities.notices = get_texts(in);
  return capabilities;
}

}  // namespace fleet::process
