#include "engine/broker/scrub.h"

#include <catch2/catch.hpp>

using namespace fleet::broker;

TEST_CASE("a secret becomes stars, as many as it has characters") {
  CHECK(scrubbed("your key sk-1 is bad: sk-1", "sk-1") == "your key **** is bad: ****");
  CHECK(scrubbed("sk-sk-1sk-", "sk-1") == "sk-****sk-");
  CHECK(scrubbed("", "sk-1").empty());
  CHECK(scrubbed("aabaaabaab", "aabaab") == "aaba******");
}

TEST_CASE("what can't be the beginning of the secret is not held back") {
  Scrubber scrubber("sk-1");
  std::string out;
  scrubber.take("data: x\n\n", out);
  CHECK(out == "data: x\n\n");
  scrubber.take("s", out);
  CHECK(out == "data: x\n\n");
  scrubber.take("o", out);
  CHECK(out == "data: x\n\nso");
}
