#include "dsl/syntax/parse.h"

#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <tao/pegtl/contrib/analyze.hpp>

#include "dsl/base/render.h"
#include "dsl/syntax/grammar.h"
#include "dsl/syntax/tree.h"
#include "tests/support/ast_text.h"
#include "tests/support/golden.h"
#include "tests/support/random_fleet.h"

namespace fleet {
namespace {

using syntax::Node;
using syntax::NodeKind;
using syntax::Tree;

bool inside(const Span& span, std::size_t size) {
  return span.begin <= span.end && span.end <= size;
}

bool is_inside(const Diagnostic& diagnostic, std::size_t size) {
  bool out = inside(diagnostic.primary.span, size);
  for (const Label& label : diagnostic.secondary) {
    out = out && inside(label.span, size);
  }
  for (const Help& help : diagnostic.helps) {
    for (const TextEdit& edit : help.edits) {
      out = out && inside(edit.span, size);
    }
  }
  return out;
}

// Blanks and a byte order mark are all that no leaf covers.
bool is_gap(std::string_view text) {
  return text.find_first_not_of(" \t\r\f\v\xEF\xBB\xBF") == std::string_view::npos;
}

// Checks the promises of tree.h; the empty string if they hold.
std::string broken_promise(const Tree& tree) {
  std::size_t covered = 0;
  const std::vector<Node>& nodes = tree.nodes();
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    std::uint32_t last = node.offset;
    for (const std::uint32_t child : tree.children(i)) {
      if (child <= i || tree.at(child).offset < last || tree.at(child).end() > node.end()) {
        return "node " + std::to_string(i) + " does not hold its child " + std::to_string(child);
      }
      last = tree.at(child).end();
    }
    if (node.first_child == 0 && node.length > 0 && i > 0) {
      if (node.offset < covered || !is_gap(tree.text().substr(covered, node.offset - covered))) {
        return "text is lost before offset " + std::to_string(node.offset);
      }
      covered = node.end();
    }
  }
  return is_gap(tree.text().substr(covered)) ? "" : "text is lost at the end";
}

struct Parsed {
  SourceMap sources;
  DiagnosticSink sink;
  ast::File file;

  explicit Parsed(std::string text) {
    const SourceId id = sources.add("random.fleet", std::move(text));
    file = syntax::parse(sources, id, sink);
  }
};

TEST_CASE("no rule of the grammar can succeed for ever without consuming") {
  CHECK(tao::pegtl::analyze<syntax::grammar::File>() == 0);
}

TEST_CASE("a well-formed file has no message, however it is laid out") {
  CHECK(rc::check([](std::uint32_t seed) {
    const std::string text = testing::RandomFleet(seed).file();
    const Parsed parsed(text);
    if (parsed.sink.has_errors()) {
      RC_FAIL(text + "\n" + render_text(parsed.sink.sorted(), parsed.sources));
    }
  }));
}

TEST_CASE("every text gives a tree that holds all of it, and messages that point into it") {
  const std::vector<std::string> files = golden::list("fleets", "", ".fleet");
  CHECK(rc::check([&](std::uint32_t seed) {
    const std::string sound = seed % 3 == 0 ? golden::read(files[seed / 3 % files.size()])
                                            : testing::RandomFleet(seed).file();
    const std::string text = testing::damaged(sound, seed);
    const Tree tree = syntax::read_tree(text);
    const std::string broken = broken_promise(tree);
    if (!broken.empty()) {
      RC_FAIL(broken + " in\n" + text);
    }
    const Parsed parsed(text);
    for (const Diagnostic& diagnostic : parsed.sink.all()) {
      RC_ASSERT(is_inside(diagnostic, text.size()));
    }
    const std::string shown = render_text(parsed.sink.sorted(), parsed.sources);
    RC_ASSERT(shown.find('\x1b') == std::string::npos);
    RC_ASSERT(parsed.sink.all().size() <= 101U);
    // A node that stands for a mistake never goes without a message.
    const bool has_mistake =
        std::any_of(tree.nodes().begin(), tree.nodes().end(), [](const Node& node) {
          return node.kind >= NodeKind::kUnexpected || node.kind == NodeKind::kStray ||
                 node.kind == NodeKind::kForeign;
        });
    if (has_mistake && !parsed.sink.has_errors()) {
      RC_FAIL("a mistake goes unreported in\n" + text);
    }
  }));
}

TEST_CASE("no mistake is reported twice at one place") {
  CHECK(rc::check([](std::uint32_t seed) {
    const Parsed parsed(testing::damaged(testing::RandomFleet(seed).file(), seed));
    RC_ASSERT(parsed.sink.sorted().size() == parsed.sink.all().size());
  }));
}

TEST_CASE("random bytes are no worse than damaged text") {
  CHECK(rc::check([](const std::string& bytes) {
    const Tree tree = syntax::read_tree(bytes);
    RC_ASSERT(broken_promise(tree).empty());
    const Parsed parsed(bytes);
    for (const Diagnostic& diagnostic : parsed.sink.all()) {
      RC_ASSERT(is_inside(diagnostic, bytes.size()));
    }
  }));
}

}  // namespace
}  // namespace fleet
