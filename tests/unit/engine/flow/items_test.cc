#include "engine/flow/items.h"

#include <catch2/catch.hpp>

#include "tests/support/plan_builder.h"

using namespace fleet;
using namespace fleet::flow;

TEST_CASE("an element goes to the agent that its field names, any other to the rest's") {
  fleet::test::PlanBuilder builder;
  const plan::NodeIndex each = builder.fanout(
      "each", {builder.agent("any"), builder.agent("sec"), builder.agent("num")}, {});
  plan::Fanout& fanout = *builder[each].fanout;
  fanout.route_by = "label";
  fanout.routes = {{"security", "sec"}, {"7", "num"}, {"", "any"}};
  CHECK(routed(builder.plan, builder[each],
               {R"({"label":"security","x":1})", R"({"label":7})", R"({"label":"docs"})", R"({})",
                "plain text", R"("security")"}) == std::vector<std::uint32_t>{1, 2, 0, 0, 0, 0});
}
