#include "engine/decide/decision.h"

#include <catch2/catch.hpp>

using namespace fleet;
using namespace fleet::decide;

namespace {

Decision a_decision() {
  return {{"20261121-163355-3d8a", 12, 2},
          "abc",
          Answer::kApprove,
          "ann",
          "ann",
          "box",
          4711,
          "/dev/pts/3",
          1'790'000'000'123,
          "fine\nby me \\ really\r",
          ""};
}

}  // namespace

TEST_CASE("a decision's file is text of a fixed form") {
  CHECK(
      encode(a_decision()) ==
      "fleetc-decision 1\nrun 20261121-163355-3d8a\nplan abc\ntask 12\nepoch 2\ndecision approve\n"
      "by ann\naccount ann\nhost box\npid 4711\nterminal /dev/pts/3\nat 1790000000123\n"
      "why fine\\nby me \\\\ really\\r\nend\n");
  CHECK(file_name(a_decision().gate) == "20261121-163355-3d8a.12.2");
}

TEST_CASE("a decision comes back as it was given, whatever its texts hold") {
  Decision decision = a_decision();
  CHECK(*decode(encode(decision)) == decision);
  decision.answer = Answer::kRetry;
  decision.signature = "AAAA";
  decision.terminal.clear();
  decision.why = std::string("end\nsignature x\nend\n\0", 20);
  CHECK(*decode(encode(decision)) == decision);
}

TEST_CASE("a decision that was cut anywhere, or continued, is none") {
  const std::string whole = encode(a_decision());
  for (std::size_t length = 0; length < whole.size(); ++length)
    CHECK_FALSE(decode(whole.substr(0, length)));
  CHECK_FALSE(decode(whole + "x"));
  CHECK_FALSE(decode(whole + whole));
}

TEST_CASE("a decision with another word, number or field is none") {
  const auto with = [](const std::string& from, const std::string& to) {
    std::string text = encode(a_decision());
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  CHECK_FALSE(decode(with("decision approve", "decision maybe")));
  CHECK_FALSE(decode(with("task 12", "task 012")));
  CHECK_FALSE(decode(with("task 12", "task 4294967296")));
  CHECK_FALSE(decode(with("pid 4711", "pid")));
  CHECK_FALSE(decode(with("by ann", "bye ann")));
  CHECK_FALSE(decode(with("\\r", "\\x")));
  CHECK_FALSE(decode(with("why fine", "why " + std::string(kMaxWhy, 'w'))));
}

TEST_CASE("where a decision came from is said in one line") {
  Decision decision = a_decision();
  CHECK(origin_of(decision) == "ann@box, pid 4711, terminal /dev/pts/3; key: no");
  decision.terminal.clear();
  decision.signature = "AAAA";
  CHECK(origin_of(decision) == "ann@box, pid 4711, no terminal; key: yes");
}
