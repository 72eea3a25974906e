#include "engine/journal/journal.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/support/journals.h"
#include "tests/support/scratch_dir.h"

namespace fleet::journal {
namespace {

using std::chrono::milliseconds;
using testing::append;
using testing::at;
using testing::draft;
using testing::must;
using testing::new_run;
using testing::open_journal;
using testing::ScratchDir;
using testing::texts_of;
using Texts = std::vector<std::string>;

TEST_CASE("sequence numbers run over all runs from 1 without gaps") {
  const ScratchDir dir;
  const auto journal = open_journal(dir.path());
  const RunKey a = new_run(*journal, "a");
  CHECK(a == RunKey{1});
  CHECK(append(*journal, a, {"x", "y"}) == Seq{3});
  const RunKey b = new_run(*journal, "b");
  CHECK(append(*journal, b, {"z"}) == Seq{5});
  CHECK(append(*journal, a, {"w"}) == Seq{6});
  CHECK(append(*journal, a, {}) == Seq{6});
  must(journal->flush());
  CHECK(journal->durable_seq() == Seq{6});
  CHECK(journal->last_seq(a) == Seq{6});
  CHECK(journal->last_seq(b) == Seq{5});
  CHECK(texts_of(*journal, a) == Texts{"x", "y", "w"});
  CHECK(texts_of(*journal, b) == Texts{"z"});
}

TEST_CASE("events outlive the journal with everything that was said of them") {
  const ScratchDir dir;
  {
    const auto journal = open_journal(dir.path());
    const RunKey run = new_run(*journal, "a");
    must(journal->append(run, std::vector<EventDraft>{{7, at(-5), std::string("\0\xff", 2)}}));
    must(journal->close());
  }
  const auto journal = open_journal(dir.path());
  int seen = 0;
  must(journal->read(journal->find_run("a")->key, Seq{1}, [&](const EventView& event) {
    ++seen;
    CHECK(event.seq == Seq{2});
    CHECK(event.type == 7);
    CHECK(event.at == at(-5));
    CHECK(event.payload == std::string_view("\0\xff", 2));
    return true;
  }));
  CHECK(seen == 1);
  CHECK(append(*journal, RunKey{1}, {"next"}) == Seq{3});
}

TEST_CASE("a run is read from any event on, and reading stops when asked") {
  const ScratchDir dir;
  const auto journal = open_journal(dir.path());
  const RunKey run = new_run(*journal, "a");
  Texts all;
  for (int i = 0; i < 100; ++i)
    all.push_back(std::to_string(i));
  append(*journal, run, all);
  must(journal->flush());
  for (std::uint64_t from = 2; from <= 102; from += 7)
    CHECK(texts_of(*journal, run, from) ==
          Texts(all.begin() + static_cast<long>(from) - 2, all.end()));
  CHECK(texts_of(*journal, run, 1000).empty());
  int seen = 0;
  must(journal->read(run, Seq{1}, [&](const EventView&) { return ++seen < 3; }));
  CHECK(seen == 3);
}

TEST_CASE("the engine's own events belong to no run") {
  const ScratchDir dir;
  const auto journal = open_journal(dir.path());
  append(*journal, RunKey{}, {"up"});
  const RunKey run = new_run(*journal, "a");
  append(*journal, run, {"x"});
  append(*journal, RunKey{}, {"down"});
  must(journal->flush());
  CHECK(texts_of(*journal, RunKey{}) == Texts{"up", "down"});
  CHECK(journal->last_seq(RunKey{}) == Seq{4});
  Texts all;
  must(journal->read_all(Seq{1}, [&](const EventView& event) {
    all.emplace_back(event.payload);
    return true;
  }));
  CHECK(all == Texts{"up", "x", "down"});
}

TEST_CASE("what may not be appended is refused and leaves no trace") {
  const ScratchDir dir;
  const auto journal = open_journal(dir.path());
  const RunKey run = new_run(*journal, "a");
  const auto refused = [&](RunKey key, std::vector<EventDraft> events) {
    return journal->append(key, events).error().code();
  };
  CHECK(refused(RunKey{9}, {draft("x")}) == Errc::kNotFound);
  CHECK(refused(run, {draft("fine"), draft("x", kFirstReservedType)}) == Errc::kInvalid);
  CHECK(refused(run, {draft(std::string(kMaxPayload + 1, 'x'))}) == Errc::kInvalid);
  CHECK(refused(run, std::vector<EventDraft>(5, draft(std::string(kMaxPayload, 'x')))) ==
        Errc::kInvalid);
  CHECK(journal->create_run({"a", {}, {}, at(0)}).error().code() == Errc::kExists);
  CHECK(journal->create_run({"", {}, {}, at(0)}).error().code() == Errc::kInvalid);
  CHECK(journal->create_run({"b", "not hex", {}, at(0)}).error().code() == Errc::kInvalid);
  CHECK(journal->set_run_state(RunKey{}, "x", true, at(0)).error().code() == Errc::kInvalid);
  CHECK(journal->read(RunKey{9}, Seq{1}, [](const EventView&) { return true; }).error().code() ==
        Errc::kNotFound);
  CHECK(journal->assigned_seq() == Seq{1});
}

TEST_CASE("the callback is told of every event once it is durable, before flush returns") {
  const ScratchDir dir;
  std::vector<std::uint64_t> told;
  JournalOptions options;
  options.on_durable = [&](Seq through, const Status& status) {
    REQUIRE(status);
    told.push_back(through.value);
  };
  const auto journal = open_journal(dir.path(), options);
  const RunKey run = new_run(*journal, "a");
  for (int i = 0; i < 20; ++i) {
    const Seq last = append(*journal, run, {"x", "y"});
    if (i % 3 == 0) {
      must(journal->flush());
      REQUIRE(told.back() == last.value);
    }
  }
  must(journal->close());
  CHECK(told.back() == 41);
  CHECK(std::is_sorted(told.begin(), told.end()));
}

TEST_CASE("the callback may append") {
  const ScratchDir dir;
  Journal* self = nullptr;
  std::atomic<int> left{3};
  JournalOptions options;
  options.on_durable = [&](Seq, const Status&) {
    if (self != nullptr && left-- > 0)
      append(*self, RunKey{}, {"again"});
  };
  const auto journal = open_journal(dir.path(), options);
  self = journal.get();
  append(*journal, RunKey{}, {"first"});
  while (left >= 0)
    must(journal->flush());
  must(journal->close());
  CHECK(open_journal(dir.path())->durable_seq() == Seq{4});
}

TEST_CASE("runs are listed newest first with their last state") {
  const ScratchDir dir;
  {
    const auto journal = open_journal(dir.path());
    const RunKey a = new_run(*journal, "a");
    new_run(*journal, "b");
    must(journal->set_run_state(a, "done", true, at(2000)));
    must(journal->close());
  }
  const auto journal = open_journal(dir.path());
  const auto runs = journal->list_runs();
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].id == "b");
  CHECK(runs[1].state == "done");
  CHECK(runs[1].changed == at(2000));
  CHECK(runs[1].created == at(1000));
  CHECK(journal->latest_unfinished()->id == "b");
  CHECK_FALSE(journal->find_run("c"));
}

