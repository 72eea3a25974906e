#include "engine/flow/credential.h"

#include <catch2/catch.hpp>

using namespace fleet;

namespace {

plan::Plan plan_with(plan::Credential::Mode mode) {
  plan::Plan plan;
  plan::Credential key;
  key.name = "llm";
  key.source = "MODEL_KEY";
  key.owner = "ann";
  key.mode = mode;
  plan.credentials = {key};
  plan::Agent granted;
  granted.name = "builder";
  granted.grants = {"llm"};
  plan::Agent other;
  other.name = "other";
  plan.agents = {granted, other};
  return plan;
}

}  // namespace

TEST_CASE("a session has the variables that its agent was granted, and no others") {
  const plan::Plan plan = plan_with(plan::Credential::Mode::kEnv);
  const std::map<std::string, std::string> environment = {{"MODEL_KEY", "k"}, {"OTHER_KEY", "x"}};
  const auto granted = flow::granted_variables(plan, plan.agents[0], environment);
  REQUIRE(granted);
  CHECK(*granted == std::vector<std::pair<std::string, std::string>>{{"MODEL_KEY", "k"}});
  const auto none = flow::granted_variables(plan, plan.agents[1], environment);
  REQUIRE(none);
  CHECK(none->empty());
}

TEST_CASE("a credential of the broker is never in a session's environment") {
  const plan::Plan plan = plan_with(plan::Credential::Mode::kBroker);
  const auto granted = flow::granted_variables(plan, plan.agents[0], {{"MODEL_KEY", "k"}});
  REQUIRE(granted);
  CHECK(granted->empty());
}

TEST_CASE("a variable that is not set, or empty, is told with who renews it") {
  const plan::Plan plan = plan_with(plan::Credential::Mode::kEnv);
  for (const std::map<std::string, std::string>& environment :
       {std::map<std::string, std::string>{}, {{"MODEL_KEY", ""}}}) {
    const auto granted = flow::granted_variables(plan, plan.agents[0], environment);
    REQUIRE_FALSE(granted);
    CHECK(granted.error().message() ==
          "the credential `llm` of `builder` is not there: MODEL_KEY is not set where fleetc was "
          "started; ann renews it");
  }
}
