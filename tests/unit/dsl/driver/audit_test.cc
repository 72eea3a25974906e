// What every code owes: an example that is nearly right, a test beside its example, and the proof
// in its message where there is one to give.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dsl/base/codes.h"
#include "dsl/base/render.h"
#include "dsl/driver/compile.h"
#include "tests/support/golden_reader.h"

namespace fleet {
namespace {

std::vector<std::string> lines_of(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  std::ranges::sort(lines);
  return lines;
}

std::size_t lines_that_differ(std::string_view one, std::string_view other) {
  const std::vector<std::string> a = lines_of(one);
  const std::vector<std::string> b = lines_of(other);
  std::vector<std::string> different;
  std::ranges::set_symmetric_difference(a, b, std::back_inserter(different));
  return different.size();
}

// The codes in golden texts, or named in a test of the driver beside their example.
std::set<std::string> tested_codes() {
  std::string all;
  for (const char* const folder : {"check", "parse"}) {
    for (const std::string& path : golden::list(folder, "", ".err"))
      all += golden::read(path);
  }
  for (const char* const test : {"lock_test.cc", "compile_test.cc"})
    all += golden::read("../unit/dsl/driver/" + std::string(test));
  const std::regex code(R"([\["](F\d\d\d)[\]"])");
  std::set<std::string> found;
  for (std::sregex_iterator at(all.begin(), all.end(), code), end; at != end; ++at)
    found.insert((*at)[1]);
  return found;
}

// Every message of that code in the golden files, with its labels, notes and helps.
std::vector<Diagnostic> golden_messages(const std::string& code) {
  testing::MemoryReader files = golden::reader_of("check");
  std::vector<Diagnostic> found;
  for (const std::string& path : golden::list("check", code, ".fleet")) {
    CompileOptions options;
    options.today = 20'490;
    const Compilation result = compile(golden::base_name(path), files, options);
    std::ranges::copy_if(result.diagnostics, std::back_inserter(found),
                         [&](const Diagnostic& one) { return one.code == code; });
  }
  return found;
}

std::string told_by(const Diagnostic& one) {
  std::string text = one.message + "\n" + one.primary.text + "\n";
  for (const Label& label : one.secondary)
    text += label.text + "\n";
  for (const std::string& note : one.notes)
    text += note + "\n";
  return text;
}

std::vector<std::string> matches(const std::string& text, const char* pattern) {
  const std::regex expression(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), expression), end; at != end; ++at)
    found.push_back((*at)[1]);
  return found;
}

// "fixes 3 × 6 × $1.00" -> 1800
long cents_of(const std::string& term) {
  double product = 1;
  for (const std::string& factor : matches(term, R"((?:^| )\$?(\d+(?:\.\d\d)?)(?= ×|$))"))
    product *= std::stod(factor);
  return std::lround(product * 100);
}

}  // namespace

TEST_CASE("the two examples of a code are the same file but for what the code is about") {
  for (const CodeRow& row : all_codes()) {
    INFO(row.code);
    CHECK_FALSE(row.title.empty());
    CHECK(lines_that_differ(row.bad, row.good) <= 12);
    CHECK((row.bad != row.good || row.code == "F005"));
  }
}

TEST_CASE("every code has a test beside its example") {
  const std::set<std::string> tested = tested_codes();
  for (const CodeRow& row : all_codes()) {
    INFO(row.code);
    CHECK(tested.contains(std::string(row.code)));
  }
}

TEST_CASE("two tasks with one branch are shown what makes them claim it") {
  const std::vector<Diagnostic> found = golden_messages("F302");
  CHECK_FALSE(found.empty());
  for (const Diagnostic& one : found) {
    const std::string text = told_by(one);
    INFO(text);
    const std::vector<std::string> claims = matches(text, "claims `([^`]*)`");
    CHECK(claims.size() >= 2);
    for (const std::string& branch : matches(one.message, "`([^`]*)`"))
      CHECK(std::ranges::find(claims, branch) != claims.end());
  }
}

TEST_CASE("a budget that is too small is shown the sum, and it adds up") {
  std::size_t sums = 0;
  for (const Diagnostic& one : golden_messages("F501")) {
    const std::string text = told_by(one);
    INFO(text);
    const bool unbounded = one.message.starts_with("nothing bounds");
    const std::vector<std::string> said = matches(text, R"(at most (\$[\d.]+(?: =|:) [^\n]*))");
    CHECK(said.empty() == unbounded);
    for (const std::string& sum : said) {
      const std::size_t from = sum.find(' ', sum.find(' ') + (sum.find(" =") < sum.size() ? 1 : 0));
      long total = 0;
      for (const std::string& term : matches(sum.substr(from) + " + ", R"( (.*?) \+(?= ))"))
        total += term.ends_with('?') ? 0 : cents_of(term);
      CHECK(total == std::lround(std::stod(sum.substr(1)) * 100));
      ++sums;
    }
  }
  CHECK(sums > 5);
}

TEST_CASE("a fan-out that can't pay is shown from how many items it would") {
  const std::vector<Diagnostic> found = golden_messages("F503");
  CHECK_FALSE(found.empty());
  for (const Diagnostic& one : found) {
    const std::string text = told_by(one);
    INFO(text);
    const bool never = text.find("with one session nothing runs beside") != std::string::npos;
    const std::vector<std::string> items = matches(text, R"(pays from (\d+) items)");
    CHECK(items.size() == (never ? 0 : 1));
    // It is more than there can be: "3 × 2s - 2 × 2s = 2s saved".
    const std::vector<std::string> most = matches(text, R"((\d+) × [^\n]* saved)");
    CHECK((never || std::stoi(items.front()) > std::stoi(most.front())));
  }
}

TEST_CASE("whoever waits in a circle is shown all of it") {
  const std::vector<Diagnostic> found = golden_messages("F701");
  CHECK_FALSE(found.empty());
  for (const Diagnostic& one : found) {
    const std::string text = told_by(one);
    INFO(text);
    const std::vector<std::string> circle = matches(text, R"(: ([\w.#]+ -> [^\n]*))");
    REQUIRE(circle.size() == 1);
    const std::string first = circle[0].substr(0, circle[0].find(' '));
    CHECK(circle[0].ends_with("-> " + first));
  }
}

TEST_CASE("a place that is never free is shown with who holds it and who waits") {
  const std::vector<Diagnostic> found = golden_messages("F702");
  CHECK_FALSE(found.empty());
  for (const Diagnostic& one : found) {
    const std::string text = told_by(one);
    INFO(text);
    CHECK_FALSE(matches(text, "`([^`]*)` holds a place").empty());
    CHECK_FALSE(matches(text, "needs (a place|one)").empty());
  }
}

TEST_CASE("a merge that nothing approves is shown the way to it") {
  const std::vector<Diagnostic> found = golden_messages("F704");
  CHECK_FALSE(found.empty());
  for (const Diagnostic& one : found) {
    const std::string text = told_by(one);
    INFO(text);
    CHECK(matches(text, R"(the way to it: ([\w.#]+\.\w+ -> [^\n]*))").size() == 1);
  }
}

}  // namespace fleet
