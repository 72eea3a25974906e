// The standard library: all of it is documented, and all of it is used by a fleet that compiles.
#include <catch2/catch.hpp>

#include "dsl/driver/stdlib_files.h"
#include "dsl/syntax/parse.h"
#include "tests/support/golden.h"

namespace fleet {
namespace {

template <class Visit>
void each_declaration(const Visit& visit) {
  for (const StdlibFile& file : stdlib_files()) {
    SourceMap sources;
    DiagnosticSink sink;
    const SourceId source = sources.add(std::string(file.path), std::string(file.text));
    const ast::File tree = syntax::parse(sources, source, sink);
    INFO(file.path);
    CHECK(sink.all().empty());
    for (const ast::Body::Item& item : tree.body.items) {
      REQUIRE(item.block);
      visit(file, *item.block, tree.doc);
    }
  }
}

}  // namespace

TEST_CASE("every role and pattern of the standard library says what it is for") {
  each_declaration([](const StdlibFile& file, const ast::Block& block, const std::string& doc) {
    INFO(file.path);
    CHECK((!block.doc.empty() || !doc.empty()));
    CHECK(file.path.find("/" + block.names.front().text + ".fleet") != std::string_view::npos);
  });
}

TEST_CASE("the fleet that shows the standard library uses all of it") {
  std::string text;
  for (const std::string& path : golden::list("plan", "", ".fleet")) {
    if (path.ends_with("/stdlib.fleet"))
      text = golden::read(path);
  }
  REQUIRE_FALSE(text.empty());
  each_declaration([&](const StdlibFile&, const ast::Block& block, const std::string&) {
    const std::string& name = block.names.front().text;
    INFO(name);
    const bool role = block.kind.text == "role";
    CHECK(text.find(role ? ": " + name : "= " + name + "(") != std::string::npos);
  });
}

}  // namespace fleet
