// Files that were cut or altered: what a journal then says is true, or it refuses to say anything.
// FLEETC_DAMAGE_WHOLE=1: at every byte, and every bit of it, instead of a sample of the large
// files.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include <catch2/catch.hpp>

#include "engine/journal/journal.h"
#include "tests/support/journals.h"
#include "tests/support/scratch_dir.h"

namespace fleet::journal {
namespace {

namespace fs = std::filesystem;
using testing::append;
using testing::Ground;
using testing::must;
using testing::new_run;
using testing::open_journal;
using testing::ScratchDir;
using testing::texts_of;
using Texts = std::vector<std::string>;

const bool kEverything = std::getenv("FLEETC_DAMAGE_WHOLE") != nullptr;

using Contents = std::map<std::string, std::string>;  // file name to bytes

Contents contents_of(const std::string& dir) {
  Contents contents;
  for (const char* name : {"state.db", "state.db-wal", "state.head"})
    if (fs::exists(dir + "/" + name))
      contents[name] = must(os::system_files().read_file(dir + "/" + name, 1 << 24));
  return contents;
}

void write_contents(const std::string& dir, const Contents& contents) {
  must(os::system_files().remove_tree(dir));
  fs::create_directory(dir);
  for (const auto& [name, bytes] : contents)
    std::ofstream(dir + "/" + name) << bytes;
}

struct Truth {
  Texts a;
  Texts b;
  BlobId plan;
  std::string plan_bytes;
  Contents closed;
  Contents open;  // the same, still in the write-ahead log
};

// Small pages are not ours to choose, so the journal is as small as it can be and still has two
// runs, a plan, several rows, a measurement and, when closed, a snapshot.
Truth make_truth(const std::string& dir) {
  Truth truth;
  truth.plan_bytes = "plan " + std::string(60, 'p');
  const auto journal = open_journal(dir);
  truth.plan = must(journal->put_blob(truth.plan_bytes));
  const RunKey a = must(journal->create_run({"a", truth.plan, "{}", testing::at(1)}));
  const RunKey b = new_run(*journal, "b");
  for (int i = 0; i < 6; ++i) {
    truth.a.push_back("a" + std::to_string(i));
    truth.b.push_back("b" + std::to_string(i) + std::string(40, '.'));
    append(*journal, a, {truth.a.back()});
    append(*journal, b, {truth.b.back()});
    if (i == 3)
      must(journal->set_run_state(a, "running", false, testing::at(2)));
    must(journal->flush());
  }
  must(journal->set_run_state(b, "done", true, testing::at(3)));
  must(journal->record_measure(a, {"x", "y", "z"}, std::chrono::milliseconds(5), testing::at(4)));
  must(journal->flush());
  truth.open = contents_of(dir);
  must(journal->close());
  truth.closed = contents_of(dir);
  return truth;
}

enum class Verdict { kWhole, kRefused, kPrefix };

// Everything that one can ask. Throws Catch's failure when any answer is untrue; a prefix counts as
// true only where `lost_through` says so.
Verdict interrogate(const std::string& dir, const Truth& truth, LostTail tail) {
  const auto reader = JournalReader::open(dir, tail);
  if (!reader) {
    const Errc code = reader.error().code();
    CAPTURE(reader.error().message());
    REQUIRE(code == Errc::kCorrupt);
    return Verdict::kRefused;
  }
  const bool lost = (*reader)->lost_through() != Seq{};
  Verdict verdict = lost ? Verdict::kPrefix : Verdict::kWhole;
  const auto check_run = [&](const char* id, const Texts& expected) {
    const auto run = (*reader)->find_run(id);
    if (!run && lost)
      return;
    REQUIRE(run);
    if (!lost)
      REQUIRE(run->state == (expected == truth.a ? "running" : "done"));
    Texts texts;
    const Status status = (*reader)->read(run->key, Seq{1}, [&](const EventView& event) {
      texts.emplace_back(event.payload);
      return true;
    });
    // Even what came before an error must be true.
    REQUIRE(texts.size() <= expected.size());
    REQUIRE(std::equal(texts.begin(), texts.end(), expected.begin()));
    if (!status) {
      REQUIRE(status.error().code() == Errc::kCorrupt);
      verdict = Verdict::kRefused;
    } else if (!lost) {
      REQUIRE(texts == expected);
    }
  };
  check_run("a", truth.a);
  check_run("b", truth.b);
  if (!lost) {
    const auto measures = (*reader)->measures({"x", "y", "z"}, 9);
    REQUIRE(measures.size() == 1);
    REQUIRE(measures[0].took == std::chrono::milliseconds(5));
  }
  const auto plan = (*reader)->get_blob(truth.plan);
  if (plan) {
    REQUIRE(*plan == truth.plan_bytes);
  } else {
    REQUIRE((plan.error().code() == Errc::kCorrupt ||
             (lost && plan.error().code() == Errc::kNotFound)));
    verdict = Verdict::kRefused;
  }
  return verdict;
}

TEST_CASE("a file cut at any byte is noticed, or was cut where nothing was") {
  const ScratchDir dir(Ground::kMemory);
  const Truth truth = make_truth(dir / "j");
  const bool open = GENERATE(false, true);
  const Contents& sound = open ? truth.open : truth.closed;
  write_contents(dir / "j", sound);
  REQUIRE(interrogate(dir / "j", truth, LostTail::kRefuse) == Verdict::kWhole);
  std::map<std::string, int> refused;
  for (const auto& [name, bytes] : sound) {
    // Every byte of what is small; a prime stride through pages and frames.
    const std::size_t stride = kEverything || bytes.size() < 2000 ? 1 : 97;
    for (std::size_t size = 0; size < bytes.size(); size += stride) {
      CAPTURE(open, name, size);
      Contents cut = sound;
      cut[name].resize(size);
      write_contents(dir / "j", cut);
      if (interrogate(dir / "j", truth, LostTail::kRefuse) == Verdict::kRefused)
        ++refused[name];
      write_contents(dir / "j", cut);
      static_cast<void>(interrogate(dir / "j", truth, LostTail::kAccept));
    }
  }
  CHECK(refused[open ? "state.db-wal" : "state.db"] > 50);
}

TEST_CASE("no altered byte anywhere makes a journal say what is not true") {
  const ScratchDir dir(Ground::kMemory);
  const Truth truth = make_truth(dir / "j");
  const bool open = GENERATE(false, true);
  const Contents& sound = open ? truth.open : truth.closed;
  std::mt19937_64 random(7);
  int whole = 0;
  int refused = 0;
  for (const auto& [name, bytes] : sound) {
    const auto alter = [&, &name = name](std::size_t i, std::size_t bit) {
      CAPTURE(open, name, i, bit);
      Contents altered = sound;
      altered[name][i] = static_cast<char>(altered[name][i] ^ (1 << bit));
      write_contents(dir / "j", altered);
      // A version cannot be altered by one bit into a newer one, so kUnsupported never shows.
      const Verdict verdict = interrogate(dir / "j", truth, LostTail::kRefuse);
      ++(verdict == Verdict::kWhole ? whole : refused);
    };
    for (std::size_t i = 0; kEverything && i < 8 * bytes.size(); ++i)
      alter(i / 8, i % 8);
    for (std::size_t i = 0; !kEverything && i < bytes.size();) {
      alter(i, random() % 8);
      // Pages are mostly empty: where bytes are the same for long, a sample is enough.
      std::size_t same = 1;
      while (i + same < bytes.size() && bytes[i + same] == bytes[i])
        ++same;
      i += same > 64 ? 61 : name == "state.head" ? 1 : 3;
    }
  }
  CHECK(refused > 500);
  CHECK(whole > 10);
}

TEST_CASE("whatever is refused for reading is refused for writing, and left as it was") {
  const ScratchDir dir(Ground::kMemory);
  const Truth truth = make_truth(dir / "j");
  const Contents& sound = truth.open;
  const std::size_t size = sound.at("state.db-wal").size();
  for (std::size_t cut = 0; cut < size; cut += 1009) {
    CAPTURE(cut);
    Contents damaged = sound;
    damaged["state.db-wal"].resize(cut);
    write_contents(dir / "j", damaged);
    REQUIRE(Journal::open(dir / "j").error().code() == Errc::kCorrupt);
    REQUIRE(contents_of(dir / "j") == damaged);
  }
}

TEST_CASE("a doubled or zeroed end of the log changes nothing that was durable") {
  const ScratchDir dir(Ground::kMemory);
  const Truth truth = make_truth(dir / "j");
  Contents altered = truth.open;
  std::string& log = altered["state.db-wal"];
  SECTION("doubled") {
    log += log.substr(log.size() / 2);
  }
  SECTION("zeros") {
    log += std::string(10000, '\0');
  }
  write_contents(dir / "j", altered);
  CHECK(interrogate(dir / "j", truth, LostTail::kRefuse) == Verdict::kWhole);
  const auto journal = open_journal(dir / "j");
  append(*journal, RunKey{1}, {"next"});
  must(journal->close());
  must(open_journal(dir / "j")->verify());
}

}  // namespace
}  // namespace fleet::journal
