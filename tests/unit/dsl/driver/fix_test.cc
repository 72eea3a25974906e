// What `fleetc fix` changes, and what it leaves.
#include "dsl/driver/fix.h"

#include <catch2/catch.hpp>

#include "tests/support/golden.h"
#include "tests/support/memory_reader.h"

namespace fleet {
namespace {

Fixed fix_text(const std::string& text, std::map<std::string, std::string> more = {}) {
  more["a.fleet"] = text;
  testing::MemoryReader files(std::move(more));
  CompileOptions options;
  options.today = 20'490;
  return fix("a.fleet", files, options);
}

const char* const kHead = "fleet t v1 {\n  repo = git(\".\", base: main)\n";

}  // namespace

TEST_CASE("fixes are made until none is left, since one uncovers the next") {
  const Fixed fixed = fix_text(std::string(kHead) + R"(  role worker {
    runtme = shell("true")
    writes = worktree("w/{task}")
    acept  = ["true" passes]
  }
  flow main(task) {
    one    = wroker(task)
    gather = repo.merge(one, into: "out") after one.done
  }
}
)");
  CHECK(fixed.left.diagnostics.empty());
  CHECK(fixed.applied.size() >= 4);
  CHECK(fixed.texts.at("a.fleet").find("after one.accepted") != std::string::npos);
}

TEST_CASE("a name that is misspelt everywhere is mended everywhere") {
  const Fixed fixed = fix_text(std::string(kHead) + R"(  role worker {
    runtime = shell("true")
  }
  flow main(task) {
    one   = wroker(task)
    two   = wroker(task)
    three = wroker(task)
  }
}
)");
  CHECK(fixed.left.diagnostics.empty());
  CHECK(fixed.applied.size() == 1);
}

TEST_CASE("what is imported is mended as well, and the standard library never is") {
  const Fixed fixed = fix_text(std::string("use \"./part.fleet\" (worker)\n") + kHead +
                                   "  flow main(task) {\n    one = worker(task)\n  }\n}\n",
                               {{"part.fleet", "role worker {\n  runtme = shell(\"true\")\n}\n"}});
  CHECK(fixed.texts.size() == 1);
  CHECK(fixed.texts.contains("part.fleet"));
  CHECK(fixed.left.diagnostics.empty());
}

TEST_CASE("what only one use of a pattern asks for does not change the pattern") {
  const Fixed fixed = fix_text(std::string("pattern work(who) {\n  one = who(\"x\")\n  gather = "
                                           "repo.merge(one, into: \"out\") after one.done\n}\n") +
                               kHead + R"(  role worker {
    runtime = shell("true")
    writes  = worktree("w")
    accept  = ["true" passes]
  }
  flow main { use = work(worker) }
}
)");
  CHECK(fixed.texts.empty());
  CHECK(fixed.left.has_errors);
}

TEST_CASE("no fix of any golden mistake makes a file worse, or needs doing twice") {
  for (const std::string& path : golden::list("check", "", ".fleet")) {
    const std::string text = golden::read(path);
    std::map<std::string, std::string> identity;
    for (const std::string& one : golden::list("check/identity", "", ".md"))
      identity["identity/" + one.substr(one.rfind('/') + 1)] = golden::read(one);
    const Fixed fixed = fix_text(text, identity);
    INFO(path);
    if (fixed.texts.empty())
      continue;
    const Fixed again = fix_text(fixed.texts.at("a.fleet"), identity);
    CHECK(again.texts.empty());
    CHECK(again.left.diagnostics.size() == fixed.left.diagnostics.size());
  }
}

}  // namespace fleet
