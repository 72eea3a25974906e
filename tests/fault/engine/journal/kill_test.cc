// kill -9 at any moment: every event that the killed process acknowledged is there, nothing is made
// up, and the next writer needs no help.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include <catch2/catch.hpp>

#include "engine/journal/journal.h"
#include "tests/support/journals.h"
#include "tests/support/scratch_dir.h"

namespace fleet::journal {
namespace {

using testing::append;
using testing::draft;
using testing::must;
using testing::open_journal;
using testing::ScratchDir;

// Appends without end and writes each acknowledged number to `out`.
[[noreturn]] void append_for_ever(const std::string& dir, int out) {
  JournalOptions options;
  options.on_durable = [out](Seq through, const Status& status) {
    if (status && ::write(out, &through.value, sizeof through.value) < 0)
      ::_exit(2);
  };
  auto journal = Journal::open(dir, options);
  if (!journal)
    ::_exit(1);
  for (std::uint64_t i = (*journal)->assigned_seq().value;; ++i) {
    const auto seq = (*journal)->append(RunKey{}, std::vector{draft(std::to_string(i + 1))});
    if (!seq || (i % 4 == 0 && !(*journal)->flush()))
      ::_exit(1);
  }
}

// Lets a child append until it has acknowledged `rounds` times, then kills it; the last number it
// gave.
std::uint64_t acknowledged_before_kill(const std::string& dir, std::uint64_t rounds) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    append_for_ever(dir, ends[1]);
  }
  ::close(ends[1]);
  std::uint64_t last = 0;
  for (std::uint64_t value = 0; ::read(ends[0], &value, sizeof value) == ssize_t{sizeof value};) {
    last = value;
    if (rounds-- == 0)
      ::kill(child, SIGKILL);
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status));
  return last;
}

TEST_CASE("a killed writer loses nothing that it acknowledged") {
  const ScratchDir dir;
  std::mt19937_64 random(99);
  for (int round = 0; round < 25; ++round) {
    const std::uint64_t acknowledged = acknowledged_before_kill(dir.path(), random() % 40);
    {
      const auto reader = must(JournalReader::open(dir.path()));
      REQUIRE(reader->last_seq().value >= acknowledged);
    }
    if (round % 3 != 0)
      continue;  // else the next child finds what a killed one left, unmended
    const auto journal = open_journal(dir.path());
    REQUIRE(journal->durable_seq().value >= acknowledged);
    must(journal->verify());
    std::uint64_t expected = 0;
    must(journal->read(RunKey{}, Seq{1}, [&](const EventView& event) {
      ++expected;
      return event.payload == std::to_string(expected) && event.seq.value == expected;
    }));
    REQUIRE(expected == journal->durable_seq().value);
    must(journal->close());
  }
}

}  // namespace
}  // namespace fleet::journal
