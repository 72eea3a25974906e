// Definitions of other tools as fleets: what is written, what is said of it, and what is refused.
#include "dsl/import/import.h"

#include <catch2/catch.hpp>

#include "dsl/driver/compile.h"
#include "tests/support/golden.h"
#include "tests/support/memory_reader.h"

namespace fleet::import {
namespace {

Imported imported(const std::vector<ForeignFile>& files) {
  testing::MemoryReader none;
  return import_fleet(files, none);
}

std::vector<Diagnostic> check(const std::string& text) {
  testing::MemoryReader files({{"f.fleet", text}});
  return compile("f.fleet", files, {}).diagnostics;
}

bool says(const std::vector<std::string>& lines, const std::string& part) {
  for (const std::string& line : lines)
    if (line.find(part) != std::string::npos)
      return true;
  return false;
}

std::string agent(const std::string& name, const std::string& more, const std::string& prompt) {
  return "---\nname: " + name + "\ndescription: Does " + name + ".\n" + more + "---\n" + prompt;
}

}  // namespace

TEST_CASE("a definition of each tool becomes a fleet that compiles, and all that is lost is said") {
  const auto [folder, names] = GENERATE(table<std::string, std::vector<std::string>>(
      {{"claude", {"code-reviewer.md", "docs.md", "parser-builder.md"}},
       {"takt", {"ship.yaml"}},
       {"gas_city", {"ship.toml"}},
       {"crew", {"agents.yaml", "tasks.yaml"}}}));
  const std::string place = "import/" + folder + "/";
  std::vector<ForeignFile> files;
  for (const std::string& name : names)
    files.push_back({name, golden::read(place + name)});
  testing::MemoryReader beside({{"facets/coder.md", golden::read("import/takt/facets/coder.md")}});
  const Imported out = import_fleet(files, beside);
  REQUIRE(out.problem.empty());
  std::string said = "not carried over\n";
  for (const std::string& note : out.notes)
    said += "  " + note + "\n";
  said += "left unsafe\n";
  for (const std::string& line : out.unsafe)
    said += "  " + line + "\n";
  golden::check(place + "out.fleet", out.text);
  golden::check(place + "out.said", said);
  for (const Diagnostic& one : check(out.text)) {
    CAPTURE(one.code, one.message);
    CHECK(one.severity != Severity::kError);
  }
}

TEST_CASE("what is no definition is refused with the file, the reason and the way on") {
  struct Refused {
    std::vector<ForeignFile> files;
    std::string part;
  };
  const std::vector<Refused> rows{
      {{}, "nothing to import"},
      {{{"a.md", "# Read me\n"}}, "a.md is none of the formats"},
      {{{"a.txt", "steps: []"}}, "a.txt is none of the formats"},
      {{{"a.yaml", std::string("steps:\0", 7)}}, "a.yaml is no text"},
      {{{"a.yaml", "steps: \xff\xfe"}}, "a.yaml is no text"},
      {{{"a.yaml", "steps:\n  - name: [\n"}}, "a.yaml: line "},
      {{{"a.yaml", "steps: []\n"}}, "a.yaml has no steps"},
      {{{"a.yaml", "steps: [{persona: x}]\n"}}, "a step has no `name`"},
      {{{"a.yaml", "steps: [{name: x}, {name: x}]\n"}}, "two steps have the name `x`"},
      {{{"a.yaml", "steps: [{name: x, name: y}]\n"}}, "`name` is said twice"},
      {{{"a.yaml", "steps: " + std::string(200, '[') + std::string(200, ']')}},
       "nested too deeply"},
      {{{"a.toml", "formula = \n"}}, "a.toml: line 1"},
      {{{"a.toml", "formula = \"x\"\n"}}, "has no `[[steps]]`"},
      {{{"a.toml", "formula = \"x\"\n[[steps]]\ntitle = \"x\"\n"}}, "a step has no `id`"},
      {{{"a.md", "---\nname: x\n"}}, "without the `---` that ends it"},
      {{{"a.md", "---\ndescription: x\n---\n"}}, "has no `name`"},
      {{{"a.md", agent("x", "", "")}, {"b.toml", "formula = \"x\"\n"}},
       "of another format than a.md"},
      {{{"a.yaml", "steps: [{name: x}]"}, {"b.yaml", "steps: [{name: x}]"}}, "are two of takt's"},
      {{{"tasks.yaml", "t: {description: x, agent: y}\n"}}, "name both files"},
      {{{"agents.yaml", "a: {role: x, goal: y}\n"},
        {"tasks.yaml", "t: {description: x, expected_output: z, agent: b}\n"}},
       "agent `b`, which agents.yaml does not have"},
  };
  for (const auto& [files, part] : rows) {
    const Imported out = imported(files);
    CAPTURE(part, out.problem);
    CHECK(out.problem.find(part) != std::string::npos);
    CHECK(out.text.empty());
    CHECK(out.problem.find("\n") == std::string::npos);
  }
}

TEST_CASE("aliases that stand for more than the text are refused, not written out") {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char name = 'b'; name < 'k'; ++name) {
    const std::string last(1, static_cast<char>(name - 1));
    bomb += std::string(1, name) + ": &" + std::string(1, name) + " [";
    for (int i = 0; i < 10; ++i)
      bomb += (i == 0 ? "*" : ", *") + last;
    bomb += "]\n";
  }
  const Imported out = imported({{"a.yaml", bomb + "steps: [{name: x}]\n"}});
  CHECK(out.problem.find("aliases stand for too much") != std::string::npos);
}

