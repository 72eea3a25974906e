// Random plans with everything that the engine, not only the core, looks at.
#pragma once

#include "tests/support/random_plan.h"

namespace fleet::test {

inline void dress(Dice& dice, plan::Fanout& fanout) {
  if (dice.percent(50))
    fanout.width = 1 + dice.below(4);
  if (dice.percent(15))
    fanout.limit = 1 + dice.below(3);
  if (dice.percent(60))
    fanout.est = plan::Millis{dice.below(6000)};
  if (dice.percent(60))
    fanout.spawn = plan::Millis{dice.below(3000)};
  if (dice.percent(30))
    fanout.force = dice.percent(50) ? plan::Force::kParallel : plan::Force::kInline;
}

inline plan::Plan random_engine_plan(Dice& dice) {
  plan::Plan plan = random_plan(dice, dice.percent(15) ? 24 : 9);
  for (plan::Agent& agent : plan.agents) {
    if (dice.percent(15))
      agent.on_engine_crash = plan::OnEngineCrash::kKill;
  }
  for (plan::Node& node : plan.nodes) {
    if (node.fanout)
      dress(dice, *node.fanout);
    if (node.merge && dice.percent(50))
      node.merge->accept.push_back(plan.agents.front().accept.empty()
                                       ? plan::Acceptance{}
                                       : plan.agents.front().accept.front());
  }
  return plan;
}

}  // namespace fleet::test
