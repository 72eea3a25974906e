// The pairs of steps that are compared, against comparing all of them.
#include "dsl/checks/encounters.h"

#include <rapidcheck.h>

#include <catch2/catch.hpp>

namespace fleet::checks {
namespace {

// Small letters, `/` and `.` stand for themselves, P and Q for parameters of the flow, V and W for
// variables of the step's own, R for what only the run knows.
Word word_of(const std::string& text, int step) {
  Word word;
  for (const char one : text) {
    Symbol symbol;
    symbol.kind = Symbol::Kind::kVariable;
    if (one == 'P' || one == 'Q') {
      symbol.variable = one - 'P';
      symbol.of_flow = true;
    } else if (one == 'V' || one == 'W') {
      symbol.variable = 10 + 2 * step + (one - 'V');
      symbol.letters = one == 'W' ? Letters::kNoSlash : Letters::kAny;
      symbol.may_be_empty = one == 'W';
    } else if (one == 'R') {
      symbol.kind = Symbol::Kind::kOpaque;
      symbol.variable = 2;
    } else {
      symbol = letters(std::string(1, one)).front();
    }
    word.push_back(symbol);
  }
  return word;
}

rc::Gen<std::string> templates() {
  return rc::gen::mapcat(rc::gen::inRange(1, 5), [](int length) {
    return rc::gen::container<std::string>(
        static_cast<std::size_t>(length),
        rc::gen::element('a', 'a', 'a', 'b', '/', '/', 'P', 'Q', 'V', 'W', 'R'));
  });
}

// The first two claims that conflict; {-1, -1}: none do.
std::pair<int, int> compare(const std::vector<Claim>& earlier, const std::vector<Claim>& later) {
  for (std::size_t i = 0; i < earlier.size(); ++i) {
    for (std::size_t j = 0; j < later.size(); ++j) {
      if (find_conflict(earlier[i].word, later[j].word))
        return {static_cast<int>(i), static_cast<int>(j)};
    }
  }
  return {-1, -1};
}

std::vector<std::vector<Claim>> any_claims() {
  std::vector<std::vector<Claim>> steps(*rc::gen::inRange<std::size_t>(1, 9));
  // Few templates, so that steps are alike and words part late.
  const std::vector<std::string> texts =
      *rc::gen::container<std::vector<std::string>>(4, templates());
  for (std::size_t step = 0; step < steps.size(); ++step) {
    const auto claims = *rc::gen::inRange<std::size_t>(0, 4);
    for (std::size_t i = 0; i < claims; ++i) {
      const auto text = *rc::gen::inRange<std::size_t>(0, texts.size());
      Claim claim;
      claim.step = step;
      claim.branch.begin = static_cast<std::uint32_t>(text);
      claim.word = word_of(texts[text], static_cast<int>(step));
      steps[step].push_back(std::move(claim));
    }
  }
  return steps;
}

}  // namespace

TEST_CASE("what the compared pairs show of their kinds is what comparing all pairs shows") {
  CHECK(rc::check([] {
    const std::vector<std::vector<Claim>> claims = any_claims();
    const Encounters encounters = find_encounters(claims);
    std::vector<std::vector<std::pair<int, int>>> seen(
        claims.size(), std::vector<std::pair<int, int>>(claims.size(), {-1, -1}));
    std::pair<std::size_t, std::size_t> last{0, 0};
    for (const Encounter& pair : encounters.pairs) {
      RC_ASSERT(pair.earlier < pair.later);
      RC_ASSERT(last < std::pair(pair.later, pair.earlier));
      last = {pair.later, pair.earlier};
      const std::pair<int, int> found = compare(claims[pair.earlier], claims[pair.later]);
      for (const std::size_t earlier : encounters.kinds[pair.earlier_kind]) {
        for (const std::size_t later : encounters.kinds[pair.later_kind]) {
          if (earlier >= later)
            continue;
          RC_ASSERT(std::pair(later, earlier) >= last);
          seen[earlier][later] = found;
        }
      }
    }
    std::size_t conflicts = 0;
    for (std::size_t later = 0; later < claims.size(); ++later) {
      for (std::size_t earlier = 0; earlier < later; ++earlier) {
        const std::pair<int, int> found = compare(claims[earlier], claims[later]);
        conflicts += found.first >= 0 ? 1 : 0;
        RC_ASSERT(seen[earlier][later] == found);
      }
    }
    RC_CLASSIFY(conflicts > 0);
  }));
}

TEST_CASE("of steps that have nothing in common, none are compared") {
  std::vector<std::vector<Claim>> claims;
  for (std::size_t step = 0; step < 2'000; ++step) {
    Claim claim;
    claim.step = step;
    claim.branch.begin = static_cast<std::uint32_t>(step);
    claim.word = word_of("a/" + std::to_string(10'000 + step) + "/V", static_cast<int>(step));
    claims.push_back({std::move(claim)});
  }
  CHECK(find_encounters(claims).pairs.empty());
}

}  // namespace fleet::checks
