#include "engine/simulate/keeper.h"

#include <catch2/catch.hpp>

using namespace fleet;
using namespace fleet::simulate;
using std::chrono::milliseconds;

namespace {

run::Attempt attempt(std::uint32_t task) {
  return {{task}, 1};
}

Process process(std::uint32_t task, int ms, bool with_engine = false) {
  Process process;
  process.end.attempt = attempt(task);
  process.end.duration = milliseconds(ms);
  process.with_engine = with_engine;
  return process;
}

struct Bench {
  Agenda agenda{os::WallTime{}};
  Keeper keeper{agenda};
  std::vector<run::Exited> told;

  void watch() {
    keeper.watch([this](const run::Exited& exit) { told.push_back(exit); });
  }
  void run() {
    while (agenda.advance()) {
    }
  }
};

}  // namespace

TEST_CASE("no more processes run at once than there are places") {
  Bench bench;
  bench.keeper.set_jobs(2);
  bench.watch();
  for (std::uint32_t task = 0; task < 4; ++task)
    bench.keeper.submit(process(task, 10));
  bench.keeper.submit(process(0, 10));
  bench.run();
  CHECK(bench.told.size() == 4);
  CHECK(bench.agenda.now() == milliseconds(20));
}

TEST_CASE("the next engine learns of what ended while there was none") {
  Bench bench;
  bench.keeper.set_jobs(4);
  bench.watch();
  bench.keeper.submit(process(0, 10));
  bench.keeper.submit(process(1, 10, true));
  bench.keeper.engine_died(milliseconds(3));
  bench.run();
  CHECK(bench.told.empty());
  CHECK(bench.keeper.knows(attempt(0)));
  CHECK_FALSE(bench.keeper.runs(attempt(0)));
  bench.watch();
  REQUIRE(bench.told.size() == 2);
  CHECK(bench.told[0].attempt == attempt(1));
  CHECK(bench.told[0].how == run::ExitHow::kCancelled);
  CHECK(bench.told[0].duration == milliseconds(3));
  CHECK(bench.told[1].how == run::ExitHow::kExited);
}

TEST_CASE("a process that ends before its grace does is not cancelled") {
  Bench bench;
  bench.keeper.set_jobs(1);
  bench.watch();
  bench.keeper.submit(process(0, 10));
  bench.keeper.submit(process(1, 10));
  bench.keeper.cancel(attempt(0), milliseconds(50));
  bench.keeper.cancel(attempt(1), milliseconds(50));
  bench.run();
  REQUIRE(bench.told.size() == 2);
  CHECK(bench.told[0].attempt == attempt(1));
  CHECK(bench.told[0].how == run::ExitHow::kCancelled);
  CHECK(bench.told[1].how == run::ExitHow::kExited);
}

TEST_CASE("a machine that dies takes every process with it, and their ends are known as lost") {
  Bench bench;
  bench.keeper.set_jobs(1);
  int seen = 0;
  bench.keeper.witness([&](const run::Exited&) { ++seen; });
  bench.keeper.submit(process(0, 10));
  bench.keeper.submit(process(1, 10));
  bench.keeper.reboot([](run::Attempt) { return false; });
  bench.run();
  bench.watch();
  REQUIRE(bench.told.size() == 2);
  CHECK(seen == 2);
  CHECK(bench.told[0].how == run::ExitHow::kLost);
  CHECK(bench.told[1].how == run::ExitHow::kLost);
}

TEST_CASE("what was not on disk when the machine died was never there, and may come again") {
  Bench bench;
  bench.keeper.set_jobs(1);
  bench.keeper.submit(process(0, 10));
  bench.keeper.reboot([](run::Attempt) { return true; });
  CHECK_FALSE(bench.keeper.knows(attempt(0)));
  bench.watch();
  CHECK(bench.told.empty());
  bench.keeper.submit(process(0, 30));
  bench.run();
  REQUIRE(bench.told.size() == 1);
  CHECK(bench.told[0].how == run::ExitHow::kExited);
  CHECK(bench.agenda.now() == milliseconds(30));
}
