#include "engine/simulate/trial.h"

#include <algorithm>

#include "engine/simulate/life.h"
#include "engine/simulate/scenario_model.h"

namespace fleet::simulate {
namespace {

// 2030-01-01, so that {date} is the same each time.
constexpr os::WallTime kBegin{std::chrono::hours(24) * 21'915};
// A run that goes on for longer has something in it that nothing ends.
constexpr std::chrono::hours kLongest{24 * 400};

class BoundedTime final : public flow::VirtualTime {
 public:
  explicit BoundedTime(Agenda& agenda) : agenda_(agenda) {}
  bool advance() override { return agenda_.now() <= kLongest && agenda_.advance(); }

 private:
  Agenda& agenda_;
};

}  // namespace

bool Trial::passed() const {
  return std::ranges::all_of(claims, &Judged::holds);
}

Trial run_trial(const plan::Plan& plan, const plan::Scenario& scenario, bool timeline) {
  Agenda agenda(kBegin);
  MemoryLog log(agenda, [] { return std::chrono::milliseconds{0}; });
  Keeper keeper(agenda);
  Record record(plan, scenario.expect, timeline);
  ScenarioModel model(plan, scenario.given, record);
  flow::MemoryMeasures measures;
  Outside outside{plan, agenda, log, keeper, model, measures};
  Life life(outside, {.jobs = kTrialJobs}, record);
  BoundedTime time(agenda);
  // Without an outcome nothing happens any more: a human is waited for, or a session without end.
  const Result<run::RunOutcome> outcome = life.live(time);
  const run::State& state = life.state();

  Trial trial;
  for (const plan::Claim& claim : scenario.expect)
    trial.claims.push_back(judge(plan, state, record, claim));
  for (std::size_t i = 0; i < scenario.given.size(); ++i)
    trial.came_up.push_back(model.came_up(i));
  trial.took = record.took();
  for (const run::Task& task : state.tasks)
    trial.spent.micros += task.used.money.micros;
  trial.end = end_of(plan, state);
  trial.timeline = record.take_moments();
  if (timeline)
    trial.timeline.push_back({trial.took, trial.end});
  return trial;
}

}  // namespace fleet::simulate
