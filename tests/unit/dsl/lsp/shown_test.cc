// What the editor shows of a text by itself: inlays, lenses, colours, folds, selections.
#include <catch2/catch.hpp>

#include "dsl/lsp/inlays.h"
#include "dsl/lsp/lenses.h"
#include "dsl/lsp/ranges.h"
#include "dsl/lsp/tokens.h"
#include "dsl/syntax/tree.h"
#include "tests/support/edited.h"

namespace fleet::lsp {
namespace {

using testing::Edited;
using testing::kShip;
using testing::ship_at;

std::string labels_on(Edited& edited, std::string_view line_with) {
  const std::size_t at = edited.text().find(line_with);
  const std::size_t begin = edited.text().rfind('\n', at) + 1;
  const std::size_t end = edited.text().find('\n', at);
  std::string all;
  for (const Inlay& one : inlays(*edited.snapshot, edited.source, static_cast<std::uint32_t>(begin),
                                 static_cast<std::uint32_t>(end)))
    all += (all.empty() ? "" : " | ") + one.label;
  return all;
}

TEST_CASE("inlays show the worst case of steps, flow and day, and the spawn decision") {
  Edited edited = ship_at("ship v1");
  CHECK(labels_on(edited, "build   =") == "at most $2.00 = 2 × $1.00");
  CHECK(labels_on(edited, "flow ship") == "at most $14.00 a run");
  CHECK(labels_on(edited, "budget     =") == "at most $16.00 a day");
  const std::string fixes = labels_on(edited, "fixes   =");
  CHECK(fixes.starts_with("at most $6.00 = 2 × 3 × $1.00 · "));
  CHECK(labels_on(edited, "merge   =").empty());
}

TEST_CASE("inlays show what an agent inherits, and nothing of what it says itself") {
  Edited edited = ship_at("ship v1");
  const std::string backend = labels_on(edited, "agent backend");
  CHECK(backend.find("runtime = sonnet") != std::string::npos);
  CHECK(backend.find("writes") == std::string::npos);
  CHECK(labels_on(edited, "agent lead").find("budget") == std::string::npos);
}

TEST_CASE("a fleet with mistakes shows no costs, and still what is inherited") {
  std::string text(kShip);
  text.replace(text.find("= never merge"), 13, "= never merges");
  Edited edited(text, {{"/w/roles.fleet", std::string(testing::kRoles)}});
  CHECK(labels_on(edited, "build   =").empty());
  CHECK(labels_on(edited, "agent backend").find("runtime = sonnet") != std::string::npos);
}

TEST_CASE("a budget that does not reach is shown beside what would") {
  std::string text(kShip);
  text.replace(text.find("$40/day"), 7, "$4/day");
  Edited edited(text, {{"/w/roles.fleet", std::string(testing::kRoles)},
                       {"/w/identity/core.md", std::string(testing::kCore)}});
  CHECK(labels_on(edited, "budget     =") == "at most $16.00 a day");
}

TEST_CASE("lenses count uses in all files, and offer graph, simulation, cost and test") {
  Edited edited = ship_at("ship v1");
  std::vector<std::string> titles;
  for (const Lens& lens : lenses(edited.workspace, *edited.snapshot, edited.source))
    titles.push_back(lens.argument + ": " + lens.title);
  const auto has = [&](const char* one) {
    return std::ranges::find(titles, one) != titles.end();
  };
  CHECK(has("ann: 3 uses"));
  CHECK(has("backend: 1 use"));
  CHECK(has("ship: graph"));
  CHECK(has("ship: plan"));
  CHECK(has("a red review never merges: run test"));
  CHECK(has("ship: at most $14.00 a run"));
  const auto roles = edited.workspace.snapshot("/w/roles.fleet");
  const auto of_roles = lenses(edited.workspace, *roles, roles->main_source());
  REQUIRE(of_roles.size() == 1);
  CHECK(of_roles[0].title == "2 uses");
}

std::optional<TokenKind> kind_of(const std::vector<Token>& all, std::size_t at) {
  for (const Token& one : all) {
    if (one.begin == at)
      return one.kind;
  }
  return std::nullopt;
}

TEST_CASE("tokens tell a step from an agent, an edge from a clause, a hole from its string") {
  Edited edited = ship_at("ship v1");
  const std::vector<Token> all = tokens(*edited.snapshot, edited.source);
  const auto at = [&](std::string_view text, std::size_t into = 0) {
    return kind_of(all, edited.text().find(text) + into);
  };
  CHECK(at("backend(task)") == TokenKind::kClass);
  CHECK(at("build.diff") == TokenKind::kMethod);
  CHECK(at("approved max") == TokenKind::kEvent);
  CHECK(at("retry 1") == TokenKind::kKeyword);
  CHECK(at("mender   {") == TokenKind::kInterface);
  CHECK(at("task/{task}", 6) == TokenKind::kParameter);
  CHECK(at("$40/day") == TokenKind::kNumber);
  CHECK(at("budget     =") == TokenKind::kProperty);
  CHECK(at("/// Builds") == TokenKind::kComment);
  CHECK(at("agent lead") == TokenKind::kKeyword);
}

TEST_CASE("tokens are in order, apart, inside of the text and of one line") {
  Edited edited(
      "/// \"\"\"\nrole a { brief = \"\"\"\n  two {x}\n  lines\n\"\"\"; b = \"open\n}\r\n");
  for (const Edited& one : {edited}) {
    std::uint32_t last = 0;
    for (const Token& token : tokens(*one.snapshot, one.source)) {
      CHECK(token.begin >= last);
      CHECK(token.end > token.begin);
      last = token.end;
      CHECK(one.text().substr(token.begin, token.end - token.begin).find('\n') ==
            std::string_view::npos);
    }
    CHECK(last <= one.text().size());
  }
}

TEST_CASE("blocks, lists, comments and imports fold") {
  const std::string text =
      "use std.a (b)\nuse std.c (d)\n\n// one\n// two\nfleet a {\n  x = [\n    1,\n  ]\n}\n";
  const syntax::Tree tree = syntax::read_tree(text);
  std::vector<std::string> begins;
  for (const Fold& fold : folds(tree))
    begins.push_back(text.substr(fold.begin, 3));
  CHECK(begins == std::vector<std::string>{"use", "// ", "{\n ", "[\n "});
}

TEST_CASE("a selection grows from the word to its value, statement, block and file") {
  const std::string text = "fleet a {\n  x = f(abc, 2)\n}\n";
  const syntax::Tree tree = syntax::read_tree(text);
  std::vector<std::string> around;
  for (const Stretch& one : selections(tree, static_cast<std::uint32_t>(text.find("bc"))))
    around.push_back(text.substr(one.begin, one.end - one.begin));
  CHECK(around.front() == "abc");
  CHECK(around.back() == text);
  for (const char* const wanted : {"abc, 2", "(abc, 2)", "f(abc, 2)", "x = f(abc, 2)"})
    CHECK(std::ranges::find(around, wanted) != around.end());
  for (std::size_t i = 1; i < around.size(); ++i)
    CHECK(around[i].size() > around[i - 1].size());
}

}  // namespace
}  // namespace fleet::lsp
