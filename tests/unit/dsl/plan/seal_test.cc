#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dsl/plan/codec.h"
#include "tests/unit/dsl/plan/sample_plans.h"

namespace fleet::plan {
namespace {

// The names of the nodes whose hash a change of the plan alters.
template <class Change>
std::vector<std::string> altered_by(Change change) {
  const Plan before = ship_plan();
  Plan after = before;
  change(after);
  seal(after);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < before.nodes.size(); ++i) {
    if (before.nodes[i].hash != after.nodes[i].hash) {
      names.push_back(before.nodes[i].name);
    }
  }
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("sealing is repeatable, and stored plans keep their hashes") {
  Plan plan = ship_plan();
  const std::string hash = plan.hash;
  seal(plan);
  CHECK(plan.hash == hash);
  plan = *from_json(to_json(plan)).plan;
  plan.hash = std::string(64, '0');
  seal(plan);
  CHECK(plan.hash == hash);
}

TEST_CASE("a change of what a plan does alters its hash") {
  const auto hash_after = [](auto change) {
    Plan plan = ship_plan();
    change(plan);
    seal(plan);
    return plan.hash;
  };
  const std::string before = ship_plan().hash;
  CHECK(hash_after([](Plan& p) { p.nodes[0].retries = 2; }) != before);
  CHECK(hash_after([](Plan& p) { p.agents[2].runtime.model = "opus"; }) != before);
  CHECK(hash_after([](Plan& p) { p.nodes[1].after[0].kind = EdgeKind::kFailed; }) != before);
  CHECK(hash_after([](Plan& p) { p.limits.sessions = 77; }) != before);
  CHECK(hash_after([](Plan& p) { p.parameters.emplace_back("x", "y"); }) != before);
}

TEST_CASE("a change of a step alters the hashes of what comes after it, and of nothing else") {
  CHECK(altered_by([](Plan& p) {
          p.nodes[1].command->argv[1] = {{false, "test"}};
        }) == Names{"lint", "merge"});
  CHECK(altered_by([](Plan& p) { p.nodes[12].timeout = Millis{1}; }) == Names{"signoff", "merge"});
  CHECK(altered_by([](Plan& p) { p.nodes[0].retries = 2; }).size() == 14);
}

TEST_CASE("a change of an agent alters the hashes of the steps that use it and what follows") {
  const Names altered = altered_by([](Plan& p) { p.agents[2].runtime.model = "opus"; });
  CHECK(altered.front() == "verdict.security");
  CHECK(altered.size() == 11);  // all but build, lint and verdict.review
}

TEST_CASE("what holds for the whole run alters every hash") {
  CHECK(altered_by([](Plan& p) { p.repo.base = "develop"; }).size() == 14);
  CHECK(altered_by([](Plan& p) { p.protect.push_back("x"); }).size() == 14);
}

TEST_CASE("where in which text a step or an agent stands, and how it is spelled, alters no hash") {
  const auto move = [](Plan& p) {
    p.file = "./elsewhere/" + p.file;
    p.nodes[0].place.line = 100;
    p.nodes[0].doc = "Another comment.";
    p.agents[0].place.line = 90;
    for (Node& node : p.nodes) {
      if (node.command) {
        node.command->text = "spelled otherwise";
      }
      if (node.fanout) {
        node.fanout->source.text = "1 .. 100";
      }
    }
    for (Agent& agent : p.agents) {
      if (!agent.runtime.command.argv.empty()) {
        agent.runtime.command.text += " ";
      }
      for (Acceptance& accept : agent.accept) {
        accept.text = "diff<3 lines";
      }
    }
  };
  CHECK(altered_by(move).empty());
  Plan moved = ship_plan();
  move(moved);
  REQUIRE_FALSE(moved == ship_plan());
  seal(moved);
  CHECK(moved.hash == ship_plan().hash);
}

TEST_CASE("a step keeps its hash when unrelated steps and agents shift its indices") {
  Plan plan = hello_plan();
  const std::string fixes = plan.nodes[0].hash;
  const std::string gather = plan.nodes[1].hash;
  Agent other = plan.agents[0];
  other.name = "other";
  plan.agents.insert(plan.agents.begin(), other);
  Node lint;
  lint.name = "lint";
  lint.kind = NodeKind::kRun;
  lint.command = Command{{{{false, "make"}}}, "make"};
  plan.nodes.insert(plan.nodes.begin(), lint);
  plan.nodes[1].agents = {AgentIndex{1}};
  plan.nodes[2].after[0].from = NodeIndex{1};
  plan.nodes[2].merge->from = {NodeIndex{1}};
  plan.critical_path = {NodeIndex{1}, NodeIndex{2}};
  plan.worst.terms.clear();
  REQUIRE(validate(plan).empty());
  seal(plan);
  CHECK(plan.nodes[1].hash == fixes);
  CHECK(plan.nodes[2].hash == gather);
}

TEST_CASE("the kind of an edge is part of the hash") {
  CHECK(altered_by([](Plan& p) { p.nodes[1].after[0].kind = EdgeKind::kAccepted; }) ==
        Names{"lint", "merge"});
}

}  // namespace fleet::plan
