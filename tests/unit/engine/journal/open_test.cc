// Opening: what is made, what is refused and in which words.
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "engine/journal/journal.h"
#include "tests/support/fault_files.h"
#include "tests/support/journals.h"
#include "tests/support/scratch_dir.h"

namespace fleet::journal {
namespace {

namespace fs = std::filesystem;
using testing::append;
using testing::must;
using testing::new_run;
using testing::open_journal;
using testing::ScratchDir;
using testing::texts_of;
using Texts = std::vector<std::string>;

void run_sql(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
  CHECK(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  REQUIRE(sqlite3_close(db) == SQLITE_OK);
}

void make_journal(const std::string& dir, const Texts& texts = {"x", "y"}) {
  const auto journal = open_journal(dir);
  append(*journal, new_run(*journal, "a"), texts);
  must(journal->close());
}

Error open_error(const std::string& dir) {
  auto journal = Journal::open(dir);
  REQUIRE_FALSE(journal);
  auto reader = JournalReader::open(dir);
  REQUIRE_FALSE(reader);
  CHECK(reader.error().message() == journal.error().message());
  return std::move(journal).error();
}

TEST_CASE("the directory is made for its owner alone") {
  const ScratchDir dir;
  make_journal(dir / "deep/er");
  struct stat status {};
  REQUIRE(::stat((dir / "deep/er").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
}

TEST_CASE("any path will do") {
  const ScratchDir dir;
  const std::string name = dir / GENERATE(as<std::string>(), "a b", "line\nbreak", "%20?mode=ro#x",
                                          "file:x", "-leading", "\xc3\xa4\xff", "quote'\"`$(x)");
  make_journal(name);
  CHECK(texts_of(*must(JournalReader::open(name)), RunKey{1}) == Texts{"x", "y"});
}

TEST_CASE("a relative path that looks like an URI is a path") {
  const ScratchDir dir;
  const fs::path before = fs::current_path();
  fs::current_path(dir.path());
  make_journal("file:x?mode=memory");
  CHECK(fs::exists("file:x?mode=memory/state.db"));
  fs::current_path(before);
}

TEST_CASE("one writer at a time, and the second is told who it is") {
  const ScratchDir dir;
  const auto journal = open_journal(dir.path());
  const auto second = Journal::open(dir.path());
  REQUIRE_FALSE(second);
  CHECK(second.error().code() == Errc::kBusy);
  CHECK(second.error().message() == "journal: lock " + (dir / "state.lock") + ": held by process " +
                                        std::to_string(::getpid()));
}

TEST_CASE("readers see what is durable while the writer writes") {
  const ScratchDir dir;
  const auto journal = open_journal(dir.path());
  const RunKey run = new_run(*journal, "a");
  append(*journal, run, {"1"});
  must(journal->flush());
  const auto reader = must(JournalReader::open(dir.path()));
  CHECK(texts_of(*reader, run) == Texts{"1"});
  append(*journal, run, {"2"});
  must(journal->set_run_state(run, "running", false, testing::at(7)));
  must(journal->flush());
  CHECK(texts_of(*reader, run) == Texts{"1"});
  must(reader->refresh());
  CHECK(texts_of(*reader, run) == Texts{"1", "2"});
  CHECK(reader->find_run("a")->state == "running");
  must(reader->verify());
}

TEST_CASE("a reader inside its visitor keeps the writer from nothing") {
  const ScratchDir dir;
  const auto journal = open_journal(dir.path());
  const RunKey run = new_run(*journal, "a");
  append(*journal, run, {"1", "2"});
  must(journal->flush());
  const auto reader = must(JournalReader::open(dir.path()));
  must(reader->read(run, Seq{1}, [&](const EventView&) {
    append(*journal, run, {"more"});
    must(journal->flush());
    CHECK(reader->find_run("a"));
    CHECK(journal->find_run("a")->last == journal->durable_seq());
    return true;
  }));
  CHECK(texts_of(*journal, run).size() == 4);
}

TEST_CASE("where there is no journal, a reader makes none") {
  const ScratchDir dir;
  CHECK(JournalReader::open(dir.path()).error().code() == Errc::kNotFound);
  CHECK(JournalReader::open(dir / "no").error().message() ==
        "journal: " + (dir / "no") + " holds no journal");
  CHECK(fs::is_empty(dir.path()));
}

TEST_CASE("a closed journal on read-only ground can be read") {
  const ScratchDir dir;
  make_journal(dir / "j");
  fs::remove(dir / "j/state.db-wal");
  fs::remove(dir / "j/state.db-shm");
  ::chmod(dir.path().c_str(), 0755);
  for (const auto& entry : fs::directory_iterator(dir / "j"))
    ::chmod(entry.path().c_str(), 0444);
  ::chmod((dir / "j").c_str(), 0555);
  // Root may write anywhere, so an ordinary user looks.
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0))
      ::_exit(3);
    const auto reader = JournalReader::open(dir / "j");
    if (!reader || (*reader)->last_seq() != Seq{3})
      ::_exit(1);
    const auto writer = Journal::open(dir / "j");
    ::_exit(!writer && writer.error().code() == Errc::kReadOnly ? 0 : 2);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a database of a newer fleetc is left to that version") {
  const ScratchDir dir;
  make_journal(dir.path());
  run_sql(dir / "state.db", "PRAGMA user_version=33686018");  // 0x02020202
  const Error error = open_error(dir.path());
  CHECK(error.code() == Errc::kUnsupported);
  CHECK(error.message() ==
        "journal: " + (dir / "state.db") +
            ": written by a newer fleetc (format 2; this one knows up to 1); use that "
            "version");
}

TEST_CASE("what is no journal is refused and left as it is") {
  const ScratchDir dir;
  const std::string db = dir / "state.db";
  SECTION("a text") {
    std::ofstream(db) << std::string(5000, 'x');
    const Error error = open_error(dir.path());
    CHECK(error.code() == Errc::kCorrupt);
    CHECK_THAT(error.message(), Catch::Contains("file is not a database"));
    CHECK(must(os::system_files().read_file(db, 9999)) == std::string(5000, 'x'));
  }
  SECTION("someone else's database") {
    run_sql(db, "CREATE TABLE t(x)");
    const Error error = open_error(dir.path());
    CHECK(error.code() == Errc::kCorrupt);
    CHECK_THAT(error.message(), Catch::Contains("not a journal of fleetc"));
  }
  SECTION("a journal with a table too many") {
    make_journal(dir.path());
    run_sql(db, "CREATE TABLE zzz(x)");
    CHECK_THAT(open_error(dir.path()).message(),
               Catch::Contains("its tables are not those of a journal"));
  }
}

TEST_CASE("a journal that lost events says how many, and what to do") {
  const ScratchDir dir;
  make_journal(dir.path(), Texts(300, std::string(100, 'x')));
  run_sql(dir / "state.db",
          "DELETE FROM batch WHERE first = (SELECT max(first) FROM batch); DELETE FROM snapshot");
  const Error error = open_error(dir.path());
  CHECK(error.code() == Errc::kCorrupt);
  CHECK(error.message() == "journal " + dir.path() +
                               ": damaged: it ends at event 275, but event 301 was durable. "
                               "Nothing was changed, and nothing of "
                               "it is believed. Restore the directory from a backup, or move it "
                               "away to begin a new journal");
}

TEST_CASE("a lost tail can be accepted, and is then told") {
  const ScratchDir dir;
  make_journal(dir.path(), Texts(300, std::string(100, 'x')));
  run_sql(dir / "state.db", "DELETE FROM batch WHERE first = (SELECT max(first) FROM batch)");
  CHECK(must(JournalReader::open(dir.path(), LostTail::kAccept))->lost_through() == Seq{301});
  JournalOptions options;
  options.lost_tail = LostTail::kAccept;
  {
    const auto journal = open_journal(dir.path(), options);
    CHECK(journal->lost_through() == Seq{301});
    CHECK(texts_of(*journal, RunKey{1}).size() == 274);
    CHECK(append(*journal, RunKey{1}, {"y"}) == Seq{276});
    must(journal->verify());
    must(journal->close());
  }
  CHECK(open_journal(dir.path())->lost_through() == Seq{});
}

TEST_CASE("a hole, a doubled row and a forged row are found by whoever reads them") {
  const ScratchDir dir;
  make_journal(dir.path(), Texts(600, std::string(100, 'x')));
  const auto read_error = [&] {
    const auto reader = must(JournalReader::open(dir.path()));
    const Status status = reader->read(RunKey{1}, Seq{1}, [](const EventView&) { return true; });
    REQUIRE_FALSE(status);
    CHECK(status.error().code() == Errc::kCorrupt);
    CHECK_FALSE(reader->verify());
    return status.error().message();
  };
  SECTION("a hole") {
    run_sql(dir / "state.db", "DELETE FROM batch WHERE first = 139");
    CHECK_THAT(read_error(), Catch::Contains("events 139 to 275: missing"));
  }
  SECTION("the first row gone") {
    run_sql(dir / "state.db", "DELETE FROM batch WHERE first = 1");
    CHECK_THAT(read_error(), Catch::Contains("event 1: missing"));
  }
  SECTION("two rows exchanged") {
    run_sql(dir / "state.db",
            "UPDATE batch SET first = -1 WHERE first = 139; UPDATE batch SET first = 139 WHERE "
            "first = 276;"
            "UPDATE batch SET first = 276 WHERE first = -1");
    CHECK_THAT(read_error(), Catch::Contains("event 139: its checksum does not match"));
  }
  SECTION("a row of another run") {
    run_sql(dir / "state.db", "UPDATE batch SET run = 2 WHERE first = 139");
    CHECK_THAT(read_error(), Catch::Contains("event 139"));
  }
}

TEST_CASE("a damaged or missing snapshot costs time, not truth") {
  const ScratchDir dir;
  make_journal(dir.path());
  run_sql(dir / "state.db", GENERATE(as<std::string>(), "DELETE FROM snapshot",
                                     "UPDATE snapshot SET bytes = x'00112233445566'",
                                     "UPDATE snapshot SET bytes = zeroblob(length(bytes))"));
  const auto journal = open_journal(dir.path());
  CHECK(journal->find_run("a")->last == Seq{3});
  must(journal->verify());
}

TEST_CASE("files of different journals are not taken for one") {
  const ScratchDir dir;
  make_journal(dir / "a", {"x", "y"});
  make_journal(dir / "b", {"x", "z"});
  fs::copy_file(dir / "b/state.head", dir / "a/state.head", fs::copy_options::overwrite_existing);
  CHECK_THAT(open_error(dir / "a").message(), Catch::Contains("different journals or times"));
}

TEST_CASE("a journal whose database, content or head is gone is not taken for a new one") {
  const ScratchDir dir;
  make_journal(dir.path());
  SECTION("database") {
    fs::remove(dir / "state.db");
    CHECK_THAT(open_error(dir.path()).message(), Catch::Contains("state.db is gone, but event 3"));
  }
  SECTION("content") {
    fs::resize_file(dir / "state.db", 0);
    CHECK_THAT(open_error(dir.path()).message(), Catch::Contains("state.db is empty, but event 3"));
  }
  SECTION("head") {
    fs::remove(dir / "state.head");
    CHECK_THAT(open_error(dir.path()).message(), Catch::Contains("state.head is gone"));
    CHECK_FALSE(fs::exists(dir / "state.head"));
  }
}

TEST_CASE("creation that was cut off is done again") {
  const ScratchDir dir;
  make_journal(dir.path(), {});
  const auto begin_anew = [&](const char* what) {
    CAPTURE(what);
    make_journal(dir / "again");
    must(os::system_files().remove_tree(dir / "again"));
  };
  fs::create_directory(dir / "again");
  begin_anew("a directory");
  fs::create_directory(dir / "again");
  std::ofstream(dir / "again/state.db") << "";
  begin_anew("an empty database");
  fs::create_directory(dir / "again");
  run_sql(dir / "again/state.db", "PRAGMA journal_mode=WAL; VACUUM");
  begin_anew("a database without tables");
}

TEST_CASE("each failing step of opening is told as what it is, and the next try succeeds") {
  const ScratchDir dir;
  for (std::uint64_t call = 1;; ++call) {
    testing::FaultFiles files(os::system_files(), call, testing::FaultTime::kAfter,
                              Errc::kReadOnly);
    const auto journal = Journal::open(dir / "j", {}, files);
    if (!files.fired()) {
      CHECK(call > 2);
      break;
    }
    REQUIRE_FALSE(journal);
    CHECK(journal.error().code() == Errc::kReadOnly);
  }
  make_journal(dir / "j");
}

TEST_CASE("a reserve that does not fit is told before anything is run") {
  const ScratchDir dir;
  JournalOptions options;
  options.reserve_bytes = std::uint64_t{1} << 60;
  const auto journal = Journal::open(dir.path(), options);
  REQUIRE_FALSE(journal);
  CHECK_THAT(journal.error().message(),
             Catch::Contains("reserve 1152921504606846976 bytes in " + (dir / "state.reserve")));
}

}  // namespace
}  // namespace fleet::journal
