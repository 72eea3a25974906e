#include "engine/process/descent.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "engine/process/mark.h"

using namespace fleet;
using namespace fleet::process;

namespace {

// What a child that did `before` says of itself: 1 true, 0 false, 2 nobody can tell.
template <class Before>
int asked_in_child(Before before) {
  const pid_t child = ::fork();
  if (child == 0) {
    before();
    const auto answer = descends_from_keeper();
    ::_exit(answer ? static_cast<int>(*answer) : 2);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("a process that bears a job's mark descends from the keeper, as do its children") {
  const auto marked = [] {
    if (!mark_this_process({7, 3}))
      ::_exit(3);
  };
  CHECK(asked_in_child(marked) == 1);
  CHECK(asked_in_child([&] {
          marked();
          const pid_t child = ::fork();
          if (child != 0) {
            int status = 0;
            ::waitpid(child, &status, 0);
            ::_exit(WEXITSTATUS(status));
          }
          ::setsid();
        }) == 1);
}

TEST_CASE("a mark is known as /proc prints it, and an administrator's limit is none") {
  CHECK(is_marked_limit("4611686018427387905"));
  CHECK_FALSE(is_marked_limit("unlimited"));
  CHECK_FALSE(is_marked_limit("200000"));
  CHECK_FALSE(is_marked_limit("18446744073709551615"));
  CHECK_FALSE(is_marked_limit("4611686018427387905x"));
  CHECK_FALSE(is_marked_limit(""));
}
