#include "engine/flow/secret.h"

#include <catch2/catch.hpp>

using namespace fleet;

namespace {

Result<std::string> secret_by(const std::vector<std::string>& argv,
                              std::chrono::milliseconds patience) {
  plan::Credential key;
  key.name = "llm";
  key.owner = "ann";
  key.from = plan::Credential::From::kCommand;
  plan::Command command;
  command.text = argv.back();
  for (const std::string& word : argv)
    command.argv.push_back({{false, word}});
  key.command = command;
  flow::Site site;
  site.environment = {{"PATH", "/usr/bin:/bin"}};
  return flow::read_secret(key, site, patience);
}

}  // namespace

TEST_CASE("a key that a command tells is what it wrote, without the end of its line") {
  const auto key = secret_by({"sh", "-c", "echo sk-1"}, std::chrono::seconds(30));
  REQUIRE(key);
  CHECK(*key == "sk-1");
}

TEST_CASE("a command that never ends is ended, and told of with who renews the key") {
  // One that says nothing, one that has said all, and one whose child holds its output.
  for (const char* script :
       {"exec sleep 1000", "echo sk-1; exec >&-; exec sleep 1000", "sleep 3 & echo sk-1"}) {
    const auto key = secret_by({"sh", "-c", script}, std::chrono::milliseconds(300));
    REQUIRE_FALSE(key);
    CHECK(key.error().message() == std::string("the credential `llm` is not there: `") + script +
                                       "` did not end within 1 s, and was ended; ann renews it");
  }
}

TEST_CASE("a command that fails, or writes without end, gives no key") {
  const auto failed = secret_by({"sh", "-c", "echo sk-1; exit 3"}, std::chrono::seconds(30));
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message().find("failed (exit 3)") != std::string::npos);
  const auto endless = secret_by({"sh", "-c", "exec yes"}, std::chrono::seconds(30));
  REQUIRE_FALSE(endless);
  CHECK(endless.error().message().find("wrote more than 64 KiB") != std::string::npos);
}
