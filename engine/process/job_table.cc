#include "engine/process/job_table.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace fleet::process {
namespace {

void sort_by_order(std::vector<Job*>& jobs) {
  std::sort(jobs.begin(), jobs.end(),
            [](const Job* a, const Job* b) { return a->order < b->order; });
}

}  // namespace

std::size_t JobTable::Hash::operator()(const JobKey& key) const {
  std::size_t value = std::hash<std::string_view>()(key.run);
  for (const std::uint32_t part : {key.task, key.epoch, key.part})
    value = (value ^ part) * 0x9E3779B97F4A7C15U;
  return value ^ (value >> 32U);
}

Job* JobTable::find(const JobKey& key) {
  const auto found = jobs_.find(key);
  return found == jobs_.end() ? nullptr : found->second.get();
}

bool JobTable::wait_for(Job& job, const JobKey& before_key) {
  Job* before = find(before_key);
  if (before == nullptr || before == &job || before->fate == Fate::kFailure)
    return false;
  if (before->state == JobState::kEnded)
    return true;
  before->successors.push_back(&job);
  ++job.waiting;
  return true;
}

JobTable::Added JobTable::add(JobSpec spec) {
  const auto [at, added] = jobs_.try_emplace(spec.key);
  if (!added)
    return {};
  at->second = std::make_unique<Job>();
  Job& job = *at->second;
  job.order = next_order_++;
  job.spec = std::move(spec);
  job.state = JobState::kArmed;
  ++live_;
  bool doomed = false;
  for (const JobKey& before : job.spec.after)
    doomed = !wait_for(job, before) || doomed;
  if (!doomed && job.waiting == 0)
    queue(job);
  return {&job, doomed};
}

Job& JobTable::add_reported(JobReport report) {
  const auto [at, added] = jobs_.try_emplace(report.key);
  FLEET_ASSERT(added, to_string(report.key));
  at->second = std::make_unique<Job>();
  Job& job = *at->second;
  job.order = next_order_++;
  job.spec.key = report.key;
  job.state = JobState::kEnding;
  ++live_;
  if (report.kind == ReportKind::kEnded) {
    decide(job, report.success());
    settle(job, std::move(report));
  } else {
    set_report(job, std::move(report));
  }
  return job;
}

void JobTable::queue(Job& job) {
  job.state = JobState::kQueued;
  queue_.emplace(job.order, &job);
}

Job* JobTable::take_next() {
  if (queue_.empty())
    return nullptr;
  Job* job = queue_.begin()->second;
  queue_.erase(queue_.begin());
  job->state = JobState::kRunning;
  return job;
}

void JobTable::leave_queue(Job& job) {
  queue_.erase(job.order);
  if (job.state != JobState::kArmed)
    return;
  for (const JobKey& key : job.spec.after)
    if (Job* before = find(key); before != nullptr)
      std::erase(before->successors, &job);
}

std::vector<Job*> JobTable::decide(Job& job, bool success) {
  FLEET_ASSERT(job.fate == Fate::kOpen, to_string(job.key()));
  std::vector<Job*> hopeless;
  std::vector<Job*> next = {&job};
  job.fate = success ? Fate::kSuccess : Fate::kFailure;
  while (!next.empty()) {
    Job* each = next.back();
    next.pop_back();
    leave_queue(*each);
    each->state = JobState::kEnding;
    if (each->fate == Fate::kSuccess)
      continue;
    for (Job* after : std::exchange(each->successors, {})) {
      if (after->fate != Fate::kOpen)
        continue;
      after->fate = Fate::kFailure;
      hopeless.push_back(after);
      next.push_back(after);
    }
  }
  sort_by_order(hopeless);
  return hopeless;
}

void JobTable::settle(Job& job, JobReport report) {
  FLEET_ASSERT(job.fate != Fate::kOpen && job.state != JobState::kEnded, to_string(job.key()));
  job.state = JobState::kEnded;
  --live_;
  set_report(job, std::move(report));
  for (Job* after : std::exchange(job.successors, {}))
    if (--after->waiting == 0 && after->fate == Fate::kOpen)
      queue(*after);
  JobKey key = std::move(job.spec.key);
  job.spec = JobSpec();
  job.spec.key = std::move(key);
}

void JobTable::set_report(Job& job, JobReport report) {
  by_sequence_.erase(job.report.sequence);
  job.report = std::move(report);
  by_sequence_.insert_or_assign(job.report.sequence, &job);
}

void JobTable::release(std::string_view run) {
  std::erase_if(jobs_, [&](const auto& each) {
    const Job& job = *each.second;
    if (job.state != JobState::kEnded || job.key().run != run)
      return false;
    by_sequence_.erase(job.report.sequence);
    return true;
  });
}

std::vector<const Job*> JobTable::reported(std::uint64_t since) const {
  std::vector<const Job*> jobs;
  for (auto at = by_sequence_.upper_bound(since); at != by_sequence_.end(); ++at)
    jobs.push_back(at->second);
  return jobs;
}

std::vector<Job*> JobTable::all() const {
  std::vector<Job*> jobs;
  jobs.reserve(jobs_.size());
  for (const auto& [key, job] : jobs_)
    jobs.push_back(job.get());
  sort_by_order(jobs);
  return jobs;
}

}  // namespace fleet::process
