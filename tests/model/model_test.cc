// The whole engine in virtual time: the real executor, core and spawn policy over a simulated world
// that fails by a script, is interrupted at random, and keeps books of its own.
//
//   FLEETC_MODEL_SEED=17       one seed, with its trace on stderr
//   FLEETC_MODEL_RUNS=100000   how many seeds, from 1 (default 3000)
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <utility>

#include <catch2/catch.hpp>

#include "tests/model/story.h"

using namespace fleet::test;

namespace {

constexpr std::uint64_t kSeeds = 3000;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string again_with(std::uint64_t seed) {
  return fmt::format("again with FLEETC_MODEL_SEED={} build/dev/tests/model_engine", seed);
}

// The trace of a seed that failed; the same seed fails the same way.
std::string trace_of(std::uint64_t seed) {
  const auto story = std::make_unique<Story>(seed, StoryOptions{.faults = true, .trace = true});
  try {
    story->tell();
  } catch (const Violation&) {
  }
  return story->trace();
}

struct Told {
  std::string summary, bytes;
  std::size_t events = 0;
  std::uint32_t lives = 0;
  std::map<Fault, std::uint32_t> struck;
};

Told tell(std::uint64_t seed, bool faults = true) {
  const auto story = std::make_unique<Story>(seed, StoryOptions{.faults = faults, .trace = false});
  story->tell();
  return {story->summary(), story->bytes(), story->events(), story->lives(), story->struck()};
}

// What a reader needs to know of a seed that failed, and the trace of the first one.
void check_seed(std::uint64_t seed, const std::function<void()>& check) {
  INFO(again_with(seed));
  try {
    check();
  } catch (const Violation& violation) {
    static bool told = false;
    if (!std::exchange(told, true))
      std::fputs(trace_of(seed).c_str(), stderr);
    FAIL_CHECK(violation.what());
  }
}

struct Seeds {
  std::uint64_t first = 1, last = 0;
};
Seeds seeds(std::uint64_t otherwise) {
  if (const std::uint64_t one = from_environment("FLEETC_MODEL_SEED", 0); one != 0)
    return {one, one};
  return {1, from_environment("FLEETC_MODEL_RUNS", otherwise)};
}

}  // namespace

TEST_CASE("whatever happens and whenever, a run ends as its script says and does nothing twice") {
  const Seeds all = seeds(kSeeds);
  std::uint64_t events = 0, lives = 0;
  std::map<Fault, std::uint64_t> struck;
  for (std::uint64_t seed = all.first; seed <= all.last; ++seed) {
    check_seed(seed, [&] {
      const Told told = tell(seed);
      events += told.events;
      lives += told.lives;
      for (const auto& [fault, times] : told.struck)
        struck[fault] += times;
    });
  }
  if (all.first == all.last) {
    std::fputs(trace_of(all.first).c_str(), stderr);
    return;
  }
  CHECK(events / all.last >= 20);
  CHECK(lives > all.last);
  for (const Fault fault : {Fault::kDrain, Fault::kStopNow, Fault::kKill, Fault::kReboot,
                            Fault::kJournal, Fault::kRepeat, Fault::kClock})
    CHECK(struck[fault] >= all.last / 20);
}

TEST_CASE("a run whose engine is killed comes to what an undisturbed one comes to") {
  const Seeds all = seeds(kSeeds / 2);
  std::uint64_t compared = 0;
  for (std::uint64_t seed = all.first; seed <= all.last; ++seed) {
    if (!std::make_unique<Story>(seed)->comparable())
      continue;
    ++compared;
    check_seed(seed, [&] { CHECK(tell(seed).summary == tell(seed, false).summary); });
  }
  CHECK((all.first == all.last || compared >= all.last / 10));
}

TEST_CASE("a seed gives the same bytes") {
  const Seeds all = seeds(kSeeds / 10);
  for (std::uint64_t seed = all.first; seed <= all.last; ++seed)
    check_seed(seed, [&] { CHECK(tell(seed).bytes == tell(seed).bytes); });
}
