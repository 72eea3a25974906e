#include "engine/bus/message.h"

#include <catch2/catch.hpp>

namespace fleet::bus {
namespace {

Message sound() {
  return {"run.3.1-ab12",
          "builder",
          "reviewer",
          "the parser",
          1'700'000'000'000'000'000,
          "See `a.cc`.\n\nIt is *done*.\n"};
}

TEST_CASE("a message is the same after it was written and read") {
  Message message = sound();
  CHECK(*decode(encode(message)) == message);
  message.subject = "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80";
  CHECK(*decode(encode(message)) == message);
  message.subject.clear();
  message.text = "Id: another\n\nSize: 3\n";  // what looks like headers is text
  CHECK(*decode(encode(message)) == message);
}

TEST_CASE("a message that is cut or longer anywhere is none") {
  const std::string bytes = encode(sound());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    const auto cut = decode(bytes.substr(0, size));
    REQUIRE_FALSE(cut);
    REQUIRE(cut.error().code() == Errc::kCorrupt);
  }
  CHECK_FALSE(decode(bytes + "x"));
}

TEST_CASE("what can't be a file's name is nobody's name") {
  for (const char* name : {"", ".", "..", ".hidden", "a/b", "a,b", "a b", "a\n", "\xC3\xA4"})
    CHECK_FALSE(is_name(name));
  CHECK_FALSE(is_name(std::string(kMaxName + 1, 'a')));
  CHECK(is_name("run-1.2.3_x"));
}

TEST_CASE("what does not fit into a message is refused with what would") {
  const auto why = [](auto change) {
    Message message = sound();
    change(message);
    const Status status = check_message(message);
    REQUIRE_FALSE(status);
    return status.error().message();
  };
  CHECK(why([](Message& m) { m.to = "../other"; }) ==
        "the receiver of a message has to be 1 to 100 letters, digits, `_`, `-` or `.`");
  CHECK(why([](Message& m) { m.subject = "one\nTo: two"; }) ==
        "the subject of a message has to be one line of printable UTF-8, at most 300 bytes");
  CHECK(why([](Message& m) { m.text.assign(kMaxText + 1, 'x'); }) ==
        "the text of a message has 65537 bytes; it may have 1 to 65536");
  for (const char* text : {"a\x1B[2J", "\x7F", "\xC2\x9B", "\xFF", "\xC3", "\xED\xA0\x80",
                           "\xC0\xAF", "\xF4\x90\x80\x80"})
    CHECK(why([&](Message& m) { m.text = text; }) ==
          "the text of a message has to be UTF-8 without control characters");
  CHECK(why([](Message& m) { m.text.clear(); }) ==
        "the text of a message has 0 bytes; it may have 1 to 65536");
}

}  // namespace
}  // namespace fleet::bus
