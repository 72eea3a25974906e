#include "engine/broker/purse.h"

#include <limits>

#include <catch2/catch.hpp>

using namespace fleet::broker;
using Answer = Purse::Answer;

namespace {

const std::function<void()> kNothing = [] {
};

}  // namespace

TEST_CASE("a purse refuses what would exceed it, and asks to wait for what only may") {
  Purse purse("a test", 100, 20);
  CHECK(purse.reserve(81, nullptr, kNothing) == Answer::kRefused);
  CHECK(purse.reserve(50, nullptr, kNothing) == Answer::kGranted);
  CHECK(purse.reserve(40, nullptr, kNothing) == Answer::kLater);
  purse.settle(50, 10);
  CHECK(purse.spent() == 30);
  CHECK(purse.reserve(70, nullptr, kNothing) == Answer::kGranted);
  purse.settle(70, 70);
  CHECK(purse.reserve(1, nullptr, kNothing) == Answer::kRefused);
  CHECK(purse.reserve(0, nullptr, kNothing) == Answer::kGranted);
}

TEST_CASE("a purse without a limit refuses nothing and counts all") {
  Purse purse("a test");
  CHECK(purse.reserve(1'000'000'000, nullptr, kNothing) == Answer::kGranted);
  purse.settle(1'000'000'000, 7);
  CHECK(purse.spent() == 7);
}

TEST_CASE("who waits is called once something is settled, and not after being forgotten") {
  Purse purse("a test", 100);
  int called = 0;
  const int one = 0, other = 0;
  CHECK(purse.reserve(80, nullptr, kNothing) == Answer::kGranted);
  CHECK(purse.reserve(80, &one, [&] { ++called; }) == Answer::kLater);
  CHECK(purse.reserve(80, &other, [&] { called += 10; }) == Answer::kLater);
  purse.forget(&other);
  purse.settle(80, 1);
  CHECK(called == 1);
  purse.settle(0, 1);
  CHECK(called == 1);
}

TEST_CASE("what several purses bind is reserved from all of them or from none") {
  const auto own = std::make_shared<Purse>("this attempt");
  const auto run = std::make_shared<Purse>("the run", 100);
  const auto day = std::make_shared<Purse>("the day", 60);
  const Purses all = {own, run, day};
  const Purse* by = nullptr;
  CHECK(reserve_from(all, 50, nullptr, kNothing, by) == Answer::kGranted);
  CHECK(reserve_from(all, 20, nullptr, kNothing, by) == Answer::kLater);
  CHECK(by == day.get());
  CHECK(run->reserved() == 50);
  settle_in(all, 50, 50);
  CHECK(reserve_from(all, 20, nullptr, kNothing, by) == Answer::kRefused);
  CHECK(run->reserved() == 0);
  CHECK(own->spent() == 50);
}

TEST_CASE(
    "a limit that is raised and a day that begins wake who waits, and leave what is under way") {
  Purse purse("a test", 100, 90);
  int called = 0;
  const auto again = [&] {
    ++called;
  };
  CHECK(purse.reserve(10, nullptr, kNothing) == Answer::kGranted);
  CHECK(purse.reserve(11, nullptr, again) == Answer::kRefused);
  CHECK(purse.reserve(10, nullptr, again) == Answer::kLater);
  purse.limit_to(110);
  CHECK(called == 1);
  CHECK(purse.limit() == 110);
  CHECK(purse.reserve(20, nullptr, again) == Answer::kLater);
  purse.begin_anew();
  CHECK(called == 2);
  CHECK(purse.reserved() == 10);
  purse.settle(10, 7);
  CHECK(purse.spent() == 7);
  purse.limit_to({});
  CHECK(purse.reserve(1'000, nullptr, again) == Answer::kGranted);
}

TEST_CASE("no money that is spent makes a purse's sum wrap") {
  Purse purse("a test", 100);
  for (int i = 0; i < 8; ++i)
    purse.charge(std::numeric_limits<std::int64_t>::max());
  CHECK(purse.spent() > 100);
  CHECK(purse.reserve(1, nullptr, kNothing) == Answer::kRefused);
  CHECK(purse.reserve(1'000'000'000'000'000, nullptr, kNothing) == Answer::kRefused);
}
