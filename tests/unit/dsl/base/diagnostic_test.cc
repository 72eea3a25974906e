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
  sink.add(at(0, 9, "F101"));
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