TEST_CASE("a measurement points at its event") {
  const ScratchDir dir;
  const MeasureKey key{"fixer", "items", "task"};
  const auto journal = open_journal(dir.path());
  const RunKey run = new_run(*journal, "a");
  const Seq seq = must(journal->record_measure(run, key, milliseconds(1234), at(5)));
  must(journal->flush());
  CHECK(journal->measures(key, 9) == std::vector<Measure>{{seq, at(5), milliseconds(1234)}});
  CHECK(texts_of(*journal, run).empty());  // the journal's own events are not shown
}

TEST_CASE("a blob is found by its content's hash, in every later journal") {
  const ScratchDir dir;
  BlobId id;
  {
    const auto journal = open_journal(dir.path());
    id = must(journal->put_blob("a plan"));
    CHECK(must(journal->put_blob("a plan")) == id);
    must(journal->create_run({"a", id, {}, at(0)}));
    must(journal->put_blob(""));
    must(journal->close());
  }
  const auto journal = open_journal(dir.path());
  CHECK(must(journal->get_blob(id)) == "a plan");
  CHECK(journal->find_run("a")->plan == id);
  CHECK(must(journal->get_blob("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
            .empty());
  CHECK(journal->get_blob(std::string(64, '0')).error().code() == Errc::kNotFound);
  CHECK(journal->get_blob("plan").error().code() == Errc::kInvalid);
}

TEST_CASE("a plan that a run names and nobody stored is damage, not absence") {
  const ScratchDir dir;
  const auto journal = open_journal(dir.path());
  must(journal->create_run({"a", std::string(64, '0'), {}, at(0)}));
  must(journal->flush());
  CHECK(journal->get_blob(std::string(64, '0')).error().code() == Errc::kCorrupt);
  CHECK(journal->verify().error().code() == Errc::kCorrupt);
}

TEST_CASE("a closed journal takes nothing more") {
  const ScratchDir dir;
  const auto journal = open_journal(dir.path());
  must(journal->close());
  must(journal->close());
  CHECK(journal->append(RunKey{}, std::vector{draft("x")}).error().code() == Errc::kCancelled);
  CHECK(journal->put_blob("x").error().code() == Errc::kCancelled);
}

TEST_CASE("many threads append at once and every call stays together") {
  const ScratchDir dir;
  const auto journal = open_journal(dir.path());
  std::vector<std::thread> threads;
  for (char name = 'a'; name < 'e'; ++name) {
    threads.emplace_back([&journal, name] {
      const std::string text(1, name);
      for (int i = 0; i < 50; ++i)
        static_cast<void>(
            journal->append(RunKey{}, std::vector{draft(text), draft(text), draft(text)}));
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  must(journal->flush());
  const Texts texts = texts_of(*journal, RunKey{});
  REQUIRE(texts.size() == 600);
  for (std::size_t i = 0; i < texts.size(); i += 3)
    REQUIRE((texts[i] == texts[i + 1] && texts[i] == texts[i + 2]));
  must(journal->verify());
}

}  // namespace
}  // namespace fleet::journal
