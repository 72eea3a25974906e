// Whether what two tasks may write can be the same file.
#include "engine/worktree/glob_meet.h"

#include <catch2/catch.hpp>

namespace fleet::worktree {

TEST_CASE("globs meet where some path fits both, in either order") {
  const auto [one, other, meet] = GENERATE(table<std::string, std::string, bool>({
      {"src/**", "src/**", true},
      {"src/**", "src/lib/**", true},
      {"src/**", "docs/**", false},
      {"src/**", "srcs/**", false},
      {"src", "src/lib/a.c", true},    // a folder and what is beneath it
      {"src/*", "src/lib/**", false},  // `*` stays inside one component
      {"src/*.c", "src/*.h", false},
      {"src/*.c", "src/main.c", true},
      {"src/*.c", "src/main.h", false},
      {"**/*.md", "docs/**", true},
      {"**/*.md", "docs/*.txt", false},
      {"**", "anything", true},
      {"a/*/c", "a/b/*", true},
      {"a/*/c", "a/b/d", false},
      {"./src/**", "src/a", true},
      {"src/[ab].c", "src/c.c", true},  // a class is taken for anything
      {"src/[ab].c", "docs/c.c", false},
      {"test_*", "*_test", true},
      {"notes/", "notes/01.txt", true},
  }));
  CAPTURE(one, other);
  CHECK(may_meet(one, other) == meet);
  CHECK(may_meet(other, one) == meet);
}

}  // namespace fleet::worktree
