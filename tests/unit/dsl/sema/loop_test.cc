// Loops written out round by round, and joints.
#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/support/analyzed.h"

namespace fleet::sema::loops {
namespace {

using plan::EdgeKind;
using testing::Analyzed;

std::string fleet_with(const std::string& steps) {
  return "fleet t v1 {\n repo = git(\".\", base: main)\n human h { answers = 1h }\n role a { "
         "runtime = "
         "shell(\"true\"); writes = worktree(\"x/{task}/{round}\") }\n role r { runtime = "
         "shell(\"true\"); returns = verdict }\n flow main {\n" +
         steps + "\n}\n}\n";
}

const char* const kLoop = R"(
  build = a("x")
  look  = r(build.diff)
  polish = loop until look.approved max 2 {
    before = run("true") after look.done
    look   = r(build.diff) after mend.done
    mend   = a(look.findings)
  }
  late = run("true") after look.done & polish.approved
)";

const Flow& flow_of(const Analyzed& analyzed) {
  return analyzed.model.flows.front();
}

std::size_t index_of(const Flow& flow, const std::string& name) {
  const auto found = std::ranges::find(flow.steps, name, &Step::name);
  REQUIRE(found != flow.steps.end());
  return static_cast<std::size_t>(found - flow.steps.begin());
}

// "look.done mend.failed": the edges of a step, in order, those that are implied included.
std::string after_of(const Flow& flow, const std::string& name) {
  std::string text;
  for (const Edge& edge : flow.steps[index_of(flow, name)].after) {
    text += (text.empty() ? "" : " ") + flow.steps[edge.from].name + "." +
            std::to_string(static_cast<int>(edge.kind));
  }
  return text;
}

std::string named(const std::string& step, EdgeKind kind) {
  return step + "." + std::to_string(static_cast<int>(kind));
}

}  // namespace

TEST_CASE("a name bound anew means its last value, then the round's, then the last round's") {
  const Analyzed analyzed(fleet_with(kLoop));
  REQUIRE(analyzed.codes().empty());
  const Flow& flow = flow_of(analyzed);
  CHECK(after_of(flow, "polish#1.before").starts_with(named("look", EdgeKind::kDone)));
  CHECK(after_of(flow, "polish#2.before").starts_with(named("polish#1.look", EdgeKind::kDone)));
  // `mend` stands after the binding: it means this round's.
  const Step& mend = flow.steps[index_of(flow, "polish#2.mend")];
  CHECK(mend.arguments.front().output_of == index_of(flow, "polish#2.look"));
  CHECK(after_of(flow, "late").starts_with(named("polish.look", EdgeKind::kDone)));
  const Step& last = flow.steps[index_of(flow, "polish.look")];
  CHECK(last.kind == StepKind::kLast);
  REQUIRE(last.members.size() == 3);
  CHECK(last.members[0].value == index_of(flow, "look"));
  CHECK(last.members[2].value == index_of(flow, "polish#2.look"));
}

TEST_CASE("a loop waits for its `until` before each round and after the last") {
  const Analyzed analyzed(fleet_with(kLoop));
  const Flow& flow = flow_of(analyzed);
  CHECK(after_of(flow, "polish") == named("look", EdgeKind::kApproved) + " " +
                                        named("polish#1.look", EdgeKind::kApproved) + " " +
                                        named("polish#2.look", EdgeKind::kApproved));
  CHECK(flow.steps[index_of(flow, "polish#2.mend")].round == 2);
  CHECK(flow.steps[index_of(flow, "polish#2.mend")].loop == index_of(flow, "polish"));
}

TEST_CASE("a round begins when `until` did not hold") {
  const Analyzed analyzed(fleet_with(kLoop));
  const Flow& flow = flow_of(analyzed);
  CHECK(after_of(flow, "polish#1.before").ends_with(named("look", EdgeKind::kChangesRequested)));
  CHECK(after_of(flow, "polish#2.before")
            .ends_with(named("polish#1.look", EdgeKind::kChangesRequested)));
}

