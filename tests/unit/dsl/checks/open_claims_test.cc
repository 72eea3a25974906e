// Which pairs of steps the search for a common branch leaves to the run.
#include "dsl/checks/open_claims.h"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/analyzed.h"

namespace fleet::checks {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs open_of(const std::string& agents, const std::string& steps) {
  const testing::Analyzed read(
      "fleet f v1 {\n  repo = git(\".\", base: main)\n"
      "  defaults { runtime = shell(\"sh a.sh\"); accept = [\"true\" passes] }\n" +
      agents + "  flow main(a, b) {\n" + steps + "  }\n}\n");
  REQUIRE(read.codes().empty());
  const sema::Flow& flow = read.model.flows.front();
  Pairs names;
  for (const OpenClaim& open : open_claims(read.sources, read.model, flow))
    names.emplace_back(flow.steps[open.earlier].name, flow.steps[open.later].name);
  return names;
}

constexpr const char* kHard =
    "  role one { writes = worktree(\"p{a}x{b}y{a}\") }\n"
    "  role two { writes = worktree(\"p{b}y{a}x{b}\") }\n";

}  // namespace

TEST_CASE("two steps whose branches can't be told apart by the search are named") {
  CHECK(open_of(kHard, "    left = one(\"a\")\n    right = two(\"b\")\n") ==
        Pairs{{"left", "right"}});
}

TEST_CASE("what is left open of one step is left open of each like it") {
  CHECK(open_of(kHard,
                "    left = one(\"a\")\n    right = two(\"b\")\n"
                "    other = run(\"true\")\n    again = two(\"c\")\n")
            .size() >= 2);
}

TEST_CASE("branches that begin with words of their own leave nothing open") {
  CHECK(open_of("  role one { writes = worktree(\"left/{a}x{b}y{a}\") }\n"
                "  role two { writes = worktree(\"right/{b}y{a}x{b}\") }\n",
                "    left = one(\"a\")\n    right = two(\"b\")\n")
            .empty());
}

}  // namespace fleet::checks
