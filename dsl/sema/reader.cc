#include "dsl/sema/reader.h"

#include <algorithm>
#include <utility>

#include "dsl/sema/glob.h"
#include "dsl/sema/nearly.h"
#include "dsl/sema/report.h"

namespace fleet::sema {
namespace {

using Kind = ast::Atom::Kind;

constexpr std::int64_t kMillion = 1'000'000;

bool is_quantity(Kind kind) {
  switch (kind) {
    case Kind::kNumber:
    case Kind::kDuration:
    case Kind::kMoney:
    case Kind::kTokens:
    case Kind::kSize:
    case Kind::kPercent:
    case Kind::kDate:
    case Kind::kVersion: return true;
    default: return false;
  }
}

std::string name_of(Kind kind) {
  switch (kind) {
    case Kind::kNumber: return "a number";
    case Kind::kDuration: return "a duration";
    case Kind::kMoney: return "money";
    case Kind::kTokens: return "tokens";
    case Kind::kSize: return "a size";
    case Kind::kPercent: return "a percentage";
    case Kind::kDate: return "a date";
    case Kind::kVersion: return "a version";
    case Kind::kString: return "text";
    case Kind::kName: return "a name";
    case Kind::kList: return "a list";
    case Kind::kCall: return "a call";
    case Kind::kBlock: return "a block";
    case Kind::kOperator: return "an operator";
    case Kind::kError: return "unreadable";
  }
  return "";
}

}  // namespace

std::string describe(const ast::Atom& atom) {
  std::string text = name_of(atom.kind);
  if (atom.per)
    text += " per " + atom.per->text;
  if (atom.kind == Kind::kNumber && !atom.per)
    text += " without a unit";
  return text;
}

bool is_word(const ast::Atom& atom) {
  return atom.kind == Kind::kName && atom.path.size() == 1 && !atom.version && !atom.per;
}

bool is_word(const ast::Atom& atom, std::string_view word) {
  return is_word(atom) && atom.path.front().text == word;
}

Span name_span(const ast::Atom& atom) {
  if (atom.path.empty())
    return atom.span;
  // What a parameter of a pattern stands for is written elsewhere.
  if (!(atom.path.front().span.source == atom.path.back().span.source))
    return atom.span;
  return cover(atom.path.front().span, atom.path.back().span);
}

Text text_of(const ast::Atom& string) {
  Text text;
  text.span = string.span;
  for (const ast::StringPart& part : string.parts) {
    text.pieces.push_back({part.hole, part.text, part.span});
  }
  return text;
}

std::optional<std::string> plain_text(DiagnosticSink& sink, const ast::Atom& string,
                                      const std::string& who) {
  std::string text;
  for (const ast::StringPart& part : string.parts) {
    if (part.hole) {
      Diagnostic diagnostic =
          error("F203", part.span, "hole `{" + part.text + "}` where " + who + " takes plain text",
                "nothing fills it here");
      diagnostic.helps.push_back({"write `{{" + part.text + "}}` for literal braces", {}, false});
      sink.add(std::move(diagnostic));
      return std::nullopt;
    }
    text += part.text;
  }
  return text;
}

std::string to_string(const Text& text) {
  std::string shown;
  for (const Piece& piece : text.pieces)
    shown += piece.hole ? "{" + piece.text + "}" : piece.text;
  return shown;
}

Reader::Reader(DiagnosticSink& sink, const ast::Value& value, Want want)
    : sink_(sink), value_(value), want_(std::move(want)) {
  const auto unreadable = [](const ast::Atom& atom) {
    return atom.kind == Kind::kError;
  };
  failed_ = value.atoms.empty() || std::ranges::any_of(value.atoms, unreadable);
  unclosed_ = std::ranges::any_of(value.atoms, &ast::Atom::unclosed);
}

bool Reader::take_word(std::string_view word) {
  if (at_end() || !is_word(peek(), word))
    return false;
  ++at_;
  return true;
}

bool Reader::take_operator(std::string_view text) {
  if (at_end() || peek().kind != Kind::kOperator || peek().text != text)
    return false;
  ++at_;
  return true;
}

bool Reader::next_is(ast::Atom::Kind kind) const {
  return !at_end() && peek().kind == kind;
}

void Reader::fail(const Want& want, const std::string& expected) {
  if (failed_)
    return;
  failed_ = true;
  if (unclosed_)
    return;
  if (at_ >= value_.atoms.size()) {
    sink_.add(error("F202", want.span, want.who + " needs " + expected, "nothing follows"));
    return;
  }
  const ast::Atom& atom = peek();
  const bool unit = is_quantity(atom.kind);
  Diagnostic diagnostic = error(unit ? "F201" : "F202", atom.span,
                                want.who + " takes " + expected + ", not " + describe(atom),
                                "this is " + describe(atom));
  if (!(want.span == atom.span)) {
    diagnostic.secondary.push_back({want.span, "takes " + expected});
  }
  if (std::optional<Help> help = quick_help(atom, expected))
    diagnostic.helps.push_back(*std::move(help));
  // What is in a block where none can stand is not worth a word.
  if (atom.kind == Kind::kBlock)
    sink_.withdraw(atom.span);
  sink_.add(std::move(diagnostic));
}

void Reader::finish() {
  if (at_end())
    return;
  const ast::Atom& atom = peek();
  failed_ = true;
  if (unclosed_)
    return;
  Diagnostic diagnostic =
      error("F202", atom.span,
            "unexpected " + name_of(atom.kind).substr(name_of(atom.kind).find(' ') + 1) +
                " after the value of " + want_.who,
            "not expected here");
  const bool step = !value_.atoms.empty() && value_.atoms.front().kind == Kind::kCall;
  if (atom.kind == Kind::kOperator && step) {
    diagnostic.helps.push_back(
        {"a step is one call; another waits for it by using its output, as in `review(a.diff)`, or "
         "with `after a.accepted`",
         {},
         false});
  } else if (atom.kind == Kind::kCall && step && atom.args.size() == 1) {
    diagnostic.helps.push_back(
        {"a clause is written without parentheses: `" + atom.text + " …`", {}, false});
  }
  if (atom.kind == Kind::kBlock)
    sink_.withdraw(atom.span);
  sink_.add(std::move(diagnostic));
}

const ast::Atom* Reader::quantity(const Want& want, Kind kind, const std::string& expected) {
  if (failed_)
    return nullptr;
  if (at_end() || peek().kind != kind) {
    fail(want, expected);
    return nullptr;
  }
  return &peek();
}

std::optional<plan::Millis> Reader::duration(const Want& want) {
  const std::string expected = "a duration, such as `90s` or `15min`";
  const ast::Atom* atom = quantity(want, Kind::kDuration, expected);
  if (atom == nullptr)
    return std::nullopt;
  if (atom->per) {
    fail(want, expected);
    return std::nullopt;
  }
  ++at_;
  return plan::Millis(atom->amount);
}

std::optional<std::uint64_t> Reader::size(const Want& want) {
  const std::string expected = "a size, such as `5GiB`";
  const ast::Atom* atom = quantity(want, Kind::kSize, expected);
  if (atom == nullptr)
    return std::nullopt;
  if (atom->per) {
    fail(want, expected);
    return std::nullopt;
  }
  ++at_;
  return static_cast<std::uint64_t>(atom->amount);
}

std::optional<std::uint32_t> Reader::count(const Want& want, std::uint32_t least,
                                           std::uint32_t most) {
  const std::string expected = "a whole number";
  const ast::Atom* atom = quantity(want, Kind::kNumber, expected);
  if (atom == nullptr)
    return std::nullopt;
  if (atom->per) {
    fail(want, expected);
    return std::nullopt;
  }
  const std::int64_t amount = atom->amount / kMillion;
  if (atom->amount % kMillion != 0 || amount < least || amount > most) {
    failed_ = true;
    Diagnostic diagnostic = error("F202", atom->span,
                                  want.who + " is a whole number from " + std::to_string(least) +
                                      " to " + std::to_string(most),
                                  "this is " + atom->text);
    sink_.add(std::move(diagnostic));
    return std::nullopt;
  }
  ++at_;
  return static_cast<std::uint32_t>(amount);
}

std::optional<plan::Money> Reader::money(const Want& want, const std::vector<std::string>& pers,
                                         std::string* per) {
  std::vector<std::string> shown;
  for (const std::string& one : pers)
    shown.push_back("$X/" + one);
  const std::string expected = "money per " + pers.front() + ", written " + listed(shown, "or");
  const ast::Atom* atom = quantity(want, Kind::kMoney, expected);
  if (atom == nullptr)
    return std::nullopt;
  if (!atom->per || std::ranges::find(pers, atom->per->text) == pers.end()) {
    fail(want, expected);
    return std::nullopt;
  }
  if (per != nullptr)
    *per = atom->per->text;
  ++at_;
  return plan::Money{atom->amount};
}

std::optional<std::uint32_t> Reader::percent(const Want& want) {
  const ast::Atom* atom = quantity(want, Kind::kPercent, "a percentage, such as `80%`");
  if (atom == nullptr)
    return std::nullopt;
  if (atom->per || atom->amount % kMillion != 0 || atom->amount <= 0 ||
      atom->amount > 100 * kMillion) {
    failed_ = true;
    sink_.add(error("F202", atom->span, want.who + " is a whole percentage from 1% to 100%",
                    "this is " + atom->text));
    return std::nullopt;
  }
  ++at_;
  return static_cast<std::uint32_t>(atom->amount / kMillion);
}

std::optional<std::int64_t> Reader::date(const Want& want) {
  const ast::Atom* atom = quantity(want, Kind::kDate, "a date, such as `2027-01-31`");
  if (atom == nullptr)
    return std::nullopt;
  ++at_;
  return atom->amount;
}

std::optional<std::uint32_t> Reader::rate(const Want& want, const std::string& per,
                                          std::uint32_t most) {
  const std::string expected = "a number per " + per + ", such as `5/" + per + "`";
  const ast::Atom* atom = quantity(want, Kind::kNumber, expected);
  if (atom == nullptr)
    return std::nullopt;
  if (!atom->per || atom->per->text != per) {
    fail(want, expected);
    return std::nullopt;
  }
  const std::int64_t amount = atom->amount / kMillion;
  if (atom->amount % kMillion != 0 || amount < 1 || amount > most) {
    failed_ = true;
    sink_.add(
        error("F202", atom->span,
              want.who + " is a whole number from 1 to " + std::to_string(most) + " per " + per,
              "this is " + atom->text));
    return std::nullopt;
  }
  ++at_;
  return static_cast<std::uint32_t>(amount);
}

std::optional<Text> Reader::text(const Want& want) {
  if (failed_)
    return std::nullopt;
  if (!next_is(Kind::kString)) {
    fail(want, "text in quotes");
    return std::nullopt;
  }
  return text_of(next());
}

std::optional<std::string> Reader::glob(const Want& want) {
  if (failed_)
    return std::nullopt;
  if (!next_is(Kind::kString)) {
    fail(want, "a glob in quotes");
    return std::nullopt;
  }
  std::optional<std::string> found = glob_of(sink_, next(), want.who);
  failed_ = !found;
  return found;
}

template <class Read>
std::optional<std::vector<std::string>> Reader::list_of(const Want& want, const std::string& what,
                                                        const std::string& example,
                                                        const Read& read) {
  if (failed_)
    return std::nullopt;
  if (!next_is(Kind::kList)) {
    fail(want, "a list of " + what + ", such as " + example);
    return std::nullopt;
  }
  std::vector<std::string> found;
  bool wrong = false;
  for (const ast::Argument& argument : next().args) {
    Reader element(sink_, *argument.value, want);
    if (argument.name) {
      sink_.add(error("F202", argument.name->span, "a list of " + what + " has no names"));
      failed_ = true;
      return std::nullopt;
    }
    std::optional<std::string> one = read(element);
    element.finish();
    if (one && !element.failed())
      found.push_back(*std::move(one));
    else
      wrong = true;  // each element is a mistake of its own
  }
  failed_ = wrong;
  return wrong ? std::nullopt : std::optional(std::move(found));
}

std::optional<std::vector<std::string>> Reader::globs(const Want& want) {
  return list_of(want, "globs", "`[\"src/**\"]`",
                 [&](Reader& element) { return element.glob(want); });
}

std::optional<std::vector<std::string>> Reader::paths(const Want& want) {
  const auto read = [&](Reader& element) -> std::optional<std::string> {
    if (!element.next_is(Kind::kString)) {
      element.fail(want, "a path in quotes");
      return std::nullopt;
    }
    const ast::Atom& atom = element.next();
    std::optional<std::string> path = plain_text(sink_, atom, want.who);
    if (path && path->empty()) {
      sink_.add(error("F202", atom.span, want.who + " takes paths", "is empty"));
      path.reset();
    }
    if (!path)
      element.give_up();
    return path;
  };
  return list_of(want, "paths", "`[\"~/.cache\"]`", read);
}

std::optional<bool> Reader::on_off(const Want& want) {
  if (take_word("on"))
    return true;
  if (take_word("off"))
    return false;
  fail(want, "`on` or `off`");
  return std::nullopt;
}

}  // namespace fleet::sema
