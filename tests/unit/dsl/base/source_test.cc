#include "dsl/base/source.h"

#include <catch2/catch.hpp>

namespace fleet {
namespace {

TEST_CASE("lines and columns count from one, columns in code points, bytes and UTF-16 units") {
  const Source source("a.fleet", "ab\né😀x\n");
  const LineColumn x = source.locate(9);
  CHECK(x.line == 2);
  CHECK(x.column == 3);
  CHECK(x.byte_column == 7);
  CHECK(x.utf16_column == 4);
  CHECK(source.locate(0).column == 1);
  CHECK(source.locate(2).column == 3);
  CHECK(source.locate(3).line == 2);
}

TEST_CASE("an offset past the end is the end, one inside a character is the character's column") {
  const Source source("a.fleet", "x\n😀");
  CHECK(source.locate(1000).line == 2);
  CHECK(source.locate(1000).column == 2);
  CHECK(source.locate(4).column == 1);
}

TEST_CASE("a byte that is no UTF-8 is one column wide") {
  const Source source("a.fleet", "\xff\xc3\x28\xe2\x82");
  CHECK(source.locate(5).column == 6);
}

TEST_CASE("a line comes without its line end, also a Windows one, and a missing line is empty") {
  const Source source("a.fleet", "one\r\ntwo\n");
  CHECK(source.line_count() == 3);
  CHECK(source.line(1) == "one");
  CHECK(source.line(2) == "two");
  CHECK(source.line(3).empty());
  CHECK(source.line(4).empty());
  CHECK(source.line(0).empty());
  CHECK(source.line_start(2) == 5);
  CHECK(source.line_start(9) == 9);
}

TEST_CASE("a source map keeps references while it grows, and cuts spans to the text") {
  SourceMap sources;
  const SourceId first = sources.add("a", "alpha");
  const Source& kept = sources.get(first);
  for (int i = 0; i < 100; ++i) {
    sources.add("b", "beta");
  }
  CHECK(kept.text() == "alpha");
  CHECK(sources.text({first, 1, 3}) == "lp");
  CHECK(sources.text({first, 3, 99}) == "ha");
  CHECK(sources.text({first, 99, 3}).empty());
  CHECK(cover({first, 1, 2}, {first, 4, 5}) == Span{first, 1, 5});
}

TEST_CASE("a byte order mark is in no line and takes no column") {
  const Source source("m.fleet",
                      "\xEF\xBB\xBF"
                      "ab\ncd");
  CHECK(source.line(1) == "ab");
  CHECK(source.line_start(1) == 3);
  for (const std::uint32_t inside : {0u, 1u, 2u, 3u}) {
    CHECK(source.locate(inside).line == 1);
    CHECK(source.locate(inside).column == 1);
    CHECK(source.locate(inside).byte_column == 1);
  }
  CHECK(source.locate(4).column == 2);
  CHECK(source.locate(6).line == 2);
  CHECK(source.locate(6).column == 1);
  CHECK(Source("only.fleet", "\xEF\xBB\xBF").locate(9).column == 1);
}

}  // namespace
}  // namespace fleet
