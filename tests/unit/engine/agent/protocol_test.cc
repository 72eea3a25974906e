// Lines of the sessions' socket: what is understood, and what is refused with which words.
#include "engine/agent/protocol.h"

#include <catch2/catch.hpp>

using namespace fleet;
using namespace fleet::agent;

namespace {

Request request_of(Verb verb, Arguments with) {
  return {"7", "secret", verb, std::move(with)};
}

std::string error_of(std::string_view line) {
  const auto request = decode_request(line);
  return request ? "none" : request.error().message();
}

}  // namespace

TEST_CASE("a request comes back as it was") {
  const Request request = request_of(Verb::kFinding, {{"title", "a \"quoted\" \xC3\xA9 title"},
                                                      {"line", "12"},
                                                      {"path", "src/a.c"},
                                                      {"detail", "two\nlines"}});
  const std::string line = encode(request);
  CHECK(line.find('\n') == std::string::npos);
  const auto decoded = decode_request(line);
  REQUIRE(decoded);
  CHECK(*decoded == request);
}

TEST_CASE("a number may be written as one") {
  const auto request = decode_request(
      R"({"id":"1","token":"t","verb":"finding","with":{"title":"x","path":"a","line":12}})");
  REQUIRE(request);
  CHECK(request->with.at("line") == "12");
}

TEST_CASE("a reply comes back as it was, refused or not") {
  const Reply good{"9", Fault::kNone, "text\nof two lines", R"({"id":"f-1"})"};
  const auto decoded = decode_reply(encode(good));
  REQUIRE(decoded);
  CHECK(*decoded == good);
  for (const Fault fault : {Fault::kMalformed, Fault::kDenied, Fault::kRefused, Fault::kStopping}) {
    const auto refused = decode_reply(encode(refusal("9", fault, "why")));
    REQUIRE(refused);
    CHECK(*refused == refusal("9", fault, "why"));
  }
}

TEST_CASE("what is no request is refused with what is wrong about it") {
  const std::string head = R"({"id":"1","token":"t",)";
  CHECK(error_of("") == "not JSON");
  CHECK(error_of("[]") == "not a JSON object");
  CHECK(error_of("{\"id\":\"1\xFF\"}") == "not JSON");
  CHECK(error_of(R"({"id":"1","id":"2"})") == "a key is given twice");
  CHECK(error_of(head + R"("verb":"task","with":{"a":{"b":[]}}})") == "nested deeper than 2");
  CHECK(error_of(head + R"("verb":"task","with":{},"extra":1})") == "`extra` is no key of it");
  CHECK(error_of(R"({"id":1,"token":"t","verb":"task","with":{}})") ==
        "`id` must be there, as a string");
  CHECK(error_of(head + R"("verb":"merge","with":{}})") == "`merge` is no verb");
  CHECK(error_of(head + R"("verb":"task"})") == "`with` must be there");
  CHECK(error_of(head + R"("verb":"task","with":{"x":"y"}})") == "task has no `x`");
  CHECK(error_of(head + R"("verb":"finding","with":{}})") == "finding needs `title`");
  CHECK(error_of(head + R"("verb":"finding","with":{"title":true}})") ==
        "`title` must be a string or a number");
  CHECK(error_of(head + R"("verb":"finding","with":{"title":"a\nb"}})") ==
        "`title` of finding has more than one line");
  CHECK(error_of(head + R"("verb":"finding","with":{"title":"a","line":-1}})") ==
        "`line` must be a string or a number");
  CHECK(error_of(head + R"("verb":"finding","with":{"title":"a","line":4294967296}})") ==
        "`line` of finding must be a number up to 2147483647");
  CHECK(error_of(head + R"("verb":"verdict","with":{"verdict":"maybe"}})") ==
        "`verdict` of verdict must be one of approved, changes_requested");
  CHECK(error_of(head + R"("verb":"done","with":{"summary":"a\u0000b"}})") ==
        "`summary` of done has a NUL byte");
  CHECK(error_of(head + R"("verb":"checkpoint","with":{"text":")" + std::string(kMaxNote + 1, 'x') +
                 "\"}}") == "`text` of checkpoint has 131073 bytes; it may have 131072");
}

TEST_CASE("a document of nothing but brackets costs no more than its length") {
  CHECK(error_of(std::string(kMaxRequest, '[')) == "nested deeper than 2");
}

TEST_CASE("secrets are equal only when all of them is") {
  CHECK(same_secret("abc", "abc"));
  CHECK_FALSE(same_secret("abc", "abd"));
  CHECK_FALSE(same_secret("abc", "ab"));
  CHECK_FALSE(same_secret("abcabc", "abc"));
  CHECK_FALSE(same_secret("", "abc"));
  CHECK_FALSE(same_secret("abc", ""));
  CHECK(same_secret("", ""));
}

TEST_CASE("every verb's own parameters pass its own check") {
  for (const VerbInfo& verb : verbs()) {
    CHECK(find_verb(verb.name) == &verb);
    CHECK(&info_of(verb.verb) == &verb);
    Arguments with;
    for (const Parameter& parameter : verb.parameters) {
      CHECK(parameter.max_bytes > 0);
      std::string value = "x";
      if (parameter.kind == Parameter::Kind::kNumber)
        value = "1";
      if (!parameter.words.empty())
        value = parameter.words.front();
      with[std::string(parameter.name)] = value;
    }
    CHECK(check_arguments(verb, with));
  }
}
