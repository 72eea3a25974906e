#include "dsl/plan/render.h"

#include <limits>
#include <string>

#include <catch2/catch.hpp>

#include "dsl/plan/describe.h"
#include "dsl/plan/fanout.h"
#include "dsl/plan/text.h"
#include "dsl/plan/worst.h"
#include "tests/unit/dsl/plan/golden.h"
#include "tests/unit/dsl/plan/sample_plans.h"

using namespace std::chrono_literals;

namespace fleet::plan {

TEST_CASE("durations are exact and read as they are written") {
  CHECK(to_string(Millis{0}) == "0s");
  CHECK(to_string(Millis{300}) == "300ms");
  CHECK(to_string(Millis{1500}) == "1.5s");
  CHECK(to_string(Millis{1001}) == "1.001s");
  CHECK(to_string(Millis{90s}) == "1min 30s");
  CHECK(to_string(Millis{60'001}) == "1min 0.001s");
  CHECK(to_string(Millis{45min}) == "45min");
  CHECK(to_string(Millis{125min}) == "2h 5min");
  CHECK(to_string(Millis{24h}) == "24h");
  CHECK(to_string(Millis{47h}) == "47h");
  CHECK(to_string(Millis{53h}) == "2d 5h");
  CHECK(to_string(Millis{-90s}) == "-1min 30s");
  CHECK(to_string(Millis::min()) == "-106751991167d 7h 12min 55.808s");
}

TEST_CASE("a fan-out takes its rounds one after another") {
  Plan plan = hello_plan();
  Fanout& fanout = *plan.nodes[0].fanout;
  fanout.source = {};
  fanout.source.kind = FanoutSource::Kind::kRange;
  fanout.source.first = 1;
  fanout.source.last = 100;
  fanout.est = plan.nodes[0].est = Millis{60'000};
  fanout.limit.reset();
  const auto says = [&plan](const std::string& words) {
    return to_text(plan).find(words) != std::string::npos;
  };
  fanout.force = Force::kInline;
  CHECK(says("fixes (1min an item, 100 rounds) →"));
  CHECK(says("\n  1h 40min by the estimates, and what the steps without an estimate take\n"));
  fanout.force = Force::kNone;
  plan.limits.sessions = 8;
  fanout.width.reset();
  CHECK(says("fixes (1min an item, 13 rounds) →"));
  CHECK(says("\n  13min by the estimates"));
  fanout.source.kind = FanoutSource::Kind::kFiles;
  CHECK(says("fixes (1min an item) →"));
  CHECK(says("\n  1min by the estimates with one item of fixes, and"));
  fanout.limit = 20;
  CHECK(says("fixes (1min an item, at most 3 rounds) →"));
  CHECK(says("\n  at most 3min by the estimates, and"));
  fanout.est = Millis::max();
  CHECK(says("\n  more time than can be counted\n"));
}

TEST_CASE("a worst case that does not fit is no figure") {
  CHECK(at_most(Money{38'000'000}) == "at most $38.00");
  CHECK(at_most(Money{std::numeric_limits<std::int64_t>::max()}) == "more than can be counted");
  CHECK(at_most(std::uint64_t{7}) == "at most 7");
  CHECK(at_most(std::numeric_limits<std::uint64_t>::max()) == "more than can be counted");
  Plan plan = hello_plan();
  plan.worst.money = Money{std::numeric_limits<std::int64_t>::max()};
  plan.worst.terms = {{NodeIndex{0}, 101, 1'000'000'000, Money{900'000'000'000'000}}};
  const std::string text = to_text(plan);
  CHECK(text.find("money    more than can be counted\n") != std::string::npos);
  CHECK(text.find("$900000000.00  more than can be counted\n") != std::string::npos);
  CHECK(text.find("9223372036854") == std::string::npos);
}

TEST_CASE("money has cents, and all of what is less than a cent") {
  CHECK(to_string(Money{38'000'000}) == "$38.00");
  CHECK(to_string(Money{5'000}) == "$0.005");
  CHECK(to_string(Money{1}) == "$0.000001");
  CHECK(to_string(Money{1'500'000}) == "$1.50");
  CHECK(to_string(Money{-3'250'000}) == "-$3.25");
  CHECK(to_string(Money{std::numeric_limits<std::int64_t>::min()}) == "-$9223372036854.775808");
}

TEST_CASE("a template shows its holes in braces and literal braces doubled") {
  CHECK(to_string(Template{{false, "fix/"}, {true, "item"}, {false, "{}"}}) == "fix/{item}{{}}");
}

TEST_CASE("text of the user has no power over a terminal") {
  CHECK(printable("a\nb\t\x1b[31m\x7f") == "a\\nb\\t\\x1b[31m\\x7f");
  CHECK(printable("naïve 日本 😀") == "naïve 日本 😀");
  CHECK(printable("\xff\xc3") == "\\xff\\xc3");
  CHECK(printable("a\u202eb\u2028") == "a\\u{202e}b\\u{2028}");
}

TEST_CASE("text is measured and cut in columns, never inside a character") {
  CHECK(columns("naïve") == 5);
  CHECK(columns("日本") == 4);
  CHECK(shortened("naïve", 5) == "naïve");
  CHECK(shortened("naïve one", 5) == "naïv…");
  CHECK(shortened("日本語", 5) == "日本…");
  CHECK(padded("日本", 6) == "日本  ");
}

TEST_CASE("a fan-out shows its decision where the text settles N, else from which N it pays") {
  Plan plan = hello_plan();
  Node& fixes = plan.nodes[0];
  CHECK(spawn_outlook(plan, fixes) ==
        "pays from 2 items on (2s each against 300ms a session); decided when N is known");
  fixes.fanout->source.kind = FanoutSource::Kind::kRange;
  fixes.fanout->source.first = 1;
  fixes.fanout->source.last = 40;
  CHECK(spawn_outlook(plan, fixes) == "40 × 2s − 5 × 2s = 1min 10s > 300ms: 8 sessions");
  fixes.fanout->limit = 4;
  CHECK(spawn_outlook(plan, fixes) == "4 × 2s − 1 × 2s = 6s > 300ms: 4 sessions");
  plan.limits.sessions = 1;
  CHECK(spawn_outlook(plan, fixes) == "width 1: 1 session serves all 4");
  fixes.fanout->source.kind = FanoutSource::Kind::kFiles;
  CHECK(spawn_outlook(plan, fixes) == "one session serves all: only one at a time is allowed");
  plan.limits.sessions.reset();
  fixes.fanout->spawn = Millis{60s};
  CHECK(spawn_outlook(plan, fixes) ==
        "one session serves all: pays from 36 items on, and limit is 4");
  fixes.fanout->force = Force::kInline;
  CHECK(spawn_outlook(plan, fixes) == "forced inline: one session serves all");
  fixes.fanout->force = Force::kNone;
  fixes.fanout->est.reset();
  CHECK(spawn_outlook(plan, fixes) ==
        "no est in the text: decided when N is known, with what was measured");
}

TEST_CASE("agents that are not cloned bound a fan-out by their number") {
  Plan plan = ship_plan();
  CHECK(session_bound(plan, plan.nodes[5]) == 2u);
  plan.nodes[5].fanout->width = 10;
  CHECK(session_bound(plan, plan.nodes[5]) == 2u);
  plan.agents[3].clones = true;
  CHECK(session_bound(plan, plan.nodes[5]) == 4u);
  plan.limits.sessions.reset();
  CHECK(session_bound(plan, plan.nodes[5]) == 10u);
}

TEST_CASE("ranges count their ends and never overflow") {
  FanoutSource source;
  source.kind = FanoutSource::Kind::kRange;
  source.first = 1;
  source.last = 20;
  CHECK(declared_items(source) == 20u);
  source.last = 0;
  CHECK(declared_items(source) == 0u);
  source.first = std::numeric_limits<std::int64_t>::min();
  source.last = std::numeric_limits<std::int64_t>::max();
  CHECK(declared_items(source) == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("the worst case adds up rounds of a loop, and the tasks of a joint, as one term") {
  CHECK(worst_sum(ship_plan()) ==
        "build 2 × $3.00 + verdict $3.00 + fixes 2 × 6 × $1.00 + review 2 × $1.00");
  CHECK(worst_sum(hello_plan()) == "fixes N × ?");
}

TEST_CASE("a plan is drawn in each format as accepted") {
  for (const bool small : {true, false}) {
    const Plan plan = small ? hello_plan() : ship_plan();
    const std::string name = small ? "plan_render/hello" : "plan_render/ship";
    sample::check_golden(name + ".plan.txt", to_text(plan));
    sample::check_golden(name + ".plan.dot", to_dot(plan));
    sample::check_golden(name + ".plan.svg", to_svg(plan));
    sample::check_golden(name + ".plan.mmd", to_mermaid(plan));
    sample::check_golden(name + ".plan.json", to_json(plan));
  }
}

TEST_CASE("days are dates of the Gregorian calendar") {
  CHECK(date_text(0) == "1970-01-01");
  CHECK(date_text(-1) == "1969-12-31");
  CHECK(date_text(11'016) == "2000-02-29");
  CHECK(date_text(22'339) == "2031-03-01");
  CHECK(date_text(47'540) == "2100-02-28");
  CHECK(date_text(47'541) == "2100-03-01");
}

TEST_CASE("a plan says why its day has no price") {
  Plan plan = ship_plan();
  plan.day->terms[1].each.reset();
  plan.day->money.reset();
  CHECK(to_text(plan).find("unknown: lead (always on) has no budget") != std::string::npos);
  plan.day->terms[1] = {"lead (always on)", std::nullopt, Money{1}};
  CHECK(to_text(plan).find("unknown: lead (always on) has no `$X/day`") != std::string::npos);
}

TEST_CASE("an empty plan is drawn") {
  CHECK(to_text(Plan{}).find("steps (0)") != std::string::npos);
  CHECK(to_dot(Plan{}).find("digraph") == 0);
  CHECK(to_svg(Plan{}).find("</svg>") != std::string::npos);
  CHECK(to_mermaid(Plan{}).find("flowchart") == 0);
}

}  // namespace fleet::plan
