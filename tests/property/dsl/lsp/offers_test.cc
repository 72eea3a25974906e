// What stands in a sound fleet is what completion offers in its place.
#include <algorithm>
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

  // Variables, branches, labels, events, aliases and versions; and, not offered yet, steps within
  // the use of a pattern (`ship`), where the text can't be lowered without them.
  bool is_made_up(std::uint32_t at) const {
    static const std::regex kBefore(
        R"((\bbase: |\benv\(|\bforge *= *|\bas |\bfanout |\b(scopes|env) *= *\[[^\]]*|\bon \w+\.|\broute\(\w+\.)"
        R"(|\broute\([^)]*, |^ *(fleet|identity) +\w+ +|\bship\.(verdict\.)?)$)");
    const std::string text(tree_.text().substr(0, at));
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

}  // namespace

TEST_CASE("what stands in a sound fleet is among what is offered in its place") {
  std::vector<std::string> missing;
  std::size_t seen = 0;
  for (const Sound& sound : testing::sound_fleets()) {
    if (sound.name.find('/') != std::string::npos || sound.name == "kUses")
      continue;
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

}  // namespace fleet::lsp
