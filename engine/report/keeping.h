// Whether sessions save their state as often as their agents are to, and leave notes when they are
// ended: what nobody kept is told, not passed over. Sees one run's events in order, from wherever a
// watcher joined.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "engine/run/state.h"

namespace fleet::report {

class Keeping {
 public:
  // `state` as it is after the event. What was missed by the session that this event ends; empty:
  // nothing.
  std::string saw(const plan::Plan& plan, const run::State& state, const run::Event& event);

 private:
  struct Kept {
    run::Epoch epoch = 0;
    const plan::Agent* agent = nullptr;
    std::uint32_t checkpoints = 0;
    std::uint32_t handoffs = 0;
  };
  void join(const plan::Plan& plan, const run::State& state);

  bool joined_ = false;
  std::map<run::TaskIndex, Kept> running_;
};

}  // namespace fleet::report
