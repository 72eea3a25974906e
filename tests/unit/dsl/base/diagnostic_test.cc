#include "dsl/base/diagnostic.h"

#include <catch2/catch.hpp>

#include "dsl/base/codes.h"

namespace fleet {
namespace {

Diagnostic at(std::uint32_t source, std::uint32_t begin, std::string code,
              std::string message = "wrong") {
  Diagnostic out;
  out.code = std::move(code);
  out.message = std::move(message);
  out.primary.span = {{source}, begin, begin + 1};
  return out;
}

TEST_CASE("diagnostics are in the order of the text, whatever order they were found in") {
  DiagnosticSink sink;
  sink.add(at(1, 0, "F101"));
  sink.add(at(0, 9, "F101", "wrong there"));
  sink.add(at(0, 3, "F202"));
  sink.add(at(0, 3, "F101"));
  const std::vector<Diagnostic> sorted = sink.sorted();
  REQUIRE(sorted.size() == 4);
  CHECK(sorted[0].code == "F101");
  CHECK(sorted[1].code == "F202");
  CHECK(sorted[2].primary.span.begin == 9);
  CHECK(sorted[3].primary.span.source.value == 1);
  CHECK(sink.all().front().primary.span.source.value == 1);
}

TEST_CASE("the same thing said twice about one place is said once") {
  DiagnosticSink sink;
  sink.add(at(0, 3, "F101"));
  sink.add(at(0, 3, "F101"));
  sink.add(at(0, 3, "F101", "wrong in another way"));
  CHECK(sink.sorted().size() == 2);
}

TEST_CASE("a name that is unknown in several places is said once, with all of them") {
  DiagnosticSink sink;
  for (const std::uint32_t begin : {3u, 9u, 20u}) {
    Diagnostic one = at(0, begin, "F101");
    one.helps.push_back({"write it right", {{one.primary.span, "x"}}, true});
    sink.add(one);
  }
  sink.add(at(1, 3, "F101"));
  const std::vector<Diagnostic> sorted = sink.sorted();
  REQUIRE(sorted.size() == 2);
  CHECK(sorted[0].secondary.size() == 2);
  CHECK(sorted[0].helps[0].edits.size() == 3);
}

TEST_CASE("what is found in an expansion is said where it is written, and where that is used") {
  SourceMap sources;
  const SourceId file = sources.add("a.fleet", "pattern body and two uses");
  const SourceId first = sources.expand(file, {file, 17, 20});
  const SourceId second = sources.expand(file, {file, 21, 25});
  DiagnosticSink sink;
  for (const SourceId use : {first, second}) {
    Diagnostic one = at(use.value, 8, "F202");
    one.helps.push_back({"change it", {{one.primary.span, "x"}}, true});
    sink.add(one);
  }
  const std::vector<Diagnostic> sorted = sink.sorted(sources);
  REQUIRE(sorted.size() == 1);
  CHECK(sorted[0].primary.span == Span{file, 8, 9});
  REQUIRE(sorted[0].secondary.size() == 1);
  CHECK(sources.text(sorted[0].secondary[0].span) == "two");
  CHECK_FALSE(sorted[0].helps[0].sound);
}

TEST_CASE("warnings are no errors") {
  DiagnosticSink sink;
  CHECK_FALSE(sink.has_errors());
  Diagnostic warning = at(0, 0, "F105");
  warning.severity = Severity::kWarning;
  sink.add(warning);
  CHECK_FALSE(sink.has_errors());
  sink.add(at(0, 0, "F101"));
  CHECK(sink.has_errors());
}

TEST_CASE("every code has a title, a family and an explanation, and is found in either case") {
  for (const CodeRow& row : all_codes()) {
    INFO(row.code);
    CHECK(row.code.size() == 4);
    CHECK(row.code[0] == 'F');
    CHECK_FALSE(row.title.empty());
    CHECK_FALSE(row.family.empty());
    CHECK_FALSE(row.explanation.empty());
    CHECK(row.bad.empty() == row.good.empty());
    CHECK((row.bad.empty() || row.bad != row.good));
    CHECK(find_code(row.code) == &row);
  }
  REQUIRE(find_code("f101") != nullptr);
  CHECK(find_code("f101")->code == "F101");
  CHECK(find_code("F999") == nullptr);
  CHECK(find_code("") == nullptr);
}

}  // namespace
}  // namespace fleet
