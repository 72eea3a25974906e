// Statements that are none: of other languages, without a name, or two on one line. What they would
// have named is known all the same, so that no use of it is told that there is no such thing.
#include <algorithm>
#include <array>
#include <utility>

#include "dsl/syntax/build.h"
#include "dsl/syntax/foreign.h"
#include "dsl/syntax/lookahead.h"
#include "dsl/syntax/words.h"

namespace fleet::syntax {
namespace {

// What stands for a word of other languages here.
struct ForeignAdvice {
  std::string_view word;
  std::string_view help;
};
constexpr std::array kForeignAdvice = {
    ForeignAdvice{"try",
                  "what follows a failure is a clause of the step: `a = dev(task) retry 1 else "
                  "skip`, or a step `after a.failed`"},
    ForeignAdvice{"catch", "a step runs on a failure when it says `after a.failed`"},
    ForeignAdvice{"if",
                  "a step runs on a condition when it says so: `b = dev(task) after a.accepted`"},
    ForeignAdvice{"unless", "a step runs on a failure when it says `after a.failed`"},
    ForeignAdvice{"else", "`else escalate`, `else skip` and `else fail` stand in the step itself"},
    ForeignAdvice{"for",
                  "one task for each item: `x = fanout f in files(\"src/**\") to dev limit 20`"},
    ForeignAdvice{"foreach",
                  "one task for each item: `x = fanout f in files(\"src/**\") to dev limit 20`"},
    ForeignAdvice{"while",
                  "steps again, a bounded number of times: `x = loop until review.approved max "
                  "3 { … }`"},
    ForeignAdvice{"repeat",
                  "steps again, a bounded number of times: `x = loop until review.approved "
                  "max 3 { … }`"},
    ForeignAdvice{"do",
                  "steps again, a bounded number of times: `x = loop until review.approved max 3 "
                  "{ … }`"},
    ForeignAdvice{"parallel",
                  "steps that do not wait for one another run at the same time; `all(a, b)` "
                  "waits for both"},
    ForeignAdvice{"sequence", "a step waits with `after a.accepted`, or by using `a.diff`"},
    ForeignAdvice{"serial", "a step waits with `after a.accepted`, or by using `a.diff`"},
    ForeignAdvice{"return", "the outcome of a flow is that of its steps"},
    ForeignAdvice{"steps", "the steps stand in the flow itself, each as `name = agent(…)`"},
    ForeignAdvice{"assert", "what has to hold is `accept = [\"command\" passes]`"},
};

// Whether the last line of it that says anything is `l = loop until a.approved max 2`.
bool loop_above(std::string_view before) {
  const std::size_t end = before.find_last_not_of(" \t\r\n");
  if (end == std::string_view::npos)
    return false;
  const std::size_t begin = before.rfind('\n', end) + 1;
  const std::string_view line = before.substr(begin, end + 1 - begin);
  return line.find("= loop ") != std::string_view::npos && line.find('{') == std::string_view::npos;
}

}  // namespace

void Builder::missing_separator(Index node) {
  const std::size_t before = tree_.text().find_last_not_of(" \t\r", tree_.at(node).offset - 1U);
  if (before == std::string_view::npos || tree_.text()[before] == '\n') {
    return;  // the statement before ran on to here because a block of its own was not closed
  }
  const auto next = static_cast<std::uint32_t>(skip_blanks(tree_.text(), tree_.at(node).end()));
  const std::string_view rest = tree_.text().substr(next);
  const std::string_view word = rest.substr(0, skip_name(rest, 0));
  Diagnostic out = Mistakes::error("F001", "two statements on one line", end_of(node),
                                   "expected a newline or `;`");
  const bool clause = is_clause_word(word) && assignment_ahead(rest);
  out.helps.push_back({"separate them with `;`", {{end_of(node), ";"}}, !clause});
  if (clause) {
    out.helps.push_back(
        {"as a clause of the step it is written without `=`: " + quoted(std::string(word) + " …"),
         {},
         false});
  }
  say_once(std::move(out));
}

void Builder::stray(Index node) {
  const Index first = tree_.at(node).first_child;
  if (steps_ && first != 0 && is_arrow(text(first))) {
    in_a_row(span(first));
    return;
  }
  if (first != 0 && kind(first) == NodeKind::kUnexpected) {
    unexpected(first);
    return;
  }
  const Span at = first != 0 ? span(first) : span(node);
  if (first != 0 && kind(first) == NodeKind::kName) {
    expression(node, first);
    return;
  }
  const Index second = first != 0 ? tree_.at(first).next_sibling : 0;
  if (second != 0 && kind(first) == NodeKind::kString && text(second) == ":") {
    const std::string key(text(first).substr(1, text(first).size() - 2));
    Diagnostic wrong = Mistakes::error("F001", "a key stands without quotes, and is set with `=`",
                                       at, "not in this language");
    wrong.helps.push_back({"write " + quoted(key + " = …"),
                           {{{at.source, at.begin, span(second).end}, key + " ="}},
                           false});
    wrong.everywhere = true;
    say_once(std::move(wrong));
    return;
  }
  constexpr std::uint32_t kBracket = 1;
  const bool bracketed =
      first != 0 && (kind(first) == NodeKind::kBody || kind(first) == NodeKind::kGroup ||
                     kind(first) == NodeKind::kList);
  // Its loop is told that it has no block.
  if (bracketed && text(first).front() == '{' && loop_above(tree_.text().substr(0, at.begin)))
    return;
  const Span shown{at.source, at.begin, bracketed ? at.begin + kBracket : at.end};
  say_once(Mistakes::error("F001", "expected a declaration or `key = value`", shown,
                           "no statement begins like this"));
}

void Builder::in_a_row(Span arrow) {
  const std::string_view written = tree_.text().substr(arrow.begin, arrow.end - arrow.begin);
  Diagnostic wrong = Mistakes::error("F001", "steps are not put in a row by " + quoted(written),
                                     arrow, "not in this language");
  wrong.helps.push_back(
      {"each step has a name, and waits for another by using what that made, "
       "`b = review(a.diff)`, or by `after a.accepted`",
       {},
       false});
  wrong.everywhere = true;
  say_once(std::move(wrong));
  row_ = true;
}

// Steps that have no name, or that are put in a row by arrows.
void Builder::expression(Index node, Index first) {
  const Index second = tree_.at(first).next_sibling;
  const bool chain =
      second != 0 && (kind(second) == NodeKind::kOperator || kind(second) == NodeKind::kUnexpected);
  if (chain) {
    in_a_row(span(second));
    return;
  }
  Diagnostic wrong =
      Mistakes::error("F001", "a step without a name", span(first), "nothing could refer to it");
  wrong.helps.push_back(
      {"write `NAME = ` before it",
       {{mistakes_.span(tree_.at(node).offset, tree_.at(node).offset), "NAME = "}},
       false});
  say_once(std::move(wrong));
}

// True for a statement whose names are lost with it.
bool Builder::foreign(Index node, ast::Body& out) {
  const std::string_view written = text(node);
  const std::string_view word = written.substr(0, skip_name(written, 0));
  const Span at{mistakes_.source(), span(node).begin,
                span(node).begin + static_cast<std::uint32_t>(word.size())};
  if (foreign_import_ahead(written)) {
    foreign_import(node, out);
    return false;
  }
  if (word == written && foreign_binding_ahead(tree_.text().substr(at.begin))) {
    Diagnostic wrong =
        Mistakes::error("F001", "unexpected " + quoted(word), at, "not in this language");
    const auto end = static_cast<std::uint32_t>(skip_blanks(tree_.text(), at.end));
    wrong.helps.push_back({"a step or a key is set with `name = …` alone",
                           {{mistakes_.span(at.begin, end), ""}},
                           true});
    say_once(std::move(wrong));
    bound_ = true;
    return false;
  }
  const bool outline = !is_foreign_word(word);
  Diagnostic wrong =
      outline ? Mistakes::error("F001", "an outline as in YAML", at, "not in this language")
              : Mistakes::error("F001", "there is no " + quoted(word) + " in this language", at,
                                "no statement begins like this");
  if (outline) {
    wrong.helps.push_back(
        {"a declaration is written `kind NAME { key = value }`, a list `key = [a, b]`", {}, false});
  }
  for (const ForeignAdvice& advice : kForeignAdvice) {
    if (advice.word == word)
      wrong.helps.push_back({std::string(advice.help), {}, false});
  }
  if (wrong.helps.empty()) {
    wrong.helps.push_back(
        {"a flow is a list of `name = step`, each of which may wait: `after build.accepted`",
         {},
         false});
  }
  say_once(std::move(wrong));
  return true;
}

// Steps that stand in it are read as they are written, so that their own mistakes need not wait
// until the statement is mended.
void Builder::read_within(Index node, ast::Body& out) {
  constexpr int kMost = 32;  // each costs what stands before it
  const std::string steps = steps_within(text(node));
  if (steps.empty() || ++looked_into_ > kMost)
    return;
  const std::string blanked = std::string(tree_.at(node).offset, ' ') + steps;
  DiagnosticSink unheard;
  Mistakes mistakes(blanked, mistakes_.source(), unheard);
  const Tree tree = read_tree(blanked);
  for (ast::Body::Item& item : Builder(tree, mistakes).file().body.items) {
    const auto here = [&](const Diagnostic& one) {
      return one.primary.span.begin >= item.assignment->span.begin &&
             one.primary.span.begin <= item.assignment->span.end;
    };
    if (!item.assignment || std::ranges::any_of(unheard.all(), here))
      continue;
    item.assignment->lost = true;
    out.items.push_back(std::move(item));
  }
  for (const std::string_view word : words_shared_with_steps(text(node)))
    add_lost(word, out);
}

void Builder::foreign_import(Index node, ast::Body& out) {
  const std::string_view written = text(node);
  const ForeignImport found = read_foreign_import(written);
  auto use = std::make_shared<ast::Use>();
  use->foreign = true;
  use->is_file = found.is_file;
  use->span = use->path_span = span(node);
  std::string names;
  for (const std::string_view name : found.names) {
    const auto begin =
        tree_.at(node).offset + static_cast<std::uint32_t>(name.data() - written.data());
    use->names.push_back({std::string(name),
                          mistakes_.span(begin, begin + static_cast<std::uint32_t>(name.size()))});
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  const bool all = written.find('*') != std::string_view::npos;
  if (all)
    use->names.clear();
  const bool exports = written.starts_with("export");
  const std::string path = found.path.empty() ? "std.roles"
                           : found.is_file    ? "\"" + found.path + "\""
                                              : found.path;
  const bool known = !found.path.empty() && !names.empty() && !all && !exports;
  const std::string instead =
      "use " + path + " (" + (names.empty() || all ? "NAME, …" : names) + ")";
  Diagnostic wrong = Mistakes::error(
      "F001",
      exports ? "nothing is exported: other files may use every declaration at the top"
              : "an import is written `use FROM (NAME, …)`",
      span(node), "not in this language");
  if (!exports) {
    wrong.helps.push_back({"write " + quoted(instead), {}, false});
    if (known)
      wrong.helps.back().edits.push_back({span(node), instead});
  }
  say_once(std::move(wrong));
  out.items.push_back({nullptr, nullptr, std::move(use)});
}

// What a stray statement binds; a call without a name is used by the name of what it calls.
std::vector<std::string_view> Builder::names_lost_in(Index stray) {
  std::vector<std::string_view> names = names_set_in(text(stray));
  const Index first = tree_.at(stray).first_child;
  if (first != 0 && kind(first) == NodeKind::kName) {
    Index last = 0;
    for (const Index part : tree_.children(first))
      last = kind(part) == NodeKind::kIdent ? part : last;
    if (last != 0)
      names.push_back(text(last));
  }
  return names;
}

// So that nothing that uses the name is told that there is no such thing.
void Builder::add_lost(std::string_view name, ast::Body& out) {
  const bool known = std::ranges::any_of(out.items, [&](const ast::Body::Item& item) {
    return item.assignment && item.assignment->key.text == name;
  });
  if (known)
    return;
  const auto begin = static_cast<std::uint32_t>(name.data() - tree_.text().data());
  const Span at = mistakes_.span(begin, begin + static_cast<std::uint32_t>(name.size()));
  ast::Atom error;
  error.span = at;
  auto assignment = std::make_shared<ast::Assignment>();
  assignment->key = {std::string(name), at};
  assignment->value = {{std::move(error)}, at};
  assignment->span = at;
  assignment->lost = true;
  out.items.push_back({std::move(assignment), nullptr, nullptr});
}

// A clause that was written like a key is known by that it follows on the same line.
void Builder::doubt(ast::Body& out) {
  if (!out.items.empty() && out.items.back().assignment)
    out.items.back().assignment->doubtful = is_clause_word(out.items.back().assignment->key.text);
}

}  // namespace fleet::syntax
