// Tasks as files: there once, in order, until they are done or nobody wants them.
#include "engine/resident/task_box.h"

#include <fstream>

#include <catch2/catch.hpp>

#include "tests/support/scratch_dir.h"

namespace fleet::resident {
namespace {

Wake happened(std::string id, std::int64_t at = 1) {
  Wake out;
  out.id = std::move(id);
  out.event = {plan::Event::Kind::kTask, "dev"};
  out.text = "Say \"hello\"\nand\xff good bye";
  out.criteria = "it is said";
  out.spare = {"review"};
  out.at = at;
  return out;
}

TEST_CASE("the task box has a happening once however often it is told") {
  testing::ScratchDir dir;
  auto box = TaskBox::open(dir.path());
  REQUIRE(box);
  CHECK(*box->put(happened("pr.opened:20261130-1.0", 2)));
  CHECK_FALSE(*box->put(happened("pr.opened:20261130-1.0", 3)));
  CHECK(*box->put(happened("task:abc", 1)));
  const auto listed = box->list();
  REQUIRE(listed);
  REQUIRE(listed->wakes.size() == 2U);
  CHECK(listed->wakes[0].id == "task:abc");  // the oldest first
  CHECK(listed->wakes[1].at == 2);
  CHECK(listed->wakes[0].criteria == "it is said");
  CHECK(listed->wakes[0].spare == std::vector<std::string>{"review"});
  REQUIRE(box->finish("task:abc"));
  CHECK_FALSE(*box->put(happened("task:abc")));  // it is done, and does not begin again
  REQUIRE(box->finish("task:abc"));              // twice is harmless
  CHECK(box->list()->wakes.size() == 1U);
}

TEST_CASE("the task box remembers what was cancelled") {
  testing::ScratchDir dir;
  auto box = TaskBox::open(dir.path());
  REQUIRE(box);
  REQUIRE(box->put(happened("task:abc")));
  REQUIRE(box->finish("task:abc", true));
  const auto found = box->find("task:abc");
  REQUIRE(found);
  CHECK(found->cancelled);
  CHECK_FALSE(found->is_new);
  CHECK(box->list_done()->size() == 1U);
  CHECK(box->find("task:none").error().code() == Errc::kNotFound);
}

TEST_CASE("the task box keeps a file that is no task from nobody else") {
  testing::ScratchDir dir;
  auto box = TaskBox::open(dir.path());
  REQUIRE(box);
  REQUIRE(box->put(happened("task:abc")));
  std::ofstream(box->new_path() + "/garbage") << "{\"id\":3}";
  std::ofstream(box->new_path() + "/other") << "\xff\xfe";
  std::ofstream(box->new_path() + "/.half-written") << "{";
  const auto listed = box->list();
  REQUIRE(listed);
  CHECK(listed->wakes.size() == 1U);
  CHECK(listed->broken.size() == 2U);
}

TEST_CASE("the task box keeps a request to cancel until it is done") {
  testing::ScratchDir dir;
  auto box = TaskBox::open(dir.path());
  REQUIRE(box);
  REQUIRE(box->ask_cancel("task:abc~2"));
  CHECK(*box->list_cancels() == std::vector<std::string>{"task:abc~2"});
  CHECK(*box->list_cancels() == std::vector<std::string>{"task:abc~2"});
  REQUIRE(box->end_cancel("task:abc~2"));
  CHECK(box->list_cancels()->empty());
}

TEST_CASE("the task box reads whatever it takes") {
  testing::ScratchDir dir;
  auto box = TaskBox::open(dir.path());
  REQUIRE(box);
  Wake long_one;
  long_one.id = "task:abc";
  long_one.text = std::string(kMaxText, '\x01');
  long_one.criteria = std::string(kMaxText, '\n');
  REQUIRE(box->put(long_one));
  REQUIRE(box->list()->wakes.size() == 1);
  CHECK(box->list()->wakes.front().text == long_one.text);
}

}  // namespace
}  // namespace fleet::resident