TEST_CASE("names become names of the language, each another's, and prompts stay as they are") {
  const std::string prompt = "Say \"hi\", {not_a_hole}, C:\\new and }.\nThen \"\"\" quotes.\n";
  const Imported out =
      imported({{"a.md", agent("run", "", prompt)},
                {"b.md", agent("Run!", "", prompt)},
                {"c.md", agent("42", "", "One line with {braces} and \\n.")},
                {"d.md", agent("é日本", "", "Line\n\n  indented\nlast \"quoted\"")},
                {"e.md", agent("task", "", "")}});
  REQUIRE(out.problem.empty());
  CHECK(check(out.text).empty());
  testing::MemoryReader files({{"f.fleet", out.text}});
  CompileOptions options;
  options.goal = Goal::kPlan;
  options.flow = "do_worker";
  const Compilation compilation = compile("f.fleet", files, options);
  REQUIRE(compilation.plan);
  REQUIRE_FALSE(compilation.plan->agents.empty());
  CHECK(compilation.plan->agents.front().brief == "Line\n\n  indented\nlast \"quoted\"");
  options.flow = "do_worker_run";
  const Compilation first = compile("f.fleet", files, options);
  REQUIRE(first.plan);
  CHECK(first.plan->agents.front().brief == prompt.substr(0, prompt.size() - 1));
}

TEST_CASE("a secret in a prompt is carried over, and then refused by check") {
  const Imported out = imported({{"a.md", agent("deploy", "",
                                                "Log in with AKIA"
                                                "IOSFODNN7EXAMPLE.")}});
  REQUIRE(out.problem.empty());
  const auto found = check(out.text);
  REQUIRE_FALSE(found.empty());
  CHECK(found.front().code == "F606");
}

TEST_CASE("tools tell who writes, who reads and who judges") {
  const Imported out = imported({{"a.md", agent("builder", "", "")},
                                 {"b.md", agent("finder", "tools: Read, Grep\n", "")},
                                 {"c.md", agent("auditor", "tools: [Read, Bash]\n", "")}});
  CHECK(out.text.find("returns = report") != std::string::npos);
  CHECK(out.text.find("verdict  = auditor(build.diff)") != std::string::npos);
  CHECK(out.text.find("writes  = worktree(\"builder/{run}\")") != std::string::npos);
  CHECK(says(out.unsafe, "no command judged the work of `builder`"));
}

TEST_CASE("a need that names no step, and a circle, are told and left out") {
  const Imported out =
      imported({{"a.toml",
                 "formula = \"f\"\n[[steps]]\nid = \"a\"\nneeds = [\"b\", \"nobody\"]\n"
                 "[[steps]]\nid = \"b\"\nneeds = [\"a\"]\n"}});
  REQUIRE(out.problem.empty());
  CHECK(says(out.unsafe, "`a` needs `nobody`, which is no step"));
  CHECK(says(out.notes, "`b` needs `a`, which waits for it"));
  for (const Diagnostic& one : check(out.text))
    CHECK(one.severity != Severity::kError);
}

}  // namespace fleet::import
