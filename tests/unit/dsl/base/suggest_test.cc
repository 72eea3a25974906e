#include "dsl/base/suggest.h"

#include <catch2/catch.hpp>

namespace fleet {
namespace {

using Names = std::vector<std::string>;

TEST_CASE("similarity is one minus the distance by the longer length, and a swap is one step") {
  CHECK(similarity("fixer", "fixer") == Approx(1.0));
  CHECK(similarity("fxier", "fixer") == Approx(0.8));
  CHECK(similarity("fixr", "fixer") == Approx(0.8));
  CHECK(similarity("abc", "xyz") == Approx(0.0));
  CHECK(similarity("", "") == Approx(1.0));
  CHECK(similarity("", "ab") == Approx(0.0));
  CHECK(similarity("ca", "abc") == Approx(1.0 - 3.0 / 3.0));
}

TEST_CASE("a name that differs only in case comes first") {
  CHECK(suggest("Fixer", {"fixers", "fixer", "mixer"}) == Names{"fixer", "fixers", "mixer"});
}

TEST_CASE("what is less than 0.60 alike is no suggestion, and what was written is none either") {
  CHECK(suggest("fixer", {"fixer", "auditor", "fi"}).empty());
  CHECK(suggest("abcde", {"abcxy"}) == Names{"abcxy"});
  CHECK(suggest("abcd", {"abxy"}).empty());
}

TEST_CASE(
    "there are at most four suggestions, each once, in an order that does not depend on chance") {
  CHECK(suggest("name", {"nam5", "nam1", "nam4", "nam1", "nam3", "nam2"}) ==
        Names{"nam1", "nam2", "nam3", "nam4"});
}

TEST_CASE("suggestions read as a question") {
  CHECK(did_you_mean({}).empty());
  CHECK(did_you_mean({"a"}) == "did you mean `a`?");
  CHECK(did_you_mean({"a", "b", "c"}) == "did you mean `a`, `b` or `c`?");
}

}  // namespace
}  // namespace fleet
