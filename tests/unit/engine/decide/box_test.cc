#include "engine/decide/box.h"

#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/os/folder_watch.h"
#include "tests/support/scratch_dir.h"

using namespace fleet;
using namespace fleet::decide;
using fleet::testing::ScratchDir;

namespace {

const GateName kGate{"20261121-163355-3d8a", 12, 2};

Decision from(std::int64_t pid, Answer answer = Answer::kApprove) {
  return {kGate, "abc", answer, "ann", "ann", "box", pid, "", 1'790'000'000'123, "", ""};
}

struct Box {
  ScratchDir dir;
  DecisionBox box = *DecisionBox::open(dir.path());
  std::string in_new = dir / ("decisions/new/" + file_name(kGate));

  std::size_t files(const std::string& folder) const {
    return os::system_files().list(dir / ("decisions/" + folder))->size();
  }
  void put(const std::string& bytes) const {
    REQUIRE(os::system_files().write_atomic(in_new, bytes));
  }
  // It is said what is wrong, and set aside it makes room for a decision.
  void is_no_decision() {
    const auto seen = box.look(kGate);
    REQUIRE_FALSE(seen);
    CHECK(seen.error().code() == Errc::kCorrupt);
    REQUIRE(box.set_aside(kGate, "unreadable"));
    CHECK_FALSE(box.look(kGate)->has_value());
    CHECK(box.deliver(from(1))->first);
    CHECK(**box.look(kGate) == from(1));
  }
};

}  // namespace

TEST_CASE("a decision that was left is found, and is found again once it was taken") {
  Box b;
  CHECK_FALSE(b.box.look(kGate)->has_value());
  CHECK(b.box.deliver(from(1))->first);
  CHECK(**b.box.look(kGate) == from(1));
  REQUIRE(b.box.keep(kGate));
  REQUIRE(b.box.keep(kGate));
  CHECK(b.files("new") == 0);
  CHECK(b.files("tmp") == 0);
  // An engine that died before the journal had it asks again.
  CHECK(**b.box.look(kGate) == from(1));
  CHECK_FALSE(b.box.look({kGate.run, kGate.task, kGate.epoch + 1})->has_value());
}

TEST_CASE("of two decisions the first counts, whether it was taken meanwhile or not") {
  Box b;
  CHECK(b.box.deliver(from(1))->first);
  auto second = b.box.deliver(from(2, Answer::kReject));
  CHECK_FALSE(second->first);
  CHECK(second->counts == from(1));
  REQUIRE(b.box.keep(kGate));
  second = b.box.deliver(from(3, Answer::kReject));
  CHECK_FALSE(second->first);
  CHECK(second->counts == from(1));
  CHECK(b.files("new") == 0);
  CHECK(b.files("tmp") == 0);
}

TEST_CASE("an engine that died between its two steps leaves one decision that counts") {
  Box b;
  CHECK(b.box.deliver(from(1))->first);
  REQUIRE(::link(b.in_new.c_str(), (b.dir / ("decisions/done/" + file_name(kGate))).c_str()) == 0);
  CHECK_FALSE(b.box.deliver(from(2))->first);
  CHECK(**b.box.look(kGate) == from(1));
  REQUIRE(b.box.keep(kGate));
  CHECK(b.files("new") == 0);
}

TEST_CASE("of many decisions at once, with an engine that takes them, one counts for all") {
  Box b;
  constexpr std::int64_t kDeciders = 8;
  std::vector<std::int64_t> counted(kDeciders);
  std::vector<int> first(kDeciders);
  std::vector<std::thread> threads;
  for (std::int64_t i = 0; i < kDeciders; ++i) {
    threads.emplace_back([&, i] {
      const auto answer = b.box.deliver(from(i + 1));
      counted[static_cast<std::size_t>(i)] = answer ? answer->counts.pid : -1;
      first[static_cast<std::size_t>(i)] = answer && answer->first ? 1 : 0;
    });
  }
  std::optional<Decision> taken;
  while (!taken)
    taken = *b.box.look(kGate);
  REQUIRE(b.box.keep(kGate));
  for (std::thread& thread : threads)
    thread.join();
  CHECK(std::count(first.begin(), first.end(), 1) == 1);
  for (const std::int64_t pid : counted)
    CHECK(pid == taken->pid);
  CHECK(**b.box.look(kGate) == *taken);
}

