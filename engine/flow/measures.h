// The figures that the spawn check learns from: what tasks and worktrees took in this run and in
// earlier ones.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/flow/world.h"
#include "engine/journal/journal.h"
#include "engine/run/observer.h"

namespace fleet::flow {

// Kinds of measures: how long one task takes with its evidence, and what a session's first worktree
// and every further one cost.
inline constexpr const char* kTaskMeasure = "task";
inline constexpr const char* kColdMeasure = "cold";
inline constexpr const char* kWarmMeasure = "warm";

// Where measures are kept. One that cannot be recorded is forgotten: only a figure is lost. The
// executor records and asks from different threads, in virtual time from one.
class Measures {
 public:
  virtual ~Measures() = default;
  virtual void record(const journal::MeasureKey& key, plan::Millis took, os::WallTime at) = 0;
  // At most `limit`, the newest of them.
  virtual std::vector<plan::Millis> newest(const journal::MeasureKey& key,
                                           std::size_t limit) const = 0;
};

// In the journal, as facts of one run. Any thread.
class JournalMeasures final : public Measures {
 public:
  JournalMeasures(journal::Journal& journal, journal::RunKey run) : journal_(journal), run_(run) {}
  void record(const journal::MeasureKey& key, plan::Millis took, os::WallTime at) override;
  std::vector<plan::Millis> newest(const journal::MeasureKey& key,
                                   std::size_t limit) const override;

 private:
  journal::Journal& journal_;
  journal::RunKey run_;
};

// In memory: for runs that nobody will learn from. One thread.
class MemoryMeasures final : public Measures {
 public:
  void record(const journal::MeasureKey& key, plan::Millis took, os::WallTime at) override;
  std::vector<plan::Millis> newest(const journal::MeasureKey& key,
                                   std::size_t limit) const override;

 private:
  std::map<journal::MeasureKey, std::vector<plan::Millis>> taken_;  // oldest first
};

// Records what the run measures. `source` is the fan-out's source as written, or the step's name.
class Measuring final : public run::Observer {
 public:
  explicit Measuring(Measures& measures) : measures_(measures) {}
  void saw(const plan::Plan& plan, const run::State& state, const run::Event& event,
           const std::vector<run::Transition>& transitions) override;

 private:
  Measures& measures_;
};

std::string measure_source(const plan::Node& node);

// Declared figures give way to measured ones as soon as there are kEnoughMeasures: their median, so
// that one stuck task does not count.
inline constexpr std::size_t kEnoughMeasures = 3;

class MeasuredSpawnPolicy final : public SpawnPolicy {
 public:
  MeasuredSpawnPolicy(const plan::Plan& plan, const Measures& measures)
      : plan_(plan), measures_(measures) {}
  run::SpawnDecided decide(const SpawnOrder& order) override;

 private:
  const plan::Plan& plan_;
  const Measures& measures_;
};

// The median of the newest measures; empty when there are fewer than kEnoughMeasures.
std::optional<plan::Millis> typical(const Measures& measures, const journal::MeasureKey& key);

}  // namespace fleet::flow
