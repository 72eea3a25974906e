#include "engine/bus/mailbox.h"

#include <filesystem>
#include <fstream>
#include <map>

#include <catch2/catch.hpp>

#include "tests/support/scratch_dir.h"

namespace fleet::bus {
namespace {

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

const Mailbox::IsReader kNobody = [](const std::string&) {
  return false;
};
const Mailbox::IsReader kEverybody = [](const std::string&) {
  return true;
};

Mailbox::IsReader is(const std::string& name) {
  return [name](const std::string& reader) {
    return reader == name;
  };
}

Message message(const std::string& id, const std::string& text) {
  return {id, "builder", "reviewer", "", 1, text};
}

struct World {
  testing::ScratchDir dir{testing::Ground::kMemory};
  Mailbox box = open();

  Mailbox open() {
    auto opened = Mailbox::open(dir / "bus", "reviewer");
    REQUIRE(opened);
    return *std::move(opened);
  }
  void send(const std::string& id, const std::string& text) {
    const Message one = message(id, text);
    REQUIRE(box.deliver({&one, 1}));
  }
  Texts take(const std::string& reader, const Mailbox::IsReader& is_held = kEverybody) {
    const auto taken = box.take({reader, is_held});
    REQUIRE(taken);
    CHECK_FALSE(taken->more);
    Texts texts;
    for (const Mailbox::Letter& letter : taken->letters)
      texts.push_back(letter.message.text);
    return texts;
  }
  Texts places() {
    static const std::map<Place, std::string> names{{Place::kNew, "new "},
                                                    {Place::kCurrent, "current "},
                                                    {Place::kDone, "done "},
                                                    {Place::kDead, "dead "}};
    Texts texts;
    const auto entries = box.list();
    REQUIRE(entries);
    for (const Mailbox::Entry& entry : *entries)
      texts.push_back(names.at(entry.place) + entry.id);
    return texts;
  }
};

TEST_CASE("messages are taken in the order in which they were delivered") {
  World world;
  for (int i = 0; i < 30; ++i)
    world.send("m" + std::to_string(100 - i), std::to_string(i));
  const Texts taken = world.take("r1");
  REQUIRE(taken.size() == 30);
  for (std::size_t i = 0; i < taken.size(); ++i)
    CHECK(taken[i] == std::to_string(i));
}

TEST_CASE("a reader is given again what it has not acknowledged, and nobody what was") {
  World world;
  world.send("a", "one");
  CHECK(world.take("r1") == Texts{"one"});
  world.send("b", "two");
  CHECK(world.take("r1") == Texts{"one", "two"});
  CHECK(world.take("r2").empty());
  REQUIRE(world.box.acknowledge(is("r1")));
  CHECK(world.take("r1").empty());
  CHECK(world.take("r2", kNobody).empty());
  CHECK(world.places() == Texts{"done a", "done b"});
}

TEST_CASE("what a dead reader took is given to the next one, at its old place") {
  World world;
  world.send("a", "one");
  CHECK(world.take("r1") == Texts{"one"});
  world.send("b", "two");
  CHECK(world.take("r2", kEverybody) == Texts{"two"});
  CHECK(world.take("r2", [](const std::string& reader) { return reader != "r1"; }) ==
        Texts{"one", "two"});
}

TEST_CASE("a turn that ends badly gives its messages back, before later ones") {
  World world;
  world.send("a", "one");
  CHECK(world.take("r1") == Texts{"one"});
  world.send("b", "two");
  REQUIRE(world.box.give_back(is("r1")));
  CHECK(world.places() == Texts{"new a", "new b"});
  CHECK(world.take("r2") == Texts{"one", "two"});
}

TEST_CASE("a message that no reader acknowledges is a dead letter in the end") {
  World world;
  world.send("a", "poison");
  // Given back, or its reader found dead: both are tries.
  for (std::uint32_t tries = 0; tries < Mailbox::kMaxTries; ++tries) {
    const std::string reader = "r" + std::to_string(tries);
    const auto taken = world.box.take({reader, kNobody});
    REQUIRE(taken);
    REQUIRE(taken->letters.size() == 1);
    CHECK(taken->letters[0].tries == tries);
    if (tries % 2 == 0)
      REQUIRE(world.box.give_back(is(reader)));
  }
  world.send("b", "sound");
  CHECK(world.take("last", kNobody) == Texts{"sound"});
  CHECK(world.places() == Texts{"current b", "dead a"});
}

TEST_CASE(
    "a dead letter is told again if somebody says so, at its old place, and what is no message is "
    "not") {
  World world;
  world.send("a", "poison");
  for (std::uint32_t tries = 0; tries < Mailbox::kMaxTries; ++tries)
    (void)world.take("r" + std::to_string(tries), kNobody);
  world.send("b", "sound");
  CHECK(world.take("last", kNobody) == Texts{"sound"});
  REQUIRE(world.places() == Texts{"current b", "dead a"});
  REQUIRE(world.box.give_back(is("last")));
  REQUIRE(world.box.requeue("a"));
  CHECK(world.places() == Texts{"new a", "new b"});
  const auto taken = world.box.take({"again", kNobody});
  REQUIRE(taken);
  REQUIRE(taken->letters.size() == 2);
  CHECK(taken->letters[0].message.text == "poison");
  CHECK(taken->letters[0].tries == 0);
  REQUIRE(world.box.acknowledge(is("again")));
  CHECK(world.box.requeue("a").error().code() == Errc::kNotFound);
  CHECK(world.box.requeue("c").error().code() == Errc::kNotFound);
  fs::create_symlink("/etc/passwd", fs::path(world.dir / "bus/reviewer/dead/000000000009.0.c"));
  CHECK_FALSE(world.box.requeue("c"));
  CHECK(world.take("r1").empty());
}

TEST_CASE("a message that is sent again is one message") {
  World world;
  world.send("a", "one");
  world.send("a", "one");
  CHECK(world.take("r1") == Texts{"one"});
  world.send("a", "one");
  CHECK(world.take("r1") == Texts{"one"});
  REQUIRE(world.box.acknowledge(is("r1")));
  world.send("a", "one");
  CHECK(world.take("r1").empty());
}

TEST_CASE("what is no message is set aside and keeps nobody from the others") {
  World world;
  world.send("a", "one");
  world.send("b", "two");
  const fs::path fresh = world.box.new_path();
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fresh))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::ofstream(files[0], std::ios::trunc) << "Fleet-Message: 1\nId: a\n";
  std::ofstream(fresh / "notes.txt") << "not ours";
  fs::create_symlink("/etc/passwd", fresh / "000000000009.0.c");
  fs::create_directory(fresh / "000000000010.0.d");
  CHECK(world.take("r1") == Texts{"two"});
  CHECK(world.places() == Texts{"current b", "dead a", "dead c", "dead d"});
  CHECK(fs::exists(fresh / "notes.txt"));
}

