// What people and language models write out of habit from other languages, each in a sound fleet:
// one message a mistake, and what is wrong elsewhere is still seen.
#include <array>
#include <string>

#include <catch2/catch.hpp>

#include "dsl/base/render.h"
#include "dsl/driver/compile.h"
#include "tests/support/memory_reader.h"

namespace fleet {
namespace {

enum class Place { kTop, kFleet, kBeside, kRole, kFlow, kEnd };

struct Habit {
  Place place;
  const char* text;
};

constexpr Habit kHabits[] = {
    {Place::kTop, R"x(import { builder } from "std/roles")x"},
    {Place::kTop, R"x(import roles from "./roles.fleet")x"},
    {Place::kTop, R"x(import * as roles from "./roles.fleet")x"},
    {Place::kTop, R"x(from std.roles import builder)x"},
    {Place::kTop, R"x(import std.roles)x"},
    {Place::kTop, R"x(import "./roles.fleet")x"},
    {Place::kTop, R"x(export * from "./roles.fleet")x"},
    {Place::kTop, R"x(export { builder } from "./roles.fleet")x"},
    {Place::kTop, R"x(include "roles.fleet")x"},
    {Place::kTop, R"x(use std::roles::builder)x"},
    {Place::kTop, R"x(use std.roles { auditor })x"},
    {Place::kTop, R"x(use std.roles.{auditor, fixer})x"},
    {Place::kTop, R"x(use auditor from std.roles)x"},
    {Place::kTop, R"x(use std.roles.*)x"},
    {Place::kTop, R"x(use std.roles [auditor])x"},
    {Place::kTop, R"x(use std/roles (auditor))x"},
    {Place::kTop, R"x(use std.roles (auditor; fixer))x"},
    {Place::kRole, R"x(    brief = "first line
      second line of it")x"},
    {Place::kRole, R"x(    brief = 'first line
      second line of it')x"},
    {Place::kRole, R"x(    brief = f"do {task}")x"},
    {Place::kRole, R"x(    brief = "one " + "two")x"},
    {Place::kRole, R"x(    writes = worktree("x/" + task))x"},
    {Place::kRole, R"x(    brief = `do the thing`)x"},
    {Place::kFlow, R"x(    s = dev({task: "x"}))x"},
    {Place::kFlow, R"x(    s = dev(task, { retry: 3 }))x"},
    {Place::kFlow, R"x(    s = run("make ${task}"))x"},
    {Place::kFlow, R"x(    s = dev(task: "x", diff: build.diff))x"},
    {Place::kFleet, R"x(  limits { sessions 4 })x"},
    {Place::kFleet, R"x(  limits { sessions = 4 })x"},
    {Place::kFleet, R"x(  limits {
    sessions = 4
    worktrees = 20GiB
  })x"},
    {Place::kFleet, R"x(  escalation {
    to = ann
    within = 1h
  })x"},
    {Place::kRole, R"x(    session { own })x"},
    {Place::kRole, R"x(    keep {
      ".cache/**"
    })x"},
    {Place::kRole, R"x(    timeout { 30min })x"},
    {Place::kBeside, R"x(  role x:
    runtime = tool
    timeout = 30min
)x"},
    {Place::kBeside, R"x(  role x: {
    runtime = tool
  })x"},
    {Place::kBeside, R"x(  agent x: worker
)x"},
    {Place::kBeside, R"x(  agent x:
    role = worker
)x"},
    {Place::kBeside, R"x(  flow second:
    a = dev("x")
)x"},
    {Place::kBeside, R"x(  role x = {
    runtime = tool
  })x"},
    {Place::kBeside, R"x(  role x() {
    runtime = tool
  })x"},
    {Place::kBeside, R"x(  class X {
    runtime = tool
  })x"},
    {Place::kBeside, R"x(  role x extends worker {
    runtime = tool
  })x"},
    {Place::kBeside, R"x(  role x < worker {
    runtime = tool
  })x"},
    {Place::kBeside, R"x(  role x : worker
    timeout = 30min
  )x"},
    {Place::kFlow, R"x(    dev("more"))x"},
    {Place::kFlow, R"x(    run("make deploy"))x"},
    {Place::kFlow, R"x(    repo.merge(build, into: "x") after build.accepted)x"},
    {Place::kFlow, R"x(    try {
      a = dev("x")
    } catch {
      b = dev("y")
    })x"},
    {Place::kFlow, R"x(    try { a = dev("x") } catch (e) { b = dev("y") })x"},
    {Place::kFlow, R"x(    a = dev("x") else {
      b = dev("y")
    })x"},
    {Place::kFlow, R"x(    a = dev("x") else { b = dev("y") })x"},
    {Place::kFlow, R"x(    if build.accepted {
      b = dev("y")
    })x"},
    {Place::kFlow, R"x(    if build.accepted {
      b = dev("y")
    } else {
      c = dev("z")
    })x"},
    {Place::kFlow, R"x(    if (verdict.approved) {
      b = dev("y")
    })x"},
    {Place::kFlow, R"x(    b = dev("y") when build.accepted)x"},
    {Place::kFlow, R"x(    b = dev("y") if build.accepted)x"},
    {Place::kFlow, R"x(    build -> verdict)x"},
    {Place::kFlow, R"x(    dev("x") -> look(build.diff))x"},
    {Place::kFlow, R"x(    build -> verdict -> done)x"},
    {Place::kFlow, R"x(    x = dev("x") -> look(build.diff))x"},
    {Place::kFlow, R"x(    dev("x") |> look)x"},
    {Place::kFlow, R"x(    x = dev("x") |> look)x"},
    {Place::kFlow, R"x(    build >> verdict)x"},
    {Place::kFlow, R"x(    x = dev("x") >> look)x"},
    {Place::kFlow, R"x(    x = dev("x") | look)x"},
    {Place::kFlow, R"x(    let x = dev("x"))x"},
    {Place::kFlow, R"x(    const x = dev("x"))x"},
    {Place::kFlow, R"x(    var x = dev("x"))x"},
    {Place::kFlow, R"x(    step x = dev("x"))x"},
    {Place::kFlow, R"x(    step x {
      agent = dev
      task = "x"
    })x"},
    {Place::kFlow, R"x(    x = await dev("x"))x"},
    {Place::kFlow, R"x(    return build)x"},
    {Place::kFlow, R"x(    steps:
      - dev("x")
      - look(build.diff))x"},
    {Place::kFlow, R"x(    steps = [dev("x"), look(build.diff)])x"},
    {Place::kFlow, R"x(    steps: [dev("x"), look(build.diff)])x"},
    {Place::kFlow, R"x(    parallel {
      a = dev("x")
      b = dev("y")
    })x"},
    {Place::kFlow, R"x(    p = parallel {
      a = dev("x")
      b = dev("y")
    })x"},
    {Place::kFlow, R"x(    p = parallel [dev("x"), dev("y")])x"},
    {Place::kFlow, R"x(    p = parallel(dev("x"), dev("y")))x"},
    {Place::kFlow, R"x(    for f in files("*.md") {
      a = dev(f)
    })x"},
    {Place::kFlow, R"x(    for f in files("*.md"):
      a = dev(f)
)x"},
    {Place::kFlow, R"x(    a = for f in files("*.md") { dev(f) })x"},
    {Place::kFlow, R"x(    while verdict.changes_requested {
      a = dev("x")
    })x"},
    {Place::kFlow, R"x(    a = dev("x") retry = 1)x"},
    {Place::kFlow, R"x(    a = dev("x") retry: 1)x"},
    {Place::kFlow, R"x(    a = dev("x") retry(1))x"},
    {Place::kFlow, R"x(    a = dev("x", retry: 1))x"},
    {Place::kFlow, R"x(    a = dev("x") timeout = 5min)x"},
    {Place::kFlow, R"x(    a = dev("x"), retry 1, timeout 5min)x"},
    {Place::kFlow, R"x(    l = loop until verdict.approved max 2
      build = dev("x")
      verdict = look(build.diff) timeout 5min
)x"},
    {Place::kFlow, R"x(    l = loop until verdict.approved {
      build = dev("x")
      verdict = look(build.diff) timeout 5min
    })x"},
    {Place::kFlow, R"x(    loop until verdict.approved max 2 {
      build = dev("x")
      verdict = look(build.diff) timeout 5min
    })x"},
    {Place::kFleet, R"x(  load = 1 fix-it/day)x"},
    {Place::kFleet, R"x(  load = 1 main per day)x"},
    {Place::kFleet, R"x(  limits = 4 sessions)x"},
    {Place::kFleet, R"x(  limits = sessions "4")x"},
    {Place::kRole, R"x(    timeout = "30min")x"},
    {Place::kRole, R"x(    timeout = 30 minutes)x"},
    {Place::kRole, R"x(    timeout = 30)x"},
    {Place::kRole, R"x(    timeout = 30m)x"},
    {Place::kRole, R"x(    budget = 3)x"},
    {Place::kRole, R"x(    budget = $3)x"},
    {Place::kRole, R"x(    budget = 3 USD)x"},
    {Place::kRole, R"x(    budget = 3usd/task)x"},
    {Place::kRole, R"x(    writes = "branch/{task}")x"},
    {Place::kRole, R"x(    writes = ["src/**"])x"},
    {Place::kRole, R"x(    accept += "make test")x"},
    {Place::kRole, R"x(    accept += ["make test"])x"},
    {Place::kRole, R"x(    prompt = "do it")x"},
    {Place::kRole, R"x(    model = "claude-opus")x"},
    {Place::kRole, R"x(    tools = [bash, edit])x"},
    {Place::kRole, R"x(    hooks = true)x"},
    {Place::kRole, R"x(    session = "fresh")x"},
    {Place::kRole, R"x(    reads = "repo")x"},
    {Place::kRole, R"x(    identity = null)x"},
    {Place::kRole, R"x(    timeout = 30min,)x"},
    {Place::kRole, R"x(    "timeout": 30min,)x"},
    {Place::kBeside, R"x(  "role": { "name": "x" })x"},
    {Place::kBeside, R"x(  role:
    name: x
    runtime: tool
)x"},
    {Place::kBeside, R"x(  role "x" {
    runtime = tool
  })x"},
    {Place::kBeside, R"x(  role fix-it {
    runtime = tool
  })x"},
    {Place::kBeside, R"x(  agent x = worker)x"},
    {Place::kBeside, R"x(  agent x = Agent(role: worker))x"},
    {Place::kBeside, R"x(  agent x : role worker {})x"},
    {Place::kBeside, R"x(  agent x(worker) {})x"},
    {Place::kBeside, R"x(  agent x : worker)x"},
    {Place::kBeside, R"x(  flow second(task) -> verdict {
    a = dev(task)
  })x"},
    {Place::kBeside, R"x(  flow second(task: string) {
    a = dev(task)
  })x"},
    {Place::kBeside, R"x(  flow second(task = "x") {
    a = dev(task)
  })x"},
    {Place::kBeside, R"x(  flow second(task) on push {
    a = dev(task)
  })x"},
    {Place::kBeside, R"x(  flow second(task) {
    on = task.second
    a = dev(task)
  })x"},
    {Place::kBeside, R"x(  # a comment
)x"},
    {Place::kBeside, R"x(  -- a comment
)x"},
    {Place::kBeside, R"x(  /* a comment
   over lines */
)x"},
    {Place::kBeside, R"x(  fn second(task) {
    a = dev(task)
  })x"},
    {Place::kBeside, R"x(  def second(task):
    a = dev(task)
)x"},
    {Place::kBeside, R"x(  workflow second(task) {
    a = dev(task)
  })x"},
    {Place::kBeside, R"x(  agents = [a, b])x"},
    {Place::kBeside, R"x(  agent z : reviewr { runtime = tool })x"},
    {Place::kFlow, R"x(    a = dev(biuld.diff))x"},
    {Place::kFlow, R"x(    a = dev("x") after build.acceptd)x"},
    {Place::kFlow, R"x(    a = dev("x") after build)x"},
    {Place::kFlow, R"x(    a = dev("x") after [build.accepted, verdict.approved])x"},
    {Place::kFlow, R"x(    a = dev("x") after build.accepted and verdict.approved)x"},
    {Place::kFlow, R"x(    a = dev("x") after build.accepted && verdict.approved)x"},
    {Place::kFlow, R"x(    a = dev("x") after build.accepted, verdict.approved)x"},
    {Place::kFlow, R"x(    a = dev("x") depends_on build)x"},
    {Place::kFlow, R"x(    a = dev("x", after: build.accepted))x"},
    {Place::kFlow, R"x(    a = dev("x") needs [build])x"},
    {Place::kFlow, R"x(    a = dev("x") else "skip")x"},
    {Place::kFlow, R"x(    a = dev("x") else b)x"},
    {Place::kFlow, R"x(    h = human(ann) after build.accepted timeout 1h else escalate)x"},
    {Place::kFlow, R"x(    f = fanout(files("*.md"), dev))x"},
    {Place::kFlow, R"x(    f = fanout files("*.md") to dev)x"},
    {Place::kFlow, R"x(    f = fanout x in files("*.md") dev)x"},
    {Place::kFlow, R"x(    f = fanout x in files("*.md") { dev(x) })x"},
    {Place::kFlow, R"x(    f = fanout x in files("*.md") => dev(x))x"},
    {Place::kFlow, R"x(    f = fanout x in files("*.md") to dev(x))x"},
    {Place::kFlow, R"x(    f = fanout x in "*.md" to dev)x"},
    {Place::kFlow, R"x(    a = dev('x'))x"},
    {Place::kFlow, R"x(    a = dev(“x”))x"},
    {Place::kFlow, R"x(    a = dev("x" build.diff))x"},
    {Place::kFlow, R"x(    a = dev("x", build.diff)x"},
    {Place::kFlow, R"x(    a = dev("x, build.diff))x"},
    {Place::kFlow, R"x(    a = dev("x") retyr 1)x"},
    {Place::kFlow, R"x(    a = dev(...task))x"},
    {Place::kFlow, R"x(    a = devv("x"))x"},
    {Place::kFlow, R"x(    a = build.accepted ? dev("x") : dev("y"))x"},
    {Place::kFlow, R"x(    a = dev("x") after !build.accepted)x"},
    {Place::kFlow, R"x(    a = dev(verdict.findings[0]))x"},
    {Place::kFlow, R"x(    a = verdict.findings.map(f => dev(f)))x"},
    {Place::kFlow, R"x(    a = dev.run("x"))x"},
    {Place::kFlow, R"x(    print("x"))x"},
    {Place::kFlow, R"x(    assert build.accepted)x"},
    {Place::kFlow, R"x(    accept = "make")x"},
    {Place::kFlow, R"x(    1. dev("x"))x"},
    {Place::kFlow, R"x(    - dev("x")
    - look("y"))x"},
    {Place::kFlow, R"x(    m = merge(build, into: "x") after build.accepted)x"},
    {Place::kFlow, R"x(    m = repo.merge(build, to: "x") after build.accepted)x"},
    {Place::kFlow, R"x(    m = repo.merge(build -> "x") after build.accepted)x"},
    {Place::kFlow, R"x(    build.retry = 2)x"},
    {Place::kFlow, R"x(    retry = 1 timeout 5min)x"},
    {Place::kFlow, R"x(    m = git.merge(build, into: "x") after build.accepted)x"},
    {Place::kFlow, R"x(    m = git.merge(build.branch, into: "x"))x"},
    {Place::kFlow, R"x(    m = git.push(build, remote: "origin"))x"},
    {Place::kFlow, R"x(    m = devv(build, 5, into: "x"))x"},
    {Place::kFlow, R"x(    let x = 5)x"},
    {Place::kFleet, R"x(  let x = 5)x"},
    {Place::kFleet, R"x(  const rate = $5/day)x"},
    {Place::kRole, R"x(    var x = "y")x"},
    {Place::kFlow, R"x(    l = loop until verdict.approved max 2
      build = dev("x")
      verdict = look(build.diff) timeout 5min
    })x"},
    {Place::kFlow, R"x(    l = loop until verdict.approved max 2
    {
      build = dev("x")
      verdict = look(build.diff) timeout 5min
    })x"},
    {Place::kFlow, R"x(    for f in files("*.md") to dev limit 3)x"},
    {Place::kFlow, R"x(    accept = ["a" passes] + ["b" passes])x"},
    {Place::kEnd, R"x(  })x"},
};

