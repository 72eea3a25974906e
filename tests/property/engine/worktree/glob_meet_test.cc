// Globs that claim one path together meet, by the engine's own rule for what a glob claims.
#include "engine/worktree/glob_meet.h"

#include <rapidcheck.h>

#include <catch2/catch.hpp>

#include "engine/worktree/glob.h"

namespace fleet::worktree {
namespace {

// Few letters, so that globs and paths often fit.
std::string a_text(const std::vector<std::string>& words, int most) {
  const int count = *rc::gen::inRange(1, most + 1);
  std::string text;
  for (int i = 0; i < count; ++i)
    text += (i == 0 ? "" : "/") + *rc::gen::elementOf(words);
  return text;
}

std::string a_glob() {
  return a_text(
             {"a", "b", "ab", "*", "**", "***", "a*", "*b", "?", "a?", "?b", "[ab]", "\\a", "a*b"},
             4) +
         *rc::gen::element<std::string>("", "", "/");
}

}  // namespace

TEST_CASE("two globs that claim one path are never told apart") {
  CHECK(rc::check([] {
    const std::string one = a_glob(), other = a_glob();
    bool shared = false;
    for (int i = 0; i < 40; ++i) {
      const std::string path = a_text({"a", "b", "ab", "aab", "c"}, 4);
      shared = shared || (PathSet({one}).covers(path) && PathSet({other}).covers(path));
    }
    RC_CLASSIFY(shared, "shared");
    if (shared)
      RC_ASSERT(may_meet(one, other));
    RC_ASSERT(may_meet(one, other) == may_meet(other, one));
    RC_ASSERT(may_meet(one, one));
  }));
}

}  // namespace fleet::worktree
