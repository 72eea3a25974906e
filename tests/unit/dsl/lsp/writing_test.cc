// What helps while writing: completion, signatures, hover, fixes.
#include <set>

#include <catch2/catch.hpp>

#include "dsl/lsp/actions.h"
#include "dsl/lsp/completion.h"
#include "dsl/lsp/hover.h"
#include "dsl/lsp/rename.h"
#include "dsl/lsp/signature.h"
#include "tests/support/edited.h"

namespace fleet::lsp {
namespace {

using testing::Edited;
using testing::kShip;
using testing::ship_at;

std::set<std::string> labels(Edited& edited) {
  std::set<std::string> found;
  for (const Completion& one :
       complete(edited.workspace, *edited.snapshot, edited.source, edited.offset).items)
    found.insert(one.label);
  return found;
}

// kShip with a broken statement in place of `from`.
std::set<std::string> offered(std::string_view from, const std::string& instead) {
  std::string text(kShip);
  text.replace(text.find(from), from.size(), instead);
  Edited edited(text, {{"/w/roles.fleet", std::string(testing::kRoles)}});
  return labels(edited);
}

bool holds(const std::set<std::string>& labels, std::initializer_list<const char*> wanted) {
  return std::ranges::all_of(wanted, [&](const char* one) { return labels.contains(one); });
}

TEST_CASE("a file begins with imports and declarations") {
  Edited edited("^");
  CHECK(holds(labels(edited), {"use", "fleet", "role", "agent", "human", "runtime"}));
  CHECK_FALSE(labels(edited).contains("flow"));
}

TEST_CASE("a body offers the keys of its kind that are not set, and what can stand in it") {
  Edited fleet("fleet a v1 {\n  repo = git(\".\", base: main)\n  ^\n}\n");
  CHECK(holds(labels(fleet), {"budget", "load", "flow", "defaults", "test", "agent"}));
  CHECK_FALSE(labels(fleet).contains("repo"));
  CHECK_FALSE(labels(fleet).contains("runtime = "));
  Edited human("human ann { ans^ }");
  CHECK(labels(human) == std::set<std::string>{"answers", "notify", "key"});
}

TEST_CASE("completion works where a brace is not closed, and in a statement without a value") {
  Edited open("fleet a v1 {\n  agent b : c {\n    dis^\n");
  CHECK(labels(open).contains("dispatch"));
  CHECK(holds(offered("reads = diff", "reads = ^"), {"repo", "diff", "none"}));
  CHECK(holds(offered("reads = diff", "dispatch = ^"), {"always", "ephemeral", "on", "every"}));
  CHECK(holds(offered("reads = diff", "dispatch = on ^"), {"pr.opened", "message"}));
  CHECK(offered("reads = diff", "dispatch = on pr.^") ==
        std::set<std::string>{"opened", "updated"});
}

TEST_CASE("values offer the names that fit") {
  CHECK(holds(offered("runtime  = sonnet", "runtime = ^"), {"sonnet", "shell"}));
  CHECK(offered("grants   = [key]", "grants = [^]") == std::set<std::string>{"key"});
  CHECK(holds(offered("identity = [core@v4]", "identity = [^]"), {"core@v4"}));
  CHECK(offered("identity = [core@v4]", "identity = [core@^]") == std::set<std::string>{"v4"});
  CHECK(offered("owner = ann", "owner = ^").contains("ann"));
  CHECK(holds(offered("lead -> ann", "lead -> ^"), {"ann", "lead"}));
  CHECK(offered("1 ship/day", "1 ^").contains("ship"));
}

TEST_CASE("amounts, what they are counted for, and versions are offered") {
  CHECK(holds(offered("budget     = $40/day hard warn 80%", "budget = ^"), {"$…/day", "$…/run"}));
  CHECK(offered("$40/day hard", "$40/^ hard") == std::set<std::string>{"run", "day"});
  CHECK(offered("1 ship/day", "1 ship/^") == std::set<std::string>{"day"});
  CHECK(holds(offered("answers = 8h", "answers = ^"), {"30min", "8h"}));
  CHECK(offered("core v4 {", "core ^ {") == std::set<std::string>{"v1"});
  CHECK(holds(offered("= never merge", "= [run.^]"), {"done", "failed", "waiting"}));
}

TEST_CASE("a step is offered with what can be waited for or taken, and none that waits for it") {
  const std::string_view signoff = "signoff = human(ann) after polish.approved timeout 24h";
  const std::set<std::string> edges = offered(signoff, "signoff = human(ann) after ^");
  CHECK(holds(edges, {"polish.approved", "build.accepted", "verdict.changes_requested"}));
  for (const char* const never : {"polish.merged", "signoff.approved", "merge.merged", "build"})
    CHECK_FALSE(edges.contains(never));
  CHECK(offered(signoff, "signoff = all(^)").contains("build"));
}

TEST_CASE("a base offers roles, and those of the library with their import") {
  std::string text(kShip);
  text.replace(text.find(": builder"), 9, ": audi^");
  Edited edited(text, {{"/w/roles.fleet", std::string(testing::kRoles)}});
  const Completions found =
      complete(edited.workspace, *edited.snapshot, edited.source, edited.offset);
  const auto auditor = std::ranges::find(found.items, "auditor", &Completion::label);
  REQUIRE(auditor != found.items.end());
  REQUIRE(auditor->further.size() == 1);
  const std::string after = apply(edited.files, auditor->further).at("/w/a.fleet");
  CHECK(after.starts_with("use std.roles (builder, reviewer, auditor)\n"));
  CHECK(edited.said(found.replaced) == "audi");
  CHECK(std::ranges::find(found.items, "mender", &Completion::label) != found.items.end());
}

TEST_CASE("an import offers modules, names and files") {
  Edited module("use std.^\n");
  CHECK(labels(module).contains("roles"));
  Edited names("use std.roles (builder, ^)\n");
  CHECK(holds(labels(names), {"reviewer", "fixer"}));
  CHECK_FALSE(labels(names).contains("builder"));
  Edited file("use \"./^\n",
              {{"/w/roles.fleet", ""}, {"/w/notes.md", ""}, {"/w/more/b.fleet", ""}});
  CHECK(labels(file) == std::set<std::string>{"roles.fleet", "more/"});
}

TEST_CASE("a step offers its forms, agents, clauses, steps and edges in turn") {
  const std::string_view merge = "merge   = repo.merge(build.branch) after signoff.approved";
  CHECK(holds(offered(merge, "merge = ^"), {"fanout", "run", "all", "loop", "human", "backend"}));
  CHECK(holds(offered(merge, "merge = backend(^"), {"task", "build.diff", "verdict.findings"}));
  CHECK(holds(offered(merge, "merge = backend(build.^)"), {"diff", "branch"}));
  CHECK(holds(offered(merge, "merge = backend(task) ^"), {"retry", "timeout", "after", "else"}));
  CHECK_FALSE(offered(merge, "merge = backend(task) retry 1 ^").contains("retry"));
  CHECK_FALSE(offered(merge, "merge = backend(task) ^").contains("width"));
  CHECK(holds(offered(merge, "merge = backend(task)\n      ti^"), {"timeout", "retry"}));
  CHECK(holds(offered(merge, "merge = run(\"x\") after ^"),
              {"build.accepted", "signoff.approved", "polish.approved"}));
  CHECK(holds(offered(merge, "merge = run(\"x\") after ^.done"), {"build", "signoff", "polish"}));
  CHECK(holds(offered(merge, "merge = run(\"x\") after build.^"), {"accepted", "done", "failed"}));
  CHECK_FALSE(offered(merge, "merge = run(\"x\") after build.^").contains("merged"));
  CHECK(holds(offered(merge, "merge = run(\"x\") after signoff.^"), {"approved"}));
  CHECK(holds(offered(merge, "merge = run(\"x\") else ^"), {"escalate", "skip", "fail"}));
  CHECK(holds(offered(merge, "merge = repo.^"), {"merge"}));
  CHECK(holds(offered(merge, "merge = repo.merge(^)"), {"build", "into", "as"}));
  CHECK(offered(merge, "merge = repo.merge(build, as: ^)") ==
        std::set<std::string>{"merge", "squash", "rebase"});
  CHECK(offered(merge, "merge = human(^)").contains("ann"));
  CHECK(holds(offered(merge, "merge = lib.^"), {"fixer"}));
}

TEST_CASE("a fan-out offers sources, then agents, then its own clauses") {
  const std::string_view merge = "merge   = repo.merge(build.branch) after signoff.approved";
  CHECK(holds(offered(merge, "merge = fanout f in ^"), {"files", "lines", "verdict.findings"}));
  CHECK(offered(merge, "merge = fanout f in verdict.^").contains("findings"));
  CHECK(holds(offered(merge, "merge = fanout f in 1..3 to ^"), {"backend", "fix", "route"}));
  CHECK(holds(offered(merge, "merge = fanout f in 1..3 to fix ^"), {"width", "limit", "est"}));
  CHECK(holds(offered(merge, "merge = fanout f in 1..3 to route(^"), {"f.label"}));
}

TEST_CASE("a hole offers parameters and the words that are filled in") {
  CHECK(holds(offered("\"make {task}\" passes", "\"make {^\" passes"), {"task", "run", "date"}));
  CHECK(holds(offered("worktree(\"task/{task}\")", "worktree(\"task/{^\")"), {"task", "item"}));
}

TEST_CASE("a test offers who may do what, and what is claimed") {
  CHECK(holds(offered("review returns changes_requested", "^"), {"review", "ann", "backend"}));
  CHECK(holds(offered("returns changes_requested", "returns ^"), {"approved"}));
  CHECK(holds(offered("= never merge", "= ^"), {"never", "merge", "build"}));
  CHECK(
      holds(offered("returns changes_requested", "^"), {"returns", "fails", "crashes", "spends"}));
  CHECK(holds(offered("changes_requested", "approved in ^"), {"merge", "build"}));
  CHECK(offered("= never merge", "= [asks ^]").contains("ann"));
  CHECK(holds(offered("= never merge", "= asks ann about ^"), {"merge", "signoff"}));
  CHECK(holds(offered("= never merge", "= ^"), {"asks", "run.done", "run.waiting"}));
}

TEST_CASE("nothing is offered in a comment") {
  Edited edited("fleet a v1 {\n  // bud^\n}\n");
  CHECK(labels(edited).empty());
}

TEST_CASE("every place of a fleet can be completed, however it is cut off") {
  for (std::size_t at = 0; at <= kShip.size(); at += 7) {
    Edited edited(std::string(kShip.substr(0, at)) + "^",
                  {{"/w/roles.fleet", std::string(testing::kRoles)}});
    const Completions found =
        complete(edited.workspace, *edited.snapshot, edited.source, edited.offset);
    CHECK(found.replaced.begin <= found.replaced.end);
    CHECK(found.replaced.end <= edited.text().size());
    signature(*edited.snapshot, edited.source, edited.offset);
    hover(*edited.snapshot, edited.source, edited.offset);
  }
}

std::string shown(std::string_view at, int occurrence = 1, std::size_t into = 0) {
  Edited edited = ship_at(at, occurrence, into);
  const std::optional<Hover> found = hover(*edited.snapshot, edited.source, edited.offset);
  return found ? found->markdown : std::string();
}

bool says(const std::string& text, std::initializer_list<const char*> wanted) {
  for (const char* const one : wanted) {
    if (text.find(one) == std::string::npos) {
      UNSCOPED_INFO("no `" << one << "` in:\n" << text);
      return false;
    }
  }
  return true;
}

TEST_CASE("hover on an agent shows its documentation and its values with where they come from") {
  CHECK(says(
      shown("backend        :"),
      {"agent backend", "Builds what is asked for.", "`runtime`: `sonnet` · defaults, a.fleet:17",
       "`budget`: `$1/task` · defaults", "`writes`", "agent backend, a.fleet:25"}));
}

TEST_CASE("hover on a key shows the layers of its value, the one that holds in bold") {
  const std::string text = shown("writes = worktree(\"task/{task}\")");
  CHECK(
      says(text, {"writes = worktree(\"branch\")", "`none` by default (replaced)",
                  "role builder, builder.fleet", "**`worktree(\"task/{task}\")`** agent backend"}));
}

TEST_CASE("hover shows what a step, a flow and a day cost at worst") {
  CHECK(says(shown("build   ="), {"build = backend(task)", "at most $2.00 = 2 × $1.00"}));
  CHECK(says(shown("fixes   ="), {"at most $6.00 = 2 × 3 × $1.00", "Spawn check:"}));
  CHECK(says(shown("ship(task)"), {"One run costs at most $14.00"}));
  CHECK(says(shown("ship v1"), {"A day costs at most $16.00"}));
  CHECK(says(shown("budget     ="), {"What the fleet may spend", "A day costs"}));
}

TEST_CASE("hover explains kinds, clauses, edges, sources, outputs, holes and forms") {
  CHECK(says(shown("human ann {"), {"Who decides."}));
  CHECK(says(shown("credential key"), {"A secret's life"}));
  CHECK(says(shown("retry 1"), {"Further attempts"}));
  CHECK(says(shown("accepted\n"), {"Its evidence passed"}));
  CHECK(says(shown("findings to"), {"wants changed"}));
  CHECK(says(shown("diff), second"), {"Everything that a merge of the step"}));
  CHECK(says(shown("{item}", 1, 2), {"The item of the fan-out."}));
  CHECK(says(shown("fanout f"), {"One task for each item."}));
  CHECK(says(shown("until verdict"), {"What ends the loop"}));
  CHECK(says(shown("repo.merge(build"), {"Takes the accepted commits"}));
  CHECK(says(shown("always"), {"dispatch = ephemeral | always", "When the agent runs."}));
  CHECK(says(shown("f in verdict"), {"item of a fan-out"}));
}

TEST_CASE("hover on a mistake explains its code") {
  Edited edited("fleet a v1 {\n  repo = git(\".\", base: main)\n  bud^get = 3\n}\n");
  const auto found = hover(*edited.snapshot, edited.source, edited.offset);
  REQUIRE(found);
  CHECK(says(found->markdown, {"What the fleet may spend"}));
  Edited value("fleet a v1 {\n  repo = git(\".\", base: main)\n  budget = 3^\n}\n");
  const auto problem = hover(*value.snapshot, value.source, value.offset);
  REQUIRE(problem);
  CHECK(says(problem->markdown, {"**F20"}));
}

std::optional<Signature> signature_at(std::string_view from, const std::string& instead) {
  std::string text(kShip);
  text.replace(text.find(from), from.size(), instead);
  Edited edited(text);
  return signature(*edited.snapshot, edited.source, edited.offset);
}

TEST_CASE("a signature shows the form at hand, with the part at the cursor") {
  const std::string_view merge = "merge   = repo.merge(build.branch) after signoff.approved";
  const auto call = signature_at(merge, "merge = repo.merge(build, ^)");
  REQUIRE(call);
  CHECK(call->label.starts_with("repo.merge(STEP"));
  CHECK(call->active == 1);
  const auto agent = signature_at(merge, "merge = backend(^");
  REQUIRE(agent);
  CHECK(agent->label.starts_with("backend(task"));
  CHECK(agent->doc == "Builds what is asked for.");
  const auto fanout = signature_at(merge, "merge = fanout f ^");
  REQUIRE(fanout);
  CHECK(fanout->label.starts_with("fanout X in SOURCE"));
  const auto key = signature_at("answers = 8h", "notify = ^");
  REQUIRE(key);
  CHECK(key->label == "notify = command(\"…\")");
  const auto header = signature_at("human ann {", "human ^ {");
  REQUIRE(header);
  CHECK(header->label.starts_with("human NAME"));
  CHECK_FALSE(signature_at("  load ", "  ^ "));
}

TEST_CASE("a mistake with a help has a fix, and all sound ones are one action") {
  Edited edited(
      "fleet a v1 {\n  repo: git(\".\", base: main)\n  bud^gett = $3/day\n  hooks: on\n}\n");
  const auto found = actions(*edited.snapshot, edited.source, edited.offset, edited.offset);
  const auto fix = std::ranges::find(found, "quickfix", &Action::kind);
  REQUIRE(fix != found.end());
  CHECK(apply(edited.files, fix->edits).at("/w/a.fleet").find("  budget =") != std::string::npos);
  const auto all = std::ranges::find(found, "source.fixAll", &Action::kind);
  REQUIRE(all != found.end());
  const std::string fixed = apply(edited.files, all->edits).at("/w/a.fleet");
  CHECK(fixed ==
        "fleet a v1 {\n  repo = git(\".\", base: main)\n  budget = $3/day\n  hooks = on\n}\n");
}

TEST_CASE("what an agent says can become a role, and means the same") {
  Edited edited = ship_at("review, second");
  const auto found = actions(*edited.snapshot, edited.source, edited.offset, edited.offset);
  const auto extract = std::ranges::find(found, "refactor.extract", &Action::kind);
  REQUIRE(extract != found.end());
  const auto texts = apply(edited.files, extract->edits);
  CHECK(texts.at("/w/a.fleet").find("agent review, second : review_role {}") != std::string::npos);
  const auto after = edited.workspace.imagine(edited.path, texts);
  CHECK(after->diagnostics().empty());
  CHECK(after->plan("ship")->worst.money == edited.snapshot->plan("ship")->worst.money);
}

}  // namespace
}  // namespace fleet::lsp
