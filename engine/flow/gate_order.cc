// The waiting half of LocalWorld: gates, where a human decides.
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

}  // namespace fleet::flow
