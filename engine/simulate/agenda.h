// What is to happen in a simulation, in order of (virtual time, id), and the clock that goes with
// it. Knows nothing of fleets. Everything runs on the thread that calls `advance`.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "engine/flow/executor.h"
#include "engine/os/clock.h"

namespace fleet::simulate {

class Agenda final : public os::Clock, public flow::VirtualTime {
 public:
  using What = std::function<void()>;

  explicit Agenda(os::WallTime begin) : begin_(begin) {}

  // Things of the same instant happen in the order in which they were put here. REQUIRES: wait is
  // not negative.
  void in(std::chrono::milliseconds wait, What what);

  // Lets the earliest thing happen, at its time. False when there is none.
  bool advance() override;

  // The time of day is set: from now on it is off by so much more. What is on the agenda stays.
  void set_wall(std::chrono::milliseconds by) { begin_ += by; }

  os::WallTime wall() const override { return begin_ + now_; }
  os::MonoTime mono() const override { return {now_}; }
  std::chrono::milliseconds now() const { return now_; }  // since the simulation began

 private:
  os::WallTime begin_;
  std::chrono::milliseconds now_{0};
  std::uint64_t next_id_ = 0;
  std::map<std::pair<std::chrono::milliseconds, std::uint64_t>, What> things_;
};

}  // namespace fleet::simulate