// `second` stands behind all of it: a mistake of its own.
std::string fleet_with(const Habit& habit, bool second) {
  const auto at = [&](Place place) {
    return habit.place == place ? std::string(habit.text) + "\n" : std::string();
  };
  const bool sets_accept = habit.place == Place::kRole && at(Place::kRole).find("accept") < 8;
  const bool sets_writes = habit.place == Place::kRole && at(Place::kRole).find("writes") < 8;
  return at(Place::kTop) + "use std.roles (builder, reviewer)\n\nfleet f v1 {\n" +
         "  repo   = git(\".\", base: main)\n  budget = $90/run\n" + at(Place::kFleet) +
         "  runtime tool { adapter = shell; command = \"sh t.sh {task}\"; spawn = 2s }\n" +
         at(Place::kBeside) + "  role worker : builder {\n    runtime = tool\n" + at(Place::kRole) +
         (sets_writes ? "" : "    writes = worktree(\"t/{task}\")\n") +
         (sets_accept ? "" : "    accept = [\"make\" passes]\n") + "  }\n" +
         "  agent maker : worker {}\n  agent dev : worker { writes = none; accept = [] }\n" +
         "  agent look : reviewer { runtime = tool }\n\n  flow main(task) {\n" +
         "    build = maker(task) retry 1\n    verdict = look(build.diff) timeout 20min\n    more "
         "= dev(\"more\")\n" +
         at(Place::kFlow) + (second ? "    zz = dev(\"zz\") timeout $1\n" : "") + "  }\n" +
         at(Place::kEnd) + "}\n";
}

