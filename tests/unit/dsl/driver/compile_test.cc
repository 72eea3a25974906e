// The pipeline as its callers see it: flows, parameters, imports, plans.
#include "dsl/driver/compile.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "dsl/base/render.h"
#include "dsl/driver/stdlib_files.h"
#include "dsl/plan/codec.h"
#include "dsl/plan/render.h"
#include "tests/support/golden.h"
#include "tests/support/memory_reader.h"

namespace fleet {
namespace {

using testing::MemoryReader;

const char* const kTwoFlows = R"(fleet two v1 {
  repo = git(".", base: main)
  role worker {
    runtime = shell("sh work.sh {task} {run}")
    writes  = worktree("work/{task}")
    accept  = ["sh check.sh {where}" passes]
  }
  flow build(task, where) {
    made   = worker(task)
    gather = repo.merge(made, into: "out/{where}")
  }
  flow look(where) { seen = run("ls {where} | wc -l") }
}
)";

Compilation compile_text(const std::string& text, CompileOptions options = {}) {
  MemoryReader files({{"a.fleet", text}});
  return compile("a.fleet", files, options);
}

Compilation plan_of(const std::string& text, std::string flow,
                    std::vector<std::pair<std::string, std::string>> parameters, Goal goal) {
  CompileOptions options;
  options.goal = goal;
  if (!flow.empty())
    options.flow = std::move(flow);
  options.parameters = std::move(parameters);
  return compile_text(text, options);
}

std::string shown(const Compilation& result) {
  return render_text(result.diagnostics, *result.sources) + result.usage;
}

}  // namespace

TEST_CASE("hello.fleet compiles to a fan-out of clones and a gathering merge") {
  MemoryReader files({{"hello.fleet", golden::read("plan/hello.fleet")}});
  CompileOptions options;
  options.goal = Goal::kRun;
  const Compilation result = compile("hello.fleet", files, options);
  INFO(shown(result));
  REQUIRE(result.diagnostics.empty());
  REQUIRE(result.plan.has_value());
  const plan::Plan& plan = *result.plan;
  REQUIRE(plan.nodes.size() == 2);
  const plan::Node& fixes = plan.nodes[0];
  CHECK(fixes.name == "fixes");
  CHECK(fixes.kind == plan::NodeKind::kFanout);
  CHECK(fixes.fanout->width == 8u);
  CHECK(fixes.fanout->est == plan::Millis(2000));
  CHECK(fixes.fanout->spawn == plan::Millis(300));
  REQUIRE(plan.agents.size() == 1);
  CHECK(plan.agents[0].name == "fixer");
  CHECK(plan.agents[0].clones);
  const plan::Node& gather = plan.nodes[1];
  CHECK(gather.kind == plan::NodeKind::kMerge);
  CHECK(gather.after == std::vector<plan::Edge>{{{0}, plan::EdgeKind::kAccepted}});
  CHECK(plan::to_string(gather.merge->into) == "hello/fixed");
  CHECK_FALSE(gather.merge->into_base);
  CHECK(gather.merge->accept == plan.accept);
  CHECK(plan.critical_path == std::vector<plan::NodeIndex>{{0}, {1}});
  CHECK(plan::validate(plan).empty());
  CHECK(plan::from_json(plan::to_json(plan)).plan == plan);
}

TEST_CASE("the same text gives the same bytes") {
  const auto bytes = [] {
    return plan::to_json(
        *plan_of(kTwoFlows, "build", {{"task", "t"}, {"where", "w"}}, Goal::kRun).plan);
  };
  CHECK(bytes() == bytes());
}

TEST_CASE("a flow is chosen by name, or is the only one, or is main") {
  CHECK(plan_of(kTwoFlows, "look", {}, Goal::kPlan).plan->flow == "look");
  CHECK(plan_of(kTwoFlows, "", {}, Goal::kPlan).usage ==
        "a.fleet has several flows; name one of `build` and `look`");
  CHECK(plan_of(kTwoFlows, "bild", {}, Goal::kPlan).usage ==
        "no flow `bild` in a.fleet; there is `build` and `look`");
  std::string renamed = kTwoFlows;
  renamed.replace(renamed.find("flow look"), 9, "flow main");
  CHECK(plan_of(renamed, "", {}, Goal::kPlan).plan->flow == "main");
}

TEST_CASE("a plan to look at may lack parameters, one to run may not") {
  const Compilation open = plan_of(kTwoFlows, "build", {{"task", "t"}}, Goal::kPlan);
  REQUIRE(open.plan.has_value());
  CHECK(open.plan->unbound == std::vector<std::string>{"where"});
  CHECK(plan_of(kTwoFlows, "build", {{"task", "t"}}, Goal::kRun).usage ==
        "flow `build` needs a value for `where`, as in where=…");
}

TEST_CASE("parameters that a flow does not have, or gets twice, are refused") {
  CHECK(plan_of(kTwoFlows, "look", {{"task", "t"}}, Goal::kPlan).usage ==
        "flow `look` has no parameter `task`; it takes `where`");
  CHECK(plan_of(kTwoFlows, "look", {{"where", "a"}, {"where", "b"}}, Goal::kPlan).usage ==
        "parameter `where` is given twice");
}

