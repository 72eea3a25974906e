#include "engine/broker/price.h"

#include <catch2/catch.hpp>

using namespace fleet::broker;

TEST_CASE("a model has the price of its name, whatever date or folder stands around it") {
  const auto plain = price_of("claude-sonnet-4-5");
  REQUIRE(plain);
  CHECK(plain->rates.output == 15'000'000);
  for (const char* name : {"claude-sonnet-4-5-20250929", "claude-sonnet-4-5-latest"}) {
    const auto same = price_of(name);
    REQUIRE(same);
    CHECK(same->rates.output == plain->rates.output);
  }
  CHECK(price_of("models/gemini-2.5-pro"));
  CHECK(price_of("gpt-5.1-2026-04-01"));
}

TEST_CASE("a model that nobody knows has no price, and no name is taken for a longer one") {
  CHECK_FALSE(price_of("claude-sonnet-4-5-turbo"));
  CHECK_FALSE(price_of("claude"));
  CHECK_FALSE(price_of(""));
}

TEST_CASE("each kind of token costs what its kind costs") {
  const Price price = *price_of("claude-sonnet-4-6");
  CHECK(cost_of({1'000'000, 0, 0, 0, 0}, price) == 3'000'000);
  CHECK(cost_of({0, 1'000'000, 0, 0, 0}, price) == 300'000);
  CHECK(cost_of({0, 0, 1'000'000, 0, 0}, price) == 3'750'000);
  CHECK(cost_of({0, 0, 0, 1'000'000, 0}, price) == 6'000'000);
  CHECK(cost_of({0, 0, 0, 0, 1'000'000}, price) == 15'000'000);
  CHECK(cost_of({1, 0, 0, 0, 0}, price) == 3);
}

TEST_CASE("a fraction of a micro-dollar is rounded up") {
  CHECK(cost_of({1, 0, 0, 0, 0}, flat_price(1)) == 1);
  CHECK(cost_of({}, flat_price(1)) == 0);
}

TEST_CASE("a long prompt costs more from the step on, its answer too") {
  const Price price = *price_of("gemini-2.5-pro");
  CHECK(cost_of({200'000, 0, 0, 0, 1'000'000}, price) == 250'000 + 10'000'000);
  CHECK(cost_of({200'001, 0, 0, 0, 1'000'000}, price) == 500'003 + 15'000'000);
}

TEST_CASE("no request costs more than its worst") {
  for (const char* model :
       {"claude-sonnet-4-5", "claude-haiku-5-5", "gpt-6.2-sol", "gemini-2.5-pro"}) {
    const Price price = *price_of(model);
    for (const std::uint64_t prompt : {0U, 99'999U, 200'000U, 300'000U, 900'000U}) {
      const std::int64_t worst = worst_cost(prompt, 5'000, true, price);
      CHECK(cost_of({prompt, 0, 0, 0, 5'000}, price) <= worst);
      CHECK(cost_of({0, prompt, 0, 0, 5'000}, price) <= worst);
      CHECK(cost_of({0, 0, 0, prompt, 5'000}, price) <= worst);
      CHECK(cost_of({0, 0, prompt, 0, 5'000}, price) <= worst_cost(prompt, 5'000, false, price));
    }
  }
}

TEST_CASE("no prompt is longer than the model's window") {
  const Price price = *price_of("claude-haiku-4-5");
  CHECK(worst_cost(5'000'000, 0, false, price) == worst_cost(200'000, 0, false, price));
}

TEST_CASE("no number of tokens and no price makes a cost that wraps") {
  const std::uint64_t many = 1'000'000'000'000;
  const std::int64_t most = 1'000'000'000'000'000;
  CHECK(cost_of({many, many, many, many, many}, flat_price(most)) == most);
  CHECK(worst_cost(many, many, true, flat_price(most)) == most);
}