Compilation compiled(const std::string& text) {
  testing::MemoryReader files({{"f.fleet", text}});
  return compile("f.fleet", files, {});
}

TEST_CASE("the fleet around has nothing wrong with it") {
  const Compilation result = compiled(fleet_with({Place::kTop, ""}, false));
  INFO(render_text(result.diagnostics, *result.sources));
  CHECK(result.diagnostics.empty());
}

TEST_CASE("a habit of another language is one message, and hides nothing behind it") {
  for (const Habit& habit : kHabits) {
    const Compilation alone = compiled(fleet_with(habit, false));
    INFO(habit.text << "\n" << render_text(alone.diagnostics, *alone.sources));
    CHECK(alone.diagnostics.size() == 1);
    const Compilation both = compiled(fleet_with(habit, true));
    INFO(render_text(both.diagnostics, *both.sources));
    CHECK(both.diagnostics.size() == 2);
  }
}

TEST_CASE("a misspelt import is one message, wherever its name is used") {
  const std::string sound = fleet_with({Place::kTop, ""}, false);
  const auto with_use = [&](const std::string& use) {
    const std::string first = "use std.roles (builder, reviewer)";
    return use + sound.substr(sound.find(first) + first.size());
  };
  for (const char* const use :
       {"use std.roles (builder, reviewr)", "use std.roles (biulder, reviewer)",
        "use std.role (builder, reviewer)", "import { builder, reviewer } from \"std/roles\"",
        "import * from \"std/roles\"", "from std.roles import builder, reviewer",
        "use std::roles::{builder, reviewer}", "use \"./gone.fleet\" (builder, reviewer)"}) {
    const Compilation result = compiled(with_use(use));
    INFO(use << "\n" << render_text(result.diagnostics, *result.sources));
    CHECK(result.diagnostics.size() == 1);
  }
}

}  // namespace
}  // namespace fleet
