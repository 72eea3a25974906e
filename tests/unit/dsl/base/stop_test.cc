#include "dsl/base/stop.h"

#include <catch2/catch.hpp>

namespace fleet {
namespace {

TEST_CASE("nothing is stopped where nobody set a question") {
  CHECK_NOTHROW(poll_stop());
  const StopScope none({});
  CHECK_NOTHROW(poll_stop());
}

TEST_CASE("work ends at the first step at which nobody waits for it any more") {
  int asked = 0;
  const StopScope scope([&] { return ++asked == 3; });
  CHECK_NOTHROW(poll_stop());
  CHECK_NOTHROW(poll_stop());
  CHECK_THROWS_AS(poll_stop(), Stopped);
  CHECK(asked == 3);
}

TEST_CASE("a question holds while its scope lives, and the inner one of two is asked") {
  const StopScope outer([] { return true; });
  {
    const StopScope inner([] { return false; });
    CHECK_NOTHROW(poll_stop());
  }
  CHECK_THROWS_AS(poll_stop(), Stopped);
}

}  // namespace
}  // namespace fleet
