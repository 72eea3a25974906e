// Notes on disk, and the record of where an agent last was.
#include "engine/flow/notes.h"

#include <catch2/catch.hpp>

#include "engine/flow/sync.h"
#include "tests/support/scratch_dir.h"

using namespace fleet;
using namespace fleet::flow;

namespace {

run::NoteSaved note(run::Epoch epoch, std::uint32_t number,
                    run::NoteKind kind = run::NoteKind::kCheckpoint) {
  return {{{3}, epoch}, kind, number, "", 0};
}

}  // namespace

TEST_CASE("a successor is given the newest note of those before it") {
  const fleet::testing::ScratchDir dir;
  const Notes notes(dir.path(), "run");
  const run::TaskIndex task{3};
  CHECK_FALSE(notes.newest(run::NoteKind::kCheckpoint, task, 9));
  REQUIRE(notes.store(note(1, 9), "one nine"));
  REQUIRE(notes.store(note(1, 10), "one ten"));
  REQUIRE(notes.store(note(2, 1), "two one"));
  REQUIRE(notes.store(note(1, 1, run::NoteKind::kHandoff), "handoff"));
  const auto newest = notes.newest(run::NoteKind::kCheckpoint, task, 2);
  REQUIRE(newest);
  CHECK(newest->epoch == 2);
  CHECK(newest->text == "two one");
  CHECK(notes.newest(run::NoteKind::kCheckpoint, task, 1)->text == "one ten");
  CHECK(notes.newest(run::NoteKind::kHandoff, task, 1)->text == "handoff");
  CHECK_FALSE(notes.newest(run::NoteKind::kCheckpoint, run::TaskIndex{4}, 2));
  CHECK_FALSE(Notes(dir.path(), "other").newest(run::NoteKind::kCheckpoint, task, 2));
}

TEST_CASE("the note before the last one goes, and what is no note is not taken for one") {
  const fleet::testing::ScratchDir dir;
  const Notes notes(dir.path(), "run");
  REQUIRE(notes.store(note(1, 1), "first"));
  REQUIRE(notes.store(note(1, 2), "second"));
  notes.drop_before(note(1, 2));
  const std::string folder = dir / "checkpoints/run/3";
  const auto files = os::system_files().list(folder);
  REQUIRE(files);
  REQUIRE(files->size() == 1);
  CHECK(files->front().name == "1.2.md");
  for (const std::string name : {"2.1.md.tmp", "9.md", "x.1.md", "02.1.md", "7.7.txt"})
    REQUIRE(os::system_files().write_atomic(folder + "/" + name, "no"));
  CHECK(notes.newest(run::NoteKind::kCheckpoint, run::TaskIndex{3}, 9)->text == "second");
}

TEST_CASE("where an agent last was comes back as it was, and anything else is nothing") {
  const LastRun last{"run", "0123", 77, {{"core", 4}, {"eng", 7}}};
  CHECK(decode_last_run(encode(last)) == last);
  for (const std::string text :
       {"", "{", "[]", R"({"run":"r"})", R"({"run":1,"base":"b","seq":1,"identity":{}})",
        R"({"run":"r","base":"b","seq":-1,"identity":{}})",
        R"({"run":"r","base":"b","seq":1,"identity":{"core":"4"}})"})
    CHECK_FALSE(decode_last_run(text));
}
