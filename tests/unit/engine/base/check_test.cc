#include "engine/base/check.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include <catch2/catch.hpp>

namespace fleet {
namespace {

// What a child writes to its standard error before it ends, and how it ends.
std::pair<std::string, int> run_in_child(void (*body)()) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    ::dup2(ends[1], 2);
    body();
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[512];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return {text, status};
}

TEST_CASE("a broken invariant aborts with its condition and operands") {
  const auto [text, status] = run_in_child([] {
    const int epoch = 3;
    FLEET_ASSERT(epoch < 2, epoch, "task 7");
  });
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
  CHECK_THAT(text, Catch::Contains("epoch < 2") && Catch::Contains("3; task 7"));
}

TEST_CASE("an invariant that holds costs nothing") {
  const auto [text, status] = run_in_child([] { FLEET_ASSERT(1 < 2, "unused"); });
  CHECK(status == 0);
  CHECK(text.empty());
}

}  // namespace
}  // namespace fleet
