#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/run/event.h"

using namespace fleet::run;

namespace {

const Attempt kAttempt{{7}, 3};

std::vector<EventBody> one_of_each() {
  const std::vector<CheckResult> checks = {{"sh check.sh", false, "exit 1", Millis{12}}, {}};
  return {
      RunOpened{"r1", "abc", "def", 4, 2, "0.1.0"},
      ItemsListed{{2}, {"a", "b c", "\"", ""}, 9, "cut"},
      SpawnDecided{{2},
                   40,
                   8,
                   Millis{2000},
                   Millis{300},
                   fleet::plan::Figure::kMeasured,
                   fleet::plan::Figure::kAssumed,
                   8,
                   true,
                   false,
                   Millis{80000},
                   Millis{10300},
                   "40 x 2s > 0.3s",
                   {3, 0, 1}},
      Prepared{kAttempt, "c0", "fix/a", "slot-1", false, Millis{5}, ""},
      Exited{kAttempt, ExitHow::kSignalled, -9, Millis{100}, Millis{90}, 1ULL << 63, 77, "why"},
      Captured{kAttempt, CaptureHow::kOutside, "c1", 3, 4, 5, {"x/y", "z"}, "d"},
      Verified{kAttempt, true, checks, ""},
      Published{kAttempt, "fix/a", "c1", "moved by another"},
      Merged{kAttempt, MergeHow::kConflict, "", "out", {"p"}, checks, "see"},
      TimerFired{kAttempt},
      StopAsked{StopLevel::kNow, "Ctrl-C"},
      Resumed{8, 1, "0.2.0"},
      Reconciled{kAttempt, Found::kNeverStarted},
      RunClosed{RunOutcome::kStopped},
      FindingFiled{kAttempt,
                   {"f-1a2b3c", Severity::kCritical, "security", "src/a.c", 12, "an \"overflow\"",
                    "two\nlines"}},
      VerdictGiven{kAttempt, Verdict::kChangesRequested, "see the findings"},
      IdentityRead{kAttempt, "core", 4, "abc"},
      TaskTaken{kAttempt},
      NoteSaved{kAttempt, NoteKind::kHandoff, 2, "def", 77},
      Escalated{kAttempt, "which of the two?"},
      Concluded{kAttempt, true, "mended"},
      Metered{kAttempt, 1'250'000, 9000, 4000, 321, true},
      GateAnswered{kAttempt, Decision::kRetry, "ann", "ann@host", "too wide", 1'790'000'000'123},
      PathsShared{kAttempt, {"`docs` (src/**)", "2 more"}},
  };
}

}  // namespace

TEST_CASE("every event comes back as it was written") {
  const std::vector<EventBody> bodies = one_of_each();
  REQUIRE(bodies.size() == std::variant_size_v<EventBody>);
  for (const EventBody& body : bodies) {
    const std::string text = encode(body);
    CAPTURE(text);
    CHECK(nlohmann::json::parse(text).is_object());
    const DecodedEvent decoded = decode(type_of(body), text);
    REQUIRE(decoded.ok);
    CHECK(decoded.body == body);
  }
}

TEST_CASE("the bytes of an event are part of the format") {
  CHECK(
      encode(Exited{kAttempt, ExitHow::kExited, 1, Millis{100}, Millis{90}, 4096, 77, "a\"b\n"}) ==
      R"({"task":7,"epoch":3,"how":1,"code":1,"duration_ms":100,"cpu_ms":90,"max_rss_kb":4096,)"
      R"("output_bytes":77,"detail":"a\"b\u000a","until":0})");
  CHECK(encode(TimerFired{kAttempt}) == R"({"task":7,"epoch":3})");
  CHECK(encode(Verified{kAttempt, false, {{"t", true, "d", Millis{1}}}, ""}) ==
        R"({"task":7,"epoch":3,"passed":false,"checks":)"
        R"([{"text":"t","passed":true,"detail":"d","duration_ms":1}],"error":""})");
}

