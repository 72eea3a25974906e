#include "engine/process/recorder.h"

#include <algorithm>
#include <map>
#include <utility>

#include "engine/os/crash_point.h"

namespace fleet::process {
namespace {

// A power cut may take the newest unsynced records with it; their sequences must not be given out
// again.
constexpr std::uint64_t kSequenceStride = std::uint64_t{1} << 20;
// While there is other work, ends wait for each other so long: a sync holds up the keeper, so a
// slow disk makes for larger groups, and syncing stays a small part of the time.
constexpr std::chrono::nanoseconds kGroupTime = std::chrono::milliseconds(5);
constexpr std::chrono::nanoseconds kLongestGroupTime = std::chrono::milliseconds(250);
constexpr int kSyncShare = 16;
constexpr std::uint64_t kRewriteSize = std::uint64_t{4} << 20;

bool by_sequence(const JobReport& a, const JobReport& b) {
  return a.sequence < b.sequence;
}

// The latest word on each job.
std::map<std::uint64_t, JobReport> latest(std::map<std::uint64_t, JobReport> all) {
  std::map<JobKey, std::uint64_t> newest;
  for (const auto& [sequence, report] : all) {
    const auto [at, added] = newest.try_emplace(report.key, sequence);
    if (!added && all.at(at->second).kind == ReportKind::kStarted)
      at->second = sequence;
  }
  std::erase_if(all, [&](const auto& each) { return newest.at(each.second.key) != each.first; });
  return all;
}

JobReport lost(const JobReport& started) {
  JobReport report = started;
  report.kind = ReportKind::kEnded;
  report.how = End::kLost;
  report.text = "the keeper ended before this job did";
  return report;
}

}  // namespace

Recorder::Recorder(std::filesystem::path file, InstanceRecord instance, JobTable& table,
                   const os::Clock& clock, Spool spool)
    : file_(std::move(file)),
      instance_(std::move(instance)),
      table_(&table),
      clock_(&clock),
      spool_(std::move(spool)),
      group_time_(kGroupTime),
      rewrite_at_(std::max(kRewriteSize, 4 * spool_.size())) {}

Result<Recorder> Recorder::open(std::filesystem::path file, InstanceRecord instance,
                                SpoolState previous, JobTable& table, const os::Clock& clock) {
  instance.next_sequence = previous.next_sequence + kSequenceStride;
  instance.generation = previous.generation;
  const std::map<std::uint64_t, JobReport> reports = latest(std::move(previous.reports));
  FLEET_TRY(Spool spool, Spool::create(file, instance, reports, previous.damaged));
  Recorder recorder(std::move(file), std::move(instance), table, clock, std::move(spool));
  for (const auto& [sequence, report] : reports) {
    Job& job = table.add_reported(report);
    if (report.kind == ReportKind::kStarted)
      recorder.end(job, lost(report));
  }
  FLEET_CHECK(recorder.commit());
  return recorder;
}

std::uint64_t Recorder::announce(const Job& job) {
  JobReport report;
  report.key = job.key();
  report.started = clock_->wall();
  report.sequence = instance_.next_sequence++;
  spool_.append(ReportRecord{report});
  return report.sequence;
}

void Recorder::started(Job& job, JobReport report) {
  if (starts_.empty() && undurable_.empty())
    oldest_ = clock_->mono();
  starts_.push_back(report);
  table_->started(job, std::move(report));
}

void Recorder::end(Job& job, JobReport report) {
  if (starts_.empty() && undurable_.empty())
    oldest_ = clock_->mono();
  report.sequence = instance_.next_sequence++;
  report.text.erase(std::min(report.text.size(), kMaxText));
  spool_.append(ReportRecord{report});
  const std::vector<Job*> hopeless = table_->decide(job, report.success());
  undurable_.emplace_back(&job, std::move(report));
  for (Job* after : hopeless) {
    JobReport dropped;
    dropped.sequence = instance_.next_sequence++;
    dropped.key = after->key();
    dropped.kind = ReportKind::kEnded;
    dropped.how = End::kDropped;
    dropped.text = "a job before it did not succeed";
    dropped.ended = clock_->wall();
    spool_.append(ReportRecord{dropped});
    undurable_.emplace_back(after, std::move(dropped));
  }
}

void Recorder::end_unstarted(Job& job, End how, std::string text) {
  JobReport report;
  report.key = job.key();
  report.kind = ReportKind::kEnded;
  report.how = how;
  report.text = std::move(text);
  report.ended = clock_->wall();
  end(job, std::move(report));
}

bool Recorder::commit_due(bool more_to_start) const {
  if (starts_.empty() && undurable_.empty())
    return false;
  return !more_to_start || clock_->mono() - oldest_ >= group_time_;
}

std::optional<os::MonoTime> Recorder::commit_by() const {
  if (starts_.empty() && undurable_.empty())
    return std::nullopt;
  return os::MonoTime{oldest_.since_boot + group_time_};
}

Status Recorder::commit() {
  if (undurable_.empty()) {
    FLEET_CHECK(spool_.write());
  } else {
    const os::MonoTime before = clock_->mono();
    os::crash_point("keeper.exit.before");
    FLEET_CHECK(spool_.sync());
    os::crash_point("keeper.exit.after");
    group_time_ = std::clamp((clock_->mono() - before) * kSyncShare, kGroupTime, kLongestGroupTime);
  }
  std::move(starts_.begin(), starts_.end(), std::back_inserter(news_));
  starts_.clear();
  for (auto& [job, report] : std::exchange(undurable_, {})) {
    news_.push_back(report);
    table_->settle(*job, std::move(report));
  }
  std::sort(news_.begin(), news_.end(), by_sequence);
  return {};
}

void Recorder::seen(std::uint64_t sequence) {
  instance_.next_sequence = std::max(instance_.next_sequence, sequence + 1);
}

Status Recorder::set_generation(std::uint64_t generation) {
  instance_.generation = generation;
  spool_.append(GenerationRecord{generation});
  return spool_.sync();
}

Status Recorder::release(std::string_view run) {
  FLEET_CHECK(commit());
  table_->release(run);
  spool_.append(ReleaseRecord{std::string(run)});
  FLEET_CHECK(spool_.write());
  return spool_.size() < rewrite_at_ ? Status() : rewrite();
}

Status Recorder::rewrite() {
  std::map<std::uint64_t, JobReport> reports;
  for (const Job* job : table_->reported(0))
    reports.emplace(job->report.sequence, job->report);
  FLEET_TRY(spool_, Spool::create(file_, instance_, reports, false));
  rewrite_at_ = std::max(kRewriteSize, 4 * spool_.size());
  return {};
}

}  // namespace fleet::process
