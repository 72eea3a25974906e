#include "dsl/format/format.h"

#include <rapidcheck.h>

#include <catch2/catch.hpp>

#include "dsl/syntax/parse.h"
#include "dsl/syntax/tree.h"
#include "tests/support/ast_text.h"
#include "tests/support/golden.h"
#include "tests/support/random_fleet.h"

namespace fleet {
namespace {

std::optional<std::string> formatted(const std::string& text) {
  SourceMap sources;
  return format(sources, sources.add("random.fleet", text));
}

std::string meaning(const std::string& text) {
  SourceMap sources;
  DiagnosticSink sink;
  const ast::File file = syntax::parse(sources, sources.add("random.fleet", text), sink);
  return testing::ast_text(file);
}

// The comments in their order, without the blanks at their ends.
std::string comments(const std::string& text) {
  const syntax::Tree tree = syntax::read_tree(text);
  std::string out;
  for (std::uint32_t i = 0; i < tree.nodes().size(); ++i) {
    const syntax::NodeKind kind = tree.at(i).kind;
    if (kind == syntax::NodeKind::kComment || kind == syntax::NodeKind::kDoc) {
      const std::string_view comment = tree.text(i);
      out += comment.substr(0, comment.find_last_not_of(" \t\r") + 1);
      out += "\n";
    }
  }
  return out;
}

void check_layout(const std::string& text) {
  const std::optional<std::string> once = formatted(text);
  if (!once) {
    return;
  }
  const std::optional<std::string> twice = formatted(*once);
  if (!twice) {
    RC_FAIL("the layout has errors:\n" + *once + "\nof\n" + text);
  }
  if (*once != *twice) {
    RC_FAIL("the layout is not final:\n" + *once + "\nbecomes\n" + *twice);
  }
  if (meaning(text) != meaning(*once)) {
    RC_FAIL("the meaning changed:\n" + text + "\nbecomes\n" + *once);
  }
  if (comments(text) != comments(*once)) {
    RC_FAIL("comments changed:\n" + text + "\nbecomes\n" + *once);
  }
  RC_ASSERT(once->find("\n\n\n") == std::string::npos || once->find("\"\"\"") != std::string::npos);
}

TEST_CASE("a layout is final, means the same and keeps every comment") {
  CHECK(rc::check([](std::uint32_t seed) {
    const std::string text = testing::RandomFleet(seed).file();
    RC_ASSERT(formatted(text).has_value());
    check_layout(text);
  }));
}

TEST_CASE("so it is for the fleets that define the language, with harmless damage") {
  const std::vector<std::string> files = golden::list("fleets", "", ".fleet");
  CHECK(rc::check([&](std::uint32_t seed) {
    check_layout(testing::damaged(golden::read(files[seed % files.size()]), seed));
  }));
}

}  // namespace
}  // namespace fleet
