// Who may have a session, over runs.
#include "engine/flow/permits.h"

#include <catch2/catch.hpp>

namespace fleet::flow {
namespace {

struct Asking {
  Permits permits;
  std::vector<std::string> granted, dropped;

  void ask(const std::string& run, std::uint32_t session, const std::string& agent,
           std::uint32_t at_once = 0) {
    permits.ask({{run, session}, agent, at_once},
                [this, name = run + std::to_string(session)](bool yes) {
                  (yes ? granted : dropped).push_back(name);
                });
  }
};
using Names = std::vector<std::string>;

class HandClock final : public os::Clock {
 public:
  os::WallTime wall() const override { return {}; }
  os::MonoTime mono() const override { return now_; }
  void advance(std::chrono::milliseconds by) { now_ = now_ + by; }

 private:
  os::MonoTime now_{};
};

}  // namespace

TEST_CASE("an agent that is not cloned has one session, whichever run calls it") {
  Asking a;
  a.ask("x", 0, "lead");
  a.ask("y", 0, "lead");
  a.ask("y", 1, "other");
  a.ask("y", 2, "");
  CHECK(a.granted == Names{"x0", "y1", "y2"});
  a.permits.give_back({"x", 0});
  CHECK(a.granted == Names{"x0", "y1", "y2", "y0"});
  a.permits.give_back({"x", 0});
  a.ask("z", 0, "lead");
  CHECK(a.granted.size() == 4);  // given back twice is given back once
}

TEST_CASE("a session that asks again has its permit already") {
  Asking a;
  a.ask("x", 0, "lead");
  a.ask("x", 0, "lead");
  CHECK(a.granted == Names{"x0", "x0"});
}

TEST_CASE("the sessions of a fleet are limited over all its runs") {
  Asking a;
  a.ask("x", 0, "", 2);
  a.ask("y", 0, "", 2);
  a.ask("z", 0, "", 2);
  a.ask("z", 1, "", 2);
  CHECK(a.granted == Names{"x0", "y0"});
  a.permits.forget("x");
  CHECK(a.granted == Names{"x0", "y0", "z0"});
}

TEST_CASE("what a run that stops waits for is dropped, and is in nobody's way") {
  Asking a;
  a.ask("x", 0, "lead");
  a.ask("y", 0, "lead");
  a.ask("z", 0, "lead");
  a.permits.drop("y");
  CHECK(a.dropped == Names{"y0"});
  a.permits.give_back({"x", 0});
  CHECK(a.granted == Names{"x0", "z0"});
}

TEST_CASE("a session that an earlier engine began counts whatever the limits are") {
  Asking a;
  a.permits.hold({{"x", 0}, "lead", 1});
  a.permits.hold({{"y", 0}, "lead", 1});
  a.ask("z", 0, "lead");
  a.permits.give_back({"x", 0});
  CHECK(a.granted.empty());
  a.permits.give_back({"y", 0});
  CHECK(a.granted == Names{"z0"});
}

TEST_CASE("so many starts an hour, and the next one as soon as the first of them is an hour ago") {
  HandClock clock;
  std::vector<std::pair<std::chrono::milliseconds, std::function<void()>>> timers;
  Asking a;
  a.permits.use_clock(clock, [&](std::chrono::milliseconds wait, std::function<void()> then) {
    timers.emplace_back(wait, std::move(then));
  });
  const auto ask = [&](const std::string& run, std::uint32_t session) {
    a.permits.ask({{run, session}, "", 0, 2}, [&a, run, session](bool yes) {
      (yes ? a.granted : a.dropped).push_back(run + std::to_string(session));
    });
  };
  ask("x", 0);
  clock.advance(std::chrono::minutes(10));
  ask("y", 0);
  ask("x", 0);  // another start of a session that is there
  ask("z", 0);
  CHECK(a.granted == Names{"x0", "y0"});
  REQUIRE(timers.size() == 1);  // however many wait
  CHECK(timers[0].first >= std::chrono::minutes(50));
  CHECK(timers[0].first <= std::chrono::minutes(50) + std::chrono::milliseconds(2));
  // Giving back makes no room for a start.
  a.permits.give_back({"y", 0});
  CHECK(a.granted == Names{"x0", "y0"});
  clock.advance(timers[0].first);
  timers[0].second();
  CHECK(a.granted == Names{"x0", "y0", "x0"});
  REQUIRE(timers.size() == 2);
  a.permits.drop("z");
  CHECK(a.dropped == Names{"z0"});
  clock.advance(timers[1].first);
  timers[1].second();
  CHECK(a.granted == Names{"x0", "y0", "x0"});
  CHECK(timers.size() == 2);  // nobody waits: nothing wakes
}

}  // namespace fleet::flow
