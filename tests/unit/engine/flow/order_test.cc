#include "engine/flow/order.h"

#include <catch2/catch.hpp>

#include "engine/flow/local_world.h"
#include "tests/support/plan_builder.h"
#include "tests/unit/engine/run/driver.h"

using namespace fleet;
using namespace fleet::flow;

TEST_CASE("holes are filled with the task's own values, and only those") {
  HoleValues values{"the task", "notes/a b.txt", "fixer", "r1", "2", "2026-11-21"};
  const plan::Template text = {{false, "x-"},   {true, "item"},  {false, "-"},
                               {true, "agent"}, {true, "round"}, {true, "date"}};
  CHECK(fill(text, values) == "x-notes/a b.txt-fixer22026-11-21");
  CHECK(fill({{true, "task"}, {true, "run"}}, values) == "the taskr1");
}

TEST_CASE("a hole inside a hole's value is text") {
  HoleValues values;
  values.item = "{agent}";
  values.agent = "evil";
  CHECK(fill({{true, "item"}}, values) == "{agent}");
}

TEST_CASE("branch names keep the template's own slashes and make values fit for a ref") {
  HoleValues values;
  values.item = "-x..y z";
  const std::string name = branch_name({{false, "fix/"}, {true, "item"}}, values);
  CHECK(name.rfind("fix/", 0) == 0);
  CHECK(name.find(' ') == std::string::npos);
  CHECK(name.find("..") == std::string::npos);
}

TEST_CASE("the ends of jobs keep their meaning in the run's words") {
  process::JobReport report;
  report.kind = process::ReportKind::kEnded;
  report.how = process::End::kExited;
  report.code = 3;
  CHECK(exited_of({}, report).how == run::ExitHow::kExited);
  CHECK(exited_of({}, report).code == 3);
  report.how = process::End::kTimedOut;
  CHECK(exited_of({}, report).how == run::ExitHow::kTimedOut);
  report.how = process::End::kDropped;
  CHECK(exited_of({}, report).how == run::ExitHow::kLost);
  report.how = process::End::kSpawnFailed;
  CHECK(exited_of({}, report).how == run::ExitHow::kSpawnFailed);
  report.failure = process::SpawnFailure::kCommandNotFound;
  CHECK(exited_of({}, report).how == run::ExitHow::kSpawnFailed);
  report.failure = process::SpawnFailure::kResources;
  CHECK(exited_of({}, report).how == run::ExitHow::kStarved);
}

TEST_CASE("items are listed where the tasks will start, also behind a step that changed nothing") {
  fleet::test::PlanBuilder builder;
  const plan::NodeIndex make = builder.task("make", builder.agent("maker"));
  const plan::NodeIndex look = builder.run("look", {fleet::test::accepted(make)});
  builder[look].start = make;
  const plan::NodeIndex each =
      builder.fanout("each", {builder.agent("fixer")}, {"a"}, {fleet::test::accepted(look)});
  builder[each].start = look;
  fleet::test::Driver driver(builder.plan);
  driver.open();
  driver.succeed(0);
  driver.command(1);
  const Order order = make_order(driver.plan, driver.state, run::ListItems{each});
  REQUIRE(std::holds_alternative<ListOrder>(order));
  CHECK(std::get<ListOrder>(order).start == "commit0");
}

TEST_CASE("a finding reads as what is wrong, where, and what would put it right") {
  run::Finding finding{"f-1",     run::Severity::kMajor, "security", "src/a.c", 12, "It leaks",
                       "Free it."};
  CHECK(text_of(finding) == "major: src/a.c:12: It leaks\n\nLabel: security\n\nFree it.");
  finding.line = 0;
  finding.label.clear();
  finding.detail.clear();
  CHECK(text_of(finding) == "major: src/a.c: It leaks");
  finding.path.clear();
  CHECK(text_of(finding) == "major: It leaks");
}

TEST_CASE("a task knows its round, and the flow's own task whatever its item is") {
  fleet::test::PlanBuilder builder;
  const plan::NodeIndex each = builder.fanout("each", {builder.agent("fixer")}, {"a"});
  TaskFacts facts = facts_of_item(builder.plan, each, "a", "fixer");
  CHECK(facts.task == "a");
  CHECK(facts.round == 1);
  builder.plan.parameters = {{"other", "x"}, {"task", "mend it"}};
  builder[each].round = 3;
  facts = facts_of_item(builder.plan, each, "a", "fixer");
  CHECK(facts.task == "mend it");
  CHECK(facts.text == "a");
  const HoleValues values = hole_values(run::State{}, facts);
  CHECK(fill({{true, "task"}, {false, "/"}, {true, "round"}, {false, "/"}, {true, "item"}},
             values) == "mend it/3/a");
}

TEST_CASE("the next attempt is told how the last one ended, a review that its work was let pass") {
  fleet::test::PlanBuilder builder;
  builder.escalates_to_human();
  const plan::NodeIndex make = builder.task("make", builder.agent("maker"));
  builder[make].retries = 1;
  builder.review("look", builder.reviewer("strict"), make);
  fleet::test::Driver driver(builder.plan);
  const auto facts = [&](std::uint32_t task) {
    return task_facts(driver.plan, driver.state, driver.attempt(task));
  };
  driver.open();
  CHECK(facts(0).last.empty());
  driver.command(0, 1);
  CHECK(facts(0).last == "exit 1");
  driver.prepared(0);
  driver.exited(0);
  driver.captured(0);
  driver.verified(0, false);
  driver.yes(0);
  driver.published(0);
  CHECK(facts(1).last.empty());
  CHECK(facts(1).let_pass == "ann");
}
