// Steps, clauses and the edges that they imply.
#include <catch2/catch.hpp>

#include "tests/support/analyzed.h"

namespace fleet::sema {
namespace {

using fleet::testing::Analyzed;
using plan::EdgeKind;

std::string fleet_with(const std::string& steps) {
  return "fleet f {\n repo = git(\".\", base: main)\n role a { runtime = shell(\"true\"); writes = "
         "worktree(\"w/{task}\") }\n flow main {\n" +
         steps + "\n }\n}\n";
}

const Flow& flow_of(const Analyzed& analyzed) {
  return analyzed.model.flows.front();
}

}  // namespace

TEST_CASE("the use of a step's output waits for its acceptance") {
  const Analyzed analyzed(fleet_with("one = a(\"x\")\n two = a(\"y\", one.diff)"));
  REQUIRE(analyzed.codes().empty());
  const Step& two = flow_of(analyzed).steps[1];
  REQUIRE(two.after.size() == 1);
  CHECK(two.after[0].kind == EdgeKind::kAccepted);
  CHECK(two.after[0].implied);
  CHECK(two.arguments[1].output_of == 0u);
}

TEST_CASE("an edge that says as much takes the place of the implied one") {
  const Analyzed analyzed(
      fleet_with("all = fanout x in [\"p\", \"q\"] to a\n out = repo.merge(all, into: o) after "
                 "all.some_accepted"));
  REQUIRE(analyzed.codes().empty());
  const Step& out = flow_of(analyzed).steps[1];
  REQUIRE(out.after.size() == 1);
  CHECK(out.after[0].kind == EdgeKind::kSomeAccepted);
}

TEST_CASE("steps may refer to later ones, and clauses stand in any order") {
  const Analyzed analyzed(fleet_with(
      "one = a(\"x\") else skip after two.done & three.failed timeout 5min retry 3\n two = "
      "run(\"true\")\n three = run(\"false\")"));
  REQUIRE(analyzed.codes().empty());
  const Step& one = flow_of(analyzed).steps[0];
  CHECK(one.after.size() == 2);
  CHECK(one.retries->value == 3);
  CHECK(one.timeout->value == plan::Millis(300'000));
  CHECK(one.otherwise == plan::Otherwise::kSkip);
}

TEST_CASE("a step that was not understood raises nothing further") {
  const Analyzed analyzed(fleet_with(
      "one = nobody(\"x\")\n two = a(\"y\", one.diff) after one.approved\n out = repo.merge(one)"));
  CHECK(analyzed.codes() == std::vector<std::string>{"F101"});
}

TEST_CASE("units are types: a mismatch names both sides") {
  const Analyzed analyzed(fleet_with("one = a(\"x\") timeout $5"));
  REQUIRE(analyzed.sink.all().size() == 1);
  const Diagnostic& one = analyzed.sink.all().front();
  CHECK(one.code == "F201");
  CHECK(analyzed.sources.text(one.primary.span) == "$5");
  REQUIRE(one.secondary.size() == 1);
  CHECK(analyzed.sources.text(one.secondary[0].span) == "timeout");
}

TEST_CASE("sources know how many items they have where the text tells") {
  const Analyzed analyzed(
      fleet_with("p = fanout x in [\"a\", \"b\"] to a\n q = fanout x in 3..7 to a\n r = fanout x "
                 "in files(\"*.c\") to a"));
  REQUIRE(analyzed.codes().empty());
  CHECK(flow_of(analyzed).steps[0].fanout.source.count() == 2u);
  CHECK(flow_of(analyzed).steps[1].fanout.source.count() == 5u);
  CHECK_FALSE(flow_of(analyzed).steps[2].fanout.source.count());
  CHECK(flow_of(analyzed).steps[2].fanout.source.written == "files(\"*.c\")");
}

}  // namespace fleet::sema
