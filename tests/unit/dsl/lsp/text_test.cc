#include <catch2/catch.hpp>

#include "dsl/lsp/files.h"
#include "dsl/lsp/frame.h"
#include "dsl/lsp/inbox.h"
#include "dsl/lsp/layout_edits.h"
#include "dsl/lsp/position.h"
#include "dsl/lsp/uri.h"
#include "tests/support/edited.h"

namespace fleet::lsp {
namespace {

using testing::MemoryDisk;

TEST_CASE("a position counts UTF-16 units or bytes, and finds its offset again") {
  const std::string text = "a\xC3\xA9\xF0\x9F\x9A\x80z\n\xE2\x82\xAC!";  // aé🚀z, €!
  const LineTable lines(text);
  CHECK(lines.position(text, 3, Encoding::kUtf16) == Position{0, 2});
  CHECK(lines.position(text, 7, Encoding::kUtf16) == Position{0, 4});
  CHECK(lines.position(text, 7, Encoding::kUtf8) == Position{0, 7});
  for (const Encoding encoding : {Encoding::kUtf8, Encoding::kUtf16}) {
    for (const std::uint32_t offset : {0U, 1U, 3U, 7U, 8U, 9U, 12U, 13U})
      CHECK(lines.offset(text, lines.position(text, offset, encoding), encoding) == offset);
  }
}

TEST_CASE(
    "a position inside of a character, past a line or past the text is moved to where one is") {
  const std::string text = "\xF0\x9F\x9A\x80z\nab";
  const LineTable lines(text);
  CHECK(lines.offset(text, {0, 1}, Encoding::kUtf16) == 0);
  CHECK(lines.offset(text, {0, 3}, Encoding::kUtf8) == 0);
  CHECK(lines.offset(text, {0, 99}, Encoding::kUtf16) == 5);
  CHECK(lines.offset(text, {7, 0}, Encoding::kUtf16) == text.size());
  CHECK(lines.position(text, 2, Encoding::kUtf16) == Position{0, 0});
  CHECK(lines.position(text, 99, Encoding::kUtf16) == Position{1, 2});
}

TEST_CASE("a line ends with a line feed, a carriage return, or both") {
  const std::string text = "a\r\nb\rc\nd";
  const LineTable lines(text);
  REQUIRE(lines.line_count() == 4);
  CHECK(lines.line(text, 0) == "a");
  CHECK(lines.line(text, 1) == "b");
  CHECK(lines.offset(text, {0, 9}, Encoding::kUtf16) == 1);
  CHECK(lines.offset(text, {3, 1}, Encoding::kUtf16) == 8);
}

TEST_CASE("a path and its URI are each other's") {
  const std::string path = "/home/a b/\xC3\xA9%#?.fleet";
  CHECK(uri_of_path(path) == "file:///home/a%20b/%C3%A9%25%23%3F.fleet");
  CHECK(path_of_uri(uri_of_path(path)) == path);
  CHECK(path_of_uri("file:///c%3A/x/../y.fleet") == "/c:/y.fleet");
  CHECK(path_of_uri("untitled:Untitled-1") == "untitled:Untitled-1");
  CHECK(path_of_uri("file:///a%00b") == "file:///a%00b");
}

TEST_CASE("frames come whole however the bytes are cut") {
  const std::string bytes = framed("{\"a\":1}") + "content-length: 2\r\nContent-Type: x\r\n\r\n{}";
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    FrameReader reader;
    std::vector<std::string> bodies;
    for (std::size_t at = 0; at < bytes.size(); at += cut) {
      reader.feed(std::string_view(bytes).substr(at, cut));
      while (auto body = reader.next())
        bodies.push_back(*body);
    }
    CHECK(bodies == std::vector<std::string>{"{\"a\":1}", "{}"});
    CHECK(reader.take_malformed() == 0);
  }
}

TEST_CASE("what is no frame is skipped, and the next one is read") {
  for (const std::string junk :
       {"nonsense\r\n\r\n", "Content-Length: -4\r\n\r\n", "Content-Length: x\r\n\r\n",
        "Content-Length: 3\r\nContent-Length: 3\r\n\r\n", "Content-Type: y\r\n\r\nabc"}) {
    INFO(junk);
    FrameReader reader;
    reader.feed(junk + framed("{}"));
    CHECK(reader.next() == "{}");
    CHECK(reader.take_malformed() > 0);
  }
}

TEST_CASE("a message that is too large is skipped without being kept") {
  FrameReader reader;
  const std::size_t size = kMaxMessage + 1;
  reader.feed("Content-Length: " + std::to_string(size) + "\r\n\r\n");
  CHECK_FALSE(reader.next());
  const std::string piece(1U << 20U, 'x');
  std::size_t left = size;
  while (left > 0) {
    const std::size_t some = std::min(left, piece.size());
    reader.feed(std::string_view(piece).substr(0, some));
    left -= some;
  }
  reader.feed(framed("{}"));
  CHECK(reader.next() == "{}");
  CHECK(reader.take_malformed() == 1);
}

TEST_CASE("an endless header is no frame, and no memory") {
  FrameReader reader;
  for (int i = 0; i < 100; ++i) {
    reader.feed(std::string(1000, 'h'));
    CHECK_FALSE(reader.next());
  }
  CHECK(reader.take_malformed() > 0);
}

TEST_CASE(
    "an open document hides the file, with each change at its range, and closing shows it again") {
  MemoryDisk disk;
  disk.texts["/w/a.fleet"] = "disk";
  Files files(disk);
  const std::string before = files.stamp("/w/a.fleet");
  files.open("/w/a.fleet", {"file:///w/a.fleet", 1, "one\ntwo\n"});
  CHECK(files.read("/w/a.fleet").text == "one\ntwo\n");
  CHECK(
      files.change("/w/a.fleet", 2,
                   {{false, {{0, 0}, {0, 3}}, "\xF0\x9F\x9A\x80"}, {false, {{0, 2}, {1, 3}}, "!"}},
                   Encoding::kUtf16));
  CHECK(files.read("/w/a.fleet").text == "\xF0\x9F\x9A\x80!\n");
  CHECK(files.document("/w/a.fleet")->version == 2);
  CHECK(files.stamp("/w/a.fleet") != before);
  CHECK_FALSE(files.change("/w/other.fleet", 1, {}, Encoding::kUtf16));
  files.close("/w/a.fleet");
  CHECK(files.read("/w/a.fleet").text == "disk");
  CHECK(files.stamp("/w/a.fleet") == before);
}

TEST_CASE("a range that ends before it begins inserts at its beginning") {
  MemoryDisk disk;
  Files files(disk);
  files.open("/w/a.fleet", {"file:///w/a.fleet", 1, "abc"});
  files.change("/w/a.fleet", 2, {{false, {{0, 2}, {0, 1}}, "X"}}, Encoding::kUtf16);
  CHECK(files.read("/w/a.fleet").text == "abXc");
}

TEST_CASE("a cancellation is known before the messages that came earlier are handled") {
  Inbox inbox;
  inbox.push(R"({"id":7,"method":"textDocument/hover"})");
  inbox.push(R"({"method":"$/cancelRequest","params":{"id":7}})");
  inbox.push(R"({"method":"$/cancelRequest","params":{"id":"x"}})");
  CHECK(inbox.is_cancelled("7"));
  CHECK(inbox.is_cancelled("\"x\""));
  CHECK_FALSE(inbox.is_cancelled("8"));
  CHECK(inbox.pop(std::chrono::milliseconds(0)).body.has_value());
  CHECK_FALSE(inbox.pop(std::chrono::milliseconds(0)).body.has_value());
  CHECK_FALSE(inbox.is_cancelled("7"));
  inbox.close();
  CHECK(inbox.pop(std::chrono::milliseconds(0)).closed);
}

std::string applied(std::string text, std::vector<TextChange> changes) {
  for (auto change = changes.rbegin(); change != changes.rend(); ++change)
    text.replace(change->begin, change->end - change->begin, change->text);
  return text;
}

TEST_CASE("layout changes only the lines that are laid out wrongly") {
  const std::string text = "fleet a v1 {\n  repo = git(\".\", base: main)\n\n\n  hooks   = on\n}\n";
  const std::vector<TextChange> changes = layout_edits(text);
  REQUIRE_FALSE(changes.empty());
  CHECK(applied(text, changes) ==
        "fleet a v1 {\n  repo = git(\".\", base: main)\n\n  hooks = on\n}\n");
  CHECK(changes.front().begin > text.find("main"));
  CHECK(layout_edits(applied(text, changes)).empty());
}

TEST_CASE("what can't be parsed keeps its layout") {
  CHECK(layout_edits("fleet a {\n   x =\n").empty());
}

TEST_CASE("layout of a range leaves the other lines alone") {
  const std::string text = "fleet a v1 {\n    hooks = on\n\n  repo = git(\".\",base: main)\n}\n";
  const auto begin = static_cast<std::uint32_t>(text.find("repo"));
  const std::string done = applied(text, layout_edits(text, begin, begin + 1));
  CHECK(done == "fleet a v1 {\n    hooks = on\n\n  repo = git(\".\", base: main)\n}\n");
}

}  // namespace
}  // namespace fleet::lsp
