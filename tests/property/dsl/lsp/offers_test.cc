// What stands in a sound fleet is what completion offers in its place.
#include <algorithm>
#include <cctype>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dsl/base/render.h"
#include "dsl/lsp/completion.h"
#include "tests/support/sound_fleets.h"

namespace fleet::lsp {
namespace {

using syntax::NodeKind;
using testing::Edited;
using testing::Sound;

struct Word {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

// The words that mean something which is known beforehand, rather than what their place makes up.
class Words {
 public:
  explicit Words(const syntax::Tree& tree) : tree_(tree) { visit(0, false); }

  std::vector<Word> take() { return std::move(words_); }

 private:
  void visit(std::uint32_t node, bool in_flow) {
    const NodeKind kind = tree_.at(node).kind;
    if (kind == NodeKind::kBlock) {
      const std::string_view word = tree_.text(tree_.child(node, NodeKind::kIdent));
      in_flow = word == "flow" || word == "pattern";
    }
    bool key = kind == NodeKind::kAssignment;
    for (const std::uint32_t child : tree_.children(node)) {
      const NodeKind is = tree_.at(child).kind;
      const bool header =
          kind == NodeKind::kBlock && (is == NodeKind::kNames || is == NodeKind::kArguments);
      if (header || kind == NodeKind::kPer)
        continue;
      if (is == NodeKind::kIdent && !(key && in_flow) && !is_made_up(tree_.at(child).offset))
        words_.push_back({tree_.at(child).offset, tree_.at(child).end()});
      key = key && is != NodeKind::kIdent;
      if (tree_.at(child).first_child != 0)
        visit(child, in_flow);
    }
  }

  // Variables, branches, labels, events, aliases and versions.
  bool is_made_up(std::uint32_t at) const {
    static const std::regex kBefore(
        R"((\bbase: |\benv\(|\bforge *= *|\bas |\bfanout |\b(scopes|env) *= *\[[^\]]*|\bon \w+\.|\broute\(\w+\.)"
        R"(|\broute\([^)]*, |^ *(fleet|identity) +\w+ +)$)");
    const std::string text(tree_.text().substr(0, at));
    // Likewise where `route` has a line for each.
    const std::size_t route = text.rfind("route(");
    if (route != std::string::npos && text.find(')', route) == std::string::npos &&
        text.find(',', route) != std::string::npos)
      return true;
    return std::regex_search(text.substr(text.rfind('\n') + 1), kBefore);
  }

  const syntax::Tree& tree_;
  std::vector<Word> words_;
};

std::string text_of(const Completion& one) {
  return one.text.empty() ? one.label : one.text;
}

// Whether what the offer puts there begins with the word.
bool gives(const Completion& one, std::string_view word) {
  const std::string& text = !one.snippet.empty() ? one.snippet : text_of(one);
  const std::string_view begin = std::string_view(text).substr(0, word.size());
  return begin == word || one.label == word;
}

std::string around(const std::string& text, const Word& word) {
  const std::size_t line = text.rfind('\n', word.begin) + 1;
  const std::size_t end = text.find('\n', word.begin);
  return text.substr(line, word.begin - line) + "^" + text.substr(word.begin, end - word.begin);
}

// Every place costs as many compilations as it has offers.
constexpr std::size_t kStride = 11;

}  // namespace

TEST_CASE("what stands in a sound fleet is among what is offered in its place") {
  std::vector<std::string> missing;
  std::size_t seen = 0;
  for (const Sound& sound : testing::sound_fleets()) {
    const Edited whole(sound.text, sound.others);
    const syntax::Tree& tree = whole.snapshot->tree(whole.source);
    for (const Word& word : Words(tree).take()) {
      const std::string written = sound.text.substr(word.begin, word.end - word.begin);
      std::string without = sound.text;
      without.replace(word.begin, word.end - word.begin, "^");
      Edited edited(without, sound.others);
      const Completions found =
          complete(edited.workspace, *edited.snapshot, edited.source, edited.offset);
      const bool offered = std::ranges::any_of(
          found.items, [&](const Completion& one) { return gives(one, written); });
      if (!offered)
        missing.push_back(sound.name + ": " + around(sound.text, word));
      ++seen;
    }
  }
  for (const std::string& one : missing)
    UNSCOPED_INFO(one);
  CHECK(missing.empty());
  CHECK(seen > 100);
}

// The end of what stands at the word: the rest of a dotted name, its arguments, its version and
// what it is counted for; of what follows a dot, that alone.
std::size_t end_of_atom(const std::string& text, std::size_t at) {
  const auto in_word = [&](std::size_t i) {
    return i < text.size() &&
           (std::isalnum(static_cast<unsigned char>(text[i])) != 0 || text[i] == '_');
  };
  while (true) {
    while (in_word(at))
      ++at;
    const bool joins = at < text.size() && (text[at] == '.' || text[at] == '@' || text[at] == '/');
    if (joins && in_word(at + 1)) {
      ++at;
      continue;
    }
    if (at >= text.size() || text[at] != '(')
      return at;
    for (int open = 0; at < text.size(); ++at) {
      open += text[at] == '(' ? 1 : text[at] == ')' ? -1 : 0;
      if (open == 0) {
        ++at;
        break;
      }
    }
  }
}

// Mistakes in the words themselves. What else a choice does to the fleet (a merge without approval,
// an agent that reviews its own work) is for whoever chooses, and for the checks.
bool is_of_words(const Diagnostic& one) {
  static const std::regex kWords("F(0|1|2).*|F307|F701|F708|F717");
  return one.severity == Severity::kError && std::regex_match(one.code, kWords);
}

TEST_CASE("what is offered is accepted in its place") {
  std::vector<std::string> refused;
  std::size_t seen = 0;
  std::size_t number = 0;
  for (const Sound& sound : testing::sound_fleets()) {
    const Edited whole(sound.text, sound.others);
    for (const Word& word : Words(whole.snapshot->tree(whole.source)).take()) {
      if (++number % kStride != 0)
        continue;
      const std::size_t end = end_of_atom(sound.text, word.begin);
      std::string without = sound.text;
      without.replace(word.begin, end - word.begin, "^");
      Edited edited(without, sound.others);
      for (const Completion& one :
           complete(edited.workspace, *edited.snapshot, edited.source, edited.offset).items) {
        if (!one.snippet.empty() || !one.further.empty())
          continue;  // has places to fill in
        std::string with = sound.text;
        with.replace(word.begin, end - word.begin, text_of(one));
        const Edited after(with, sound.others);
        const auto stop = word.begin + static_cast<std::uint32_t>(text_of(one).size());
        for (const Diagnostic& problem : after.snapshot->diagnostics()) {
          const Span& at = problem.primary.span;
          const bool here = at.source == after.source && word.begin <= at.begin && at.end <= stop;
          if (here && is_of_words(problem)) {
            refused.push_back(sound.name + ": " + around(sound.text, word) + " -> " + text_of(one) +
                              ": " + problem.code + " " + problem.message);
            break;
          }
        }
        ++seen;
      }
    }
  }
  for (const std::string& one : refused)
    UNSCOPED_INFO(one);
  CHECK(refused.empty());
  CHECK(seen > 200);
}

}  // namespace fleet::lsp
