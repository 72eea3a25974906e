#include "engine/journal/batch.h"

#include <catch2/catch.hpp>

#include "engine/journal/checksum.h"
#include "tests/support/journals.h"

namespace fleet::journal {
namespace {

using testing::at;

struct Sealed {
  Batch batch;
  Digest before{};
  Digest chain{};
  BatchView view() const {
    return {batch.first, batch.run, batch.count, batch.events, view_of(chain)};
  }
};

Sealed three_events() {
  Sealed sealed;
  sealed.batch = {Seq{5}, RunKey{2}, 0, {}};
  add_event(sealed.batch, 1, at(-7), "one");
  add_event(sealed.batch, 0xEFFF, at(0), "");
  add_event(sealed.batch, 3, at(9), std::string("\0three", 6));
  sealed.before = sha256({"what came before"});
  sealed.chain = chain_after(sealed.before, sealed.view());
  return sealed;
}

Status verify(const Sealed& sealed) {
  Digest chain = sealed.before;
  return verify_batch(sealed.view(), chain);
}

TEST_CASE("events come out of a batch as they went in") {
  const Sealed sealed = three_events();
  REQUIRE(verify(sealed));
  std::vector<std::string> seen;
  visit_events(sealed.view(), [&](const EventView& event) {
    seen.push_back(fmt::format("{} {} {} {} {}", event.seq.value, event.run.value, event.type,
                               event.at.time_since_epoch().count(), event.payload.size()));
    return true;
  });
  CHECK(seen == std::vector<std::string>{"5 2 1 -7 3", "6 2 61439 0 0", "7 2 3 9 6"});
}

TEST_CASE("visiting stops when asked") {
  int seen = 0;
  CHECK_FALSE(visit_events(three_events().view(), [&](const EventView&) { return ++seen < 2; }));
  CHECK(seen == 2);
}

TEST_CASE("every flipped bit of a batch is found") {
  const Sealed sound = three_events();
  for (std::size_t bit = 0; bit < sound.batch.events.size() * 8; ++bit) {
    Sealed damaged = sound;
    damaged.batch.events[bit / 8] =
        static_cast<char>(damaged.batch.events[bit / 8] ^ (1 << bit % 8));
    CAPTURE(bit);
    REQUIRE(verify(damaged).error().code() == Errc::kCorrupt);
  }
}

TEST_CASE("every shortened or lengthened batch is found") {
  const Sealed sound = three_events();
  for (std::size_t size = 0; size < sound.batch.events.size(); ++size) {
    Sealed cut = sound;
    cut.batch.events.resize(size);
    REQUIRE_FALSE(verify(cut));
  }
  Sealed longer = sound;
  longer.batch.events += '\0';
  CHECK_FALSE(verify(longer));
}

TEST_CASE("a batch under another number, run, count or predecessor is found") {
  Sealed other = three_events();
  SECTION("number") {
    other.batch.first.value += 1;
  }
  SECTION("run") {
    other.batch.run.value += 1;
  }
  SECTION("fewer") {
    other.batch.count -= 1;
  }
  SECTION("more") {
    other.batch.count += 1;
  }
  SECTION("none") {
    other.batch.count = 0;
  }
  SECTION("absurdly many") {
    other.batch.count = ~std::uint64_t{0};
  }
  SECTION("predecessor") {
    other.before[0] ^= 1;
  }
  CHECK(verify(other).error().code() == Errc::kCorrupt);
}

TEST_CASE("damage is placed at its event") {
  Sealed damaged = three_events();
  damaged.batch.events.back() = static_cast<char>(damaged.batch.events.back() ^ 1);
  CHECK(verify(damaged).error().message() == "event 7: its checksum does not match");
}

}  // namespace
}  // namespace fleet::journal
