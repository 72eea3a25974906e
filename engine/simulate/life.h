// One engine's life in a simulated run: what flow::Engine does in real time, from the replay of the
// journal to the run's end, a stop, the journal's failure, or the engine's death.
#pragma once

#include <string>

#include "engine/flow/executor.h"
#include "engine/flow/measures.h"
#include "engine/simulate/memory_log.h"
#include "engine/simulate/world.h"

namespace fleet::simulate {

// What outlives engines. All of it must outlive the life, too.
struct Outside {
  const plan::Plan& plan;
  Agenda& agenda;
  MemoryLog& log;
  Keeper& keeper;
  Model& model;
  flow::Measures& measures;
};

struct LifeOptions {
  std::uint32_t jobs = 1;
  std::uint32_t ahead = 0;
  bool same_boot = true;  // as when nothing was in flight last
  std::string run = "simulated";
};

class Life {
 public:
  // Replays what the log holds.
  Life(Outside& outside, LifeOptions options, run::Observer& observer);

  // The run is over: there is nothing to live for. `outcome` is in the state.
  bool is_over() const;
  // `time` lets things happen, mostly those of the agenda; when it ends, so does the engine, as if
  // killed (kCancelled). REQUIRES: not over. Call it once.
  Result<run::RunOutcome> live(flow::VirtualTime& time);

  // While `live` is under way.
  void ask_stop(run::StopLevel level, const std::string& by);
  void post(run::EventBody body) { executor_->post(std::move(body)); }

  const run::State& state() const { return executor_ ? executor_->state() : state_; }

 private:
  std::vector<run::EventBody> first_events() const;

  Outside& outside_;
  LifeOptions options_;
  run::Observer& observer_;
  run::State state_;
  flow::MeasuredSpawnPolicy policy_;
  SimulatedWorld world_;
  std::unique_ptr<flow::Executor> executor_;
};

}  // namespace fleet::simulate
