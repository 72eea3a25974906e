#include "engine/flow/postage.h"

#include <catch2/catch.hpp>

namespace fleet::flow {
namespace {

class SetClock final : public os::Clock {
 public:
  os::WallTime wall() const override { return {}; }
  os::MonoTime mono() const override { return now; }
  os::MonoTime now{};
};

}  // namespace

TEST_CASE("each agent has its own messages, within any hour") {
  SetClock clock;
  Postage postage(clock);
  CHECK(postage.take("a", 2));
  clock.now = clock.now + std::chrono::minutes(50);
  CHECK(postage.take("a", 2));
  CHECK(postage.take("b", 2));
  const Status refused = postage.take("a", 2);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == Errc::kBusy);
  CHECK(refused.error().message().find("in 10min") != std::string::npos);
  clock.now = clock.now + std::chrono::minutes(10);
  CHECK(postage.take("a", 2));
  CHECK_FALSE(postage.take("a", 2));
}

TEST_CASE("without a limit nothing is counted") {
  SetClock clock;
  Postage postage(clock);
  for (int i = 0; i < 1000; ++i)
    CHECK(postage.take("a", 0));
  CHECK(postage.take("a", 1));
}

}  // namespace fleet::flow
