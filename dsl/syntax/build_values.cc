#include <algorithm>
#include <array>
#include <utility>

#include "dsl/syntax/build.h"
#include "dsl/syntax/literal.h"
#include "dsl/syntax/lookahead.h"
#include "dsl/syntax/string_text.h"

namespace fleet::syntax {
namespace {

using ast::Atom;
using Kind = ast::Atom::Kind;

bool is_literal(Kind kind) {
  return kind <= Kind::kVersion;
}

// An atom after which, inside brackets, nothing but a word or an operator can follow in the same
// value.
bool is_closed(const Atom& atom) {
  return (is_literal(atom.kind) && !atom.per) || atom.kind == Kind::kString ||
         atom.kind == Kind::kList || atom.kind == Kind::kCall;
}

// What people write for something that the language writes otherwise.
struct Foreign {
  std::string_view begin;
  std::string_view message;
  std::string_view help;
  std::string_view replacement;  // for `begin`
};
constexpr std::array kForeign = {
    Foreign{"--", "a comment begins with `//`", "write `//`", "//"},
    Foreign{"-", "unexpected `-`",
            "nothing is a list of lines: a step is written `name = agent(…)`, a list `[a, b]`", ""},
    Foreign{"+", "unexpected `+`",
            "text is one string, with holes for what differs: `\"work/{task}\"`", ""},
    Foreign{"?", "unexpected `?`",
            "a step runs on a condition when it says so: `… after a.accepted`", ""},
    Foreign{"`", "a string begins and ends with `\"`", "", ""},
    Foreign{"#", "a comment begins with `//`", "write `//`", "//"},
    Foreign{"/*", "a comment begins with `//`, on each of its lines", "", ""},
    Foreign{"&&", "unexpected `&&`", "write `&`", "&"},
    Foreign{"||", "unexpected `||`", "write `|`", "|"},
    Foreign{"=>", "unexpected `=>`", "an arrow is written `->`", "->"},
    Foreign{"!=", "unexpected `!=`", "", ""},
    Foreign{"!", "unexpected `!`",
            "an edge names what has happened: `a.failed`, `a.changes_requested`", ""},
    Foreign{"\xE2\x86\x92", "unexpected `\xE2\x86\x92`", "an arrow is written `->`", "->"},
    Foreign{"\xE2\x80\xA6", "unexpected `\xE2\x80\xA6`", "a range is written `..`", ".."},
    Foreign{"\xE2\x80\x9C", "a string begins and ends with `\"`", "", ""},
    Foreign{"\xE2\x80\x9D", "a string begins and ends with `\"`", "", ""},
    Foreign{"\xE2\x80\x98", "a string begins and ends with `\"`", "", ""},
    Foreign{"\xE2\x80\x99", "a string begins and ends with `\"`", "", ""},
};

const Foreign* find_foreign(std::string_view text) {
  for (const Foreign& foreign : kForeign) {
    const bool arrow = foreign.begin == "-" && text.starts_with("->");
    if (!arrow && text.starts_with(foreign.begin)) {
      return &foreign;
    }
  }
  return nullptr;
}

// `f"…"`
bool is_prefix(const Atom& before, const Atom& string) {
  return before.kind == Kind::kName && string.kind == Kind::kString && before.text.size() == 1 &&
         before.span.end == string.span.begin;
}

bool is_plain_name(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_word);
}

// The name with `_` for each hyphen; empty if that is no name either.
std::string plain_name_of(std::string_view text) {
  std::string out(text);
  std::replace(out.begin(), out.end(), '-', '_');
  return is_plain_name(out) ? out : std::string();
}

}  // namespace

ast::Value Builder::value(Index node, bool in_brackets) {
  ast::Value out;
  out.span = span(node);
  const auto between = [&](Index child) {
    const NodeKind what = kind(child);
    return what == NodeKind::kNewline || what == NodeKind::kComment || what == NodeKind::kDoc;
  };
  std::size_t atoms = 0;
  for (const Index child : tree_.children(node)) {
    atoms += between(child) ? 0 : 1;
  }
  out.atoms.reserve(atoms);
  for (const Index child : tree_.children(node)) {
    if (between(child)) {
      continue;
    }
    Atom next = atom(child);
    if (!out.atoms.empty() && is_prefix(out.atoms.back(), next))
      string_prefix(out.atoms.back());
    if (in_brackets && !out.atoms.empty() && is_closed(out.atoms.back()) && is_closed(next)) {
      missing_comma(out.atoms.back());
    }
    out.atoms.push_back(std::move(next));
  }
  return out;
}

