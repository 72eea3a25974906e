// Sees in the events of a run what others wait for: pull requests, findings, and what an always-on
// agent wants to know of. What somebody waits for is in the task box, durably, before the run goes
// on, so that no crash loses it; one that is seen again is known by its name.
#pragma once

#include <functional>
#include <string>

#include "engine/resident/rota.h"
#include "engine/resident/task_box.h"
#include "engine/run/observer.h"

namespace fleet::resident {

class WakeObserver final : public run::Observer {
 public:
  using Wanted = std::function<bool(const plan::Event&)>;

  // `duty`: whose run it is. `woke` and `news` are called on the run's thread and must not block.
  WakeObserver(TaskBox& box, std::string duty, Wanted wanted, std::function<void(const Wake&)> woke,
               std::function<void(const std::string& except)> news)
      : box_(box),
        duty_(std::move(duty)),
        wanted_(std::move(wanted)),
        woke_(std::move(woke)),
        news_(std::move(news)) {}

  void saw(const plan::Plan& plan, const run::State& state, const run::Event& event,
           const std::vector<run::Transition>& transitions) override;

 private:
  TaskBox& box_;
  const std::string duty_;
  const Wanted wanted_;
  const std::function<void(const Wake&)> woke_;
  const std::function<void(const std::string&)> news_;
};

}  // namespace fleet::resident
