#include "engine/report/review.h"

#include <catch2/catch.hpp>

#include "tests/unit/engine/report/told.h"

using namespace fleet;
using namespace fleet::report;
using namespace fleet::test;

TEST_CASE("a finding is open while the last review by its agent has it") {
  Told told;
  told.built();
  told.reviewed(told.first, run::Verdict::kChangesRequested,
                {finding("f-1", run::Severity::kMinor, "one"),
                 finding("f-2", run::Severity::kCritical, "two")});
  std::vector<bool> all(told.plan.nodes.size(), true);
  Reviews reviews = reviews_of(told.plan, told.state, all);
  CHECK(finding_counts(reviews) == "2 open, 0 closed");
  CHECK(reviews.findings.front().finding.id == "f-2");  // the most severe first

  told.reviewed(told.second, run::Verdict::kChangesRequested,
                {finding("f-1", run::Severity::kMajor, "one, and worse")});
  reviews = reviews_of(told.plan, told.state, all);
  CHECK(finding_counts(reviews) == "1 open, 1 closed");
  CHECK(finding_line(reviews.findings.front()) ==
        "major f-1 at src/a.c:12: one, and worse (review)");
  CHECK(reviews.findings.front().first_round == 0);
  CHECK(reviews.findings.front().last_round == 1);
  CHECK(verdict_lines(reviews) ==
        std::vector<std::string>{"review changes requested", "round 1: review changes requested"});
}

TEST_CASE("what another agent says of a finding does not close it") {
  Told told;
  told.plan.agents.push_back(told.plan.agents[1]);
  told.plan.agents.back().name = "security";
  told.plan.nodes[told.second.value].agents = {plan::AgentIndex{2}};
  told.reviewed(told.first, run::Verdict::kChangesRequested,
                {finding("f-1", run::Severity::kMinor, "one")});
  told.reviewed(told.second, run::Verdict::kApproved, {});
  const std::vector<bool> all(told.plan.nodes.size(), true);
  CHECK(finding_counts(reviews_of(told.plan, told.state, all)) == "1 open, 0 closed");
}

TEST_CASE("a review that did not settle, or is not asked for, counts for nothing") {
  Told told;
  told.reviewed(told.first, run::Verdict::kChangesRequested,
                {finding("f-1", run::Severity::kMinor, "one")})
      .phase = run::Phase::kFailed;
  CHECK(reviews_of(told.plan, told.state, std::vector<bool>(5, true)).verdicts.empty());
  told.state.tasks.back().phase = run::Phase::kDone;
  CHECK(reviews_of(told.plan, told.state, std::vector<bool>(5, true)).verdicts.size() == 1);
  CHECK(reviews_of(told.plan, told.state, std::vector<bool>(5, false)).verdicts.empty());
}

TEST_CASE("what comes before a step is all that it needs, and what these need") {
  Told told;
  CHECK(before(told.plan, told.signoff) == std::vector<bool>{true, true, true, false, false});
  CHECK(before(told.plan, told.build) == std::vector<bool>(5, false));
}
