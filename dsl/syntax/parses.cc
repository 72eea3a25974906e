#include "dsl/syntax/parses.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "dsl/syntax/build.h"
#include "dsl/syntax/lookahead.h"
#include "dsl/syntax/mistakes.h"
#include "dsl/syntax/shift.h"
#include "dsl/syntax/tree.h"

namespace fleet::syntax {
namespace {

// Two texts are the same before `begin`, and from there on after so many bytes in each.
struct Difference {
  std::uint32_t begin = 0;
  std::uint32_t removed = 0;
  std::uint32_t added = 0;

  Shift shift() const { return added - removed; }
};

Difference difference(std::string_view old_text, std::string_view new_text) {
  const std::size_t shorter = std::min(old_text.size(), new_text.size());
  const auto begin = static_cast<std::size_t>(
      std::mismatch(old_text.begin(), old_text.begin() + static_cast<std::ptrdiff_t>(shorter),
                    new_text.begin())
          .first -
      old_text.begin());
  const auto rest = static_cast<std::ptrdiff_t>(shorter - begin);
  const auto same = static_cast<std::size_t>(
      std::mismatch(old_text.rbegin(), old_text.rbegin() + rest, new_text.rbegin()).first -
      old_text.rbegin());
  return {static_cast<std::uint32_t>(begin),
          static_cast<std::uint32_t>(old_text.size() - begin - same),
          static_cast<std::uint32_t>(new_text.size() - begin - same)};
}

bool is_inside(const Span& span, const Span& of) {
  return span.source == of.source && of.begin <= span.begin && span.end <= of.end;
}

bool is_inside(const Diagnostic& one, const Span& of) {
  const auto edits_there = [&](const Help& help) {
    return std::ranges::all_of(help.edits,
                               [&](const TextEdit& edit) { return is_inside(edit.span, of); });
  };
  return is_inside(one.primary.span, of) &&
         std::ranges::all_of(one.secondary,
                             [&](const Label& label) { return is_inside(label.span, of); }) &&
         std::ranges::all_of(one.helps, edits_there);
}

// Not of brackets, of characters or of a limit: those are found in the text as a whole.
bool is_of_one_item(const Diagnostic& one) {
  return one.code != "F002" && one.code != "F004" && one.code != "F005";
}

// Only blanks before it on its line, and after it at most a comment: so no other item looks at
// this line to its end, or counts columns in it. Where it has several lines, the last one has its
// `}` alone, for what a stray `{` below it would find there.
bool has_its_lines(std::string_view text, const Span& span) {
  const std::string_view inside = text.substr(span.begin, span.end - 1 - span.begin);
  const std::size_t last = inside.rfind('\n');
  if (last != std::string_view::npos && skip_blanks(inside, last + 1) != inside.size())
    return false;
  std::size_t before = span.begin;
  while (before > 0 && is_blank(text[before - 1]))
    --before;
  const std::size_t after = skip_blanks(text, span.end);
  return (before == 0 || text[before - 1] == '\n') &&
         (after == text.size() || text[after] == '\n' || text.substr(after, 2) == "//");
}

// What begins with a word and `(` may be an expression: to tell, the grammar looks for the `)` over
// 512 bytes, whatever stands there.
constexpr std::uint32_t kFarthestLook = 1024;

bool looks_beyond(std::string_view text, const ast::Body& body, std::uint32_t end) {
  return std::ranges::any_of(body.items, [&](const ast::Body::Item& item) {
    if (!item.block || item.block->span.begin >= end || item.block->span.end + kFarthestLook < end)
      return false;
    const std::uint32_t after = item.block->kind.span.end;
    return (after < text.size() && text[after] == '(') || looks_beyond(text, item.block->body, end);
  });
}

// The declaration that a change lies in, found in a file that was parsed before.
class Change {
 public:
  Change(std::string_view old_text, std::string_view new_text, Parsed& parsed)
      : old_text_(old_text),
        text_(new_text),
        parsed_(parsed),
        change_(difference(old_text, new_text)) {}

  // False: nothing was touched, and the text has to be parsed as a whole.
  bool apply() { return find() && is_self_contained() && is_ours() && read(); }

 private:
  struct Level {
    ast::Body* body = nullptr;
    std::size_t item = 0;
  };

  const ast::Block& block() const { return *item().block; }
  ast::Body::Item& item() const { return path_.back().body->items[path_.back().item]; }

