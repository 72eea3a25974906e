// Worst case and critical path.
#include "dsl/lower/estimate.h"

#include <limits>

#include <catch2/catch.hpp>

#include "dsl/lower/lower.h"

namespace fleet::lower {
namespace {

plan::Agent agent(std::int64_t micros) {
  plan::Agent one;
  one.clones = true;
  if (micros > 0)
    one.budget = plan::Money{micros};
  return one;
}

plan::Node task(std::uint32_t agent_index, std::uint32_t retries) {
  plan::Node node;
  node.agents = {{agent_index}};
  node.retries = retries;
  return node;
}

plan::Node fanout(std::uint32_t agent_index, std::optional<std::uint32_t> limit) {
  plan::Node node = task(agent_index, 0);
  node.kind = plan::NodeKind::kFanout;
  node.fanout.emplace();
  node.fanout->source.kind = plan::FanoutSource::Kind::kFiles;
  node.fanout->limit = limit;
  return node;
}

}  // namespace

TEST_CASE("the worst case is attempts times items, in sessions and money") {
  plan::Plan plan;
  plan.agents = {agent(3'000'000), agent(1'000'000)};
  plan.nodes = {task(0, 1), fanout(1, 6)};
  const plan::WorstCase worst = worst_case(plan);
  CHECK(worst.sessions == 8u);
  CHECK(worst.money == plan::Money{12'000'000});
  REQUIRE(worst.terms.size() == 2);
  CHECK(worst.terms[0].attempts == 2);
  CHECK(worst.terms[1].items == 6u);
}

TEST_CASE("a fan-out over several agents costs what the dearest of them does") {
  plan::Plan plan;
  plan.agents = {agent(1'000'000), agent(2'000'000)};
  plan.nodes = {fanout(0, 3)};
  plan.nodes[0].agents.push_back({1});
  CHECK(worst_case(plan).money == plan::Money{6'000'000});
}

TEST_CASE("what the text does not bound is unknown, not guessed") {
  plan::Plan plan;
  plan.agents = {agent(1'000'000), agent(0)};
  plan.nodes = {fanout(0, std::nullopt)};
  CHECK_FALSE(worst_case(plan).sessions);
  plan.nodes = {task(1, 0)};
  CHECK_FALSE(worst_case(plan).money);
  CHECK(worst_case(plan).sessions == 1u);
}

TEST_CASE("absurd figures stay absurd") {
  plan::Plan plan;
  plan.agents = {agent(std::numeric_limits<std::int64_t>::max() / 2)};
  plan.nodes = {task(0, 100), task(0, 100)};
  CHECK(worst_case(plan).money == plan::Money{std::numeric_limits<std::int64_t>::max()});
}

TEST_CASE("steps that only run commands cost no session") {
  plan::Plan plan;
  plan.nodes.resize(2);
  CHECK(worst_case(plan).sessions == 0u);
  CHECK(worst_case(plan).money == plan::Money{0});
}

TEST_CASE("the critical path weighs a fan-out by its rounds") {
  plan::Plan plan;
  plan.agents = {agent(0)};
  plan::Node wide = fanout(0, 9);
  wide.est = plan::Millis(1000);
  wide.fanout->width = 3;  // three rounds of a second
  plan::Node slow;
  slow.est = plan::Millis(2900);
  plan::Node last;
  last.after = {{{0}, plan::EdgeKind::kAccepted}, {{1}, plan::EdgeKind::kDone}};
  plan.nodes = {wide, slow, last};
  CHECK(critical_path(plan) == std::vector<plan::NodeIndex>{{0}, {2}});
  plan.nodes[0].fanout->width = 9;
  CHECK(critical_path(plan) == std::vector<plan::NodeIndex>{{1}, {2}});
  plan.limits.sessions = 2;  // five rounds
  CHECK(critical_path(plan) == std::vector<plan::NodeIndex>{{0}, {2}});
}

TEST_CASE("a parameter becomes a valid part of a branch name") {
  CHECK(branch_part("fix-1_a.b/c") == "fix-1_a.b/c");
  CHECK(branch_part("") == "%");
  CHECK(branch_part("a b:é") == "a%20b%3A%C3%A9");
  CHECK(branch_part("-x/.y//z/") == "%2Dx/%2Ey/%2Fz%2F");
  CHECK(branch_part("a..b.") == "a.%2Eb%2E");
  CHECK(branch_part("a.lock/b.lock") == "a%2Elock/b%2Elock");
  CHECK(branch_part("100%") == "100%25");
}

}  // namespace fleet::lower
