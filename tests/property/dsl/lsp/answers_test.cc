// Whatever word of a sound fleet one points at, every feature has an answer.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dsl/lsp/hierarchy.h"
#include "dsl/lsp/hover.h"
#include "dsl/lsp/navigate.h"
#include "dsl/lsp/rename.h"
#include "dsl/schema/schema.h"
#include "tests/support/sound_fleets.h"

namespace fleet::lsp {
namespace {

using testing::Edited;
using testing::Sound;

std::string place(const Edited& edited, const std::string& name, std::uint32_t offset) {
  const LineColumn at = edited.snapshot->sources().get(edited.source).locate(offset);
  const std::string_view text = edited.text();
  const std::size_t begin = text.rfind('\n', offset) + 1;
  const std::size_t end = std::min(text.find('\n', offset), text.size());
  return name + ":" + std::to_string(at.line) + ": " +
         std::string(text.substr(begin, offset - begin)) + "^" +
         std::string(text.substr(offset, end - offset));
}

// Words and literals of the text, and holes of its strings; what is in comments is nobody's.
std::vector<Span> words_of(const Edited& edited) {
  using syntax::NodeKind;
  const syntax::Tree& tree = edited.snapshot->tree(edited.source);
  std::vector<Span> words;
  for (const syntax::Node& node : tree.nodes()) {
    const bool sign = node.kind == NodeKind::kComment || node.kind == NodeKind::kDoc ||
                      node.kind == NodeKind::kNewline || node.kind == NodeKind::kOpen ||
                      node.kind == NodeKind::kClose || node.kind == NodeKind::kComma ||
                      node.kind == NodeKind::kDot || node.kind == NodeKind::kColon ||
                      node.kind == NodeKind::kSemicolon || node.kind == NodeKind::kAssignMark;
    if (node.first_child == 0 && node.length > 0 && !sign)
      words.push_back({edited.source, node.offset, node.end()});
  }
  for (const Mention& mention : edited.snapshot->names().mentions()) {
    if (mention.span.source == edited.source)
      words.push_back(mention.span);
  }
  return words;
}

struct Unanswered {
  std::vector<std::string> places;
  std::size_t asked = 0;

  void check(bool answered, const std::string& feature, const std::string& where) {
    ++asked;
    if (!answered)
      places.push_back(feature + " of " + where);
  }
};

bool has_waits(NameKind kind) {
  return kind == NameKind::kStep || kind == NameKind::kAgent || kind == NameKind::kRole ||
         kind == NameKind::kHuman;
}

}  // namespace

TEST_CASE("every word of a sound fleet has a hover") {
  Unanswered result;
  for (const Sound& sound : testing::sound_fleets()) {
    const Edited edited(sound.text, sound.others);
    for (const Span& word : words_of(edited)) {
      const auto found = hover(*edited.snapshot, edited.source, word.begin);
      result.check(found && !found->markdown.empty(), "hover",
                   place(edited, sound.name, word.begin));
    }
  }
  for (const std::string& one : result.places)
    UNSCOPED_INFO(one);
  CHECK(result.places.empty());
  CHECK(result.asked > 1000);
}

TEST_CASE("every name of a sound fleet leads to its declaration and is among its references") {
  Unanswered result;
  for (const Sound& sound : testing::sound_fleets()) {
    Edited edited(sound.text, sound.others);
    INFO(sound.name);
    for (const Diagnostic& one : edited.snapshot->diagnostics())
      UNSCOPED_INFO(one.code + " " + one.message);
    const bool sound_indeed = std::ranges::none_of(
        edited.snapshot->diagnostics(),
        [](const Diagnostic& one) { return one.severity == Severity::kError; });
    // A library's test imports what it stands beside.
    CHECK((sound_indeed || sound.name.starts_with("stdlib/")));
    std::set<std::size_t> seen;
    for (const Mention& mention : edited.snapshot->names().mentions()) {
      if (mention.span.source != edited.source)
        continue;
      const std::string where = place(edited, sound.name, mention.span.begin);
      const Named& named = edited.snapshot->names().at(mention.named);
      const std::uint32_t at = mention.span.begin;
      result.check(!definition(*edited.snapshot, edited.source, at).empty(), "definition", where);
      result.check(
          !has_waits(named.kind) || !prepare_hierarchy(*edited.snapshot, edited.source, at).empty(),
          "hierarchy", where);
      if (!seen.insert(mention.named).second)
        continue;
      const auto all = references(edited.workspace, *edited.snapshot, edited.source, at);
      for (const Mention& other : edited.snapshot->names().mentions()) {
        if (other.named == mention.named && other.span.source == edited.source)
          result.check(std::ranges::find(all, file_span(*edited.snapshot, other.span),
                                         &Reference::where) != all.end(),
                       "references", place(edited, sound.name, other.span.begin));
      }
    }
  }
  for (const std::string& one : result.places)
    UNSCOPED_INFO(one);
  CHECK(result.places.empty());
  CHECK(result.asked > 1000);
}

TEST_CASE("every name of a sound fleet can be called something else, or a rule says why not") {
  Unanswered result;
  std::size_t renamed = 0;
  for (const Sound& sound : testing::sound_fleets()) {
    Edited edited(sound.text, sound.others);
    std::set<std::size_t> seen;
    for (const Mention& mention : edited.snapshot->names().mentions()) {
      if (mention.span.source != edited.source || !seen.insert(mention.named).second)
        continue;
      const Renamed found = rename(edited.workspace, *edited.snapshot, edited.source,
                                   mention.span.begin, "quite_another");
      const Named& named = edited.snapshot->names().at(mention.named);
      const bool library =
          edited.snapshot->path_of(named.definitions.front().source).starts_with("std/");
      // Where a flow has no parameter `task`, `{task}` of a contract is the language's own.
      const bool shared = named.kind == NameKind::kParameter && named.name == "task" &&
                          found.refusal.find("F203") != std::string::npos;
      const bool may_refuse = library || named.kind == NameKind::kTest || shared;
      result.check(may_refuse ? !found.refusal.empty() : !found.edits.empty(),
                   "rename (" + found.refusal + ")", place(edited, sound.name, mention.span.begin));
      renamed += found.edits.empty() ? 0U : 1U;
    }
  }
  for (const std::string& one : result.places)
    UNSCOPED_INFO(one);
  CHECK(result.places.empty());
  CHECK(renamed > 100);
}

}  // namespace fleet::lsp