ast::Atom Builder::atom(Index node) {
  Atom out;
  out.span = span(node);
  out.text = std::string(text(node));
  switch (kind(node)) {
    case NodeKind::kName: return name(node);
    case NodeKind::kLiteral: return literal(node);
    case NodeKind::kString:
    case NodeKind::kBlockString: return string(node);
    case NodeKind::kOperator: out.kind = Kind::kOperator; return out;
    case NodeKind::kList:
      out.kind = Kind::kList;
      out.text.clear();
      out.args = arguments(node);
      out.unclosed = tree_.child(node, NodeKind::kMissingClose) != 0;
      return out;
    case NodeKind::kBody:
      out.kind = Kind::kBlock;
      out.text.clear();
      out.block = std::make_shared<ast::Body>(body(node));
      return out;
    case NodeKind::kGroup:
      say_once(Mistakes::error("F001", "unexpected `(`",
                               {out.span.source, out.span.begin, out.span.begin + 1},
                               "only a call has parentheses, at once after its name"));
      break;
    case NodeKind::kUnexpected: unexpected(node); break;
    default: break;  // kTooDeep: report_brackets has said so
  }
  out.kind = Kind::kError;
  return out;
}

ast::Ident Builder::ident(Index node) {
  const std::string_view written = text(node);
  if (!is_plain_name(written)) {
    if (find_foreign(written) != nullptr) {
      unexpected(node);
    } else {
      Diagnostic bad = Mistakes::error("F001", quoted(written) + " is no name", span(node),
                                       "a name has letters, digits and `_` only");
      bad.everywhere = true;
      if (const std::string plain = plain_name_of(written); !plain.empty()) {
        bad.helps.push_back({"write " + quoted(plain), {{span(node), plain}}, false});
      }
      mistakes_.add(std::move(bad));
    }
  }
  return {std::string(written), span(node)};
}

ast::Atom Builder::name(Index node) {
  Atom out;
  out.kind = Kind::kName;
  out.span = span(node);
  std::uint32_t name_end = out.span.begin;
  Index before = 0;
  for (const Index child : tree_.children(node)) {
    switch (kind(child)) {
      case NodeKind::kIdent: {
        const bool version = before != 0 && kind(before) == NodeKind::kAt;
        ast::Ident part = ident(child);
        if (!is_plain_name(part.text)) {
          out.kind = Kind::kError;
        }
        version ? out.version = std::move(part) : out.path.emplace_back(std::move(part));
        name_end = version ? name_end : tree_.at(child).end();
        break;
      }
      case NodeKind::kPer:
        if (const Index word = tree_.child(child, NodeKind::kIdent)) {
          out.per = ident(word);
        } else {
          missing_name(tree_.child(child, NodeKind::kMissingName), "/");
        }
        break;
      case NodeKind::kArguments:
        out.kind = out.kind == Kind::kError ? Kind::kError : Kind::kCall;
        out.args = arguments(child);
        out.unclosed = tree_.child(child, NodeKind::kMissingClose) != 0;
        break;
      case NodeKind::kMissingName:
        missing_name(child, text(before));
        out.kind = Kind::kError;
        break;
      case NodeKind::kTooDeep: out.kind = Kind::kError; break;
      default: break;
    }
    before = child;
  }
  out.text = std::string(tree_.text().substr(out.span.begin, name_end - out.span.begin));
  const bool bare = out.path.size() == 1 && !out.version && !out.per;
  if (out.kind == Kind::kName && bare && version_ahead(out.text)) {
    const LiteralReading number = read_literal(std::string_view(out.text).substr(1));
    constexpr std::int64_t kMillionths = 1'000'000;
    if (number.kind == Kind::kNumber) {
      out.kind = Kind::kVersion;
      out.amount = number.amount / kMillionths;
    } else {
      mistakes_.add(
          Mistakes::error("F003", "invalid version " + quoted(out.text), out.span, number.problem));
      out.kind = Kind::kError;
    }
  }
  return out;
}

