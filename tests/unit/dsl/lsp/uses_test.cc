// Uses of patterns: what stands behind their dots and before their colons is a name like any other.
#include <set>

#include <catch2/catch.hpp>

#include "dsl/lsp/hierarchy.h"
#include "dsl/lsp/hover.h"
#include "dsl/lsp/inlays.h"
#include "dsl/lsp/navigate.h"
#include "dsl/lsp/rename.h"
#include "tests/support/sound_fleets.h"

namespace fleet::lsp {
namespace {

using testing::Edited;
using testing::kUses;

// With the cursor before the last word of `at`.
Edited uses_at(std::string_view at) {
  std::string text(kUses);
  const std::size_t found = text.find(at);
  REQUIRE(found != std::string::npos);
  const std::size_t word = at.find_last_of(" .([,{:") + 1;
  text.insert(found + (word == 0 ? 0 : word), "^");
  return Edited(text);
}

// "looked.look", or "std/patterns/….fleet" and the text there.
std::string leads_to(std::string_view at) {
  Edited edited = uses_at(at);
  std::string all;
  for (const Target& one : definition(*edited.snapshot, edited.source, edited.offset)) {
    const auto source = edited.snapshot->source(one.where.path);
    REQUIRE(source);
    const Source& text = edited.snapshot->sources().get(*source);
    const std::string line(text.line(text.locate(one.where.begin).line));
    all += (all.empty() ? "" : " | ") + line.substr(line.find_first_not_of(' '));
  }
  return all;
}

std::set<std::string> calls(std::string_view at, bool into) {
  Edited edited = uses_at(at);
  std::set<std::string> found;
  const auto items = prepare_hierarchy(*edited.snapshot, edited.source, edited.offset);
  REQUIRE(items.size() == 1);
  const Span& name = items[0].name_span;
  for (const HierarchyCall& one : into ? incoming(*edited.snapshot, name.source, name.begin)
                                       : outgoing(*edited.snapshot, name.source, name.begin)) {
    found.insert(one.other.name + " (" + one.other.detail + ")");
    for (const Span& place : one.places) {
      const Span& caller = into ? one.other.whole : items[0].whole;
      CHECK(place.source == caller.source);
    }
  }
  return found;
}

std::string shown_at(std::string_view at) {
  Edited edited = uses_at(at);
  const auto found = hover(*edited.snapshot, edited.source, edited.offset);
  return found ? found->markdown : std::string();
}

bool holds(const std::string& text, std::string_view part) {
  INFO(text);
  INFO("without " << part);
  const bool found = text.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

}  // namespace

TEST_CASE("a step within a use leads to the pattern's step") {
  CHECK(leads_to("repo.merge(ship.build") == "build    = builder(task) retry 1");
  CHECK(leads_to("after ship.verdict").starts_with("verdict  = all(reviewer(build.diff)"));
  CHECK(leads_to("again.first").starts_with("first = looked(change, judge)"));
  CHECK(leads_to("again.first.look") == "look = judge(change) timeout 20min");
  CHECK(leads_to("after first.look") == "look = judge(change) timeout 20min");
  CHECK(leads_to("polish.fixes").starts_with("fixes   = fanout f in verdict.findings"));
}

TEST_CASE("a call inside of a joint is named by its agent, whatever parameter brought that") {
  CHECK(leads_to("ship.verdict.strict") == "agent strict, second : reviewer {}");
}

TEST_CASE("the name of an argument leads to the parameter") {
  CHECK(leads_to("builder: dev").starts_with("agent dev"));
  CHECK(leads_to("(task, builder").starts_with("pattern build_review_audit("));
  CHECK(leads_to("again   = twice(ship.build.diff, judge").starts_with("pattern twice("));
  CHECK(leads_to("given  = [ship(\"Say hello\", area").starts_with("flow ship(task, area)"));
}

TEST_CASE("hover within a use shows the pattern's step, and what it costs in this use") {
  CHECK(holds(shown_at("repo.merge(ship.build"), "build = builder(task) retry 1"));
  CHECK(holds(shown_at("repo.merge(ship.build"), "at most $2.00 = 2 × $1.00"));
  CHECK(holds(shown_at("(task, builder"), "parameter `builder` of pattern `build_review_audit`"));
}

TEST_CASE("hover of a use and of a loop show the pattern and the sum of what is inside") {
  const std::string use = shown_at("merge   = repo.merge(ship");
  CHECK(holds(use, "pattern build_review_audit(task"));
  CHECK(holds(use, "One agent builds, two judge"));
  CHECK(holds(use, "Costs at most $14.00 = ship.build 2 × $1.00 + "));
  const std::string loop = shown_at("    more");
  CHECK(holds(loop, "Costs at most $8.00 = mend 2 × 3 × $1.00 + "));
}

TEST_CASE("an inlay shows the worst case at a use and at a loop") {
  Edited edited = uses_at("fleet uses");
  std::string all;
  for (const Inlay& one : inlays(*edited.snapshot, edited.source, 0,
                                 static_cast<std::uint32_t>(edited.text().size()))) {
    const LineColumn at = edited.snapshot->sources().get(edited.source).locate(one.offset);
    const std::string_view line = edited.snapshot->sources().get(edited.source).line(at.line);
    all += std::string(line.substr(line.find_first_not_of(' '), 8)) + one.label + "\n";
  }
  CHECK(holds(all, "ship    at most $14.00\n"));
  CHECK(holds(all, "again   at most $2.00\n"));
  CHECK(holds(all, "more  = at most $8.00\n"));
}

TEST_CASE("who waits for whom goes into uses and out of them") {
  const std::set<std::string> ship = calls("merge   = repo.merge(ship", true);
  CHECK(ship == std::set<std::string>{"again (step of ship)", "merge (step of ship)",
                                      "first (step of twice)", "last (step of twice)",
                                      "look (step of looked)"});
  const std::set<std::string> build = calls("repo.merge(ship.build", true);
  CHECK(build.contains("merge (step of ship)"));
  CHECK(build.contains("verdict (step of build_review_audit)"));
  CHECK(calls("repo.merge(ship.build", false).contains("dev (agent)"));
  CHECK(calls("merge   = repo.merge(ship", false).contains("dev (agent)"));
}

TEST_CASE("a parameter of a pattern is renamed in its body and in every use") {
  Edited edited = uses_at("pattern looked(change, judge");
  const Renamed result =
      rename(edited.workspace, *edited.snapshot, edited.source, edited.offset, "reader");
  CHECK(result.refusal.empty());
  const std::string text = apply(edited.files, result.edits).at("/w/a.fleet");
  CHECK(holds(text, "look = reader(change) timeout 20min"));
  CHECK(holds(text, "seen  = looked(build.diff, reader: strict)"));
  CHECK(holds(text, "last  = looked(change, reader: judge)"));
  CHECK(holds(text, "again   = twice(ship.build.diff, judge: strict"));
}

TEST_CASE("a step of a pattern is renamed wherever a use is asked for it") {
  Edited edited = uses_at("again.first.look");
  const Renamed result =
      rename(edited.workspace, *edited.snapshot, edited.source, edited.offset, "glance");
  CHECK(result.refusal.empty());
  const std::string text = apply(edited.files, result.edits).at("/w/a.fleet");
  CHECK(holds(text, "  glance = judge(change)"));
  CHECK(holds(text, "after again.first.glance.approved"));
  CHECK(holds(text, "in seen.glance.findings"));
  CHECK(holds(text, "never again.last.glance"));
}

TEST_CASE("an agent is renamed where a joint's step is called after it") {
  Edited edited = uses_at("agent strict");
  const Renamed result =
      rename(edited.workspace, *edited.snapshot, edited.source, edited.offset, "stern");
  CHECK(result.refusal.empty());
  CHECK(holds(apply(edited.files, result.edits).at("/w/a.fleet"), "in ship.verdict.stern,"));
}

TEST_CASE(
    "what belongs to the library's pattern keeps its name, and the refusal says whose it is") {
  for (const char* const at : {"repo.merge(ship.build", "(task, builder"}) {
    Edited edited = uses_at(at);
    const Renamed result =
        rename(edited.workspace, *edited.snapshot, edited.source, edited.offset, "other");
    CHECK(holds(result.refusal, "belongs to the standard library"));
  }
}

TEST_CASE("a pattern that uses itself is walked once") {
  Edited edited(
      "pattern a(x) {\n  s = a(x: x)\n  t = all(x(1))\n}\nfleet f v1 {\n  flow m {\n"
      "    u = a(x: a)\n  }\n  test \"t\" { expect = never u.t.a^ }\n}\n");
  CHECK(definition(*edited.snapshot, edited.source, edited.offset).size() <= 1);
}

}  // namespace fleet::lsp
