// What `fleet.lock` pins, and what it does not.
#include "dsl/driver/lock.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "dsl/driver/compile.h"
#include "tests/support/memory_reader.h"

namespace fleet {
namespace {

const char* const kFleet = R"(use std.roles (builder)
fleet t v1 {
  repo = git(".", base: main)
  identity core v4 { file = "docs/core.md" }
  agent dev : builder { runtime = shell("true"); identity = [core@v4]; accept = ["true" passes] }
  flow main(task) { work = dev(task) }
}
)";

std::string document(int version, const std::string& text) {
  const std::string number = std::to_string(version);
  return "---\nversion: " + number + "\nlog: [{version: " + number +
         ", date: 2026-01-31, note: x}]\n---\n" + text;
}

struct World {
  std::map<std::string, std::string> texts{{"f/t.fleet", kFleet},
                                           {"f/docs/core.md", document(4, "Be kind.\n")}};

  Compilation check() {
    testing::MemoryReader files(texts);
    return compile("f/t.fleet", files, {});
  }
  std::vector<std::string> codes() {
    std::vector<std::string> found;
    for (const Diagnostic& one : check().diagnostics)
      found.push_back(one.code);
    return found;
  }
  void lock() { texts["f/fleet.lock"] = to_text(check().lock); }
  // A new version of the document, in the fleet as well.
  void raise(int from, int to) {
    std::string& text = texts["f/t.fleet"];
    for (const char* const before : {"core v", "core@v"}) {
      const std::size_t at = text.find(before + std::to_string(from));
      REQUIRE(at != std::string::npos);
      text.replace(at + std::string(before).size(), 1, std::to_string(to));
    }
  }
};

}  // namespace

TEST_CASE("without a lock nothing is compared, and with one that is current nothing is said") {
  World world;
  CHECK(world.codes().empty());
  world.lock();
  CHECK(world.codes().empty());
}

TEST_CASE("a document that changes keeps no version that was locked") {
  World world;
  world.lock();
  world.texts["f/docs/core.md"] = document(4, "Be quick.\n");
  CHECK(world.codes() == std::vector<std::string>{"F411"});
  world.texts["f/docs/core.md"] = document(5, "Be quick.\n");
  world.raise(4, 5);
  CHECK(world.codes().empty());
}

TEST_CASE("a version does not fall below the one that was locked") {
  World world;
  world.lock();
  world.texts["f/docs/core.md"] = document(3, "Be kind.\n");
  world.raise(4, 3);
  CHECK(world.codes() == std::vector<std::string>{"F411"});
}

TEST_CASE("another standard library than was locked is a warning, until it is locked") {
  World world;
  world.lock();
  std::string& lock = world.texts["f/fleet.lock"];
  const std::size_t hash = lock.find("sha256:") + 7;
  lock[hash] = lock[hash] == '0' ? '1' : '0';
  CHECK(world.codes() == std::vector<std::string>{"F413"});
  CHECK_FALSE(world.check().has_errors);
  world.lock();
  CHECK(world.codes().empty());
}

TEST_CASE("a lock keeps what it says of other fleets of the folder, and survives being read") {
  World world;
  world.lock();
  const std::string other =
      "identity v9 sha256:" + std::string(64, 'a') + " docs/with a blank.md\n";
  world.texts["f/fleet.lock"] += other;
  const std::string text = to_text(world.check().lock);
  CHECK(text.find(other) != std::string::npos);
  std::string problem;
  const std::optional<Lock> again = read_lock(text, problem);
  REQUIRE(again);
  CHECK(to_text(*again) == text);
}

TEST_CASE("a lock that was not written by fleetc is refused, with its line") {
  for (const char* const line :
       {"<<<<<<< HEAD", "identity v4 sha256:12 docs/core.md", "std std.roles", "identity v4",
        "identity four sha256:0000000000000000000000000000000000000000000000000000000000000000 x",
        "pattern x y z"}) {
    World world;
    world.texts["f/fleet.lock"] = std::string("# a comment\n\n") + line + "\n";
    INFO(line);
    CHECK(world.codes() == std::vector<std::string>{"F411"});
    CHECK(world.check().diagnostics.front().message.find("line 3") != std::string::npos);
  }
}

TEST_CASE("a lock that is there and can't be read is no missing lock") {
  struct Denied : testing::MemoryReader {
    using MemoryReader::MemoryReader;
    FileText read(const std::string& path) override {
      return path == "f/fleet.lock" ? FileText{std::nullopt, "Permission denied"}
                                    : MemoryReader::read(path);
    }
  };
  Denied files(World().texts);
  const Compilation found = compile("f/t.fleet", files, {});
  REQUIRE(found.diagnostics.size() == 1);
  CHECK(found.has_errors);
  CHECK(found.diagnostics[0].code == "F411");
  CHECK(found.diagnostics[0].message == "can't read the lock `f/fleet.lock`: Permission denied");
}

}  // namespace fleet