TEST_CASE("what is wrong in a loop is said once, not once a round") {
  const Analyzed analyzed(fleet_with(
      "one = r(\"x\")\n l = loop until one.approved max 9 {\n one = r(\"y\") timeout $3\n }"));
  CHECK(analyzed.codes() == std::vector<std::string>{"F201"});
}

TEST_CASE("loops nest, and a round of the inner one belongs to a round of the outer one") {
  const Analyzed analyzed(fleet_with(R"(
  one = r("x")
  two = r("x")
  out = loop until one.approved max 2 {
    in  = loop until two.approved max 2 { two = r("y") }
    one = r("z") after in.approved
  }
  late = run("true") after two.done)"));
  REQUIRE(analyzed.codes().empty());
  const Flow& flow = flow_of(analyzed);
  // What the inner loop binds anew, the outer one does.
  const Step& last = flow.steps[index_of(flow, "out.two")];
  REQUIRE(last.members.size() == 3);
  CHECK(last.members[0].value == index_of(flow, "two"));
  CHECK(last.members[2].value == index_of(flow, "out#2.in.two"));
  const Step& inner = flow.steps[index_of(flow, "out#2.in#1.two")];
  CHECK(inner.loop == index_of(flow, "out#2.in"));
  CHECK(flow.steps[*inner.loop].loop == index_of(flow, "out"));
  CHECK(after_of(flow, "out#2.in#2.two") == named("out#2.in#1.two", EdgeKind::kChangesRequested));
}

TEST_CASE("a joint hands its clauses to the calls inside, and waits for them") {
  const Analyzed analyzed(fleet_with(R"(
  build = a("x")
  both  = all(r(build.diff), r(build.diff)) after build.done timeout 5min retry 2 else fail)"));
  REQUIRE(analyzed.codes().empty());
  const Flow& flow = flow_of(analyzed);
  for (const char* const name : {"both.r", "both.r_2"}) {
    const Step& inner = flow.steps[index_of(flow, name)];
    CHECK(inner.inner);
    CHECK(inner.timeout->value == plan::Millis(300'000));
    CHECK(inner.retries->value == 2);
    CHECK(inner.otherwise == plan::Otherwise::kSkip);
    CHECK(after_of(flow, name).starts_with(named("build", EdgeKind::kDone)));
  }
  CHECK(after_of(flow, "both") ==
        named("both.r", EdgeKind::kDone) + " " + named("both.r_2", EdgeKind::kDone));
  CHECK(flow.steps[index_of(flow, "both")].otherwise == plan::Otherwise::kFail);
}

TEST_CASE("a flow with too many rounds to look at is refused") {
  const Analyzed analyzed(fleet_with(R"(
  one = r("x")
  two = r("x")
  out = loop until one.approved max 100 {
    in  = loop until two.approved max 100 { two = r("y") }
    one = r("z")
  })"));
  CHECK(analyzed.codes() == std::vector<std::string>{"F202"});
}

TEST_CASE("a layer that caps a day takes the place of one that caps a task") {
  const Analyzed analyzed(
      "fleet t v1 {\n repo = git(\".\", base: main)\n defaults { budget = $3/task; identity = "
      "[i@v1] }\n "
      "identity i v1 { file = \"i.md\" }\n identity j v2 { file = \"j.md\"; after = i }\n role r { "
      "runtime = shell(\"true\") }\n agent one : r { dispatch = always; budget = $6/day; identity "
      "+= "
      "[j@v2] }\n flow main { x = one(\"y\") }\n}\n");
  REQUIRE(analyzed.codes().empty());
  const Contract& contract = analyzed.model.agents.back().contract;
  CHECK_FALSE(contract.budget);
  REQUIRE(contract.day_budget);
  CHECK(contract.day_budget->value.micros == 6'000'000);
  CHECK(contract.identity->value.size() == 2);
}

}  // namespace fleet::sema::loops
