// What the compiler says about whole files, word for word.
#include <catch2/catch.hpp>

#include "dsl/base/render.h"
#include "dsl/driver/compile.h"
#include "dsl/plan/codec.h"
#include "dsl/plan/render.h"
#include "tests/support/golden_reader.h"

namespace fleet {
namespace {

std::string with_suffix(const std::string& path, const char* suffix) {
  return path.substr(0, path.rfind('.')) + suffix;
}

}  // namespace

TEST_CASE("every kind of mistake gets its message, once, at its place") {
  testing::MemoryReader files = golden::reader_of("check");
  for (const std::string& path : golden::list("check", "", ".fleet")) {
    const std::string name = golden::base_name(path);
    if (name.starts_with("part-"))
      continue;
    CompileOptions options;
    options.today = 20'490;  // 2026-02-06
    const Compilation result = compile(name, files, options);
    INFO(path);
    golden::check(with_suffix(path, ".err"), render_text(result.diagnostics, *result.sources));
    CHECK_FALSE(result.diagnostics.empty());
    if (!name.starts_with("F"))
      continue;
    for (const Diagnostic& one : result.diagnostics)
      CHECK(one.code == name.substr(0, 4));
  }
}

TEST_CASE("sound fleets compile without a word, to plans that stay the same") {
  testing::MemoryReader files = golden::reader_of("plan");
  for (const std::string& path : golden::list("plan", "", ".fleet")) {
    CompileOptions options;
    options.goal = Goal::kPlan;
    const Compilation result = compile(golden::base_name(path), files, options);
    INFO(path << "\n" << render_text(result.diagnostics, *result.sources) << result.usage);
    REQUIRE(result.diagnostics.empty());
    REQUIRE(result.plan.has_value());
    CHECK(plan::validate(*result.plan).empty());
    golden::check(with_suffix(path, ".txt"), plan::to_text(*result.plan));
    golden::check(with_suffix(path, ".json"), plan::to_json(*result.plan));
  }
}

}  // namespace fleet
