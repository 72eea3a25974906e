// Scripts put together at random, with random values, run by the real shell: each hole arrives as
// it was, and nothing in it is executed.
#include "dsl/lower/command.h"

#include <rapidcheck.h>

#include <iterator>

#include <catch2/catch.hpp>

#include "tests/support/run_argv.h"

namespace fleet::lower {
namespace {

// A word of a script around a hole, and the same word with the value in its place.
struct Shape {
  const char* before;
  const char* after;
  const char* literal_before;
  const char* literal_after;
};

constexpr Shape kShapes[] = {
    {"", "", "", ""},
    {"a", "b", "a", "b"},
    {"\"", "\"", "", ""},
    {"\"a ", " b\"", "a ", " b"},
    {"'", "'", "", ""},
    {"'a \"", "\" b'", "a \"", "\" b"},
    {"x'y z'", "\"u v\"", "xy z", "u v"},
    {"\"$(printf '%s' ", ")\"", "", ""},
    {"\"${HOME:+k}", "\"", "k", ""},
};

// What a script may do to its parameters before the words are printed.
struct Setting {
  const char* before;
  const char* after;
};

constexpr Setting kSettings[] = {
    {"", ""},
    {"shift $#; ", ""},
    {"set -- other \"$@\"; ", ""},
    {"f() { ", "; }; f other"},
    {"f() { shift; ", "; }; set -- x; f a b c"},
    {"for one in x; do shift; ", "; done"},
    {"(set --; ", ")"},
};

}  // namespace

TEST_CASE("random values in random places of a script arrive unchanged") {
  const auto prop = [] {
    const int words = *rc::gen::inRange(1, 5);
    sema::Text text;
    std::string expected;
    const auto add = [&](bool hole, const std::string& piece) {
      text.pieces.push_back({hole, piece, {{0}, 0, 1}});
    };
    const Setting& setting = kSettings[*rc::gen::inRange<std::size_t>(0, std::size(kSettings))];
    add(false, std::string("HOME=/h; ") + setting.before + "printf '<%s>'");
    std::vector<std::string> values;
    for (int i = 0; i < words; ++i) {
      const Shape& shape = kShapes[*rc::gen::inRange<std::size_t>(0, std::size(kShapes))];
      const std::string value = *rc::gen::container<std::string>(
          rc::gen::elementOf(std::string("ab '\"$`\\;&|<>(){}*?[]#~!=-\t\n%")));
      values.push_back(value);
      add(false, std::string(" ") + shape.before);
      add(true, "v" + std::to_string(i));
      add(false, shape.after);
      // The shell takes the last newlines of what a command printed.
      std::string kept = value;
      while (std::string_view(shape.before).find("$(") != std::string_view::npos &&
             kept.ends_with('\n'))
        kept.pop_back();
      expected += "<" + std::string(shape.literal_before) + kept + shape.literal_after + ">";
    }
    add(false, setting.after);
    const CompiledCommand compiled = compile_command(text);
    RC_ASSERT(compiled.problems.empty());
    std::vector<std::string> argv;
    for (const plan::Template& word : compiled.command.argv) {
      argv.emplace_back();
      for (const plan::Segment& one : word) {
        argv.back() += one.hole ? values[std::stoul(one.text.substr(1))] : one.text;
      }
    }
    RC_ASSERT(testing::run_argv(argv) == expected);
  };
  CHECK(rc::check(prop));
}

}  // namespace fleet::lower
