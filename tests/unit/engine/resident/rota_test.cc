// What begins when: each rule of the rota, on made-up days.
#include "engine/resident/rota.h"

#include <catch2/catch.hpp>

namespace fleet::resident {
namespace {

constexpr std::int64_t kSecond = 1000, kMinute = 60 * kSecond, kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kMorning = 20'000 * kDay + 6 * kHour;

plan::Money dollars(std::int64_t n) {
  return {n * 1'000'000};
}

Duty always(std::string name) {
  Duty duty;
  duty.name = std::move(name);
  duty.how = plan::Dispatch::kAlways;
  duty.restart.backoff_min = plan::Millis(1000);
  duty.restart.backoff_max = plan::Millis(4000);
  duty.restart.max_per_hour = 2;
  return duty;
}

Duty every(std::string name, std::int64_t period, plan::Overlap overlap = plan::Overlap::kSkip) {
  Duty duty;
  duty.name = std::move(name);
  duty.how = plan::Dispatch::kEvery;
  duty.every = plan::Millis(period);
  duty.overlap = overlap;
  return duty;
}

Duty on(std::string name, plan::Event event, bool is_flow = false) {
  Duty duty;
  duty.name = std::move(name);
  duty.on = std::move(event);
  duty.is_flow = is_flow;
  return duty;
}

const plan::Event kTask{plan::Event::Kind::kTask, "dev"};
const plan::Event kOpened{plan::Event::Kind::kPrOpened, {}};
const plan::Event kMail{plan::Event::Kind::kMessage, {}};

Wake wake(std::string id, plan::Event event = kTask) {
  Wake out;
  out.id = std::move(id);
  out.event = std::move(event);
  return out;
}

std::vector<std::string> causes(const std::vector<Start>& starts) {
  std::vector<std::string> out;
  for (const Start& start : starts)
    out.push_back(start.cause);
  return out;
}
using Causes = std::vector<std::string>;

TEST_CASE("the rota begins an agent that is always on and again only when there is news") {
  Rota rota({always("lead")}, {});
  CHECK(causes(rota.take(kMorning)) == Causes{"always:1:lead"});
  CHECK(rota.take(kMorning).empty());  // it is busy
  rota.ended("always:1:lead", Ended::kDone, {}, kMorning + kMinute);
  CHECK(rota.take(kMorning + kHour).empty());          // nothing has happened
  CHECK(rota.next(kMorning + kHour) == std::nullopt);  // a fleet that waits sleeps
  rota.news("lead", kMorning + kHour);
  CHECK(rota.take(kMorning + kHour).empty());  // its own doing is no news
  rota.news("", kMorning + kHour);
  rota.news("", kMorning + kHour + kSecond / 2);
  CHECK(rota.take(kMorning + kHour).empty());  // more of it may come
  CHECK(rota.next(kMorning + kHour) == kMorning + kHour + kSecond);
  CHECK(causes(rota.take(kMorning + kHour + kSecond)) == Causes{"always:2:lead"});
  rota.mail("lead", {"a"});
  rota.ended("always:2:lead", Ended::kDone, {}, kMorning + 2 * kHour);
  CHECK(causes(rota.take(kMorning + 2 * kHour)) == Causes{"always:3:lead"});
}

TEST_CASE("the rota backs off after failures and leaves a crash loop alone") {
  Rota rota({always("lead")}, {});
  std::int64_t now = kMorning;
  (void)rota.take(now);
  rota.ended("always:1:lead", Ended::kFailed, {}, now);
  CHECK(rota.take(now).empty());
  CHECK(rota.next(now) == now + kSecond);
  now += kSecond;
  CHECK(causes(rota.take(now)) == Causes{"always:2:lead"});
  rota.ended("always:2:lead", Ended::kFailed, {}, now);
  CHECK(rota.take(now + kSecond).empty());  // the second wait is twice as long
  now += 2 * kSecond;
  CHECK(causes(rota.take(now)) == Causes{"always:3:lead"});
  rota.ended("always:3:lead", Ended::kFailed, {}, now);
  CHECK(rota.take(now + kDay).empty());  // more than two an hour
  CHECK(rota.next(now + kDay) == std::nullopt);
  REQUIRE(rota.standing(now).size() == 1U);
  CHECK(rota.standing(now).front().stuck);
  Duty changed = always("lead");
  changed.hash = "mended";
  rota.replace({changed}, {});
  CHECK(causes(rota.take(now + kDay)) ==
        Causes{"always:4:lead"});  // whoever changed it may have mended it
}

TEST_CASE("the rota counts failures of the last hour only") {
  Rota rota({always("lead")}, {});
  std::int64_t now = kMorning;
  for (int turn = 1; turn <= 6; ++turn) {
    REQUIRE(rota.take(now).size() == 1U);
    rota.ended("always:" + std::to_string(turn) + ":lead", Ended::kFailed, {}, now);
    now += 40 * kMinute;
  }
}

TEST_CASE("the rota asks a human with the last try where the fleet says so") {
  Duty lead = always("lead");
  lead.restart.escalate = true;
  Rota rota({lead}, {});
  std::int64_t now = kMorning;
  for (const bool asks : {false, false, true}) {
    const std::vector<Start> starts = rota.take(now);
    REQUIRE(starts.size() == 1U);
    CHECK(starts.front().escalates == asks);
    rota.ended(starts.front().cause, Ended::kFailed, {}, now);
    now += 10 * kSecond;
  }
}

TEST_CASE("the rota keeps a schedule and makes up for what was missed once") {
  Rota rota({every("content", kDay)}, {});
  CHECK(rota.take(kMorning).size() == 1U);  // the first turn is at once
  rota.ended("every:" + std::to_string(kMorning) + ":content", Ended::kDone, {}, kMorning + kHour);
  CHECK(rota.next(kMorning + kHour) == kMorning + kDay);
  CHECK(rota.take(kMorning + kDay - 1).empty());
  CHECK(causes(rota.take(kMorning + 3 * kDay + kHour)) ==
        Causes{"every:" + std::to_string(kMorning + 3 * kDay) + ":content"});
  CHECK(rota.next(kMorning + 3 * kDay + kHour) == kMorning + 4 * kDay);
}

TEST_CASE("the rota skips or queues a turn that comes while the one before runs") {
  Rota skips({every("content", kHour)}, {}),
      queues({every("content", kHour, plan::Overlap::kQueue)}, {});
  const std::string first = "every:" + std::to_string(kMorning) + ":content";
  for (Rota* rota : {&skips, &queues}) {
    (void)rota->take(kMorning);
    CHECK(rota->take(kMorning + kHour).empty());
    CHECK(rota->take(kMorning + 2 * kHour).empty());
    rota->ended(first, Ended::kDone, {}, kMorning + 2 * kHour + kMinute);
  }
  CHECK(skips.take(kMorning + 2 * kHour + kMinute).empty());
  CHECK(causes(queues.take(kMorning + 2 * kHour + kMinute)) ==
        Causes{"every:" + std::to_string(kMorning + kHour) + ":content"});
  queues.ended("every:" + std::to_string(kMorning + kHour) + ":content", Ended::kDone, {},
               kMorning + 2 * kHour + kMinute);
  CHECK(queues.take(kMorning + 2 * kHour + 2 * kMinute)
            .empty());  // one turn is queued, not a heap of them
}

TEST_CASE("the rota gives a task to each who waits for it once") {
  Rota rota({on("ship", kTask, true), on("other", {plan::Event::Kind::kTask, "docs"}, true)}, {});
  CHECK(rota.woke(wake("task:a")));
  CHECK(rota.woke(wake("task:a")));  // told twice
  CHECK_FALSE(rota.is_spent("task:a"));
  CHECK(causes(rota.take(kMorning)) == Causes{"task:a:ship"});
  CHECK(rota.is_spent("task:a"));
  rota.ended("task:a:ship", Ended::kFailed, {}, kMorning);
  CHECK(rota.woke(wake("task:a")));
  CHECK(rota.take(kMorning + kHour).empty());  // it was begun once
  CHECK_FALSE(rota.woke(wake("task:b", {plan::Event::Kind::kTask, "nobody"})));
}

TEST_CASE("the rota begins nothing again that an earlier engine began") {
  Rota rota({on("ship", kTask, true), always("lead"), every("content", kDay)}, {});
  rota.remember("task:a:ship", kMorning - kHour);
  rota.remember("always:7:lead", kMorning - kHour);
  rota.remember("every:" + std::to_string(kMorning - kHour) + ":content", kMorning - kHour);
  CHECK(rota.woke(wake("task:a")));
  CHECK(causes(rota.take(kMorning)) == Causes{"always:8:lead"});
  CHECK(rota.next(kMorning) == kMorning - kHour + kDay);
}

TEST_CASE(
    "the rota wakes no agent for what a flow takes nor for what its own run has called it for") {
  Rota both({on("look", kOpened, true), on("review", kOpened)}, {});
  (void)both.woke(wake("pr.opened:r.1", kOpened));
  CHECK(causes(both.take(kMorning)) == Causes{"pr.opened:r.1:look"});
  Rota one({on("review", kOpened), on("security", kOpened)}, {});
  Wake spared = wake("pr.opened:r.1", kOpened);
  spared.spare = {"review"};
  (void)one.woke(spared);
  CHECK(causes(one.take(kMorning)) == Causes{"pr.opened:r.1:security"});
}

TEST_CASE("the rota has one session of an agent and as many runs of a flow as the limit allows") {
  Rota rota({on("ship", kTask, true), on("review", kOpened)}, {{}, {}, 3});
  for (const char* id : {"task:a", "task:b"})
    (void)rota.woke(wake(id));
  for (const char* id : {"pr.opened:r.1", "pr.opened:r.2"})
    (void)rota.woke(wake(id, kOpened));
  CHECK(causes(rota.take(kMorning)) ==
        (Causes{"task:a:ship", "task:b:ship", "pr.opened:r.1:review"}));
  rota.ended("pr.opened:r.1:review", Ended::kDone, {}, kMorning);
  CHECK(causes(rota.take(kMorning)) == Causes{"pr.opened:r.2:review"});
}

TEST_CASE("the rota starts for mail only while there is some") {
  Rota rota({on("desk", kMail)}, {});
  CHECK(rota.take(kMorning).empty());
  rota.mail("desk", {"a"});
  CHECK(causes(rota.take(kMorning)) == Causes{"message:1:desk"});
  rota.mail("desk", {});
  rota.ended("message:1:desk", Ended::kDone, {}, kMorning);
  CHECK(rota.take(kMorning).empty());
}

TEST_CASE("the rota does not begin again for messages that were left unread, and people see that") {
  Rota rota({on("desk", kMail), always("lead")}, {});
  (void)rota.take(kMorning);
  rota.ended("always:1:lead", Ended::kDone, {}, kMorning);
  for (const char* agent : {"desk", "lead"})
    rota.mail(agent, {"a"});
  CHECK(causes(rota.take(kMorning)) == (Causes{"message:1:desk", "always:2:lead"}));
  rota.ended("always:2:lead", Ended::kDone, {}, kMorning);
  rota.ended("message:1:desk", Ended::kFailed, {}, kMorning);
  CHECK(rota.take(kMorning).empty());
  CHECK(rota.standing(kMorning)[1].stuck);
  CHECK(rota.next(kMorning) == kMorning + kSecond);
  // Who failed is begun again: it may not have come to them.
  CHECK(causes(rota.take(kMorning + kSecond)) == Causes{"message:2:desk"});
  // One that came while it worked is another one.
  rota.mail("desk", {"b"});
  rota.ended("message:2:desk", Ended::kDone, {}, kMorning + kSecond);
  CHECK(causes(rota.take(kMorning + kSecond)) == Causes{"message:3:desk"});
  rota.mail("desk", {});
  rota.ended("message:3:desk", Ended::kDone, {}, kMorning + kSecond);
  CHECK(rota.take(kMorning + kSecond).empty());
  CHECK_FALSE(rota.standing(kMorning + kSecond)[0].stuck);
  rota.mail("lead", {"c"});
  CHECK(causes(rota.take(kMorning + kSecond)) == Causes{"always:3:lead"});
}

TEST_CASE("the rota waits for the next day's money, and counts no failure for want of it") {
  Rota rota({always("lead"), on("desk", kMail)}, {});
  rota.mail("desk", {"a"});
  CHECK(rota.take(kMorning).size() == 2);
  rota.ended("always:1:lead", Ended::kBroke, {}, kMorning);
  rota.ended("message:1:desk", Ended::kBroke, {}, kMorning);
  CHECK(rota.take(kMorning + kHour).empty());
  const std::int64_t day = 24 * kHour, midnight = (kMorning / day + 1) * day;
  CHECK(rota.next(kMorning) == midnight);
  CHECK_FALSE(rota.standing(kMorning + kHour)[0].stuck);
  CHECK(causes(rota.take(midnight)) == (Causes{"always:2:lead", "message:2:desk"}));
}

TEST_CASE("the rota begins for an older message that is unread again, and for all after an edit") {
  Rota rota({on("desk", kMail)}, {});
  rota.mail("desk", {"b"});
  (void)rota.take(kMorning);
  rota.ended("message:1:desk", Ended::kDone, {}, kMorning);
  CHECK(rota.take(kMorning).empty());
  rota.mail("desk", {"a", "b"});
  CHECK(causes(rota.take(kMorning)) == Causes{"message:2:desk"});
  rota.ended("message:2:desk", Ended::kDone, {}, kMorning);
  CHECK(rota.take(kMorning).empty());
  Duty changed = on("desk", kMail);
  changed.worst = plan::Money{1};
  rota.replace({changed}, {});
  CHECK(causes(rota.take(kMorning)) == Causes{"message:3:desk"});
}

TEST_CASE("the rota stops agents that wake each other in a circle, for an hour") {
  Rota rota({on("desk", kMail)}, {});
  for (std::size_t turn = 1; turn <= kMostTurns; ++turn) {
    rota.mail("desk", {std::to_string(turn)});
    const std::vector<Start> starts = rota.take(kMorning);
    REQUIRE(starts.size() == 1);
    rota.ended(starts.front().cause, Ended::kDone, {}, kMorning);
  }
  rota.mail("desk", {"another"});
  CHECK(rota.take(kMorning + kMinute).empty());
  CHECK(rota.standing(kMorning + kMinute).front().stuck);
  CHECK(rota.next(kMorning + kMinute) == kMorning + kHour);
  CHECK(rota.take(kMorning + kHour).size() == 1);
}

TEST_CASE("the rota reserves the worst case of a day before it begins and settles after") {
  Duty ship = on("ship", kTask, true);
  ship.worst = dollars(4);
  Limits limits;
  limits.day = dollars(10);
  limits.warn = dollars(8);
  Rota rota({ship}, limits);
  for (const char* id : {"task:a", "task:b", "task:c"})
    (void)rota.woke(wake(id));
  CHECK(rota.take(kMorning).size() == 2U);  // three could cost 12
  CHECK(rota.take(kMorning).empty());
  rota.ended("task:a:ship", Ended::kDone, dollars(1), kMorning);
  CHECK(causes(rota.take(kMorning)) == Causes{"task:c:ship"});  // 1 spent and 2 × 4 reserved are 9
  rota.ended("task:b:ship", Ended::kDone, dollars(4), kMorning);
  CHECK(rota.take_warning() == std::nullopt);
  rota.ended("task:c:ship", Ended::kDone, dollars(4), kMorning);
  CHECK(rota.take_warning() == dollars(9));
  CHECK(rota.take_warning() == std::nullopt);  // once a day
  (void)rota.woke(wake("task:d"));
  CHECK(rota.take(kMorning).empty());
  const std::int64_t midnight = 20'001 * kDay;
  CHECK(rota.next(kMorning) == midnight);
  CHECK(causes(rota.take(midnight)) == Causes{"task:d:ship"});  // a new day
}

TEST_CASE("the rota lets an agent spend what is left of its day") {
  Duty lead = always("lead");
  lead.day_budget = dollars(6);
  Rota rota({lead}, {});
  CHECK(rota.take(kMorning).front().most == dollars(6));
  rota.ended("always:1:lead", Ended::kDone, dollars(4), kMorning);
  rota.news("", kMorning - kSecond);
  CHECK(rota.take(kMorning).front().most == dollars(2));
  rota.ended("always:2:lead", Ended::kDone, dollars(2), kMorning);
  rota.news("", kMorning - kSecond);
  CHECK(rota.take(kMorning).empty());
  CHECK(rota.take(20'001 * kDay).front().most == dollars(6));
}

TEST_CASE("the rota drops a task that has not begun") {
  Rota rota({on("ship", kTask, true)}, {});
  (void)rota.woke(wake("task:a"));
  CHECK(rota.drop("task:a"));
  CHECK_FALSE(rota.drop("task:a"));
  CHECK(rota.take(kMorning).empty());
}

}  // namespace
}  // namespace fleet::resident
