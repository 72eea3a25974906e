// Random weeks of a fleet that is killed and brought up again at random: whatever happens, no cause
// begins twice, an agent has one session, a day costs no more than it may, and what was asked for
// is done in the end.
#include "engine/resident/rota.h"

#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <set>

#include <catch2/catch.hpp>

namespace fleet::resident {
namespace {

constexpr std::int64_t kMinute = 60'000, kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr std::int64_t kBegin = 20'000 * kDay;
constexpr std::int64_t kLimit = 20;  // dollars a day

plan::Money dollars(std::int64_t n) {
  return {n * 1'000'000};
}

std::vector<Duty> duties() {
  Duty ship;
  ship.name = "ship";
  ship.is_flow = true;
  ship.on = plan::Event{plan::Event::Kind::kTask, "dev"};
  ship.worst = dollars(7);
  Duty review;
  review.name = "review";
  review.on = plan::Event{plan::Event::Kind::kPrOpened, {}};
  review.worst = dollars(1);
  Duty lead;
  lead.name = "lead";
  lead.how = plan::Dispatch::kAlways;
  lead.day_budget = dollars(3);
  Duty diary;
  diary.name = "diary";
  diary.how = plan::Dispatch::kEvery;
  diary.every = plan::Millis(6 * kHour);
  diary.worst = dollars(1);
  return {ship, review, lead, diary};
}

Limits limits() {
  Limits out;
  out.day = dollars(kLimit);
  out.runs = 4;
  return out;
}

// What is on disk, and what the world knows: survives every engine.
struct World {
  struct Run {
    std::string cause;
    std::int64_t began = 0;
    std::int64_t ends = 0;
    plan::Money cost;
    Ended how = Ended::kDone;
    bool over = false;
    std::int64_t over_at = 0;
  };
  std::vector<Run> runs;
  std::vector<Wake> box;  // not begun yet

  Rota restarted(std::int64_t now) const {
    Rota rota(duties(), limits());
    for (const Run& run : runs) {
      if (run.over) {
        rota.remember(run.cause, run.began);
        if (run.how == Ended::kFailed)
          rota.remember_failure(run.cause, run.over_at, now);
        rota.charge(duty_of(run.cause), run.cost, run.over_at);
      } else {
        rota.take_up(run.cause, run.began);
      }
    }
    for (const Wake& wake : box)
      (void)rota.woke(wake);
    return rota;
  }

  std::int64_t spent_on(std::int64_t day) const {
    std::int64_t sum = 0;
    for (const Run& run : runs)
      if (run.over && run.over_at / kDay == day)
        sum += run.cost.micros;
    return sum;
  }
};

}  // namespace

TEST_CASE(
    "a fleet begins nothing twice, loses nothing and keeps its limits, however often it dies") {
  const bool good = rc::check("rota", [] {
    World world;
    Rota rota = world.restarted(kBegin);
    std::int64_t now = kBegin;
    int tasks = 0;
    const int steps = *rc::gen::inRange(20, 120);
    for (int step = 0; step < steps; ++step) {
      now += *rc::gen::element<std::int64_t>(0, 500, 10 * kMinute, 2 * kHour, 9 * kHour);
      switch (*rc::gen::inRange(0, 6)) {
        case 0: {
          Wake task;
          task.id = "task:" + std::to_string(++tasks);
          task.event = {plan::Event::Kind::kTask, "dev"};
          world.box.push_back(task);
          RC_ASSERT(rota.woke(task));
          break;
        }
        case 1: rota.news("", now); break;
        case 2: rota = world.restarted(now); break;
        default: break;
      }
      for (World::Run& run : world.runs) {
        if (run.over || run.ends > now)
          continue;
        run.over = true;
        run.over_at = now;
        rota.ended(run.cause, run.how, run.cost, now);
        if (!run.cause.ends_with(":ship") || run.how != Ended::kDone)
          continue;
        Wake opened;
        opened.id = "pr.opened:" + wake_of(run.cause).substr(5);
        opened.event = {plan::Event::Kind::kPrOpened, {}};
        world.box.push_back(opened);
        RC_ASSERT(rota.woke(opened));
      }
      for (const Start& start : rota.take(now)) {
        World::Run run;
        run.cause = start.cause;
        run.began = now;
        run.ends = now + *rc::gen::element<std::int64_t>(1000, 20 * kMinute, 5 * kHour);
        const std::int64_t most = start.most             ? start.most->micros / 1'000'000
                                  : start.duty == "ship" ? 7
                                                         : 1;
        run.cost = dollars(*rc::gen::inRange<std::int64_t>(0, most + 1));
        run.how = *rc::gen::weightedElement<Ended>({{5, Ended::kDone}, {1, Ended::kFailed}});
        for (const World::Run& other : world.runs) {
          RC_ASSERT(other.cause != run.cause);
          RC_ASSERT(start.duty == "ship" || other.over || duty_of(other.cause) != start.duty);
        }
        std::erase_if(world.box, [&](const Wake& wake) { return wake.id == start.wake.id; });
        world.runs.push_back(std::move(run));
      }
      RC_ASSERT(std::ranges::count(world.runs, false, &World::Run::over) <= 4);
      // Of runs that ended on the day; one that began the day before was reserved then.
      std::int64_t carried = 0;
      for (const World::Run& run : world.runs)
        if (run.over && run.over_at / kDay == now / kDay && run.began / kDay < now / kDay)
          carried += run.cost.micros;
      RC_ASSERT(world.spent_on(now / kDay) - carried <= dollars(kLimit).micros);
    }
    // Left alone for a few days, all that was asked for is done.
    for (int hour = 0; hour < 24 * 14; ++hour) {
      now += kHour;
      for (World::Run& run : world.runs)
        if (!run.over) {
          run.over = true;
          run.over_at = now;
          rota.ended(run.cause, Ended::kDone, run.cost, now);
        }
      for (const Start& start : rota.take(now)) {
        World::Run run;
        run.cause = start.cause;
        run.began = now;
        run.ends = now + kMinute;
        std::erase_if(world.box, [&](const Wake& wake) { return wake.id == start.wake.id; });
        world.runs.push_back(std::move(run));
      }
    }
    RC_ASSERT(world.box.empty());
  });
  CHECK(good);
}

}  // namespace fleet::resident
