// The oracle of what is parsed in parts: the same text parsed from nothing.
#include "dsl/syntax/parses.h"

#include <rapidcheck.h>

#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/ast_places.h"
#include "tests/support/edited.h"
#include "tests/support/golden.h"
#include "tests/support/random_fleet.h"

namespace fleet {
namespace {

std::string placed(const Span& span) {
  return std::to_string(span.source.value) + ":" + std::to_string(span.begin) + "-" +
         std::to_string(span.end) + " ";
}

std::string placed(const Diagnostic& one) {
  std::string text = one.code + (one.everywhere ? "* " : " ") + one.message + " " +
                     placed(one.primary.span) + one.primary.text;
  for (const Label& label : one.secondary)
    text += "\n  " + placed(label.span) + label.text;
  for (const std::string& note : one.notes)
    text += "\n  " + note;
  for (const Help& help : one.helps) {
    text += "\n  " + help.text + (help.sound ? "!" : "");
    for (const TextEdit& edit : help.edits)
      text += "\n    " + placed(edit.span) + edit.replacement;
  }
  return text + "\n";
}

// The tree with all places, and what was said, in the order in which it was.
std::string outcome(const ast::File& file, const DiagnosticSink& sink) {
  std::string text = testing::AstPlaces::of(file) + "\n";
  for (const Diagnostic& one : sink.all())
    text += placed(one);
  return text;
}

// A text that is edited, as an editor does and as nobody does.
class Typist {
 public:
  Typist(std::string text, std::uint32_t seed)
      : random_(seed), sound_(std::move(text)), text_(sound_) {}

  // Now and then everything is undone: what is read in parts has few mistakes.
  const std::string& edit() {
    if (chance(4)) {
      text_ = sound_;
      return text_;
    }
    if (!chance(3))
      at_ = below(text_.size() + 1);  // else goes on where it was
    at_ = std::min(at_, text_.size());
    const std::string added = chance(2) ? word() : piece();
    const std::size_t removed =
        std::min(chance(2) ? 0 : below(chance(6) ? 80 : 3), text_.size() - at_);
    text_.replace(at_, removed, added);
    at_ += added.size();
    return text_;
  }

 private:
  std::size_t below(std::size_t n) { return random_() % std::max<std::size_t>(n, 1); }
  bool chance(std::size_t one_in) { return below(one_in) == 0; }

  std::string word() {
    static const std::vector<std::string> kWords{"", "", "a", "1", " ", "\n", "// é\n", "x = 1\n"};
    return kWords[below(kWords.size())];
  }
  std::string piece() {
    static const std::vector<std::string> kPieces{"",
                                                  "",
                                                  "a",
                                                  "b",
                                                  " ",
                                                  " ",
                                                  "\n",
                                                  "\n",
                                                  "\n\n",
                                                  ";",
                                                  "{",
                                                  "}",
                                                  "(",
                                                  ")",
                                                  "[",
                                                  "]",
                                                  "\"",
                                                  "\"\"\"",
                                                  "//",
                                                  "/// doc\n",
                                                  "// why",
                                                  "/*",
                                                  "'",
                                                  "=",
                                                  "+=",
                                                  ":",
                                                  ",",
                                                  ".",
                                                  "->",
                                                  "&",
                                                  "@v4",
                                                  "$3",
                                                  "15min",
                                                  "x = 1",
                                                  "x = \n",
                                                  "é",
                                                  "\xc3",
                                                  "\xff",
                                                  "\r",
                                                  "\r\n",
                                                  "\t",
                                                  "\\",
                                                  "{x}",
                                                  "after",
                                                  "retry",
                                                  " else ",
                                                  "if x {}",
                                                  "try {",
                                                  "import a",
                                                  "a: 1",
                                                  "step ",
                                                  "let x = 1",
                                                  "agent b : c { }\n",
                                                  "  role r {\n  }\n",
                                                  "f(",
                                                  "flow g(a) {\n",
                                                  "steps:\n  a: 1\n",
                                                  "#",
                                                  "`",
                                                  "{ a: 1 }",
                                                  "%"};
    return kPieces[below(kPieces.size())];
  }

  std::mt19937 random_;
  std::string sound_;
  std::string text_;
  std::size_t at_ = 0;
};

// One text after another under one name; false: with one of them the two ways differ.
std::string difference(std::string text, std::uint32_t seed, int edits, std::size_t& parts) {
  syntax::Parses parses;
  Typist typist(std::move(text), seed);
  for (int i = 0; i < edits; ++i) {
    SourceMap sources;
    const SourceId id = sources.add("random.fleet", typist.edit());
    DiagnosticSink kept;
    const std::string in_parts = outcome(parses.parse(sources, id, kept), kept);
    DiagnosticSink fresh;
    const std::string whole = outcome(syntax::parse(sources, id, fresh), fresh);
    if (in_parts != whole)
      return "after " + std::to_string(i + 1) + " edits\n" + std::string(sources.get(id).text()) +
             "\nin parts:\n" + in_parts + "\nas a whole:\n" + whole;
  }
  parts += parses.parts_read();
  return {};
}

TEST_CASE("what is parsed in parts is what is parsed from nothing, with places and messages") {
  std::vector<std::string> files;
  for (const std::string& name : golden::list("fleets", "", ".fleet"))
    files.push_back(golden::read(name));
  files.emplace_back(testing::kShip);
  std::size_t parts = 0;
  CHECK(rc::check([&](std::uint32_t seed) {
    const std::string text =
        seed % 3 == 0 ? testing::RandomFleet(seed).file() : files[seed / 3 % files.size()];
    const std::string found = difference(text, seed, 12, parts);
    if (!found.empty())
      RC_FAIL(found);
  }));
  CHECK(parts > 20);
}

// What was taken from the last tree is not what somebody else still looks at.
TEST_CASE("a tree that somebody holds stays as it is") {
  syntax::Parses parses;
  const std::string before = "fleet a v1 {\n  role b {\n    x = 1\n  }\n  role c { y = 2 }\n" +
                             std::string(60, '\n') + "}\n";
  const auto parse = [&](const std::string& text, std::string& placed) {
    SourceMap sources;
    DiagnosticSink sink;
    ast::File file = parses.parse(sources, sources.add("a.fleet", text), sink);
    placed = testing::AstPlaces::of(file);
    return file;
  };
  std::string first;
  std::string unused;
  const ast::File held = parse(before, first);
  std::string after = before;
  after.insert(after.find("x = 1"), "z = 3\n");
  parse(after, unused);
  CHECK(testing::AstPlaces::of(held) == first);
  CHECK(parses.parts_read() == 0);
  after.insert(after.find("x = 1"), "w = 4\n");
  parse(after, unused);
  CHECK(parses.parts_read() == 1);
  CHECK(testing::AstPlaces::of(held) == first);
}

}  // namespace
}  // namespace fleet
