// What the journal costs: an event by the size of the group it is committed with, and reading by
// comparison with plain SQLite. Each figure says on which ground it was taken: memory shows the
// journal's own work, disk adds the fsync.
#include <spawn.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "engine/journal/journal.h"
#include "tests/support/scratch_dir.h"

extern char** environ;

namespace fleet::journal {
namespace {

using testing::Ground;
using testing::ScratchDir;

constexpr std::size_t kPayloadBytes = 200;

std::unique_ptr<Journal> open_journal(const ScratchDir& dir) {
  auto journal = Journal::open(dir.path());
  if (!journal)
    FLEET_FAIL("no journal to measure", journal.error().message());
  return *std::move(journal);
}

void append_groups(benchmark::State& state, Ground ground) {
  const ScratchDir dir(ground);
  const auto journal = open_journal(dir);
  const RunKey run = *journal->create_run({"bench", {}, {}, {}});
  const std::vector<EventDraft> group(static_cast<std::size_t>(state.range(0)),
                                      {1, {}, std::string(kPayloadBytes, 'x')});
  for (auto _ : state) {
    const auto seq = journal->append(run, group);
    const Status durable = journal->flush();
    if (!seq || !durable)
      state.SkipWithError("the journal failed");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["an_event"] =
      benchmark::Counter(static_cast<double>(state.iterations() * state.range(0)),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void BM_AppendOnDisk(benchmark::State& state) {
  append_groups(state, Ground::kDisk);
}
void BM_AppendInMemory(benchmark::State& state) {
  append_groups(state, Ground::kMemory);
}
BENCHMARK(BM_AppendOnDisk)
    ->Arg(1)
    ->Arg(8)
    ->Arg(64)
    ->Arg(512)
    ->UseRealTime()
    ->MeasureProcessCPUTime();
BENCHMARK(BM_AppendInMemory)
    ->Arg(1)
    ->Arg(8)
    ->Arg(64)
    ->Arg(512)
    ->UseRealTime()
    ->MeasureProcessCPUTime();

// Six events one by one, as a task makes them, a hundred tasks in flight: the work of all threads
// for one task, to be held against one spawn.
void BM_SixEventsOfATask(benchmark::State& state) {
  constexpr int kTasksInFlight = 100;
  const ScratchDir dir(Ground::kDisk);
  const auto journal = open_journal(dir);
  const RunKey run = *journal->create_run({"bench", {}, {}, {}});
  const std::vector<EventDraft> one(1, {1, {}, std::string(kPayloadBytes, 'x')});
  while (state.KeepRunningBatch(kTasksInFlight)) {
    for (int i = 0; i < 6 * kTasksInFlight; ++i)
      if (!journal->append(run, one))
        state.SkipWithError("the journal failed");
    if (!journal->flush())
      state.SkipWithError("the journal failed");
  }
}
BENCHMARK(BM_SixEventsOfATask)->MeasureProcessCPUTime();

void BM_SpawnAndWait(benchmark::State& state) {
  char name[] = "true";
  char* const arguments[] = {name, nullptr};
  for (auto _ : state) {
    pid_t child = 0;
    if (::posix_spawn(&child, "/bin/true", nullptr, nullptr, arguments, environ) != 0)
      state.SkipWithError("no spawn");
    ::waitpid(child, nullptr, 0);
  }
}
BENCHMARK(BM_SpawnAndWait)->UseRealTime();

// A journal as engines leave it: `range` events in groups of 16.
class Written {
 public:
  explicit Written(std::int64_t events) : dir_(Ground::kMemory) {
    const auto journal = open_journal(dir_);
    const RunKey run = *journal->create_run({"bench", {}, {}, {}});
    const std::vector<EventDraft> group(16, {1, {}, std::string(kPayloadBytes, 'x')});
    for (std::int64_t i = 0; i < events; i += 16) {
      static_cast<void>(journal->append(run, group));
      if (i % 64 == 0)
        static_cast<void>(journal->flush());
    }
    if (!journal->close())
      FLEET_FAIL("the journal failed");
  }
  const std::string& dir() const { return dir_.path(); }

 private:
  ScratchDir dir_;
};

void BM_OpenAndReadVerified(benchmark::State& state) {
  const Written written(state.range(0));
  for (auto _ : state) {
    const auto reader = JournalReader::open(written.dir());
    std::size_t bytes = 0;
    const Status status = (*reader)->read(RunKey{1}, Seq{1}, [&](const EventView& event) {
      bytes += event.payload.size();
      return true;
    });
    if (!status || bytes == 0)
      state.SkipWithError("nothing was read");
  }
}
BENCHMARK(BM_OpenAndReadVerified)->Arg(100'000)->Unit(benchmark::kMillisecond);

// The same payloads, a row each, unverified.
void BM_PlainSqliteRowPerEvent(benchmark::State& state) {
  const ScratchDir dir(Ground::kMemory);
  sqlite3* db = nullptr;
  sqlite3_open((dir / "plain.db").c_str(), &db);
  sqlite3_exec(db,
               "PRAGMA journal_mode=WAL; CREATE TABLE event(seq INTEGER PRIMARY KEY, run, type, "
               "at, payload)",
               nullptr, nullptr, nullptr);
  const std::string fill =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < " +
      std::to_string(state.range(0)) +
      ") INSERT INTO event SELECT i, 1, 1, 0, zeroblob(200) FROM n";
  sqlite3_exec(db, fill.c_str(), nullptr, nullptr, nullptr);
  sqlite3_close(db);
  for (auto _ : state) {
    sqlite3_open((dir / "plain.db").c_str(), &db);
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(db, "SELECT seq, run, type, at, payload FROM event ORDER BY seq", -1,
                       &statement, nullptr);
    std::int64_t bytes = 0;
    while (sqlite3_step(statement) == SQLITE_ROW) {
      for (int column = 0; column < 4; ++column)
        benchmark::DoNotOptimize(sqlite3_column_int64(statement, column));
      bytes += sqlite3_column_bytes(statement, 4);
      benchmark::DoNotOptimize(sqlite3_column_blob(statement, 4));
    }
    if (bytes != state.range(0) * 200)
      state.SkipWithError("not everything was read");
    sqlite3_finalize(statement);
    sqlite3_close(db);
  }
}
BENCHMARK(BM_PlainSqliteRowPerEvent)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fleet::journal

BENCHMARK_MAIN();
