// The waiting half of LocalWorld: gates, where a human decides.
#include "engine/base/check.h"
#include "engine/flow/local_world.h"

namespace fleet::flow {

void LocalWorld::open_gate(const OpenGateOrder& order, Post) {
  FLEET_FAIL("a run with gates was not refused", order.human);
}

void LocalWorld::close_gate(const CloseGateOrder& order) {
  FLEET_FAIL("a run with gates was not refused", order.why);
}

}  // namespace fleet::flow
