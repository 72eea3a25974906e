// The examples of the codes table say what they claim to say.
#include "dsl/base/codes.h"

#include <catch2/catch.hpp>

#include "dsl/base/render.h"
#include "dsl/driver/compile.h"
#include "tests/support/memory_reader.h"

namespace fleet {
namespace {

// A lock of another compiler's standard library.
const char* const kOldLock =
    "std std.roles sha256:0000000000000000000000000000000000000000000000000000000000000000\n";

Compilation compile_example(std::string_view text, const std::string& lock = "") {
  const std::string front =
      "---\nversion: 4\nlog: [{version: 4, date: 2026-01-31, note: new}]\n---\n";
  const std::string stale =
      "---\nversion: 5\nlog: [{version: 4, date: 2026-01-31, note: new}]\n---\n";
  testing::MemoryReader files({{"example.fleet", std::string(text)},
                               {"identity/core.md", front},
                               {"identity/stale.md", stale},
                               {"fleet.lock", lock}});
  CompileOptions options;
  options.today = 20'000;  // 2024-10-04
  return compile("example.fleet", files, options);
}

}  // namespace

TEST_CASE("the bad example of every code raises that code and no other") {
  for (const CodeRow& row : all_codes()) {
    if (row.bad.empty())
      continue;
    const Compilation result = compile_example(row.bad, row.code == "F413" ? kOldLock : "");
    INFO(row.code << "\n" << render_text(result.diagnostics, *result.sources));
    CHECK_FALSE(result.diagnostics.empty());
    for (const Diagnostic& one : result.diagnostics)
      CHECK(one.code == row.code);
  }
}

TEST_CASE("the good example of every code raises nothing") {
  for (const CodeRow& row : all_codes()) {
    if (row.good.empty())
      continue;
    const Compilation result = compile_example(row.good);
    INFO(row.code << "\n" << render_text(result.diagnostics, *result.sources));
    CHECK(result.diagnostics.empty());
  }
}

TEST_CASE("every code that has a check has an explanation and both examples") {
  for (const CodeRow& row : all_codes()) {
    INFO(row.code);
    CHECK_FALSE(row.explanation.empty());
    if (row.code == "F005")
      continue;  // its example would be a file of 2 MiB
    CHECK_FALSE(row.bad.empty());
    CHECK_FALSE(row.good.empty());
  }
}

}  // namespace fleet
