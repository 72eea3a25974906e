#include "dsl/plan/codec.h"

#include <catch2/catch.hpp>

#include "tests/unit/dsl/plan/sample_plans.h"

namespace fleet::plan {
namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

// The error of hello's JSON after one change.
std::string error_after(const std::string& from, const std::string& to) {
  const DecodedPlan decoded = from_json(replaced(to_json(hello_plan()), from, to));
  CHECK_FALSE(decoded.plan);
  return decoded.error.substr(0, decoded.error.find(" (at byte"));
}

}  // namespace

TEST_CASE("a plan survives its JSON, and the JSON its plan") {
  for (const Plan& plan : {hello_plan(), ship_plan(), Plan{}}) {
    const std::string json = to_json(plan);
    const DecodedPlan decoded = from_json(json);
    CHECK(decoded.error.empty());
    REQUIRE(decoded.plan);
    CHECK(*decoded.plan == plan);
    CHECK(to_json(*decoded.plan) == json);
  }
}

TEST_CASE("the canonical JSON has a fixed key order, no white space and no empty fields") {
  Plan plan;
  plan.fleet = "f";
  plan.flow = "main";
  plan.repo = {".", "main"};
  CHECK(to_json(plan) ==
        R"({"format":1,"fleet":"f","flow":"main","repo":{"path":".","base":"main"},)"
        R"("agents":[],"nodes":[],"worst":{}})");
}

TEST_CASE("every byte string survives, in JSON that is UTF-8") {
  Plan plan;
  for (int byte = 0; byte < 256; ++byte) {
    plan.fleet += static_cast<char>(byte);
    plan.protect.push_back(std::string(1, static_cast<char>(byte)) + "é\xF0\x9F\x98\x80");
  }
  plan.protect.insert(plan.protect.end(),
                      {"\xED\xA0\x80", "\xC0\xAF", "\xF5\x80\x80\x80", "\xE2\x82", "\xEF\xBF\xBF"});
  const std::string json = to_json(plan);
  const DecodedPlan decoded = from_json(json);
  REQUIRE(decoded.plan);
  CHECK(*decoded.plan == plan);
  CHECK(json.find("\\udcff") != std::string::npos);
}

TEST_CASE("escapes of other writers are read") {
  const std::string json = replaced(to_json(hello_plan()), "\"fleet\":\"hello\"",
                                    " \"fleet\" : \"\\u0068\\/\\ud83d\\ude00\\t\" ");
  const DecodedPlan decoded = from_json(json + "\n");
  REQUIRE(decoded.plan);
  CHECK(decoded.plan->fleet == "h/😀\t");
}

TEST_CASE("keys may come in any order") {
  const std::string json = replaced(to_json(hello_plan()), "\"format\":1,\"fleet\":\"hello\"",
                                    "\"fleet\":\"hello\",\"format\":1");
  const DecodedPlan decoded = from_json(json);
  REQUIRE(decoded.plan);
  CHECK(*decoded.plan == hello_plan());
}

TEST_CASE("what is wrong with a plan's JSON is said with its place") {
  CHECK(error_after("\"kind\":\"merge\"", "\"kind\":\"merge\",\"color\":1") ==
        "$.nodes[1].color: this key is not known");
  CHECK(error_after("\"kind\":\"merge\"", "\"kind\":\"merge\",\"kind\":\"run\"") ==
        "$.nodes[1].kind: this key is given twice");
  CHECK(error_after("\"kind\":\"merge\",", "") == "$.nodes[1]: the key \"kind\" is missing");
  CHECK(error_after("\"kind\":\"merge\"", "\"kind\":\"murge\"") ==
        "$.nodes[1].kind: must be one of task, fanout, run, merge, all, any, human, "
        "loop, last");
  CHECK(error_after("\"width\":8", "\"width\":\"8\"") ==
        "$.nodes[0].fanout.width: expected an integer, found a string");
  CHECK(error_after("\"width\":8", "\"width\":4294967296") ==
        "$.nodes[0].fanout.width: is out of range, at most 4294967295");
  CHECK(error_after("\"width\":8", "\"width\":-1") ==
        "$.nodes[0].fanout.width: must not be negative");
  CHECK(error_after("\"width\":8", "\"width\":8.0") ==
        "$.nodes[0].fanout.width: must be an integer");
  CHECK(error_after("\"width\":8", "\"width\":08") ==
        "$.nodes[0].fanout.width: a number may not begin with 0");
  CHECK(error_after("\"width\":8", "\"width\":null") ==
        "$.nodes[0].fanout.width: expected an integer, found null");
  CHECK(error_after("\"est_ms\":2000", "\"est_ms\":99999999999999999999") ==
        "$.nodes[0].fanout.est_ms: is out of range, at most 9223372036854775807");
  CHECK(error_after("\"sandboxed\":true", "\"sandboxed\":1") ==
        "$.nodes[0].sandboxed: expected a boolean, found a number");
  CHECK(error_after("{\"hole\":\"item\"}", "{\"hale\":\"item\"}") ==
        "$.agents[0].runtime.command.argv[2][0]: a hole has the one key \"hole\"");
  CHECK(error_after("\"after\":[{", "\"after\":[[{") ==
        "$.nodes[1].after[0]: expected an object, found an array");
  CHECK(error_after("hello", "he\nllo") == "$.fleet: a control character in a string");
  CHECK(error_after("hello", "he\xFFllo") == "$.fleet: a string that is not UTF-8");
  CHECK(error_after("hello", "he\\ud800llo") == "$.fleet: half of a surrogate pair in a string");
  CHECK(error_after("hello", "he\\qllo") == "$.fleet: an unknown escape in a string");
  CHECK(error_after("hello", "he\\u00g0llo") == "$.fleet: \\u needs four hexadecimal digits");
}

TEST_CASE("text that is no plan is an error, whatever it is") {
  for (const char* text : {"", "null", "[]", "{", "{}", "{\"format\"", "{\"format\":1", "\"", "1",
                           "{\"format\":1,}", "{,}", "\xEF\xBB\xBF{}"}) {
    const DecodedPlan decoded = from_json(text);
    CHECK_FALSE(decoded.plan);
    CHECK_FALSE(decoded.error.empty());
  }
  CHECK(from_json(to_json(hello_plan()) + "x").error.find("more text after the plan") !=
        std::string::npos);
}

TEST_CASE("deep nesting is refused at its first level that means nothing") {
  const std::string deep(1'000'000, '[');
  CHECK_FALSE(from_json(deep).plan);
  CHECK_FALSE(from_json("{\"nodes\":" + deep).plan);
  std::string objects;
  for (int i = 0; i < 100'000; ++i) {
    objects += "{\"repo\":";
  }
  CHECK_FALSE(from_json(objects).plan);
}

TEST_CASE("a plan of another format is refused") {
  Plan plan = hello_plan();
  plan.format = 2;
  CHECK(from_json(to_json(plan)).error == "$.format: this is format 2, and only 1 is known");
}

TEST_CASE("a plan that is well-formed but unsound is refused") {
  CHECK(from_json(replaced(to_json(hello_plan()), "{\"from\":0,", "{\"from\":1,")).error ==
        "$.nodes[1] \"gather\" comes after node 1, which does not come before it");
}

TEST_CASE("SHA-256 agrees with the vectors of FIPS 180-2") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256(std::string(1'000'000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

}  // namespace fleet::plan
