// What a simulated world answers. The mechanism (what waits for what, who is told, what outlives
// an engine) is the room's; the answers are a modelled agent's, a script's or a test's.
#pragma once

#include <chrono>
#include <optional>

#include "engine/flow/order.h"
#include "engine/simulate/keeper.h"

namespace fleet::simulate {

// How long an order takes: `before` its effect stands, and from then on until the engine hears of
// it. An engine that dies in between leaves an effect that nobody recorded.
struct Course {
  std::chrono::milliseconds before{0};
  std::chrono::milliseconds after{0};
  bool at_once = false;  // answered within the call, before anything else happens
};

// Called at the moment of the effect, on the simulation's thread. An order that is repeated after a
// crash is asked about again.
class Model {
 public:
  virtual ~Model() = default;

  // Drawn when the order is given. Sessions are submitted at once.
  virtual Course course(const flow::Order& order) = 0;

  virtual run::ItemsListed list_items(const flow::ListOrder& order) = 0;
  virtual run::Prepared prepare(const flow::PrepareOrder& order) = 0;
  virtual Process launch(const flow::LaunchOrder& order) = 0;
  virtual run::Captured capture(const flow::CaptureOrder& order) = 0;
  virtual run::Verified verify(const flow::VerifyOrder& order) = 0;
  virtual run::Published publish(const flow::PublishOrder& order) = 0;
  virtual run::Merged merge(const flow::MergeOrder& order) = 0;
  // A merge that a stop did not wait for: nothing was changed.
  virtual run::Merged merge_stopped(const flow::MergeOrder& order) {
    run::Merged merged;
    merged.attempt = order.task.attempt;
    merged.how = run::MergeHow::kError;
    merged.detail = "stopped";
    return merged;
  }
  // How long a session takes to end when it is asked to.
  virtual std::chrono::milliseconds grace(run::Attempt) { return std::chrono::milliseconds{0}; }
  // What the human decides, at the moment when they do; empty: they never answer.
  virtual std::optional<run::GateAnswered> open_gate(const flow::OpenGateOrder& order) = 0;
  virtual void end_session(const flow::EndSessionOrder& order) = 0;
};

}  // namespace fleet::simulate
