#include "dsl/base/render.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/golden.h"

namespace fleet {
namespace {

// One source with its map.
struct Case {
  SourceMap sources;
  SourceId id;

  explicit Case(std::string text, std::string name = "ship.fleet")
      : id(sources.add(std::move(name), std::move(text))) {}

  Span find(std::string_view what, std::size_t from = 0) const {
    const auto at = static_cast<std::uint32_t>(sources.get(id).text().find(what, from));
    return {id, at, at + static_cast<std::uint32_t>(what.size())};
  }
  std::string show(const Diagnostic& diagnostic, const RenderOptions& options = {}) const {
    return render_text({diagnostic}, sources, options);
  }
};

// What is said of one file. The sources outlive it.
Report report(const SourceMap& sources, std::vector<Diagnostic> diagnostics) {
  Report out;
  out.add({std::shared_ptr<const SourceMap>(std::shared_ptr<void>(), &sources),
           std::move(diagnostics)});
  return out;
}

Diagnostic error(Span span, std::string label, std::vector<Label> secondary = {}) {
  Diagnostic out;
  out.code = "F501";
  out.message = "budget cannot cover the worst case";
  out.primary = {span, std::move(label)};
  out.secondary = std::move(secondary);
  return out;
}

TEST_CASE("an error shows both sides, the arithmetic and what to change") {
  const Case ship(
      "/// Builder.\nuse std.roles (builder)\n\nfleet ship v1 {\n"
      "  repo       = git(\".\", base: main)\n"
      "  budget     = $50/day hard warn 80%\n"
      "  load       = 2 ship/day\n}\n");
  Diagnostic budget = error(ship.find("$50/day"), "the limit is $50.00 a day",
                            {{ship.find("2 ship"), "2 runs of `ship` a day"}});
  budget.secondary[0].span.end = budget.secondary[0].span.begin + 1;
  budget.notes = {"one `ship` costs at most $38.00"};
  budget.helps = {{"lower `load` to `1 ship/day`", {}, false}};
  CHECK(ship.show(budget) ==
        R"(error[F501]: budget cannot cover the worst case
  --> ship.fleet:6:16
   |
 6 |   budget     = $50/day hard warn 80%
   |                ^^^^^^^ the limit is $50.00 a day
 7 |   load       = 2 ship/day
   |                - 2 runs of `ship` a day
   = note: one `ship` costs at most $38.00
   = help: lower `load` to `1 ship/day`
   = docs: fleetc explain F501
)");
}

TEST_CASE("labels that share a line stand below one another, and lines between are left out") {
  const Case text("f(alpha, beta)\n\nx\ny\nz\n");
  golden::check("render/shared-line.txt",
                text.show(error(text.find("beta"), "this one is too late",
                                {{text.find("f("), "the call"},
                                 {text.find("alpha"), "this one is early"},
                                 {text.find("x"), "two lines on"},
                                 {text.find("z"), "far below"}})));
}

TEST_CASE(
    "of labels that overlap the primary one is drawn on top, and texts don't hide each other") {
  const Case text("retry 1 timeout 45min\n");
  golden::check("render/overlap.txt",
                text.show(error(text.find("timeout"), "here",
                                {{text.find("retry 1 timeout 45min"), "all of it"},
                                 {text.find("timeout 45min"), "this clause"}})));
}

TEST_CASE("a label over several lines has a bar beside them") {
  const Case text("fleet a {\n  role b {\n    x = 1\n    y = 2\n    z = 3\n  }\n}\n");
  golden::check(
      "render/several-lines.txt",
      text.show(error(
          text.find("role b {\n    x = 1\n    y = 2\n    z = 3\n  }"), "this block",
          {{text.find("y"), "inside it"}, {text.find("fleet a {\n  role b {"), "its beginning"}})));
}

TEST_CASE("underlines keep their place under tabs, wide and combining characters") {
  const Case text("\tk = \"日本 e\xCC\x81\" oops\n");
  golden::check("render/wide.txt", text.show(error(text.find("oops"), "here")));
}

TEST_CASE("an empty span is one mark, also at the end of a line and of the text") {
  const Case text("ab\ncd");
  golden::check("render/empty-span.txt",
                text.show(error({text.id, 2, 2}, "after ab", {{{text.id, 5, 5}, "after cd"}})));
}

TEST_CASE("a long line is cut around its labels, the primary one if not all fit") {
  const std::string words(300, 'w');
  const Case text("a " + words + " needle " + words + " b\n");
  RenderOptions narrow;
  narrow.width = 60;
  golden::check(
      "render/long-line.txt",
      text.show(error(text.find("needle"), "found"), narrow) +
          text.show(error(text.find("needle"), "found", {{text.find("a"), "far away"}}), narrow) +
          text.show(error(text.find(words), "longer than the line"), narrow) +
          text.show(error(text.find("b\n"), "at the end"), narrow));
}

TEST_CASE("a second source is shown after the first") {
  Case text("fleet a { }\n");
  const SourceId other = text.sources.add("roles.fleet", "\n\nrole a { }\n");
  golden::check("render/two-sources.txt", text.show(error(text.find("a"), "declared again",
                                                          {{{other, 7, 8}, "first here"}})));
}

TEST_CASE("colours are there when asked for, and none but ours") {
  const Case text("k = \"\x1b[31mred\x1b]0;title\x07\" oops\n", "evil\x1b[2J.fleet");
  RenderOptions colour;
  colour.colour = true;
  const Diagnostic mistake =
      error(text.find("oops"), "a \x1b[5m label", {{text.find("k"), "the key"}});
  golden::check("render/colour.txt", text.show(mistake, colour));
  CHECK(text.show(mistake).find('\x1b') == std::string::npos);
  CHECK(render_short({mistake}, text.sources).find('\x1b') == std::string::npos);
  CHECK(render_json(report(text.sources, {mistake})).find('\x1b') == std::string::npos);
}

TEST_CASE("with ascii nothing else is in the output") {
  const Case text("k = \"日本 \xff é → ×\" oops\n");
  RenderOptions ascii;
  ascii.ascii = true;
  Diagnostic mistake = error(text.find("oops"), "2 × 3 → 6");
  mistake.notes = {"N·t − ⌈N/W⌉·t > s"};
  const std::string shown = text.show(mistake, ascii);
  CHECK(std::all_of(shown.begin(), shown.end(),
                    [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
  golden::check("render/ascii.txt", shown);
}

TEST_CASE("a span past the end of its source does no harm") {
  const Case text("ab\n");
  CHECK_FALSE(text.show(error({text.id, 2, 900}, "x", {{{text.id, 800, 900}, "y"}})).empty());
  CHECK_FALSE(Case("").show(error({SourceId{0}, 0, 0}, "nothing here")).empty());
}

TEST_CASE("a short line names place, severity, code and message") {
  const Case text("a\nbc\n");
  CHECK(render_short({error(text.find("c"), "")}, text.sources) ==
        "ship.fleet:2:2: error[F501]: budget cannot cover the worst case\n");
}

TEST_CASE("no diagnostics render as no text and as empty reports") {
  const SourceMap sources;
  CHECK(render_text({}, sources).empty());
  CHECK(render_short({}, sources).empty());
  CHECK(nlohmann::json::parse(render_json(report(sources, {})))["diagnostics"].empty());
  CHECK(nlohmann::json::parse(render_sarif(report(sources, {})))["runs"][0]["results"].empty());
}

TEST_CASE("JSON has every part of a diagnostic under the names that its header states") {
  const Case text("é = $3\nx = 4\n");
  Diagnostic mistake = error(text.find("$3"), "here", {{text.find("x"), "there"}});
  mistake.severity = Severity::kWarning;
  mistake.notes = {"a note"};
  mistake.helps = {{"write more", {{text.find("4"), "5"}}, true}};
  golden::check("render/report.json", render_json(report(text.sources, {mistake})));
  golden::check("render/report.sarif", render_sarif(report(text.sources, {mistake})));
}

TEST_CASE("several files are one report, in which a file that they share is spoken of once") {
  const Case first("a = 1\n", "lib.fleet");
  const Case second("a = 1\n", "./x/../lib.fleet");
  const Case third("a = 1\n", "other.fleet");
  Report all;
  for (const Case* one : {&first, &second, &third}) {
    const Report alone = report(one->sources, {error(one->find("a"), "here")});
    all.add(alone.findings.front());
  }
  all.unreadable.push_back({"gone away.fleet", "can't read gone away.fleet: no such file"});
  const nlohmann::json json = nlohmann::json::parse(render_json(all));
  CHECK(json["errors"] == 2);
  CHECK(json["diagnostics"].size() == 2);
  CHECK(json["diagnostics"][1]["primary"]["file"] == "other.fleet");
  CHECK(json["unreadable"][0]["file"] == "gone away.fleet");
  const nlohmann::json run = nlohmann::json::parse(render_sarif(all))["runs"][0];
  CHECK(run["results"].size() == 2);
  CHECK(run["tool"]["driver"]["rules"].size() == 1);
  const nlohmann::json& invocation = run["invocations"][0];
  CHECK(invocation["executionSuccessful"] == false);
  CHECK(invocation["toolExecutionNotifications"][0]["locations"][0]["physicalLocation"]
                  ["artifactLocation"]["uri"] == "gone%20away.fleet");
}

TEST_CASE("reports take bytes that are no UTF-8, and a SARIF place is a valid URI") {
  const Case text("\xff = 1\n", "d\xc3\xa4 \xfe%.fleet");
  Diagnostic mistake = error(text.find("\xff"), "\xff");
  CHECK(nlohmann::json::parse(render_json(report(text.sources, {mistake})))["errors"] == 1);
  const nlohmann::json sarif = nlohmann::json::parse(render_sarif(report(text.sources, {mistake})));
  CHECK(sarif["version"] == "2.1.0");
  const nlohmann::json& result = sarif["runs"][0]["results"][0];
  CHECK(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] ==
        "d%C3%A4%20%FE%25.fleet");
  CHECK(sarif["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"].get<std::size_t>()]["id"] ==
        "F501");
}

}  // namespace
}  // namespace fleet
