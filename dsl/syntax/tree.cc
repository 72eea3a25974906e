#include "dsl/syntax/tree.h"

#include <optional>
#include <type_traits>
#include <utility>

#include "dsl/syntax/grammar.h"

namespace fleet::syntax {
namespace grammar {
namespace {

template <typename Rule, typename = void>
inline constexpr NodeKind kNodeOf = NodeKind::kNone;
template <typename Rule>
inline constexpr NodeKind kNodeOf<Rule, std::void_t<decltype(Rule::kNode)>> = Rule::kNode;

template <typename Rule, typename = void>
inline constexpr char kBracketOf = '\0';
template <typename Rule>
inline constexpr char kBracketOf<Rule, std::void_t<decltype(Rule::kBracket)>> = Rule::kBracket;

template <typename Rule, typename = void>
inline constexpr bool kIsStatement = false;
template <typename Rule>
inline constexpr bool kIsStatement<Rule, std::void_t<decltype(Rule::kStatement)>> = true;

// Makes the nodes. Nodes of a failed rule are dropped; a lookahead (apply mode `nothing`) makes
// none.
template <typename Rule>
struct MakeNodes : pegtl::normal<Rule> {
  template <pegtl::apply_mode A, pegtl::rewind_mode M, template <typename...> class Action,
            template <typename...> class Control, typename Input>
  [[nodiscard]] static bool match(Input& in, Reading& reading) {
    constexpr bool kMakes = A == pegtl::apply_mode::action;
    constexpr NodeKind kKind = kNodeOf<Rule>;
    constexpr char kBracket = kBracketOf<Rule>;
    const auto here = [&] {
      return static_cast<std::uint32_t>(in.current() - in.begin());
    };
    const std::size_t mark = reading.mark();
    std::uint32_t parent = 0;
    if constexpr (kMakes && kKind != NodeKind::kNone) {
      parent = reading.open(kKind, here());
    }
    if constexpr (kBracket != '\0') {
      reading.push_bracket(kBracket, here());
    }
    std::uint32_t outer_statement = 0;
    if constexpr (kIsStatement<Rule>) {
      outer_statement = reading.enter_statement(here());
    }
    const bool ok = pegtl::normal<Rule>::template match<A, M, Action, Control>(in, reading);
    if constexpr (kIsStatement<Rule>) {
      reading.enter_statement(outer_statement);
    }
    if constexpr (kBracket != '\0') {
      reading.pop_bracket();
    }
    if constexpr (kMakes && kKind != NodeKind::kNone) {
      reading.restore(parent);
      if (ok) {
        reading.close(mark, here());
      }
    }
    if (kMakes && !ok) {
      reading.rollback(mark);
    }
    return ok;
  }
};

std::size_t skip_quoted(std::string_view text, std::size_t at) {
  constexpr std::string_view kQuotes = "\"\"\"";
  if (text.substr(at, 3) == kQuotes) {
    const std::size_t end = text.find(kQuotes, at + 3);
    return end == std::string_view::npos ? text.size() : end + 3;
  }
  for (++at; at < text.size() && text[at] != '"' && text[at] != '\n'; ++at) {
    at += text[at] == '\\' ? 1U : 0U;
  }
  return std::min(at + 1, text.size());
}

// The length of the balanced bracket that `text` begins with.
std::size_t bracket_length(std::string_view text) {
  std::size_t depth = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      at = skip_quoted(text, at);
      continue;
    }
    if (text.substr(at, 2) == "//") {
      at = std::min(text.find('\n', at), text.size());
      continue;
    }
    ++at;
    if (c == '(' || c == '[' || c == '{') {
      ++depth;
    } else if ((c == ')' || c == ']' || c == '}') && --depth == 0) {
      return at;
    }
  }
  return text.size();
}

}  // namespace

template <pegtl::apply_mode A, pegtl::rewind_mode M, template <typename...> class Action,
          template <typename...> class Control, typename Input>
