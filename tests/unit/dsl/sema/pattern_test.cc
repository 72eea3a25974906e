// Patterns written out: names, arguments, places.
#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/support/analyzed.h"

namespace fleet::sema {
namespace {

using plan::EdgeKind;
using testing::Analyzed;

std::string fleet_with(const std::string& patterns, const std::string& steps) {
  return patterns +
         "\nfleet t v1 {\n repo = git(\".\", base: main)\n role a { runtime = shell(\"true\"); "
         "writes "
         "= worktree(\"x/{task}\") }\n role r { runtime = shell(\"true\"); returns = verdict }\n "
         "flow "
         "main(task) {\n" +
         steps + "\n}\n}\n";
}

const Step& step_of(const Analyzed& analyzed, const std::string& name) {
  const Flow& flow = analyzed.model.flows.front();
  const auto found = std::ranges::find(flow.steps, name, &Step::name);
  REQUIRE(found != flow.steps.end());
  return *found;
}

std::vector<std::string> names_of(const Analyzed& analyzed) {
  std::vector<std::string> names;
  for (const Step& step : analyzed.model.flows.front().steps)
    names.push_back(step.name);
  return names;
}

bool waits_for(const Analyzed& analyzed, const std::string& step, const std::string& from,
               EdgeKind kind) {
  const Flow& flow = analyzed.model.flows.front();
  return std::ranges::any_of(step_of(analyzed, step).after, [&](const Edge& edge) {
    return flow.steps[edge.from].name == from && edge.kind == kind;
  });
}

const char* const kWork = R"(pattern work(task, who) {
  make = who(task)
  test = run("make {task}") after make.accepted
})";

}  // namespace

TEST_CASE("a use becomes the pattern's steps, with its name before theirs, and means the last") {
  const Analyzed analyzed(fleet_with(kWork, R"(
  one  = work("x", a)
  late = run("true") after one.accepted & one.make.accepted)"));
  REQUIRE(analyzed.codes().empty());
  CHECK(names_of(analyzed) == std::vector<std::string>{"one.make", "one.test", "late"});
  CHECK(waits_for(analyzed, "late", "one.test", EdgeKind::kAccepted));
  CHECK(waits_for(analyzed, "late", "one.make", EdgeKind::kAccepted));
  CHECK(step_of(analyzed, "one.test").command.pieces.back().text == "x");
}

TEST_CASE("what an argument names means what it means where the use stands") {
  // The pattern's own `make` is not the one that its argument names.
  const Analyzed analyzed(fleet_with(R"(pattern look(change, who) {
  make = who(change)
})",
                                     R"(
  make = a(task)
  seen = look(make.diff, who: r))"));
  REQUIRE(analyzed.codes().empty());
  const Step& seen = step_of(analyzed, "seen.make");
  CHECK(analyzed.model.flows.front().steps[*seen.arguments.front().output_of].name == "make");
}

TEST_CASE("a hole of a pattern is filled by the text, or stays the hole, of its argument") {
  const Analyzed analyzed(fleet_with(kWork, "  one = work(task, a)"));
  REQUIRE(analyzed.codes().empty());
  const Piece& piece = step_of(analyzed, "one.test").command.pieces.back();
  CHECK(piece.hole);
  CHECK(piece.text == "task");
}

TEST_CASE("a pattern sees the names of the file that declares it, and no step around its use") {
  const Analyzed analyzed(fleet_with(R"(pattern p(task) {
  one = run("true") after outside.accepted
})",
                                     "  outside = run(\"true\")\n  use = p(\"x\")"));
  CHECK(analyzed.codes() == std::vector<std::string>{"F101"});
}