ast::Atom Builder::literal(Index node) {
  Atom out;
  out.span = span(node);
  const Index written = tree_.child(node, NodeKind::kLiteralText);
  out.text = std::string(text(written));
  LiteralReading reading = read_literal(out.text);
  out.kind = reading.kind;
  out.amount = reading.amount;
  if (reading.kind == Kind::kError) {
    Diagnostic bad = Mistakes::error("F003", "invalid literal " + quoted(out.text), span(written),
                                     std::move(reading.problem));
    if (!reading.suggestion.empty()) {
      bad.helps.push_back({"did you mean " + quoted(reading.suggestion) + "?",
                           {{span(written), reading.suggestion}},
                           false});
    }
    mistakes_.add(std::move(bad));
  }
  if (const Index per = tree_.child(node, NodeKind::kPer)) {
    if (const Index word = tree_.child(per, NodeKind::kIdent)) {
      out.per = ident(word);
    } else {
      missing_name(tree_.child(per, NodeKind::kMissingName), "/");
    }
  }
  return out;
}

ast::Atom Builder::string(Index node) {
  Atom out;
  out.kind = Kind::kString;
  out.span = span(node);
  out.text = std::string(text(node));
  out.block_string = kind(node) == NodeKind::kBlockString;
  if (!out.block_string && out.text.find('\n') != std::string::npos) {
    string_of_lines(out.span, out.text);
    out.kind = Kind::kError;
    return out;
  }
  StringReading reading = out.block_string ? read_block_string(text(node), out.span)
                                           : read_string(text(node), out.span);
  if (!reading.closed) {
    const Span at =
        out.block_string ? mistakes_.span(out.span.begin, out.span.begin + 3) : out.span;
    Diagnostic open =
        Mistakes::error("F002", "string is not closed", at,
                        out.block_string ? "no `\"\"\"` follows to close it"
                                         : "expected `\"` before the end of the line");
    if (!out.block_string) {
      open.notes.emplace_back("text of several lines goes between `\"\"\"`");
    }
    mistakes_.add(std::move(open));
    said_ = true;
  }
  for (StringProblem& problem : reading.problems) {
    if (!reading.closed) {
      break;  // where it ends is a guess, so what it holds is too
    }
    const Span at = mistakes_.span(problem.begin, problem.end);
    Diagnostic bad =
        Mistakes::error("F004", std::move(problem.message), at, std::move(problem.label));
    if (!problem.help.empty()) {
      Help help{std::move(problem.help), {}, false};
      if (!problem.replacement.empty()) {
        help.edits.push_back({at, std::move(problem.replacement)});
      }
      bad.helps.push_back(std::move(help));
    }
    mistakes_.add(std::move(bad));
  }
  out.parts = std::move(reading.parts);
  return out;
}

void Builder::string_prefix(ast::Atom& prefix) {
  Diagnostic wrong =
      Mistakes::error("F001", "a string has no prefix", prefix.span, "every string may have holes");
  wrong.helps.push_back({"leave it out", {{prefix.span, ""}}, true});
  say_once(std::move(wrong));
  prefix.kind = Kind::kError;
}

// "…" that is closed on a later line.
void Builder::string_of_lines(Span at, std::string_view written) {
  const auto first_line = static_cast<std::uint32_t>(written.find('\n'));
  Diagnostic wrong = Mistakes::error("F002", "a string of several lines",
                                     {at.source, at.begin, at.begin + first_line},
                                     "`\"` is closed on the same line");
  wrong.secondary.push_back({{at.source, at.end - 1, at.end}, "closed here"});
  wrong.helps.push_back({"text of several lines stands between `\"\"\"`",
                         {{{at.source, at.begin, at.begin + 1}, "\"\"\""},
                          {{at.source, at.end - 1, at.end}, "\"\"\""}},
                         false});
  mistakes_.add(std::move(wrong));
  said_ = true;
}

std::vector<ast::Argument> Builder::arguments(Index node) {
  std::vector<ast::Argument> out;
  Index before = 0;  // the argument or comma before
  for (const Index child : tree_.children(node)) {
    if (kind(child) == NodeKind::kArgument) {
      if (before != 0 && kind(before) == NodeKind::kArgument) {
        Diagnostic missing =
            Mistakes::error("F001", "missing `,`", end_of(before), "expected `,` here");
        missing.helps.push_back({"separate the two with `,`", {{end_of(before), ","}}, true});
        say_unless_said(std::move(missing));
      }
      out.push_back(argument(child));
      before = child;
    } else if (kind(child) == NodeKind::kComma) {
      if (before == 0 || kind(before) == NodeKind::kComma) {
        say_once(
            Mistakes::error("F001", "unexpected `,`", span(child), "expected a value before it"));
      }
      before = child;
    }
  }
  return out;
}

