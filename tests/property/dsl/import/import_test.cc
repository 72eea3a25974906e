// Whatever is imported compiles, or is refused: names, prompts and graphs of every kind.
#include "dsl/import/import.h"

#include <rapidcheck.h>

#include <algorithm>

#include <catch2/catch.hpp>

#include "dsl/driver/compile.h"
#include "tests/support/memory_reader.h"

namespace fleet::import {
namespace {

std::string a_name() {
  return *rc::gen::elementOf(std::vector<std::string>{
      "build",    "Build",      "build-it",
      "build it", "run",        "task",
      "all",      "1st",        "v2",
      "reviewer", "code-audit", "日本",
      "é",        "a.b/c",      "merge",
      "signoff",  "polish",     "fixes",
      "gather",   "owner",      "verdict",
      "main",     "timeout",    "x_y__z",
      "human",    "fleet",      "aVeryLongNameThatGoesOnAndOnUntilNobodyReadsItAnyMore"});
}

std::string a_text() {
  const int parts = *rc::gen::inRange(0, 6);
  std::string text;
  for (int i = 0; i < parts; ++i)
    text += *rc::gen::elementOf(std::vector<std::string>{
        "Do it. ", "{task} ", "{",        "}",  "{{x}}",          "\"", "\"\"\"",  "\\",
        "\\n",     "\n",      "\n\n  in", "\t", "// no comment ", "é",  "{topic}", "$(rm)",
        "'",       "#",       ": ",       "- "});
  return text;
}

// In YAML and TOML alike: a double-quoted string.
std::string quote(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else
      out += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  }
  return out + "\"";
}

std::vector<std::string> names(int most) {
  std::vector<std::string> all;
  for (int i = *rc::gen::inRange(1, most + 1); i > 0; --i) {
    const std::string name = a_name();
    if (std::find(all.begin(), all.end(), name) == all.end())
      all.push_back(name);
  }
  return all;
}

bool coin() {
  return *rc::gen::inRange(0, 2) == 0;
}

std::string one_of(const std::vector<std::string>& all) {
  return *rc::gen::elementOf(all);
}

void compiles(const std::vector<ForeignFile>& files) {
  testing::MemoryReader none;
  const Imported out = import_fleet(files, none);
  RC_LOG() << files.front().text << "\n----\n" << out.text << "\n" << out.problem;
  if (!out.problem.empty()) {
    RC_ASSERT(out.text.empty());
    return;
  }
  testing::MemoryReader reader({{"f.fleet", out.text}});
  const Compilation compilation = compile("f.fleet", reader, {});
  for (const Diagnostic& one : compilation.diagnostics)
    RC_LOG() << "\n" << one.code << ": " << one.message;
  RC_ASSERT(!compilation.has_errors);
}

}  // namespace

TEST_CASE("any agent files become a fleet that compiles") {
  CHECK(rc::check([] {
    std::vector<ForeignFile> files;
    for (const std::string& name : names(6)) {
      const std::string tools =
          one_of({"", "tools: Read, Grep\n", "tools: [Read, Bash, Edit]\n", "model: opus\n"});
      files.push_back({name + ".md", "---\nname: " + quote(name) + "\ndescription: " +
                                         quote(a_text()) + "\n" + tools + "---\n" + a_text()});
    }
    compiles(files);
  }));
}

TEST_CASE("any workflow of takt becomes a fleet that compiles, or is refused") {
  CHECK(rc::check([] {
    const std::vector<std::string> all = names(7);
    std::string text = "name: " + quote(a_name()) + "\nsteps:\n";
    for (const std::string& name : all) {
      text += "  - name: " + quote(name) + "\n    persona: " + quote(a_name()) +
              "\n    edit: " + (coin() ? "true" : "false") +
              "\n    instruction: " + quote(a_text()) + "\n";
      if (*rc::gen::inRange(0, 6) == 0)
        text += "    requires_user_input: true\n";
      if (*rc::gen::inRange(0, 4) == 0)
        text += "    parallel: [{name: " + quote(name + "-a") +
                ", edit: " + (coin() ? "true" : "false") + "}, {name: " + quote(name + "-b") +
                ", edit: false}]\n";
      if (coin())
        text += "    quality_gates: [{type: command, command: \"./t.sh --all\"}, " +
                quote(a_text()) + "]\n";
      text += "    rules: [";
      for (int i = *rc::gen::inRange(0, 3); i >= 0; --i)
        text += "{condition: " + quote(a_text()) + ", next: " +
                quote(coin() ? one_of(all) : one_of({"COMPLETE", "ABORT", "nowhere"})) + "}" +
                (i > 0 ? ", " : "");
      text += "]\n";
    }
    compiles({{"w.yaml", text}});
  }));
}

TEST_CASE("any formula becomes a fleet that compiles, or is refused") {
  CHECK(rc::check([] {
    const std::vector<std::string> all = names(7);
    std::string text =
        "formula = " + quote(a_name()) + "\n[vars." + quote(a_name()) + "]\ndefault = \"x\"\n";
    for (const std::string& name : all) {
      text += "[[steps]]\nid = " + quote(name) + "\ntitle = " + quote(a_text()) +
              "\ndescription = " + quote(a_text()) + "\nneeds = [";
      for (int i = *rc::gen::inRange(0, 3); i > 0; --i)
        text += quote(one_of(all)) + ", ";
      text += "]\n";
      if (coin())
        text += "metadata = { \"gc.run_target\" = " + quote("app/" + a_name()) + " }\n";
      if (*rc::gen::inRange(0, 3) == 0)
        text += "[steps.check]\nmax_attempts = 3\n[steps.check.check]\npath = \"s/v.sh\"\n";
      if (*rc::gen::inRange(0, 4) == 0)
        text += "[steps.gate]\ntype = \"human\"\ntimeout = " +
                quote(one_of({"24h", "soon", "0", "90m"})) + "\n";
    }
    compiles({{"f.toml", text}});
  }));
}

TEST_CASE("any crew becomes a fleet that compiles, or is refused") {
  CHECK(rc::check([] {
    const std::vector<std::string> agents = names(4);
    std::string agent_text, task_text;
    for (const std::string& name : agents)
      agent_text += quote(name) + ":\n  role: " + quote(a_text()) + "\n  goal: " + quote(a_text()) +
                    "\n  backstory: " + quote(a_text()) + "\n";
    std::vector<std::string> before;
    for (const std::string& name : names(6)) {
      task_text += quote(name) + ":\n  description: " + quote(a_text()) +
                   "\n  expected_output: " + quote(a_text()) +
                   "\n  agent: " + quote(one_of(agents)) +
                   "\n  async_execution: " + (coin() ? "true" : "false") +
                   "\n  human_input: " + (coin() ? "true" : "false") + "\n";
      if (!before.empty() && coin())
        task_text += "  context: [" + quote(one_of(before)) + "]\n";
      before.push_back(name);
    }
    if (coin())
      compiles({{"agents.yaml", agent_text}, {"tasks.yaml", task_text}});
    else
      compiles({{"agents.yaml", agent_text}});
  }));
}

}  // namespace fleet::import
