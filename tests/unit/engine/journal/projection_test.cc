#include "engine/journal/projection.h"

#include <catch2/catch.hpp>

#include "engine/journal/checksum.h"
#include "tests/support/journals.h"

namespace fleet::journal {
namespace {

using std::chrono::milliseconds;
using testing::at;

// Feeds a projection one event a batch, as the journal would.
class Feed {
 public:
  Status event(RunKey run, std::uint32_t type, std::string_view payload) {
    Batch batch{Seq{projection.through().value + 1}, run, 0, {}};
    add_event(batch, type, at(100), payload);
    BatchView view{batch.first, batch.run, batch.count, batch.events, {}};
    const Digest chain = chain_after(projection.chain(), view);
    return projection.apply(view, chain);
  }
  Status own(RunKey run, OwnType type, std::string_view payload) {
    return event(run, static_cast<std::uint32_t>(type), payload);
  }
  RunKey create(const std::string& id) {
    const RunKey key{projection.through().value + 1};
    REQUIRE(own(key, OwnType::kRunCreated, encode_run_created({id, "", "m", at(0)})));
    return key;
  }

  Projection projection;
};

TEST_CASE("a run shows what was last said of it") {
  Feed feed;
  const RunKey run = feed.create("a");
  CHECK(feed.projection.find("a")->state.empty());
  REQUIRE(feed.own(run, OwnType::kRunState, encode_run_state("running", false)));
  REQUIRE(feed.event(run, 1, "x"));
  CHECK(feed.projection.latest_unfinished()->id == "a");
  REQUIRE(feed.own(run, OwnType::kRunState, encode_run_state("done", true)));
  const RunInfo& info = *feed.projection.find(run);
  CHECK(info.state == "done");
  CHECK(info.meta == "m");
  CHECK(info.first == Seq{1});
  CHECK(info.last == Seq{4});
  CHECK(feed.projection.latest_unfinished() == nullptr);
}

TEST_CASE("the newest unfinished run is offered") {
  Feed feed;
  feed.create("old");
  const RunKey young = feed.create("young");
  CHECK(feed.projection.latest_unfinished()->id == "young");
  REQUIRE(feed.own(young, OwnType::kRunState, encode_run_state("failed", true)));
  CHECK(feed.projection.latest_unfinished()->id == "old");
}

TEST_CASE("only the newest measurements are kept, newest first") {
  Feed feed;
  const MeasureKey key{"fixer", "items", "task"};
  for (std::size_t i = 0; i < kMeasuresKept + 5; ++i)
    REQUIRE(feed.own(RunKey{}, OwnType::kMeasure, encode_measure(key, milliseconds(i))));
  const auto kept = feed.projection.measures(key, 1000);
  CHECK(kept.size() == kMeasuresKept);
  CHECK(kept.front().took == milliseconds(kMeasuresKept + 4));
  CHECK(feed.projection.measures(key, 2).size() == 2);
  CHECK(feed.projection.measures({"fixer", "items", "spawn"}, 9).empty());
}

TEST_CASE("own events that make no sense are refused") {
  Feed feed;
  feed.create("a");
  SECTION("an id twice") {
    CHECK_FALSE(
        feed.own(RunKey{2}, OwnType::kRunCreated, encode_run_created({"a", "", "", at(0)})));
  }
  SECTION("a run under another number") {
    CHECK_FALSE(
        feed.own(RunKey{1}, OwnType::kRunCreated, encode_run_created({"b", "", "", at(0)})));
  }
  SECTION("an event of a run that was not created") {
    CHECK_FALSE(feed.event(RunKey{7}, 1, "x"));
  }
  SECTION("cut short") {
    CHECK_FALSE(feed.own(RunKey{1}, OwnType::kRunState, "\5"));
  }
  SECTION("unknown") {
    CHECK_FALSE(feed.event(RunKey{1}, 0xFFFF, ""));
  }
}

TEST_CASE("a snapshot says the same as the projection, and any damage makes it nothing") {
  Feed feed;
  const RunKey run = feed.create("a");
  REQUIRE(feed.own(run, OwnType::kMeasure, encode_measure({"x", "y", "z"}, milliseconds(7))));
  REQUIRE(feed.event(RunKey{}, 1, "engine"));
  const std::string bytes = feed.projection.encode();
  const auto decoded = Projection::decode(bytes);
  REQUIRE(decoded);
  CHECK(decoded->encode() == bytes);
  CHECK(*decoded->find("a") == *feed.projection.find("a"));
  CHECK(decoded->last_of(RunKey{}) == Seq{3});
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string broken = bytes;
    broken[i] = static_cast<char>(broken[i] ^ 0x40);
    REQUIRE_FALSE(Projection::decode(broken));
    REQUIRE_FALSE(Projection::decode(bytes.substr(0, i)));
  }
}

}  // namespace
}  // namespace fleet::journal
