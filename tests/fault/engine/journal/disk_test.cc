// The disk fails, fills up or loses power: what was acknowledged stays, what was not is never made
// up, and the first failure sticks.
#include <filesystem>

#include <catch2/catch.hpp>

#include "engine/journal/journal.h"
#include "tests/support/faulty_vfs.h"
#include "tests/support/journals.h"
#include "tests/support/scratch_dir.h"

namespace fleet::journal {
namespace {

namespace fs = std::filesystem;
using testing::append;
using testing::draft;
using testing::FaultCode;
using testing::FaultKind;
using testing::FaultPlan;
using testing::FaultyDisk;
using testing::must;
using testing::open_journal;
using testing::ScratchDir;
using testing::texts_of;

JournalOptions faulty(OnDurable on_durable = {}) {
  JournalOptions options;
  options.on_durable = std::move(on_durable);
  options.reserve_bytes = 4096;
  options.sqlite_vfs = testing::kFaultyVfs;
  return options;
}

struct Outcome {
  bool opened = false;
  std::uint64_t assigned = 0;
  std::uint64_t acknowledged = 0;  // what the callback said with success
};

// Opens, writes groups of three events, closes. After a failure, nothing else may go through.
Outcome write_some(const std::string& dir) {
  Outcome outcome;
  auto opened = Journal::open(dir, faulty([&](Seq through, const Status& status) {
                                if (status)
                                  outcome.acknowledged = through.value;
                              }));
  if (!opened)
    return outcome;
  outcome.opened = true;
  Journal& journal = **opened;
  for (int group = 0; group < 6; ++group) {
    const auto seq = journal.append(RunKey{}, std::vector{draft("a"), draft("b"), draft("c")});
    if (seq)
      outcome.assigned = seq->value;
    const Status flushed = journal.flush();
    const Status status = journal.status();
    if (status) {
      CHECK(flushed);
      continue;
    }
    const auto refused = journal.append(RunKey{}, std::vector{draft("x")});
    CHECK(refused.error().message() == status.error().message());
    CHECK(journal.status().error().message() == status.error().message());
  }
  static_cast<void>(journal.close());
  return outcome;
}

void check_survivors(const std::string& dir, const Outcome& outcome) {
  const auto journal = open_journal(dir);
  CHECK(journal->durable_seq().value >= outcome.acknowledged);
  CHECK(journal->durable_seq().value <= outcome.assigned);
  CHECK(journal->durable_seq().value % 3 == 0);  // all of one append or nothing
  must(journal->verify());
  const auto texts = texts_of(*journal, RunKey{});
  for (std::size_t i = 0; i < texts.size(); ++i)
    REQUIRE(texts[i] == std::string(1, "abc"[i % 3]));
  append(*journal, RunKey{}, {"on it goes"});
  must(journal->flush());
}

TEST_CASE("whichever write or fsync fails, nothing acknowledged is lost") {
  FaultPlan plan;
  plan.kind = GENERATE(FaultKind::kBefore, FaultKind::kAfter, FaultKind::kShortWrite);
  plan.code = GENERATE(FaultCode::kIo, FaultCode::kNoSpace);
  plan.for_good = GENERATE(false, true);
  for (plan.call = 1;; ++plan.call) {
    CAPTURE(plan.call, static_cast<int>(plan.kind), static_cast<int>(plan.code), plan.for_good);
    const ScratchDir dir(testing::Ground::kMemory);
    FaultyDisk::instance().begin(plan);
    const Outcome outcome = write_some(dir.path());
    const bool fired = FaultyDisk::instance().fired();
    FaultyDisk::instance().begin({});
    check_survivors(dir.path(), outcome);
    if (!fired) {
      CHECK(outcome.acknowledged == 18);
      CHECK(plan.call > 20);
      break;
    }
  }
}

TEST_CASE("a failed fsync is told to the callback once, and to every later caller") {
  const ScratchDir dir(testing::Ground::kMemory);
  FaultyDisk::instance().begin({});
  std::vector<std::string> told;
  auto journal = must(
      Journal::open(dir.path(), faulty([&](Seq through, const Status& status) {
                      told.push_back(fmt::format("{} {}", through.value, status ? "ok" : "failed"));
                    })));
  append(*journal, RunKey{}, {"1"});
  must(journal->flush());
  FaultPlan plan;
  plan.call = 1;
  FaultyDisk::instance().begin(plan);
  append(*journal, RunKey{}, {"2"});
  CHECK(journal->flush().error().code() == Errc::kIo);
  CHECK_THAT(journal->flush().error().message(), Catch::Contains("disk I/O error"));
  CHECK_FALSE(journal->append_last(RunKey{}, std::vector{draft("stop")}));
  CHECK_FALSE(journal->close());
  CHECK(told == std::vector<std::string>{"1 ok", "1 failed"});
  FaultyDisk::instance().begin({});
}

TEST_CASE("on a full disk the reserve pays for recording the stop, and for nothing else") {
  const ScratchDir dir(testing::Ground::kMemory);
  FaultPlan full;
  full.call = 1;
  full.code = FaultCode::kNoSpace;
  full.for_good = true;
  full.only_while = [&] {
    return fs::exists(dir / "state.reserve");
  };
  std::vector<std::string> told;
  {
    FaultyDisk::instance().begin({});
    auto journal = must(Journal::open(dir.path(), faulty([&](Seq through, const Status& status) {
                                        told.push_back(fmt::format("{} {}", through.value,
                                                                   status ? "ok" : "no space"));
                                      })));
    const RunKey run = testing::new_run(*journal, "a");
    must(journal->flush());
    FaultyDisk::instance().begin(full);
    append(*journal, run, {"the disk fills up here"});
    must(journal->flush());  // paid by the reserve
    CHECK(journal->status().error().code() == Errc::kNoSpace);
    CHECK_FALSE(fs::exists(dir / "state.reserve"));
    CHECK(journal->append(run, std::vector{draft("more")}).error().code() == Errc::kNoSpace);
    must(journal->append_last(run, std::vector{draft("stopped")}));
    must(journal->set_run_state(run, "stopped: no space", false, testing::at(0)));
    must(journal->flush());
    static_cast<void>(journal->close());
  }
  FaultyDisk::instance().begin({});
  const auto journal = open_journal(dir.path());
  CHECK(texts_of(*journal, RunKey{1}) ==
        std::vector<std::string>{"the disk fills up here", "stopped"});
  CHECK(journal->find_run("a")->state == "stopped: no space");
  CHECK(fs::exists(dir / "state.reserve"));
  REQUIRE(told.size() >= 3);
  CHECK(told[0] == "1 ok");
  CHECK(told[1] == "2 no space");
  CHECK(told.back() == "4 no space");
}

TEST_CASE("a power cut at any moment keeps what was acknowledged") {
  std::mt19937_64 random(20240607);
  std::mt19937_64 cutting(20240608);  // the writer's own, until it is joined
  const ScratchDir dir(testing::Ground::kMemory);
  FaultyDisk::instance().begin({});
  int cut = 0;
  std::uint64_t acknowledged = 0;
  const auto check_cut = [&] {
    const std::string copy = dir / ("cut" + std::to_string(cut++));
    FaultyDisk::instance().power_cut(dir / "j", copy, cutting);
    // Not synced each time: the mark may be any earlier one.
    if (cutting() % 2 == 0)
      fs::copy_file(dir / "head0", copy + "/state.head", fs::copy_options::overwrite_existing);
    fs::remove(copy + "/state.lock");
    const auto journal = open_journal(copy);
    REQUIRE(journal->durable_seq().value >= acknowledged);
    must(journal->verify());
    REQUIRE(texts_of(*journal, RunKey{}).size() == journal->durable_seq().value);
    must(journal->close());
    must(os::system_files().remove_tree(copy));
  };
  const auto journal = must(Journal::open(dir / "j", faulty([&](Seq through, const Status&) {
                                            acknowledged = through.value;
                                            if (acknowledged % 10 == 0)
                                              check_cut();
                                          })));
  fs::copy_file(dir / "j/state.head", dir / "head0");
  // Enough to pass checkpoints, after which the log begins anew.
  for (int i = 0; i < 400; ++i) {
    append(*journal, RunKey{}, {std::string(random() % 60000, 'x')});
    if (random() % 2 == 0)
      must(journal->flush());
  }
  must(journal->close());
  check_cut();
  CHECK(cut > 10);
}

}  // namespace
}  // namespace fleet::journal
