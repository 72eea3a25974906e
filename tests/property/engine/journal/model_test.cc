// Random use of a journal against the simplest thing that could be right: a vector of events.
#include <rapidcheck.h>

#include <map>
#include <optional>

#include <catch2/catch.hpp>

#include "engine/journal/journal.h"
#include "tests/support/journals.h"
#include "tests/support/scratch_dir.h"

namespace fleet::journal {
namespace {

using testing::at;
using testing::must;
using testing::ScratchDir;

struct Plain {
  std::uint64_t seq = 0;
  std::uint64_t run = 0;
  std::uint32_t type = 0;
  std::int64_t at = 0;
  std::string payload;
  friend bool operator==(const Plain&, const Plain&) = default;
};

struct PlainRun {
  std::string id;
  std::string state;
  bool finished = false;
  std::uint64_t last = 0;
};

struct Model {
  std::uint64_t last = 0;
  std::vector<Plain> events;  // what read_all shows
  std::map<std::uint64_t, PlainRun> runs;
  std::map<std::string, std::vector<std::int64_t>> measures;  // by kind, oldest first
  std::map<BlobId, std::string> blobs;
};

class Machine {
 public:
  Machine() { reopen(); }

  void reopen() {
    if (journal_)
      must(journal_->close());
    journal_.reset();
    journal_ = testing::open_journal(dir_.path());
  }
  void create_run() {
    const std::string id = "run" + std::to_string(model_.runs.size());
    const RunKey key = must(journal_->create_run({id, {}, "meta of " + id, at(0)}));
    RC_ASSERT(key.value == ++model_.last);
    model_.runs[key.value] = {id, "", false, model_.last};
  }
  void append() {
    const std::uint64_t run = some_run();
    std::vector<EventDraft> drafts;
    const auto count =
        *rc::gen::weightedOneOf<int>({{9, rc::gen::inRange(0, 5)}, {1, rc::gen::just(300)}});
    for (int i = 0; i < count; ++i) {
      // Some longer than a row wants to be.
      const auto size =
          *rc::gen::weightedOneOf<int>({{20, rc::gen::inRange(0, 300)}, {1, rc::gen::just(40000)}});
      drafts.push_back({*rc::gen::inRange<std::uint32_t>(0, kFirstReservedType),
                        at(*rc::gen::arbitrary<std::int32_t>()),
                        std::string(static_cast<std::size_t>(size), *rc::gen::arbitrary<char>())});
      model_.events.push_back({++model_.last, run, drafts.back().type,
                               drafts.back().at.time_since_epoch().count(), drafts.back().payload});
    }
    if (run != 0 && count > 0)
      model_.runs[run].last = model_.last;
    RC_ASSERT(must(journal_->append(RunKey{run}, drafts)).value == model_.last);
  }
  void set_state() {
    const std::uint64_t run = some_run();
    if (run == 0)
      return;
    PlainRun& plain = model_.runs[run];
    plain.state = *rc::gen::arbitrary<std::string>();
    plain.finished = *rc::gen::arbitrary<bool>();
    plain.last =
        must(journal_->set_run_state(RunKey{run}, plain.state, plain.finished, at(1))).value;
    RC_ASSERT(plain.last == ++model_.last);
  }
  void measure() {
    const std::uint64_t run = some_run();
    const std::string kind(1, *rc::gen::inRange('a', 'd'));
    const std::int64_t took = *rc::gen::arbitrary<std::int32_t>();
    must(journal_->record_measure(RunKey{run}, {"agent", "source", kind},
                                  std::chrono::milliseconds(took), at(2)));
    model_.measures[kind].push_back(took);
    ++model_.last;
    if (run != 0)
      model_.runs[run].last = model_.last;
  }
  void put_blob() {
    const auto bytes = *rc::gen::arbitrary<std::string>();
    model_.blobs[must(journal_->put_blob(bytes))] = bytes;
  }
  void flush() { must(journal_->flush()); }

  // Of the journal itself after a flush, and of a reader beside it.
  void compare() {
    must(journal_->flush());
    RC_ASSERT(journal_->durable_seq().value == model_.last);
    const auto reader = must(JournalReader::open(dir_.path()));
    const std::uint64_t from = *rc::gen::inRange<std::uint64_t>(0, model_.last + 3);
    compare_with(*journal_, from);
    compare_with(*reader, from);
    must(reader->verify());
  }