TEST_CASE("a torn file in the box is no decision") {
  Box b;
  const std::string whole = encode(from(1));
  b.put(whole.substr(0, whole.size() / 2));
  b.is_no_decision();
}

TEST_CASE("a file that is too long is no decision, and is not read to its end") {
  Box b;
  b.put(encode(from(1)));
  REQUIRE(::truncate(b.in_new.c_str(), off_t{1} << 40) == 0);
  b.is_no_decision();
}

TEST_CASE("a decision on another gate under this gate's name does not count") {
  Box b;
  Decision other = from(1);
  other.gate.task = 13;
  b.put(encode(other));
  b.is_no_decision();
}

TEST_CASE("a link, a folder and a pipe in the box are no decisions") {
  SECTION("a link to a good one") {
    Box b;
    REQUIRE(os::system_files().write_atomic(b.dir / "elsewhere", encode(from(1))));
    REQUIRE(::symlink((b.dir / "elsewhere").c_str(), b.in_new.c_str()) == 0);
    b.is_no_decision();
    CHECK(*os::system_files().exists(b.dir / "elsewhere"));
  }
  SECTION("a folder") {
    Box b;
    REQUIRE(::mkdir(b.in_new.c_str(), 0700) == 0);
    b.is_no_decision();
  }
  SECTION("a pipe") {
    Box b;
    REQUIRE(::mkfifo(b.in_new.c_str(), 0600) == 0);
    b.is_no_decision();
  }
}

TEST_CASE("a decision of another account does not count") {
  if (::geteuid() != 0)
    return;  // only root can make such a file
  Box b;
  b.put(encode(from(1)));
  REQUIRE(::chown(b.in_new.c_str(), 12345, 12345) == 0);
  b.is_no_decision();
}

TEST_CASE("a box that is a link to somewhere else is refused") {
  ScratchDir dir;
  REQUIRE(os::system_files().make_dirs(dir / "elsewhere"));
  REQUIRE(os::system_files().make_dirs(dir / "decisions"));
  REQUIRE(::symlink((dir / "elsewhere").c_str(), (dir / "decisions/new").c_str()) == 0);
  CHECK_FALSE(DecisionBox::open(dir.path()));
}

TEST_CASE("a reason that is too long is refused before anything is written") {
  Box b;
  Decision decision = from(1);
  decision.why = std::string(kMaxWhy + 1, 'w');
  const auto refused = b.box.deliver(decision);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == Errc::kInvalid);
  CHECK(b.files("tmp") + b.files("new") == 0);
}

TEST_CASE("what no gate takes is kept beside what counts, and takes nobody's place") {
  Box b;
  REQUIRE(b.box.record(from(7), "late"));
  REQUIRE(b.box.record(from(7), "late"));
  CHECK(b.files("done") == 2);
  CHECK_FALSE(b.box.look(kGate)->has_value());
  CHECK(b.box.deliver(from(1))->first);
}

TEST_CASE("who watches the box is woken by a decision, and not after the watch ended") {
  Box b;
  std::mutex mutex;
  std::condition_variable wake;
  int woken = 0;
  auto watch = os::FolderWatch::start({b.box.new_path()}, [&] {
    const std::lock_guard lock(mutex);
    ++woken;
    wake.notify_all();
  });
  REQUIRE(watch);
  REQUIRE(b.box.deliver(from(1)));
  {
    std::unique_lock lock(mutex);
    CHECK(wake.wait_for(lock, std::chrono::minutes(1), [&] { return woken > 0; }));
  }
  watch->reset();
  const int before = woken;
  b.put(encode(from(2)));
  CHECK(woken == before);
}