bool TooDeep::match(Input& in, Reading& reading) {
  if (!reading.too_deep()) {
    return false;
  }
  in.bump(bracket_length(std::string_view(in.current(), in.size(0))));
  return true;
}

}  // namespace grammar

namespace {

namespace pegtl = tao::pegtl;

Tree read_believing(std::string_view text, Braces braces) {
  Reading reading(text, braces, text.size());
  pegtl::memory_input<pegtl::tracking_mode::lazy, pegtl::eol::lf, const char*> in(
      text.data(), text.data() + text.size(), "");
  const bool total = pegtl::parse<grammar::File, pegtl::nothing, grammar::MakeNodes>(in, reading);
  if (!total) {
    // The grammar matches every text; should that ever be wrong, the text is refused as a whole.
    Reading refused(text, Braces::kPlain, 0);
    refused.open(NodeKind::kFile, 0);
    refused.open(NodeKind::kUnexpected, 0);
    refused.close(1, static_cast<std::uint32_t>(text.size()));
    refused.close(0, static_cast<std::uint32_t>(text.size()));
    return refused.finish();
  }
  return reading.finish();
}

struct BraceCount {
  std::size_t mistakes = 0;
  std::size_t closed = 0;  // blocks of several lines that end where they should
};

BraceCount count_braces(const Tree& tree) {
  BraceCount count;
  for (std::uint32_t i = 0; i < tree.nodes().size(); ++i) {
    const NodeKind kind = tree.at(i).kind;
    if (kind == NodeKind::kStrayClose) {
      count.mistakes += 1;
    } else if (kind == NodeKind::kBody && tree.child(i, NodeKind::kMissingClose) != 0) {
      count.mistakes += 1;
    } else if (kind == NodeKind::kBody && tree.child(i, NodeKind::kNewline) != 0) {
      count.closed += 1;
    }
  }
  return count;
}

// Indentation is believed where it explains the mistakes with no more of them. Where it finds more
// (two that make up for each other), the file has to show that it is indented at all.
bool layout_is_better(const BraceCount& layout, const BraceCount& plain) {
  return layout.mistakes <= plain.mistakes ||
         (layout.closed > 0 && layout.mistakes <= 2 * plain.mistakes + 1);
}

}  // namespace

std::optional<Tree> read_item(std::string_view text, std::uint32_t begin, std::uint32_t end,
                              const std::vector<std::uint32_t>& around) {
  Reading reading(text, Braces::kPlain, end - begin);
  reading.open(NodeKind::kFile, 0);
  for (const std::uint32_t block : around) {
    reading.push_bracket('{', block);
    reading.enter_statement(block);
  }
  pegtl::memory_input<pegtl::tracking_mode::lazy, pegtl::eol::lf, const char*> in(
      text.data(), text.data() + text.size(), "");
  in.bump(begin);
  using Alone = pegtl::seq<grammar::Item, pegtl::at<grammar::ItemEnd>>;
  const bool ok = pegtl::parse<Alone, pegtl::nothing, grammar::MakeNodes>(in, reading);
  const bool whole = ok && in.current() == text.data() + end;
  reading.close(0, static_cast<std::uint32_t>(text.size()));
  return whole ? std::optional(reading.finish()) : std::nullopt;
}

std::uint32_t Tree::child(std::uint32_t index, NodeKind kind) const {
  std::uint32_t at = nodes_[index].first_child;
  while (at != 0 && nodes_[at].kind != kind) {
    at = nodes_[at].next_sibling;
  }
  return at;
}

Tree read_tree(std::string_view text) {
  Tree plain = read_believing(text, Braces::kPlain);
  const BraceCount count = count_braces(plain);
  if (count.mistakes == 0) {
    return plain;
  }
  Tree by_layout = read_believing(text, Braces::kByLayout);
  return layout_is_better(count_braces(by_layout), count) ? std::move(by_layout) : std::move(plain);
}

}  // namespace fleet::syntax