TEST_CASE("an event's type is its place in the variant, from one, and has a name") {
  const std::vector<EventBody> bodies = one_of_each();
  const std::vector<std::string> names = {
      "run_opened",    "items_listed",  "spawn_decided", "prepared",    "exited",
      "captured",      "verified",      "published",     "merged",      "timer_fired",
      "stop_asked",    "resumed",       "reconciled",    "run_closed",  "finding_filed",
      "verdict_given", "identity_read", "task_taken",    "note_saved",  "escalated",
      "concluded",     "metered",       "gate_answered", "paths_shared"};
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    CHECK(type_of(bodies[i]) == i + 1);
    CHECK(name_of(bodies[i]) == names[i]);
  }
}

TEST_CASE("bytes that are not UTF-8 survive as U+0010 and their hex digits") {
  const std::string item = "a\xff\x10\xc3\xa9\xc3";
  const std::string text = encode(ItemsListed{{0}, {item}, 1, ""});
  CHECK(text ==
        "{\"node\":0,\"items\":[\"a\\u0010ff\\u001010\xc3\xa9\\u0010c3\"],\"found\":1,\"error\":"
        "\"\",\"agents\":[]}");
  CHECK(nlohmann::json::parse(text, nullptr, false).is_object());
  const DecodedEvent decoded = decode(2, text);
  REQUIRE(decoded.ok);
  CHECK(std::get<ItemsListed>(decoded.body).items.front() == item);
}

TEST_CASE("any byte string survives, and is JSON that others can read") {
  rc::check([](const std::vector<std::uint8_t>& bytes) {
    const std::string item(bytes.begin(), bytes.end());
    const EventBody body = ItemsListed{{0}, {item}, 1, item};
    const std::string text = encode(body);
    RC_ASSERT(!nlohmann::json::parse(text, nullptr, false).is_discarded());
    const DecodedEvent decoded = decode(2, text);
    RC_ASSERT(decoded.ok);
    RC_ASSERT(decoded.body == body);
  });
}

TEST_CASE("an event cut short at any byte is refused") {
  for (const EventBody& body : one_of_each()) {
    const std::string text = encode(body);
    for (std::size_t length = 0; length < text.size(); ++length) {
      CHECK_FALSE(decode(type_of(body), text.substr(0, length)).ok);
    }
    CHECK_FALSE(decode(type_of(body), text + " ").ok);
  }
}

TEST_CASE("whatever is decoded is exactly what encode writes") {
  for (const EventBody& body : one_of_each()) {
    const std::string text = encode(body);
    for (std::size_t i = 0; i < text.size(); ++i) {
      for (const char byte : {'\0', '"', '\\', '0', '9', '-', '{', 'e', '\x10', '\x80', '\xff'}) {
        std::string damaged = text;
        damaged[i] = byte;
        const DecodedEvent decoded = decode(type_of(body), damaged);
        if (decoded.ok)
          CHECK(encode(decoded.body) == damaged);
      }
    }
  }
}

TEST_CASE("an event that encode could not have written is refused, with the field that shows it") {
  const auto error = [](std::uint32_t type, const std::string& text) {
    const DecodedEvent decoded = decode(type, text);
    CHECK_FALSE(decoded.ok);
    return decoded.error;
  };
  CHECK(error(0, "{}") == "there is no event of type 0");
  CHECK(error(25, "{}") == "there is no event of type 25");
  CHECK(error(14, R"({"outcome":4})") == "run_closed event: field `outcome` is damaged");
  CHECK(error(14, R"({"outcome":0})") == "run_closed event: field `outcome` is damaged");
  CHECK(error(10, R"({"task":-1,"epoch":3})") == "timer_fired event: field `task` is damaged");
  CHECK(error(10, R"({"task":4294967296,"epoch":3})") ==
        "timer_fired event: field `task` is damaged");
  CHECK(error(10, R"({"task":07,"epoch":3})") == "timer_fired event: field `task` is damaged");
  CHECK(error(10, R"({"epoch":3,"task":7})") == "timer_fired event: field `task` is damaged");
  CHECK(error(10, R"({"task":7,"epoch":3,"more":1})") ==
        "timer_fired event: does not end where it should");
  CHECK(error(11, R"({"level":1,"by":"\u0041"})") == "stop_asked event: field `by` is damaged");
  CHECK(error(11, "{\"level\":1,\"by\":\"\xc0\x80\"}") ==
        "stop_asked event: field `by` is damaged");
  CHECK(error(11, R"({"level":1,"by":"\u0010c3\u0010a9"})") ==
        "stop_asked event: field `by` is damaged");
}
