#include "engine/simulate/keeper.h"

#include <algorithm>
#include <utility>

namespace fleet::simulate {

void Keeper::submit(const Process& process) {
  const run::Attempt attempt = process.end.attempt;
  if (!jobs_of_.try_emplace(attempt, Job{process}).second)
    return;
  waiting_.push_back(attempt);
  start_next();
}

void Keeper::start_next() {
  while (running_ < jobs_ && !waiting_.empty()) {
    Job& job = jobs_of_.at(waiting_.front());
    waiting_.pop_front();
    job.state = State::kRunning;
    job.begun = agenda_.now();
    ++running_;
    plan_end(job, job.process.end.duration);
  }
}

void Keeper::plan_end(Job& job, std::chrono::milliseconds in) {
  job.plan = ++plans_;
  agenda_.in(in, [this, attempt = job.process.end.attempt, plan = job.plan] {
    const auto planned = jobs_of_.find(attempt);
    if (planned != jobs_of_.end() && planned->second.plan == plan &&
        planned->second.state == State::kRunning)
      end(planned->second);
  });
}

void Keeper::end(Job& job) {
  run::Exited& exit = job.process.end;
  if (job.state == State::kRunning) {
    exit.duration = agenda_.now() - job.begun;
    --running_;
  } else {
    exit.duration = plan::Millis{0};
    std::erase(waiting_, exit.attempt);
  }
  job.state = State::kEnded;
  ended_.push_back(exit);
  if (witness_)
    witness_(exit);
  if (sink_)
    sink_(exit);
  start_next();
}

void Keeper::cancel(run::Attempt attempt, std::chrono::milliseconds grace) {
  const auto found = jobs_of_.find(attempt);
  if (found == jobs_of_.end() || found->second.state == State::kEnded)
    return;
  Job& job = found->second;
  const auto left = job.begun + job.process.end.duration - agenda_.now();
  if (job.state == State::kRunning && left <= grace)
    return;  // it ends by itself before it is made to
  job.process.end.how = run::ExitHow::kCancelled;
  job.process.end.code = 0;
  job.process.end.duration = agenda_.now() - job.begun + grace;
  if (job.state == State::kWaiting) {
    end(job);
  } else {
    plan_end(job, grace);
  }
}

bool Keeper::runs(run::Attempt attempt) const {
  const auto found = jobs_of_.find(attempt);
  return found != jobs_of_.end() && found->second.state != State::kEnded;
}

std::vector<run::EventBody> Keeper::said(run::Attempt attempt) const {
  const auto found = jobs_of_.find(attempt);
  if (found == jobs_of_.end() || found->second.state != State::kEnded)
    return {};
  const run::ExitHow how = found->second.process.end.how;
  const bool forced = how == run::ExitHow::kCancelled || how == run::ExitHow::kLost;
  return forced ? std::vector<run::EventBody>() : found->second.process.says;
}

std::vector<run::Attempt> Keeper::unfinished() const {
  std::vector<run::Attempt> all;
  for (const auto& [attempt, job] : jobs_of_) {
    if (job.state != State::kEnded)
      all.push_back(attempt);
  }
  return all;
}

void Keeper::watch(Ended sink) {
  sink_ = std::move(sink);
  // By index: what is told may lead to a further end.
  const std::size_t count = ended_.size();
  for (std::size_t i = 0; i < count; ++i)
    sink_(run::Exited(ended_[i]));
}

void Keeper::engine_died(std::chrono::milliseconds grace) {
  sink_ = nullptr;
  for (const run::Attempt attempt : unfinished()) {
    if (jobs_of_.at(attempt).process.with_engine)
      cancel(attempt, grace);
  }
}

void Keeper::reboot(const std::function<bool(run::Attempt)>& forgets) {
  sink_ = nullptr;
  std::deque<run::Attempt> gone;
  gone.swap(waiting_);
  for (const run::Attempt attempt : unfinished()) {
    Job& job = jobs_of_.at(attempt);
    job.process.end.how = run::ExitHow::kLost;
    job.process.end.code = 0;
    end(job);
    if (!forgets(attempt))
      continue;
    ended_.pop_back();
    jobs_of_.erase(attempt);
  }
}

}  // namespace fleet::simulate
