#include <limits>

#include <catch2/catch.hpp>

#include "dsl/plan/codec.h"
#include "tests/unit/dsl/plan/sample_plans.h"

namespace fleet::plan {
namespace {

template <class Change>
std::string breach_after(Change change) {
  Plan plan = ship_plan();
  change(plan);
  return validate(plan);
}

}  // namespace

TEST_CASE("a sound plan has no breach") {
  CHECK(validate(hello_plan()).empty());
  CHECK(validate(ship_plan()).empty());
  CHECK(validate(Plan{}).empty());
}

TEST_CASE("each reference of a node goes to something that exists and comes before it") {
  CHECK(breach_after([](Plan& p) { p.nodes[0].agents[0].value = 5; }) ==
        "$.nodes[0] \"build\" uses agent 5, of 5");
  CHECK(breach_after([](Plan& p) { p.nodes[1].after[0].from.value = 1; }) ==
        "$.nodes[1] \"lint\" comes after node 1, which does not come before it");
  CHECK(breach_after([](Plan& p) { p.nodes[2].start = NodeIndex{99}; }) ==
        "$.nodes[2] \"verdict.review\" starts at node 99, which does not come before it");
  CHECK(breach_after([](Plan& p) { p.nodes[13].merge->from = {NodeIndex{13}}; }) ==
        "$.nodes[13] \"merge\" merges a node that does not come before it");
  CHECK(breach_after([](Plan& p) { p.critical_path.push_back(NodeIndex{14}); }) ==
        "$.critical_path is not a forward path of nodes");
  CHECK(breach_after([](Plan& p) { p.critical_path[1] = NodeIndex{0}; }) ==
        "$.critical_path is not a forward path of nodes");
  CHECK(breach_after([](Plan& p) { p.worst.terms[0].node.value = 14; }) ==
        "$.worst.terms has a term of no node or of negative money");
}

TEST_CASE("names are given and unique") {
  CHECK(breach_after([](Plan& p) { p.nodes[1].name = "build"; }) ==
        "$.nodes[1] \"build\" has the name of another");
  CHECK(breach_after([](Plan& p) { p.agents[4].name = "fix_a"; }) ==
        "$.agents[4] \"fix_a\" has the name of another");
  CHECK(breach_after([](Plan& p) { p.nodes[3].name.clear(); }) == "$.nodes[3] \"\" has no name");
  CHECK(breach_after([](Plan& p) { p.agents[0].name.clear(); }) == "$.agents[0] \"\" has no name");
}

TEST_CASE("a node has the fields of its kind and no others") {
  CHECK(breach_after([](Plan& p) { p.nodes[0].agents.clear(); }) ==
        "$.nodes[0] \"build\" is a task and must have one agent");
  CHECK(breach_after([](Plan& p) { p.nodes[0].fanout = Fanout{}; }) ==
        "$.nodes[0] \"build\" is a task and may have no fan-out");
  CHECK(breach_after([](Plan& p) { p.nodes[0].sandboxed = false; }) ==
        "$.nodes[0] \"build\" is a task and has no sandbox of its own to switch off");
  CHECK(breach_after([](Plan& p) { p.nodes[5].fanout.reset(); }) ==
        "$.nodes[5] \"polish#1.fixes\" is a fanout and has no fan-out");
  CHECK(breach_after([](Plan& p) { p.nodes[5].agents.clear(); }) ==
        "$.nodes[5] \"polish#1.fixes\" is a fanout and must have an agent");
  CHECK(breach_after([](Plan& p) { p.nodes[1].command.reset(); }) ==
        "$.nodes[1] \"lint\" is a run and has no command");
  CHECK(breach_after([](Plan& p) { p.nodes[1].command->argv.clear(); }) ==
        "$.nodes[1] \"lint\" is a run and has a command without words");
  CHECK(breach_after([](Plan& p) { p.nodes[1].agents = {AgentIndex{0}}; }) ==
        "$.nodes[1] \"lint\" is a run and may have no agent");
  CHECK(breach_after([](Plan& p) { p.nodes[1].args = {{}}; }) ==
        "$.nodes[1] \"lint\" is a run and may have no arguments");
  CHECK(breach_after([](Plan& p) { p.nodes[12].merge = Merge{}; }) ==
        "$.nodes[12] \"signoff\" is a human and may have no merge");
  CHECK(breach_after([](Plan& p) { p.nodes[13].merge->from.clear(); }) ==
        "$.nodes[13] \"merge\" is a merge and merges nothing");
  CHECK(breach_after([](Plan& p) { p.nodes[12].command = Command{}; }) ==
        "$.nodes[12] \"signoff\" is a human and may have no command");
}

TEST_CASE("a human step asks a human of the plan, and only a human step asks one") {
  CHECK(breach_after([](Plan& p) { p.nodes[12].human.clear(); }) ==
        "$.nodes[12] \"signoff\" is a human and asks nobody");
  CHECK(breach_after([](Plan& p) { p.nodes[12].human = "bob"; }) ==
        "$.nodes[12] \"signoff\" asks a human who is not in the plan");
  CHECK(breach_after([](Plan& p) { p.nodes[0].human = p.humans[0].name; }) ==
        "$.nodes[0] \"build\" is a task and may ask nobody");
}

TEST_CASE("findings and branches are those of earlier steps") {
  CHECK(breach_after([](Plan& p) { p.nodes[5].fanout->source.of.reset(); }) ==
        "$.nodes[5] \"polish#1.fixes\" is a fanout and has items of findings that are nobody's");
  CHECK(breach_after([](Plan& p) { p.nodes[5].fanout->source.of = NodeIndex{5}; }) ==
        "$.nodes[5] \"polish#1.fixes\" takes the findings of a node that does not come before it");
  CHECK(breach_after([](Plan& p) { p.nodes[6].merge->into_step = NodeIndex{9}; }) ==
        "$.nodes[6] \"polish#1.gather\" merges into the branch of a node that does not come before "
        "it");
}

TEST_CASE("amounts and durations are not negative, bounds not zero, hashes are hashes") {
  CHECK(breach_after([](Plan& p) { p.agents[0].budget = Money{-1}; }) ==
        "$.agents[0] \"backend\" has a negative budget");
  CHECK(breach_after([](Plan& p) { p.agents[0].runtime.spawn = Millis{-1}; }) ==
        "$.agents[0] \"backend\" has a negative duration or a back-off that shrinks");
  CHECK(breach_after([](Plan& p) { p.agents[0].restart.backoff_max = Millis{1}; }) ==
        "$.agents[0] \"backend\" has a negative duration or a back-off that shrinks");
  CHECK(breach_after([](Plan& p) { p.nodes[0].timeout = Millis{-1}; }) ==
        "$.nodes[0] \"build\" has a negative duration");
  CHECK(breach_after([](Plan& p) { p.nodes[5].fanout->width = 0; }) ==
        "$.nodes[5] \"polish#1.fixes\" has a width or limit of 0");
  CHECK(breach_after([](Plan& p) { p.nodes[5].fanout->est = Millis{-5}; }) ==
        "$.nodes[5] \"polish#1.fixes\" has a negative duration");
  CHECK(breach_after([](Plan& p) { p.nodes[13].merge->accept[0].command.argv.clear(); }) ==
        "$.nodes[13] \"merge\" has an acceptance command without words");
  CHECK(breach_after([](Plan& p) { p.accept[1].max_lines = -1; }) ==
        "$.accept accepts fewer than no lines");
  CHECK(breach_after([](Plan& p) { p.nodes[0].hash = "ABC"; }) ==
        "$.nodes[0] \"build\" has a hash that is no SHA-256");
  CHECK(breach_after([](Plan& p) { p.hash = "0"; }) == "$.hash is no SHA-256");
  CHECK(breach_after([](Plan& p) { p.identities[0].sha256 = "0"; }) ==
        "$.identities \"core\" has a hash that is no SHA-256");
  CHECK(breach_after([](Plan& p) { p.budget->amount = Money{-1}; }) ==
        "$.budget.amount_micros is negative");
  CHECK(breach_after([](Plan& p) { p.worst.money = Money{-1}; }) ==
        "$.worst.money_micros is negative");
}

}  // namespace fleet::plan
