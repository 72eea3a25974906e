#include "engine/simulate/life.h"

#include "engine/run/replay.h"

namespace fleet::simulate {
Life::Life(Outside& outside, LifeOptions options, run::Observer& observer)
    : outside_(outside),
      options_(options),
      observer_(observer),
      state_(run::replay(outside.plan, outside.log.events())),
      policy_(outside.plan, outside.measures),
      world_(outside.plan, outside.agenda, outside.keeper, outside.model) {}

bool Life::is_over() const {
  return state().closed && state().outcome != run::RunOutcome::kStopped;
}

// As flow::Engine begins and takes up.
std::vector<run::EventBody> Life::first_events() const {
  if (!state_.opened)
    return {run::RunOpened{options_.run, outside_.plan.hash, "base", options_.jobs, options_.ahead,
                           "simulated"}};
  std::vector<run::EventBody> first = {run::Resumed{options_.jobs, options_.ahead, "simulated"}};
  const auto knows = [this](run::Attempt attempt) {
    return outside_.keeper.knows(attempt);
  };
  const auto found = run::reconcile(outside_.plan, state_, knows, options_.same_boot);
  first.insert(first.end(), found.begin(), found.end());
  return first;
}

Result<run::RunOutcome> Life::live(flow::VirtualTime& time) {
  outside_.keeper.set_jobs(options_.jobs);
  flow::Measuring measuring(outside_.measures);
  run::BothObservers observers(observer_, measuring);
  const flow::Post post = [this](run::EventBody body) {
    executor_->post(std::move(body));
  };
  for (const run::Task& task : state_.tasks)
    world_.adopt(task, post);
  executor_ = std::make_unique<flow::Executor>(outside_.plan, state_.opened ? state_ : run::State{},
                                               outside_.log, world_, policy_, observers,
                                               outside_.agenda, &time);
  return executor_->run(first_events(), [this, &post] { world_.watch(post); });
}

void Life::ask_stop(run::StopLevel level, const std::string& by) {
  executor_->post(run::StopAsked{level, by});
  if (level == run::StopLevel::kNow)
    world_.stop_now();
}

}  // namespace fleet::simulate
