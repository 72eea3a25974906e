#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/report/log.h"
#include "tests/unit/engine/report/told.h"

using namespace fleet;
using namespace fleet::report;
using namespace fleet::test;

TEST_CASE("accepted is what passed, and neither a change that is asked for nor what was let pass") {
  Told told;
  told.built().outcome = run::Outcome::kSuccess;
  told.reviewed(told.first, run::Verdict::kChangesRequested, {}).outcome = run::Outcome::kSuccess;
  told.reviewed(told.second, run::Verdict::kApproved, {}).outcome = run::Outcome::kSuccess;
  const auto accepted_by = [&](const std::string& name) {
    const auto cost = nlohmann::json::parse(cost_json(told.plan, told.state));
    for (const auto& agent : cost["agents"])
      if (agent["agent"] == name)
        return agent["accepted"].get<int>();
    return -1;
  };
  CHECK(accepted_by("backend") == 1);
  CHECK(accepted_by("review") == 1);
  told.state.tasks[0].outcome = run::Outcome::kEvidenceFailed;
  CHECK(accepted_by("backend") == 0);
}
