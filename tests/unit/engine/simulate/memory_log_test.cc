#include "engine/simulate/memory_log.h"

#include <catch2/catch.hpp>

using namespace fleet;
using namespace fleet::simulate;
using std::chrono::milliseconds;

namespace {

struct Writing {
  Agenda agenda{os::WallTime{}};
  MemoryLog log{agenda, [] {
                  return milliseconds(10);
                }};
  std::uint64_t durable = 0;
  int failures = 0;

  void start() {
    log.start([this](std::uint64_t through, const Status& status) {
      durable = through;
      failures += status ? 0 : 1;
    });
  }
  void append(std::int64_t at) { log.append({at, run::StopAsked{}}); }
  void run() {
    while (agenda.advance()) {
    }
  }
};

}  // namespace

TEST_CASE("what is appended during a write is written with the next one") {
  Writing bench;
  bench.start();
  bench.append(1);
  bench.append(2);
  bench.append(3);
  CHECK(bench.durable == 0);
  bench.agenda.advance();
  CHECK(bench.durable == 1);
  bench.agenda.advance();
  CHECK(bench.durable == 3);
  CHECK(bench.log.events().size() == 3);
}

TEST_CASE(
    "an engine's death loses what was queued, and what was being written if the disk says so") {
  for (const bool written : {false, true}) {
    Writing bench;
    bench.start();
    bench.append(1);
    bench.append(2);
    bench.log.engine_died(written);
    bench.run();
    CHECK(bench.log.events().size() == (written ? 1 : 0));
    CHECK(bench.durable == 0);
    bench.start();
    bench.append(9);
    bench.run();
    CHECK(bench.log.events().back().at == 9);
    CHECK(bench.durable == bench.log.events().size());
  }
}

TEST_CASE("a write that fails is said once, and nothing is written until the next engine") {
  for (const bool written : {false, true}) {
    Writing bench;
    bench.start();
    bench.append(1);
    bench.run();
    bench.log.fail_after(1, written);
    bench.append(2);
    bench.append(3);
    bench.run();
    bench.append(4);
    bench.run();
    CHECK(bench.failures == 1);
    CHECK(bench.log.failed());
    CHECK(bench.log.events().size() == (written ? 2 : 1));
    bench.log.engine_died(true);
    bench.start();
    CHECK_FALSE(bench.log.failed());
    bench.append(5);
    bench.run();
    CHECK(bench.failures == 1);
    CHECK(bench.log.events().back().at == 5);
  }
}