ast::Argument Builder::argument(Index node) {
  ast::Argument out;
  if (const Index key = tree_.child(node, NodeKind::kIdent)) {
    out.name = ident(key);
  }
  if (const Index content = tree_.child(node, NodeKind::kValue)) {
    out.value = std::make_shared<ast::Value>(value(content, true));
  } else {
    const Index missing = tree_.child(node, NodeKind::kMissingValue);
    say_once(Mistakes::error("F001", "expected a value after `:`",
                             span(tree_.child(node, NodeKind::kColon)), "nothing follows"));
    out.value = std::make_shared<ast::Value>(ast::Value{{}, span(missing)});
  }
  return out;
}

void Builder::missing_comma(const Atom& before) {
  const Span gap = mistakes_.span(before.span.end, before.span.end);
  Diagnostic missing = Mistakes::error("F001", "missing `,`", gap, "expected `,` here");
  missing.helps.push_back({"separate the two with `,`", {{gap, ","}}, true});
  say_unless_said(std::move(missing));
}

void Builder::say_unless_said(Diagnostic diagnostic) {
  if (!said_) {
    mistakes_.add(std::move(diagnostic));
  }
}

void Builder::say_once(Diagnostic diagnostic) {
  say_unless_said(std::move(diagnostic));
  said_ = true;
}

void Builder::unexpected(Index node) {
  unexpected(span(node), text(node));
}

void Builder::unexpected(Span at, std::string_view written) {
  if (written.size() > 1 && written.front() == '{') {
    Diagnostic out = Mistakes::error("F001", "unexpected `{`", {at.source, at.begin, at.begin + 1},
                                     "nothing in brackets is written in braces");
    out.helps.push_back({"write `(a, key: value)` in a call and `[a, b]` for a list", {}, false});
    say_once(std::move(out));
    return;
  }
  if (const Foreign* foreign = find_foreign(written)) {
    const Span mark{at.source, at.begin,
                    at.begin + static_cast<std::uint32_t>(foreign->begin.size())};
    Diagnostic out =
        Mistakes::error("F001", std::string(foreign->message), mark, "not in this language");
    if (!foreign->help.empty()) {
      Help help{std::string(foreign->help), {}, !foreign->replacement.empty()};
      if (help.sound)
        help.edits.push_back({mark, std::string(foreign->replacement)});
      out.helps.push_back(std::move(help));
    }
    const bool comment = foreign->begin == "#" || foreign->begin == "/*" || foreign->begin == "--";
    out.everywhere = foreign->begin == "-" || comment;
    comment ? mistakes_.add(std::move(out)) : say_once(std::move(out));
    return;
  }
  if (written.size() > 1 && written.front() == '\'') {
    if (written.find('\n') != std::string_view::npos) {
      string_of_lines(at, written);
      return;
    }
    Diagnostic out =
        Mistakes::error("F001", "a string begins and ends with `\"`", at, "single quotes");
    const std::string_view inside = written.substr(1, written.size() - 2);
    if (written.back() == '\'' && inside.find_first_of("\"\\{}") == std::string_view::npos) {
      const std::string replacement = "\"" + std::string(inside) + "\"";
      out.helps.push_back({"write " + quoted(replacement), {{at, replacement}}, true});
    }
    say_once(std::move(out));
    return;
  }
  std::string label = "does not fit here";
  if (written == ",") {
    label = "outside brackets, values are not separated by commas; a list is written `[a, b]`";
  } else if (written == ")" || written == "]") {
    label = "closes nothing";
  } else if (written == "=" || written == "+=") {
    label = "one assignment is complete before the next begins";
  } else if (written == ":") {
    label = "only a named argument has a `:`, inside `( )`";
  } else if (written == "/" || written == "~" || written == "\\") {
    label = "a path or a pattern is written as a string, in `\"`";
  }
  say_once(Mistakes::error("F001", "unexpected " + quoted(written), at, std::move(label)));
}

void Builder::missing_name(Index node, std::string_view after) {
  const std::string expected = after == "@" ? "a version such as `v4`" : "a name";
  say_once(Mistakes::error(
      "F001", "expected " + expected + " after `" + std::string(after) + "`",
      {mistakes_.source(), tree_.at(node).offset - static_cast<std::uint32_t>(after.size()),
       tree_.at(node).offset},
      "nothing follows"));
}

}  // namespace fleet::syntax
