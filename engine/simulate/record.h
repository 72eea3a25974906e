// What one simulated run did that its last state does not tell: when steps began and fired, who was
// asked, and what a person would want to read of it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dsl/plan/scenario.h"
#include "engine/run/observer.h"

namespace fleet::simulate {

// At `at` since the beginning of the run.
struct Moment {
  plan::Millis at{0};
  std::string text;
};

struct Asked {
  plan::Millis at{0};
  std::string human;
  plan::NodeIndex node;
  run::Asks asks = run::Asks::kDecision;
};

class Record final : public run::Observer {
 public:
  // Edges are watched for `claims` alone. Moments are kept only where somebody will read them.
  Record(const plan::Plan& plan, const std::vector<plan::Claim>& claims, bool moments);

  void saw(const plan::Plan& plan, const run::State& state, const run::Event& event,
           const std::vector<run::Transition>& transitions) override;

  // When its first task got its place, or its human was asked; empty: never.
  std::optional<plan::Millis> began(plan::NodeIndex node) const { return began_[node.value]; }
  // When its last task ended.
  std::optional<plan::Millis> ended(plan::NodeIndex node) const { return ended_[node.value]; }
  std::uint32_t attempts(plan::NodeIndex node) const { return attempts_[node.value]; }
  // When an edge of a claim fired; empty: it did not.
  std::optional<plan::Millis> fired(plan::NodeIndex node, plan::EdgeKind kind) const;
  const std::vector<Asked>& asked() const { return asked_; }
  plan::Millis took() const { return now_; }  // until the last event
  // What the open gate of a task asks. REQUIRES: it was opened.
  run::Asks asks(run::TaskIndex task) const { return asks_.at(task); }

  std::vector<Moment> take_moments() { return std::move(moments_list_); }

 private:
  void note_change(const run::State& state, const run::Transition& change);
  void note_edges(const run::State& state);
  void tell(const run::State& state, const run::Event& event,
            const std::vector<run::Transition>& transitions);
  std::string told_change(const run::State& state, const run::Transition& change) const;
  std::string told_loop(const run::State& state, plan::NodeIndex index) const;

  const plan::Plan& plan_;
  bool moments_;
  std::optional<std::int64_t> begin_;
  plan::Millis now_{0};
  std::vector<std::optional<plan::Millis>> began_;
  std::vector<std::optional<plan::Millis>> ended_;
  std::vector<std::uint32_t> attempts_;
  std::map<std::pair<plan::NodeIndex, plan::EdgeKind>, std::optional<plan::Millis>> edges_;
  std::vector<Asked> asked_;
  std::map<run::TaskIndex, run::Asks> asks_;
  std::vector<bool> told_;  // loops, once their end is among the moments
  std::vector<Moment> moments_list_;
};

}  // namespace fleet::simulate
