// The rules against a naive oracle: random plans, random orders of events, repeats, stops and
// crashes.
//
//   FLEETC_MODEL_RUNS=1000000   how many random runs (default 3000)
//   FLEETC_MODEL_SEED=17        the first seed; with FLEETC_MODEL_RUNS=1 exactly the run that
//   failed
#include <cstdlib>

#include <catch2/catch.hpp>

#include "tests/property/engine/run/world.h"

using namespace fleet::test;

namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string story(const World& world) {
  std::string text;
  for (const fleet::run::Event& event : world.journal()) {
    text +=
        fmt::format("  {} {}\n", fleet::run::name_of(event.body), fleet::run::encode(event.body));
  }
  return text;
}

}  // namespace

TEST_CASE("in whatever order things happen, a run ends as each step's script says") {
  const std::uint64_t first = from_environment("FLEETC_MODEL_SEED", 1);
  const std::uint64_t runs = from_environment("FLEETC_MODEL_RUNS", 3000);
  std::uint64_t events = 0;
  for (std::uint64_t seed = first; seed < first + runs; ++seed) {
    INFO("again with FLEETC_MODEL_SEED=" << seed << " FLEETC_MODEL_RUNS=1");
    World world(seed);
    try {
      world.run();
    } catch (const Violation& violation) {
      FAIL(violation.what() << "\n" << story(world));
    }
    events += world.journal().size();
  }
  CHECK(events > runs);
}

TEST_CASE("every event of a random run survives its encoding") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    World world(seed);
    world.run();
    for (const fleet::run::Event& event : world.journal()) {
      const auto decoded =
          fleet::run::decode(fleet::run::type_of(event.body), fleet::run::encode(event.body));
      CHECK((decoded.ok && decoded.body == event.body));
    }
  }
}