 private:
  std::uint64_t some_run() {
    const auto index = *rc::gen::inRange<std::size_t>(0, model_.runs.size() + 1);
    if (index == model_.runs.size())
      return 0;
    return std::next(model_.runs.begin(), static_cast<std::ptrdiff_t>(index))->first;
  }

  template <class Source>
  void compare_with(const Source& source, std::uint64_t from) {
    const auto collect = [](std::vector<Plain>& into) {
      return [&into](const EventView& event) {
        into.push_back({event.seq.value, event.run.value, event.type,
                        event.at.time_since_epoch().count(), std::string(event.payload)});
        return true;
      };
    };
    const auto expected = [&](std::optional<std::uint64_t> run) {
      std::vector<Plain> events;
      for (const Plain& event : model_.events)
        if (event.seq >= from && (!run || event.run == *run))
          events.push_back(event);
      return events;
    };
    std::vector<Plain> all;
    must(source.read_all(Seq{from}, collect(all)));
    RC_ASSERT((all == expected(std::nullopt)));
    for (const auto& [key, run] : model_.runs) {
      std::vector<Plain> events;
      must(source.read(RunKey{key}, Seq{from}, collect(events)));
      RC_ASSERT((events == expected(key)));
    }
    compare_projections(source);
  }

  template <class Source>
  void compare_projections(const Source& source) {
    const auto runs = source.list_runs();
    RC_ASSERT(runs.size() == model_.runs.size());
    auto plain = model_.runs.rbegin();
    std::optional<std::string> unfinished;
    for (const RunInfo& run : runs) {
      RC_ASSERT(run.key.value == plain->first);
      RC_ASSERT(run.id == plain->second.id);
      RC_ASSERT(run.state == plain->second.state);
      RC_ASSERT(run.finished == plain->second.finished);
      RC_ASSERT(run.last.value == plain->second.last);
      if (!unfinished && !run.finished)
        unfinished = run.id;
      ++plain;
    }
    const auto offered = source.latest_unfinished();
    RC_ASSERT((offered ? std::optional(offered->id) : std::nullopt) == unfinished);
    for (const auto& [kind, took] : model_.measures) {
      const auto kept = source.measures({"agent", "source", kind}, 5);
      RC_ASSERT(kept.size() == std::min<std::size_t>(5, took.size()));
      for (std::size_t i = 0; i < kept.size(); ++i)
        RC_ASSERT(kept[i].took.count() == took[took.size() - 1 - i]);
    }
    for (const auto& [id, bytes] : model_.blobs)
      RC_ASSERT(must(source.get_blob(id)) == bytes);
  }

  ScratchDir dir_{testing::Ground::kMemory};
  std::unique_ptr<Journal> journal_;
  Model model_;
};

TEST_CASE("a journal is a list of events, whatever is done to it") {
  const bool holds = rc::check([] {
    Machine machine;
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 20));
    for (const int step : steps) {
      switch (step) {
        case 0: machine.reopen(); break;
        case 1:
        case 2: machine.create_run(); break;
        case 3: machine.set_state(); break;
        case 4: machine.measure(); break;
        case 5: machine.put_blob(); break;
        case 6: machine.flush(); break;
        case 7: machine.compare(); break;
        default: machine.append(); break;
      }
    }
    machine.compare();
    machine.reopen();
    machine.compare();
  });
  CHECK(holds);
}

// Long enough for snapshots in the middle, so that opening folds only what came after.
TEST_CASE("opening from a snapshot tells the same as folding everything") {
  const ScratchDir dir(testing::Ground::kMemory);
  std::vector<RunInfo> runs;
  {
    const auto journal = testing::open_journal(dir.path());
    for (int i = 0; i < 40; ++i) {
      const RunKey run = testing::new_run(*journal, std::to_string(i));
      testing::append(*journal, run, std::vector<std::string>(300, "x"));
      if (i % 2 == 0)
        must(journal->set_run_state(run, "done", true, at(i)));
      must(journal->flush());
    }
    runs = must(JournalReader::open(dir.path()))->list_runs();
    CHECK(runs == journal->list_runs());
    must(journal->close());
  }
  const auto reader = must(JournalReader::open(dir.path()));
  CHECK(reader->list_runs() == runs);
  must(reader->verify());
}

}  // namespace
}  // namespace fleet::journal