TEST_CASE("who has room for a few is given the first few, and told that there is more") {
  World world;
  for (const char* id : {"a", "b", "c"})
    world.send(id, std::string(1000, *id));
  const auto first =
      world.box.take({"r1", kEverybody, [](const std::string&) { return false; }, 2500});
  REQUIRE(first);
  CHECK(first->letters.size() == 2);
  CHECK(first->more);
  CHECK(world.places() == Texts{"current a", "current b", "new c"});
  // What it knows takes no room, and is not told again.
  const auto second =
      world.box.take({"r1", kEverybody, [](const std::string& id) { return id != "c"; }, 2500});
  REQUIRE(second);
  REQUIRE(second->letters.size() == 1);
  CHECK(second->letters[0].message.id == "c");
  CHECK_FALSE(second->more);
}

TEST_CASE("what can be neither read nor set aside keeps nobody from the others") {
  World world;
  const fs::path fresh = world.box.new_path();
  fs::create_directory(fresh / "000000000001.0.d");
  fs::create_directories(fs::path(world.dir / "bus/reviewer/dead/000000000001.0.d") / "full");
  world.box = world.open();
  world.send("a", "one");
  CHECK(world.take("r1") == Texts{"one"});
}

TEST_CASE("a link in the place of a mailbox is none") {
  const testing::ScratchDir dir;
  fs::create_directories(dir / "elsewhere");
  fs::create_directories(dir / "bus");
  fs::create_directory_symlink(dir / "elsewhere", dir / "bus/reviewer");
  CHECK_FALSE(Mailbox::open(dir / "bus", "reviewer"));
  CHECK(fs::is_empty(dir / "elsewhere"));
}

TEST_CASE("a message to somebody else, or that does not fit, is refused before any is delivered") {
  World world;
  std::vector<Message> both{message("a", "one"), message("b", "two")};
  both[1].to = "builder";
  const Status status = world.box.deliver(both);
  REQUIRE_FALSE(status);
  CHECK(status.error().message() == "a message to builder in the mailbox of reviewer");
  CHECK(world.take("r1").empty());
  CHECK_FALSE(Mailbox::open(world.dir / "bus", "../x"));
}

TEST_CASE("numbers go on where the messages end, also without the counter") {
  World world;
  world.send("a", "one");
  world.send("b", "two");
  fs::remove(world.dir / "bus/reviewer/lock");
  world.box = world.open();
  world.send("c", "three");
  std::ofstream(world.dir / "bus/reviewer/lock") << "18446744073709551615";
  world.send("d", "four");
  CHECK(world.take("r1") == Texts{"one", "two", "three", "four"});
}

}  // namespace
}  // namespace fleet::bus
