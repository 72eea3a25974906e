#include <regex>

#include <catch2/catch.hpp>

#include "dsl/lsp/hierarchy.h"
#include "dsl/lsp/navigate.h"
#include "dsl/lsp/rename.h"
#include "dsl/lsp/symbols.h"
#include "tests/support/edited.h"

namespace fleet::lsp {
namespace {

using testing::Edited;
using testing::ship_at;

std::vector<std::size_t> lines_of(Edited& edited, const std::vector<Target>& targets) {
  std::vector<std::size_t> lines;
  for (const Target& target : targets)
    lines.push_back(edited.line(target.where));
  return lines;
}

std::vector<std::size_t> defined_on(std::string_view at, int occurrence = 1, std::size_t into = 0) {
  Edited edited = ship_at(at, occurrence, into);
  REQUIRE(edited.snapshot->diagnostics().empty());
  return lines_of(edited, definition(*edited.snapshot, edited.source, edited.offset));
}

using Lines = std::vector<std::size_t>;

TEST_CASE("every kind of name leads to its declaration") {
  CHECK(defined_on("sonnet\n") == Lines{14});      // runtime = sonnet
  CHECK(defined_on("core@v4") == Lines{13});       // identity = [core@v4]
  CHECK(defined_on("key]") == Lines{12});          // grants = [key]
  CHECK(defined_on("ann; expires") == Lines{11});  // owner = ann
  CHECK(defined_on("ann within") == Lines{11});    // escalation
  CHECK(defined_on("lead ->") == Lines{23});
  CHECK(defined_on("ship/day") == Lines{29});  // load
  CHECK(defined_on("backend(task)") == Lines{25});
  CHECK(defined_on("task) retry") == Lines{29});  // an argument is the parameter
  CHECK(defined_on("build.diff") == Lines{31});
  CHECK(defined_on("second(build") == Lines{26});
  CHECK(defined_on("fix width") == Lines{27});
  CHECK(defined_on("ann) after") == Lines{11});
  CHECK(defined_on("signoff.approved") == Lines{38});
  CHECK(defined_on("review returns") == Lines{26});
  CHECK(defined_on("merge\n  }") == Lines{39});     // expect = never merge
  CHECK(defined_on("lib.researcher") == Lines{3});  // the alias
}

TEST_CASE("names in a test lead to what they name, wherever they stand") {
  const auto leads_to = [](std::string_view from, const std::string& instead) {
    std::string text(testing::kShip);
    text.replace(text.find(from), from.size(), instead);
    Edited edited(text, {{"/w/roles.fleet", std::string(testing::kRoles)},
                         {"/w/identity/core.md", std::string(testing::kCore)}});
    INFO(instead);
    REQUIRE(edited.snapshot->diagnostics().empty());
    return lines_of(edited, definition(*edited.snapshot, edited.source, edited.offset));
  };
  CHECK(leads_to("= never merge", "= asks a^nn about signoff") == Lines{11});
  CHECK(leads_to("= never merge", "= asks ann about sig^noff within 2h") == Lines{38});
  CHECK(leads_to("= never merge", "= [run.done, mer^ge.merged]") == Lines{39});
  CHECK(leads_to("review returns changes_requested", "mer^ge conflicts") == Lines{39});
  CHECK(leads_to("returns changes_requested", "fails in ver^dict.review") == Lines{32, 36});
  CHECK(leads_to("review returns changes_requested", "sh^ip(\"Say hello\")") == Lines{29});
}

TEST_CASE("a step that a loop binds again has both definitions") {
  CHECK(defined_on("verdict.approved") == Lines{32, 36});
  CHECK(defined_on("verdict.findings") == Lines{32, 36});
}

TEST_CASE("holes lead to the parameter that fills them, in a flow and in a contract") {
  CHECK(defined_on("{task}\" passes", 1, 1) == Lines{29});
  CHECK(defined_on("task/{task}", 1, 6) == Lines{29});
}

TEST_CASE("what is imported leads to its file") {
  Edited role = ship_at("mender   {");
  const auto to_role = definition(*role.snapshot, role.source, role.offset);
  REQUIRE(to_role.size() == 1);
  CHECK(to_role[0].where.path == "/w/roles.fleet");
  CHECK(role.line(to_role[0].where) == 2);

  Edited use = ship_at("roles.fleet");
  const auto to_file = definition(*use.snapshot, use.source, use.offset);
  REQUIRE(to_file.size() == 1);
  CHECK(to_file[0].where == FileSpan{"/w/roles.fleet", 0, 0});

  Edited library = ship_at("builder  {");
  const auto to_library = definition(*library.snapshot, library.source, library.offset);
  REQUIRE(to_library.size() == 1);
  CHECK(to_library[0].where.path == "std/roles/builder.fleet");

  Edited qualified = ship_at("researcher {");
  const auto to_qualified = definition(*qualified.snapshot, qualified.source, qualified.offset);
  REQUIRE(to_qualified.size() == 1);
  CHECK(to_qualified[0].where.path == "std/roles/researcher.fleet");
}

TEST_CASE("an identity leads to its document") {
  for (const char* const at : {"core v4", "identity/core.md"}) {
    Edited edited = ship_at(at);
    const auto targets = definition(*edited.snapshot, edited.source, edited.offset);
    REQUIRE(targets.size() == 1);
    CHECK(targets[0].where.path == "/w/identity/core.md");
  }
  Edited edited = ship_at("key]");
  CHECK(links(*edited.snapshot, edited.source).size() == 4);
}

TEST_CASE("the type of an agent is its role, and of a step its agent") {
  Edited agent = ship_at("fix width");
  const auto role = type_definition(*agent.snapshot, agent.source, agent.offset);
  REQUIRE(role.size() == 1);
  CHECK(role[0].where.path == "/w/roles.fleet");
  Edited step = ship_at("build   =");
  CHECK(lines_of(step, type_definition(*step.snapshot, step.source, step.offset)) == Lines{25});
}

TEST_CASE("a word of the language is nobody's name") {
  for (const char* const at : {"always", "fanout", "until", "approved", "passes", "escalation"})
    CHECK(defined_on(at).empty());
}

TEST_CASE("references are everywhere that the name is said, in all files that read it") {
  Edited edited = ship_at("mender   {");
  std::vector<std::string> places;
  for (const Reference& one :
       references(edited.workspace, *edited.snapshot, edited.source, edited.offset))
    places.push_back(one.where.path + ":" + std::to_string(edited.line(one.where)) +
                     (one.defines ? " defines" : ""));
  CHECK(places ==
        std::vector<std::string>{"/w/a.fleet:2", "/w/a.fleet:27", "/w/roles.fleet:2 defines"});
}

TEST_CASE("references are found from the file that declares the name, too") {
  Edited edited("role men^der {}\n",
                {{"/w/b.fleet", "use \"./a.fleet\" (mender)\nrole other : mender {}\n"},
                 {"/w/c.fleet", "role mender {}\n"}});
  const auto found = references(edited.workspace, *edited.snapshot, edited.source, edited.offset);
  REQUIRE(found.size() == 3);
  CHECK(found[1].where.path == "/w/b.fleet");
}

TEST_CASE("locals of two loops that have one name are two things") {
  const std::string text =
      "fleet a v1 {\n  flow f {\n    x = loop until b.done max 1 { b = r() }\n"
      "    y = loop until b.done max 1 { b^ = r(b) }\n  }\n}\n";
  Edited edited(text);
  CHECK(highlights(*edited.snapshot, edited.source, edited.offset).size() == 2);
}

Renamed renamed(Edited& edited, const std::string& name) {
  return rename(edited.workspace, *edited.snapshot, edited.source, edited.offset, name);
}

TEST_CASE("a parameter is renamed in its flow, its holes and the contracts that it fills") {
  Edited edited = ship_at("task) retry");
  const Renamed result = renamed(edited, "ticket");
  CHECK(result.refusal.empty());
  CHECK(result.edits.size() == 5);
  const std::string text = apply(edited.files, result.edits).at("/w/a.fleet");
  CHECK(text.find("flow ship(ticket) on task.ship") != std::string::npos);
  CHECK(text.find("fix/{ticket}/{round}/{item}") != std::string::npos);
  CHECK(text.find("\"make {ticket}\" passes") != std::string::npos);
}

TEST_CASE("the task of `task.criteria met` is the language's word, and no parameter") {
  Edited edited(
      "fleet a v1 {\n  flow f(ta^sk) {\n    accept = [\"make {task}\" passes, task.criteria met]\n "
      " "
      "}\n}\n");
  const Renamed result = renamed(edited, "ticket");
  CHECK(result.refusal.empty());
  CHECK(apply(edited.files, result.edits).at("/w/a.fleet") ==
        "fleet a v1 {\n  flow f(ticket) {\n    accept = [\"make {ticket}\" passes, task.criteria "
        "met]\n  }\n}\n");
}

TEST_CASE("renaming a step renames all its definitions, edges and outputs") {
  Edited edited = ship_at("verdict.approved");
  const Renamed result = renamed(edited, "opinion");
  CHECK(result.edits.size() == 4);
  CHECK(apply(edited.files, result.edits).at("/w/a.fleet").find("verdict") == std::string::npos);
}

TEST_CASE("a role is renamed in every file that imports it") {
  Edited edited = ship_at("mender   {");
  const auto texts = apply(edited.files, renamed(edited, "mason").edits);
  CHECK(texts.at("/w/roles.fleet") ==
        "/// Mends.\nrole mason { accept = [\"make test\" passes] }\n");
  CHECK(texts.at("/w/a.fleet").find("(mason)") != std::string::npos);
}

TEST_CASE("a name is refused that is none, is taken, or belongs to the language or the library") {
  Edited step = ship_at("build   =");
  for (const char* const name : {"", "1a", "a-b", "after", "verdict", "review", "accept"}) {
    INFO(name);
    const std::string refusal = renamed(step, name).refusal;
    INFO(refusal);
    // The rule, and the place that forbids it.
    CHECK(std::regex_search(refusal, std::regex(R"(\bF\d\d\d\b.*/w/a\.fleet:\d+:\d+)")));
    CHECK(renamed(step, name).edits.empty());
  }
  Edited library = ship_at("builder  {");
  CHECK(renamed(library, "mason").refusal ==
        "`builder` belongs to the standard library, which is part of the compiler "
        "(std/roles/builder.fleet:4:6)");
  Edited word = ship_at("until");
  CHECK(renamed(word, "mason").refusal == "no name of yours stands here");
}

// Renames each thing of the fleet to a new name: whatever was not renamed with it would no longer
// be understood, and whatever was renamed beside it would be.
TEST_CASE("a fleet is as sound after the renaming of any of its names as before") {
  Edited edited = ship_at("ship v1");
  REQUIRE(edited.snapshot->diagnostics().empty());
  std::size_t renamings = 0;
  for (const Mention& mention : edited.snapshot->names().mentions()) {
    const Named& named = edited.snapshot->names().at(mention.named);
    edited.source = mention.span.source;
    edited.offset = mention.span.begin;
    const Renamed result = renamed(edited, "a_new_name");
    if (!result.refusal.empty()) {
      INFO(named.name << ": " << result.refusal);
      const std::string path = edited.snapshot->path_of(named.definitions.front().source);
      CHECK((path.starts_with("std/") || named.kind == NameKind::kTest));
      continue;
    }
    ++renamings;
    const auto texts = apply(edited.files, result.edits);
    const auto after = edited.workspace.imagine(edited.path, texts);
    INFO(named.name);
    CHECK(after->diagnostics().empty());
    REQUIRE(after->model().flows.size() == 1);
    CHECK(after->plan(after->model().flows[0].name) != nullptr);
  }
  CHECK(renamings > 50);
}

TEST_CASE("the outline has declarations, keys and steps, each inside of what holds it") {
  Edited edited = ship_at("ship v1");
  const auto symbols = document_symbols(*edited.snapshot, edited.source);
  REQUIRE(symbols.size() == 1);
  CHECK(symbols[0].name == "ship");
  std::vector<std::string> names;
  for (const DocumentSymbol& child : symbols[0].children)
    names.push_back(child.name);
  CHECK(names == std::vector<std::string>{"repo", "budget", "load", "escalation", "ann", "key",
                                          "core", "sonnet", "defaults", "lead", "backend", "review",
                                          "second", "fix", "ship", "a red review never merges"});
  const DocumentSymbol& flow = symbols[0].children[14];
  REQUIRE(flow.children.size() == 6);
  CHECK(flow.children[3].name == "polish");
  CHECK(flow.children[3].children.size() == 3);
}

TEST_CASE("symbols of the workspace are found by letters in their order") {
  Edited edited = ship_at("ship v1");
  const auto found = workspace_symbols(edited.workspace, "mnd");
  REQUIRE(found.size() == 1);
  CHECK(found[0].name == "mender");
  CHECK(found[0].where.path == "/w/roles.fleet");
  CHECK(workspace_symbols(edited.workspace, "FIX").front().name == "fix");
  CHECK(workspace_symbols(edited.workspace, "").size() > 20);
}

std::vector<std::string> names_of(const std::vector<HierarchyCall>& calls) {
  std::vector<std::string> names;
  for (const HierarchyCall& call : calls)
    names.push_back(call.other.name);
  std::ranges::sort(names);
  return names;
}

using Who = std::vector<std::string>;

TEST_CASE("the hierarchy tells who waits for whom") {
  Edited build = ship_at("build   =");
  REQUIRE(prepare_hierarchy(*build.snapshot, build.source, build.offset).size() == 1);
  CHECK(names_of(incoming(*build.snapshot, build.source, build.offset)) ==
        Who{"gather", "merge", "verdict"});
  CHECK(names_of(outgoing(*build.snapshot, build.source, build.offset)) == Who{"backend"});

  Edited gather = ship_at("gather  =");
  CHECK(names_of(outgoing(*gather.snapshot, gather.source, gather.offset)) ==
        Who{"build", "fixes"});
  CHECK(names_of(incoming(*gather.snapshot, gather.source, gather.offset)) == Who{"verdict"});
  Edited human = ship_at("ann { answers");
  CHECK(names_of(incoming(*human.snapshot, human.source, human.offset)) == Who{"signoff"});
  Edited agent = ship_at("review, second");
  CHECK(names_of(incoming(*agent.snapshot, agent.source, agent.offset)) == Who{"verdict"});
  Edited key = ship_at("key {");
  CHECK(prepare_hierarchy(*key.snapshot, key.source, key.offset).empty());
}

}  // namespace
}  // namespace fleet::lsp
