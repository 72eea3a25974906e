// Layers of values: schema < defaults < role < agent.
#include <algorithm>

#include <catch2/catch.hpp>

#include "dsl/sema/explain.h"
#include "tests/support/analyzed.h"

namespace fleet::sema {
namespace {

using fleet::testing::Analyzed;

const char* const kLayers = R"(fleet f {
  repo = git(".", base: main)
  defaults {
    runtime = shell("true")
    timeout = 10min
    accept  = ["a" passes]
  }
  role plain { timeout = 20min }
  role more : plain { accept += ["b" passes] }
  agent own : more { accept += ["c" passes]; timeout = 30min }
  agent other : more { accept = ["d" passes] }
  flow main { one = own("x"); two = other("y"); three = plain("z") }
}
)";

const Agent& agent(const Analyzed& analyzed, const std::string& name) {
  return *std::ranges::find(analyzed.model.agents, name, &Agent::name);
}

std::vector<std::string> accepted(const Analyzed& analyzed, const std::string& name) {
  std::vector<std::string> commands;
  for (const Acceptance& one : agent(analyzed, name).contract.accept->value) {
    commands.push_back(to_string(one.command));
  }
  return commands;
}

}  // namespace

TEST_CASE("a later layer replaces with = and adds with +=") {
  const Analyzed analyzed(kLayers);
  REQUIRE(analyzed.codes().empty());
  CHECK(accepted(analyzed, "plain") == std::vector<std::string>{"a"});
  CHECK(accepted(analyzed, "more") == std::vector<std::string>{"a", "b"});
  CHECK(accepted(analyzed, "own") == std::vector<std::string>{"a", "b", "c"});
  CHECK(accepted(analyzed, "other") == std::vector<std::string>{"d"});
  CHECK(agent(analyzed, "plain").contract.timeout->value == plan::Millis(20 * 60'000));
  CHECK(agent(analyzed, "own").contract.timeout->value == plan::Millis(30 * 60'000));
  CHECK(agent(analyzed, "own").role == "more");
}

TEST_CASE("explain shows every layer of a value, and which of them hold") {
  const Analyzed analyzed(kLayers);
  CHECK(to_text(analyzed.sources, explain_value(analyzed.model, "agent.own.accept")) ==
        "agent.own.accept: What judges each task's result.\n"
        "  a.fleet:6:15  defaults  [\"a\" passes]  (holds)\n"
        "  a.fleet:9:33  role more  [\"b\" passes]  (added)\n"
        "  a.fleet:10:32  agent own  [\"c\" passes]  (added)\n");
  CHECK(to_text(analyzed.sources, explain_value(analyzed.model, "agent.own.timeout")) ==
        "agent.own.timeout: Caps one attempt from session start; a step may ask for less.\n"
        "  a.fleet:5:15  defaults  10min  (replaced)\n"
        "  a.fleet:8:26  role plain  20min  (replaced)\n"
        "  a.fleet:10:56  agent own  30min  (holds)\n");
  CHECK(to_text(analyzed.sources, explain_value(analyzed.model, "agent.own.session")) ==
        "agent.own.session: A session is kept between tasks, or begun for each; a reviewer's is "
        "always fresh.\n  schema  own  (holds)\n");
}

TEST_CASE("explain without a key shows every key that has a value, and knows fleets by name") {
  const Analyzed analyzed(kLayers);
  std::vector<std::string> names;
  for (const Explained& one : explain_value(analyzed.model, "agent.own"))
    names.push_back(one.name);
  const std::vector<std::string> expected{
      "agent.own.runtime",         "agent.own.dispatch", "agent.own.reads",   "agent.own.writes",
      "agent.own.timeout",         "agent.own.accept",   "agent.own.session", "agent.own.restart",
      "agent.own.on_engine_crash", "agent.own.returns"};
  CHECK(names == expected);
  CHECK(explain_value(analyzed.model, "fleet.repo").size() == 1);
  CHECK(explain_value(analyzed.model, "fleet.f.repo").size() == 1);
  CHECK(explain_value(analyzed.model, "defaults.accept").size() == 1);
}

TEST_CASE("explain has nothing to say of what does not exist") {
  const Analyzed analyzed(kLayers);
  for (const char* const path :
       {"", "agent", "agent.nobody", "agent.own.nothing", "agent.own.granted",
        "agent.own.accept.more", "nothing.at.all", "F101", "."}) {
    INFO(path);
    CHECK(explain_value(analyzed.model, path).empty());
  }
}

}  // namespace fleet::sema
