// The executor's event log over the journal, and the figures that the spawn check learns from.
#pragma once

#include <mutex>

#include "engine/flow/executor.h"
#include "engine/journal/journal.h"

namespace fleet::flow {

// Set up before the journal, whose options want the callback: pass `on_durable()` there, then
// bind().
class JournalLog final : public EventLog {
 public:
  journal::OnDurable on_durable();
  void bind(journal::Journal& journal, journal::RunKey run);

  void start(Durable durable) override;
  void stop() override;
  std::uint64_t append(const run::Event& event) override;

 private:
  std::mutex mutex_;  // guards the two below; held while `durable_` is called, so that stop() waits
  Durable durable_;
  Status failed_;
  journal::Journal* journal_ = nullptr;
  journal::RunKey run_;
};

// Kinds of measures: how long one task takes with its evidence, and what a session's first worktree
// and every further one cost.
inline constexpr const char* kTaskMeasure = "task";
inline constexpr const char* kColdMeasure = "cold";
inline constexpr const char* kWarmMeasure = "warm";

// Records what the run measures. `source` is the fan-out's source as written, or the step's name.
class Measuring final : public run::Observer {
 public:
  Measuring(journal::Journal& journal, journal::RunKey run) : journal_(journal), run_(run) {}
  void saw(const plan::Plan& plan, const run::State& state, const run::Event& event,
           const std::vector<run::Transition>& transitions) override;

 private:
  journal::Journal& journal_;
  journal::RunKey run_;
};

std::string measure_source(const plan::Node& node);

// Declared figures give way to measured ones as soon as there are kEnoughMeasures: their median, so
// that one stuck task does not count.
inline constexpr std::size_t kEnoughMeasures = 3;

class MeasuredSpawnPolicy final : public SpawnPolicy {
 public:
  MeasuredSpawnPolicy(const plan::Plan& plan, const journal::Journal& journal)
      : plan_(plan), journal_(journal) {}
  run::SpawnDecided decide(const SpawnOrder& order) override;

 private:
  const plan::Plan& plan_;
  const journal::Journal& journal_;
};

// The median of the newest measures; empty when there are fewer than kEnoughMeasures.
std::optional<plan::Millis> typical(const journal::Journal& journal,
                                    const journal::MeasureKey& key);

}  // namespace fleet::flow
