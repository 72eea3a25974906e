#include "engine/flow/postage.h"

#include <catch2/catch.hpp>

namespace fleet::flow {
namespace {

class PostageClock final : public os::Clock {
 public:
  os::WallTime wall() const override { return {}; }
  os::MonoTime mono() const override { return now; }
  os::MonoTime now{};
};

}  // namespace

namespace {
bool stamp(Postage& postage, const std::string& agent, std::uint32_t most) {
  const bool may = static_cast<bool>(postage.may_send(agent, most));
  if (may)
    postage.sent(agent);
  return may;
}
}  // namespace

TEST_CASE("each agent has its own messages, within any hour") {
  PostageClock clock;
  Postage postage(clock);
  CHECK(stamp(postage, "a", 2));
  clock.now = clock.now + std::chrono::minutes(50);
  CHECK(stamp(postage, "a", 2));
  CHECK(stamp(postage, "b", 2));
  CHECK_FALSE(stamp(postage, "a", 2));
  const Status refused = postage.may_send("a", 2);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == Errc::kBusy);
  CHECK(refused.error().message().find("in 10min") != std::string::npos);
  clock.now = clock.now + std::chrono::minutes(10);
  CHECK(stamp(postage, "a", 2));
  CHECK_FALSE(stamp(postage, "a", 2));
}

TEST_CASE("without a limit nobody is held back") {
  PostageClock clock;
  Postage postage(clock);
  for (int i = 0; i < 1000; ++i)
    CHECK(stamp(postage, "a", 0));
}

}  // namespace fleet::flow
