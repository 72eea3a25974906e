// The waiting half of LocalWorld: gates, where a human decides, and timers.
#include "engine/base/check.h"
#include "engine/flow/gates.h"
#include "engine/flow/local_world.h"

namespace fleet::flow {

void LocalWorld::use_gates(Gates* gates) {
  gates_ = gates;
}

void LocalWorld::open_gate(const OpenGateOrder& order, Post post) {
  FLEET_ASSERT(gates_ != nullptr, order.human);
  gates_->open(order, std::move(post));
}

void LocalWorld::close_gate(const CloseGateOrder& order) {
  FLEET_ASSERT(gates_ != nullptr, order.why);
  gates_->close(order);
}

void LocalWorld::start_timer(const TimerOrder& order, Post post) {
  timers_.add(order.at, [this, attempt = order.attempt, post = std::move(post)] {
    // Of a gate: a decision that was made in time counts, though nobody has seen it yet.
    if (gates_ != nullptr)
      gates_->look(attempt);
    post(run::TimerFired{attempt});
  });
}

}  // namespace fleet::flow