TEST_CASE("`after` of a use holds for the steps that wait for none of the pattern's") {
  const Analyzed analyzed(fleet_with(kWork, R"(
  first = run("true")
  one   = work("x", a) after first.accepted)"));
  REQUIRE(analyzed.codes().empty());
  CHECK(waits_for(analyzed, "one.make", "first", EdgeKind::kAccepted));
  CHECK_FALSE(waits_for(analyzed, "one.test", "first", EdgeKind::kAccepted));
}

TEST_CASE("a use in a loop is made anew in each round, and its name bound anew") {
  const Analyzed analyzed(fleet_with(R"(pattern look(change) {
  verdict = r(change)
})",
                                     R"(
  make = a(task)
  seen = look(make.diff)
  l = loop until seen.approved max 2 {
    seen = look(make.diff)
  }
  late = run("true") after seen.verdict.approved)"));
  REQUIRE(analyzed.codes().empty());
  CHECK(waits_for(analyzed, "l", "seen.verdict", EdgeKind::kApproved));
  CHECK(waits_for(analyzed, "l", "l#1.seen.verdict", EdgeKind::kApproved));
  CHECK(waits_for(analyzed, "l", "l#2.seen.verdict", EdgeKind::kApproved));
  CHECK(step_of(analyzed, "l#2.seen.verdict").round == 2);
  const Step& last = step_of(analyzed, "l.seen.verdict");
  CHECK(last.members.size() == 3);
}

TEST_CASE("every place in a use leads to where the pattern and its argument are written") {
  const std::string text = fleet_with(kWork, "  one = work(\"x\", a)");
  const Analyzed analyzed(text);
  const Step& make = step_of(analyzed, "one.make");
  CHECK(analyzed.sources.text(make.name_span) == "make");
  CHECK(analyzed.sources.text(make.agents.front().span) == "a");
  const Span written = analyzed.sources.written(make.name_span);
  CHECK(written.begin == text.find("make = who"));
  REQUIRE(analyzed.sources.expansion(make.name_span.source) != nullptr);
  CHECK(analyzed.sources.text(analyzed.sources.expansion(make.name_span.source)->use) == "work");
}

TEST_CASE("patterns within patterns are written out, and bounded") {
  std::string patterns = "pattern p0(t) {\n x = run(\"true\")\n}\n";
  for (int i = 1; i <= 12; ++i) {
    const std::string use = "p" + std::to_string(i - 1) + "(t)";
    patterns += "pattern p" + std::to_string(i) + "(t) {\n x = " + use + "\n y = " + use + "\n}\n";
  }
  CHECK(Analyzed(fleet_with(patterns, "  one = p3(\"x\")")).model.flows.front().steps.size() == 8);
  CHECK(Analyzed(fleet_with(patterns, "  one = p12(\"x\")")).codes() ==
        std::vector<std::string>{"F202"});
}

TEST_CASE("rounds of a loop within a loop are counted on, so that {round} tells them apart") {
  const Analyzed analyzed(fleet_with("", R"(
  one = r("x")
  two = r("x")
  out = loop until one.approved max 2 {
    in  = loop until two.approved max 3 { two = r("y") }
    one = r("z") after in.approved
  })"));
  REQUIRE(analyzed.codes().empty());
  CHECK(step_of(analyzed, "out#1.in#3.two").turn == 3);
  CHECK(step_of(analyzed, "out#2.in#1.two").turn == 4);
  CHECK(step_of(analyzed, "out#2.in#3.two").turn == 6);
  CHECK(step_of(analyzed, "out#2.one").turn == 2);
}

TEST_CASE("loops that would be too many rounds are refused before any is written out") {
  std::string steps = "  v = r(\"x\")\n";
  for (int depth = 0; depth < 40; ++depth)
    steps += "l" + std::to_string(depth) + " = loop until v.approved max 2 {\n";
  steps += "v = r(\"y\")\n" + std::string(40, '}');
  const Analyzed analyzed(fleet_with("", steps));
  CHECK(analyzed.codes() == std::vector<std::string>{"F202"});
  CHECK(analyzed.model.flows.front().steps.size() < 10);
}

TEST_CASE("a loop is refused when no round sets anew what it tests") {
  const Analyzed analyzed(fleet_with("", R"(
  one = r("x")
  l = loop until one.approved max 3 { two = r("y") })"));
  CHECK(analyzed.codes() == std::vector<std::string>{"F720"});
}

}  // namespace fleet::sema
