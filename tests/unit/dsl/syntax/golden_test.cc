#include "tests/support/golden.h"

#include <filesystem>

#include <catch2/catch.hpp>

#include "dsl/base/render.h"
#include "dsl/syntax/parse.h"

namespace fleet {
namespace {

std::string messages_of(const std::string& golden_name) {
  SourceMap sources;
  DiagnosticSink sink;
  const std::string file = std::filesystem::path(golden_name).filename().string();
  syntax::parse(sources, sources.add(file, golden::read(golden_name)), sink);
  RenderOptions options;
  options.width = 100;
  return render_text(sink.sorted(), sources, options);
}

TEST_CASE("every kind of slip gets the message that is on file for it") {
  const std::vector<std::string> files = golden::list("parse", "fail-", ".fleet");
  REQUIRE(files.size() >= 20);
  for (const std::string& file : files) {
    const std::string messages = messages_of(file);
    CHECK_FALSE(messages.empty());
    golden::check(std::filesystem::path(file).replace_extension(".err").string(), messages);
  }
}

TEST_CASE("the fleets that define the language have no message") {
  for (const std::string& file : golden::list("fleets", "", ".fleet")) {
    INFO(file);
    CHECK(messages_of(file).empty());
  }
}

}  // namespace
}  // namespace fleet