TEST_CASE("a parameter's value is one argument, whatever is in it") {
  const std::string evil = "a b'; rm -rf $(x) \"`y`";
  const Compilation direct =
      plan_of(kTwoFlows, "build", {{"task", evil}, {"where", "w"}}, Goal::kRun);
  const plan::Command& command = direct.plan->agents[0].runtime.command;
  REQUIRE(command.argv.size() == 4);
  CHECK(command.argv[2] == plan::Template{{false, evil}});
  const Compilation shell = plan_of(kTwoFlows, "look", {{"where", evil}}, Goal::kRun);
  const plan::Command& script = *shell.plan->nodes[0].command;
  REQUIRE(script.argv.size() == 5);
  CHECK(script.argv[2] == plan::Template{{false,
                                          "readonly fleet_hole_1=\"${1}\"; "
                                          "ls \"${fleet_hole_1}\" | wc -l"}});
  CHECK(script.argv[4] == plan::Template{{false, evil}});
}

TEST_CASE("a parameter's value in a branch is made fit for git, and stays distinct") {
  const Compilation result =
      plan_of(kTwoFlows, "build", {{"task", "fix: it"}, {"where", "a/b"}}, Goal::kRun);
  CHECK(plan::to_string(result.plan->agents[0].writes->branch) == "work/fix%3A%20it");
  CHECK(plan::to_string(result.plan->nodes[1].merge->into) == "out/a/b");
}

TEST_CASE("a file that can't be read, or declares no fleet, is a wrong request") {
  MemoryReader none;
  CHECK(compile("b.fleet", none, {}).usage == "can't read b.fleet: no such file");
  CompileOptions options;
  options.goal = Goal::kPlan;
  CHECK(compile_text("role a {\n}\n", options).usage == "a.fleet declares no fleet");
  CHECK(compile_text("role a {\n}\n").usage.empty());
}

TEST_CASE("imports are read beside the file that names them, once each") {
  MemoryReader files({{"dir/main.fleet",
                       "use \"./lib/a.fleet\" (worker)\nuse \"lib/b.fleet\" as b\n"
                       "fleet f {\n  repo = git(\".\", base: main)\n"
                       "  flow main { one = worker(\"x\"); two = b.helper(\"y\") }\n}\n"},
                      {"dir/lib/a.fleet", "use \"b.fleet\" (helper)\nrole worker : helper {}\n"},
                      {"dir/lib/b.fleet", "role helper { runtime = shell(\"true\") }\n"}});
  CompileOptions options;
  options.goal = Goal::kPlan;
  const Compilation result = compile("dir/main.fleet", files, options);
  INFO(shown(result));
  REQUIRE(result.diagnostics.empty());
  CHECK(result.sources->size() == 3);
  CHECK(result.plan->agents[0].name == "worker");
  CHECK(result.plan->agents[1].name == "helper");
}

TEST_CASE("what an imported file imports is not passed on") {
  MemoryReader files({{"main.fleet", "use \"a.fleet\" (helper)\n"},
                      {"a.fleet", "use \"b.fleet\" (helper)\n"},
                      {"b.fleet", "role helper {}\n"}});
  const Compilation result = compile("main.fleet", files, {});
  REQUIRE(result.diagnostics.size() == 1);
  CHECK(result.diagnostics[0].message == "`a.fleet` has no `helper`");
}

TEST_CASE("every role of the standard library can be imported and is documented") {
  std::vector<std::string> roles;
  for (const StdlibFile& file : stdlib_files()) {
    INFO(file.path);
    CHECK(file.text.starts_with("/// "));
    if (!file.path.starts_with("roles/"))
      continue;
    const std::string name(file.path.substr(file.path.rfind('/') + 1));
    roles.push_back(name.substr(0, name.find('.')));
  }
  const std::vector<std::string> expected{"auditor",    "builder",  "fixer",  "planner",
                                          "researcher", "reviewer", "tester", "writer"};
  CHECK(roles == expected);
  for (const std::string& role : roles) {
    const std::string text =
        "use std.roles (" + role +
        ")\nfleet f {\n  repo = git(\".\", base: main)\n"
        "  defaults { runtime = shell(\"true\"); accept = [\"true\" passes] }\n"
        "  flow main { one = " +
        (role == "fixer" ? "fanout f in [\"a\", \"b\"] to fixer" : role + "(\"x\")") + " }\n}\n";
    const Compilation result = compile_text(text);
    INFO(shown(result));
    CHECK(result.diagnostics.empty());
  }
}

TEST_CASE("an import cycle through three files is reported once, with its way") {
  MemoryReader files({{"a.fleet", "use \"b.fleet\" (x)\n"},
                      {"b.fleet", "use \"c.fleet\" (y)\nrole x : y {}\n"},
                      {"c.fleet", "use \"a.fleet\" (z)\nrole y : z {}\n"}});
  const Compilation result = compile("a.fleet", files, {});
  REQUIRE(result.diagnostics.size() == 1);
  CHECK(result.diagnostics[0].code == "F102");
  CHECK(result.diagnostics[0].notes ==
        std::vector<std::string>{"a.fleet -> b.fleet -> c.fleet -> a.fleet"});
}

TEST_CASE("no text, however broken, keeps the compiler from answering") {
  const std::string sound = golden::read("plan/build.fleet");
  for (std::size_t cut = 0; cut < sound.size(); cut += 7) {
    const Compilation shorter = compile_text(sound.substr(0, cut));
    const Compilation without =
        compile_text(sound.substr(0, cut) + sound.substr(std::min(sound.size(), cut + 9)));
    CHECK((shorter.model && without.model));
  }
}

}  // namespace fleet
