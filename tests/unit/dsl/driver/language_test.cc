// The reference says what the compiler does.
#include <fstream>
#include <iterator>

#include <catch2/catch.hpp>

#include "dsl/base/codes.h"
#include "dsl/base/render.h"
#include "dsl/driver/compile.h"
#include "dsl/schema/schema.h"
#include "tests/support/memory_reader.h"

namespace fleet {
namespace {

std::string page(const std::string& name) {
  std::ifstream in(std::string(FLEETC_SOURCE_DIR) + "/dsl/" + name, std::ios::binary);
  REQUIRE(in.good());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<std::string> examples(const std::string& text) {
  const std::string fence = "```fleet\n";
  std::vector<std::string> found;
  for (std::size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at)) {
    at += fence.size();
    const std::size_t end = text.find("```", at);
    found.push_back(text.substr(at, end - at));
  }
  return found;
}

bool mentions(const std::string& text, std::string_view word) {
  return text.find("`" + std::string(word)) != std::string::npos;
}

}  // namespace

TEST_CASE("every fleet of the reference and of the tutorial compiles to plans without a word") {
  std::vector<std::string> fleets = examples(page("LANGUAGE.md"));
  CHECK(fleets.size() >= 5);
  const std::vector<std::string> tutorial = examples(page("TUTORIAL.md"));
  CHECK(tutorial.size() >= 5);
  fleets.insert(fleets.end(), tutorial.begin(), tutorial.end());
  for (const std::string& fleet : fleets) {
    testing::MemoryReader files({{"example.fleet", fleet}});
    CompileOptions options;
    options.goal = Goal::kPlan;
    const Compilation result = compile("example.fleet", files, options);
    INFO(fleet << render_text(result.diagnostics, *result.sources) << result.usage);
    CHECK(result.diagnostics.empty());
    CHECK(result.plan.has_value());
  }
}

TEST_CASE("the reference names every kind, key, step, clause, edge, source, hole and code") {
  const std::string text = page("LANGUAGE.md");
  for (const schema::Kind& kind : schema::kinds()) {
    INFO(kind.name);
    CHECK(mentions(text, kind.name));
    for (const schema::Key& key : kind.keys) {
      INFO(key.name);
      CHECK(mentions(text, key.name));
    }
  }
  for (const schema::StepForm& step : schema::steps())
    CHECK(text.find(step.word) != std::string::npos);
  for (const schema::Clause& clause : schema::clauses()) {
    INFO(clause.word);
    CHECK(mentions(text, clause.word));
  }
  for (const schema::Entry& edge : schema::edges()) {
    INFO(edge.name);
    CHECK(mentions(text, "." + std::string(edge.name)));
  }
  for (const schema::Entry& source : schema::sources())
    CHECK(mentions(text, source.name));
  for (const schema::Entry& hole : schema::holes())
    CHECK(mentions(text, "{" + std::string(hole.name)));
  for (const CodeRow& row : all_codes()) {
    INFO(row.code);
    CHECK((row.code < "F006" || text.find("| " + std::string(row.code)) != std::string::npos));
  }
}

TEST_CASE("the reference says of every code what it reads and how it decides") {
  const std::string text = page("LANGUAGE.md");
  const std::size_t begin = text.find("## Checks\n");
  const std::size_t end = text.find("## Codes\n");
  REQUIRE(begin < end);
  std::string table;
  for (std::size_t at = begin; at < end;) {
    const std::size_t line = std::min(text.find('\n', at), end);
    // The codes of a row, in its first column.
    if (text.compare(at, 3, "| F") == 0)
      table += text.substr(at, text.find('|', at + 1) - at);
    at = line + 1;
  }
  for (const CodeRow& row : all_codes()) {
    INFO(row.code);
    CHECK(table.find(row.code) != std::string::npos);
  }
}

}  // namespace fleet
