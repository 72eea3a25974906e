// Fleets of the whole language with words dropped, doubled and exchanged: whatever comes of it is
// diagnostics inside the text, or a plan that is sound and survives its JSON.
#include <rapidcheck.h>

#include <algorithm>
#include <cctype>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dsl/base/render.h"
#include "dsl/driver/compile.h"
#include "dsl/plan/codec.h"
#include "dsl/plan/render.h"
#include "tests/support/golden.h"
#include "tests/support/memory_reader.h"
#include "tests/support/random_fleet.h"

namespace fleet {
namespace {

// Words, and everything between them one character at a time.
std::vector<std::string> pieces_of(const std::string& text) {
  std::vector<std::string> pieces;
  bool in_word = false;
  for (const char c : text) {
    const bool word = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
    if (word && in_word) {
      pieces.back() += c;
    } else {
      pieces.emplace_back(1, c);
    }
    in_word = word;
  }
  return pieces;
}

// One to three changes; a word takes the place of another one, so that much of it still resolves.
std::string exchanged(const std::string& sound, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::string> pieces = pieces_of(sound);
  const auto any = [&] {
    return static_cast<std::size_t>(random() % pieces.size());
  };
  for (auto i = 1 + random() % 3; i > 0; --i) {
    const std::size_t at = any();
    switch (random() % 4) {
      case 0: pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(at)); break;
      case 1: pieces.insert(pieces.begin() + static_cast<std::ptrdiff_t>(at), pieces[at]); break;
      default: pieces[at] = pieces[any()]; break;
    }
  }
  std::string text;
  for (const std::string& piece : pieces)
    text += piece;
  return text;
}

std::string broken_promise(const std::string& text) {
  testing::MemoryReader files({{"f.fleet", text}});
  CompileOptions options;
  options.goal = Goal::kPlan;
  options.today = 20'490;
  const Compilation result = compile("f.fleet", files, options);
  const auto is_inside = [&](const Span& span) {
    return span.begin <= span.end && span.end <= result.sources->get(span.source).text().size() &&
           result.sources->expansion(span.source) == nullptr;
  };
  for (const Diagnostic& one : result.diagnostics) {
    bool inside = is_inside(one.primary.span);
    for (const Label& label : one.secondary)
      inside = inside && is_inside(label.span);
    for (const Help& help : one.helps) {
      for (const TextEdit& edit : help.edits)
        inside = inside && is_inside(edit.span);
    }
    if (!inside)
      return "a message outside of the text: " + one.message;
  }
  render_text(result.diagnostics, *result.sources);
  if (!result.plan)
    return {};
  if (const std::string breach = plan::validate(*result.plan); !breach.empty())
    return breach;
  if (plan::from_json(plan::to_json(*result.plan)).plan != result.plan)
    return "another plan after its JSON";
  plan::to_text(*result.plan);
  plan::to_svg(*result.plan);
  return {};
}

}  // namespace

TEST_CASE("a damaged fleet gives diagnostics or a sound plan") {
  const std::vector<std::string> names = golden::list("plan", "", ".fleet");
  std::vector<std::string> texts;
  for (const std::string& name : names)
    texts.push_back(golden::read(name));
  CHECK(rc::check([&](std::uint32_t seed) {
    const std::string& sound = texts[seed % texts.size()];
    const std::string text =
        seed % 5 == 0 ? testing::damaged(sound, seed) : exchanged(sound, seed / 5);
    const std::string broken = broken_promise(text);
    if (!broken.empty())
      RC_FAIL(broken + " in\n" + text);
  }));
}

}  // namespace fleet