  // The block, at most in one other, between whose braces the change lies.
  bool find() {
    constexpr std::size_t kDeepest = 2;
    ast::Body* body = &parsed_.file.body;
    while (path_.size() < kDeepest) {
      const auto around = std::ranges::find_if(
          body->items, [&](const ast::Body::Item& one) { return one.block && holds(*one.block); });
      if (around == body->items.end())
        break;
      path_.push_back({body, static_cast<std::size_t>(around - body->items.begin())});
      body = &around->block->body;
    }
    return !path_.empty() && block().span.end - block().span.begin <= old_text_.size() / 2;
  }

  bool holds(const ast::Block& block) const {
    const Span& braces = block.body.span;
    return block.has_body && braces.begin < change_.begin &&
           change_.begin + change_.removed < braces.end && old_text_[braces.begin] == '{' &&
           old_text_[braces.end - 1] == '}';
  }

  // Whether nothing outside of it rests on what is inside, nor the other way round.
  bool is_self_contained() const {
    const bool known = std::ranges::all_of(parsed_.mistakes, [&](const Diagnostic& one) {
      return is_of_one_item(one) && is_inside(one, block().span);
    });
    return known && parsed_.braces_match && has_its_lines(old_text_, block().span) &&
           !looks_beyond(old_text_, parsed_.file.body, block().span.begin);
  }

  // Whether what is to be moved belongs to nobody else.
  bool is_ours() const {
    return std::ranges::all_of(path_, [](const Level& level) {
      const auto first = level.body->items.begin() + static_cast<std::ptrdiff_t>(level.item);
      return std::all_of(first, level.body->items.end(), [](const ast::Body::Item& one) {
        return one.assignment.use_count() + one.block.use_count() + one.use.use_count() == 1;
      });
    });
  }

  bool read() {
    const std::uint32_t begin = block().span.begin;
    const std::uint32_t end = block().span.end + change_.shift();
    if (has_bad_characters(text_, begin, end))
      return false;
    std::vector<std::uint32_t> around;
    for (std::size_t i = 0; i + 1 < path_.size(); ++i)
      around.push_back(path_[i].body->items[path_[i].item].block->span.begin);
    const std::optional<Tree> tree = read_item(text_, begin, end, around);
    const bool sound = tree && tree->at(tree->at(0).first_child).kind == NodeKind::kBlock &&
                       std::ranges::none_of(tree->nodes(), is_brace_mistake, &Node::kind);
    return sound && put(*tree);
  }

  bool put(const Tree& tree) {
    DiagnosticSink sink;
    Mistakes mistakes(text_, parsed_.file.source, sink);
    auto read = std::make_shared<ast::Block>(Builder(tree, mistakes).only_block());
    const bool known =
        std::ranges::all_of(sink.all(), [](const Diagnostic& one) { return is_of_one_item(one); });
    if (!known || sink.all().size() + 1 >= kMaxMistakes)
      return false;
    read->doc = block().doc;
    item().block = std::move(read);
    parsed_.mistakes = sink.all();
    move_rest();
    return true;
  }

  void move_rest() {
    const Shift by = change_.shift();
    if (by == 0)
      return;
    for (std::size_t i = 0; i < path_.size(); ++i) {
      std::vector<ast::Body::Item>& items = path_[i].body->items;
      for (std::size_t at = path_[i].item + 1; at < items.size(); ++at)
        shift(items[at], by);
      if (i + 1 == path_.size())
        continue;
      ast::Block& around = *items[path_[i].item].block;
      around.span.end += by;
      around.body.span.end += by;
    }
    parsed_.file.body.span.end += by;
  }

  std::string_view old_text_;
  std::string_view text_;
  Parsed& parsed_;
  Difference change_;
  std::vector<Level> path_;  // to the block, from the file
};

}  // namespace

ast::File Parses::parse(const SourceMap& sources, SourceId source, DiagnosticSink& sink) {
  const std::string_view text = sources.get(source).text();
  const auto [place, fresh] = known_.try_emplace(sources.get(source).name());
  Known& known = place->second;
  const bool comparable = !fresh && known.parsed.file.source == source;
  if (!comparable || known.text != text) {
    if (comparable && text.size() <= kMaxTextSize &&
        Change(known.text, text, known.parsed).apply()) {
      ++parts_read_;
    } else {
      known.parsed = parse_whole(sources, source);
    }
    known.text = text;
  }
  for (const Diagnostic& one : known.parsed.mistakes)
    sink.add(one);
  return known.parsed.file;
}

}  // namespace fleet::syntax
