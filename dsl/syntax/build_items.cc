#include <algorithm>
#include <array>
#include <iterator>
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

// The text of a `///` line, without the blanks at its end.
std::string_view doc_line(std::string_view written) {
  written = written.substr(3, written.find_last_not_of(" \t\r") - 2);
  if (!written.empty() && written.front() == ' ') {
    written.remove_prefix(1);
  }
  return written;
}

// Whether the last line of it that says anything is `l = loop until a.approved max 2`.
bool loop_above(std::string_view before) {
  const std::size_t end = before.find_last_not_of(" \t\r\n");
  if (end == std::string_view::npos)
    return false;
  const std::size_t begin = before.rfind('\n', end) + 1;
  const std::string_view line = before.substr(begin, end + 1 - begin);
  return line.find("= loop ") != std::string_view::npos && line.find('{') == std::string_view::npos;
}

bool is_arrow(std::string_view text) {
  return text == "->" || text == "=>" || text == "\xE2\x86\x92";
}

}  // namespace

ast::File Builder::file() {
  ast::File out;
  out.source = mistakes_.source();
  out.body.span = span(0);
  items(0, out.body, &out.doc);
  return out;
}

ast::Block Builder::only_block() {
  return block(tree_.at(0).first_child);
}

ast::Body Builder::body(Index node) {
  ast::Body out;
  out.span = span(node);
  items(node, out, nullptr);
  return out;
}

// `leading_doc`: takes the documentation above the first item.
void Builder::items(Index parent, ast::Body& out, std::string* leading_doc) {
  const bool outer = said_;
  std::string doc;
  bool separated = true;
  std::vector<std::string_view> lost;  // names that statements of other languages set
  for (const Index child : tree_.children(parent)) {
    switch (kind(child)) {
      case NodeKind::kDoc:
        doc += doc.empty() ? "" : "\n";
        doc += doc_line(text(child));
        break;
      case NodeKind::kUse:
      case NodeKind::kAssignment:
      case NodeKind::kBlock:
      case NodeKind::kStray:
        if (leading_doc != nullptr) {
          *std::exchange(leading_doc, nullptr) = doc;
        }
        said_ = false;
        item(child, out, std::exchange(doc, {}));
        if (kind(child) == NodeKind::kStray)
          std::ranges::copy(names_lost_in(child), std::back_inserter(lost));
        if (!std::exchange(separated, true))
          doubt(out);
        break;
      case NodeKind::kForeign:
        said_ = false;
        if (foreign(child, out))
          std::ranges::copy(names_set_in(text(child)), std::back_inserter(lost));
        break;
      case NodeKind::kMissingSeparator:
        missing_separator(child);
        separated = false;
        break;
      default: break;
    }
  }
  said_ = outer;
  for (const std::string_view name : lost) {
    if (steps_)
      add_lost(name, out);
  }
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
  out.items.push_back({std::move(assignment), nullptr, nullptr});
}

void Builder::item(Index node, ast::Body& out, std::string doc) {
  ast::Body::Item item;
  switch (kind(node)) {
    case NodeKind::kUse: item.use = std::make_shared<ast::Use>(use(node)); break;
    case NodeKind::kAssignment:
      item.assignment = std::make_shared<ast::Assignment>(assignment(node));
      item.assignment->doc = std::move(doc);
      item.assignment->bound = std::exchange(bound_, false);
      break;
    case NodeKind::kBlock:
      base_follows_ = false;
      item.block = std::make_shared<ast::Block>(block(node));
      item.block->doc = std::move(doc);
      break;
    default: stray(node); return;
  }
  out.items.push_back(std::move(item));
}

ast::Use Builder::use(Index node) {
  ast::Use out;
  out.span = span(node);
  for (const Index child : tree_.children(node)) {
    switch (kind(child)) {
      case NodeKind::kUsePath: {
        out.path_span = span(child);
        const Index file = tree_.child(child, NodeKind::kString);
        out.is_file = file != 0;
        if (file == 0) {
          out.path = std::string(text(child));
          if (const Index missing = tree_.child(child, NodeKind::kMissingName)) {
            missing_name(missing, ".");
          }
          break;
        }
        for (const ast::StringPart& part : string(file).parts) {
          out.path += part.text;
          if (part.hole) {
            say_once(
                Mistakes::error("F004", "a path has no holes", part.span, "imports are fixed"));
          }
        }
        break;
      }
      case NodeKind::kMissingName:
        missing_name(child, "use");
        out.path_span = span(child);
        break;
      case NodeKind::kArguments: out.names = plain_names(child); break;
      case NodeKind::kAlias:
        if (const Index word = tree_.child(child, NodeKind::kIdent)) {
          out.alias = ident(word);
        } else {
          missing_name(tree_.child(child, NodeKind::kMissingName), "as");
        }
        break;
      case NodeKind::kUnexpected: unexpected(child); break;
      default: break;
    }
  }
  return out;
}

// The names in `(a, b)`, where nothing but names may stand.
std::vector<ast::Ident> Builder::plain_names(Index arguments_node) {
  std::vector<ast::Ident> out;
  for (ast::Argument& argument : arguments(arguments_node)) {
    std::vector<ast::Atom>& atoms = argument.value->atoms;
    const bool plain =
        !argument.name && atoms.size() == 1 && atoms[0].path.size() == 1 && !atoms[0].per &&
        !atoms[0].version && atoms[0].args.empty() &&
        (atoms[0].kind == ast::Atom::Kind::kName || atoms[0].kind == ast::Atom::Kind::kVersion);
    if (plain) {
      out.push_back(std::move(atoms[0].path[0]));
      continue;
    }
    // `(task: text)` and `(task = "x")` still say what the name is.
    if (argument.name) {
      out.push_back(*argument.name);
      say_once(Mistakes::error("F001", "a parameter has a name and nothing more",
                               argument.value->span, "no type and no value"));
    } else if (!atoms.empty() && atoms[0].path.size() == 1) {
      out.push_back(atoms[0].path[0]);
    }
    if (!argument.value->atoms.empty()) {
      say_once(Mistakes::error("F001", "expected a name", argument.value->span,
                               "only names stand here, with commas between"));
    }
  }
  return out;
}

ast::Assignment Builder::assignment(Index node) {
  ast::Assignment out;
  out.span = span(node);
  Index mark = 0;
  for (const Index child : tree_.children(node)) {
    switch (kind(child)) {
      case NodeKind::kIdent: out.key = ident(child); break;
      case NodeKind::kAssignMark:
        mark = child;
        out.add = text(child) == "+=";
        assign_mark(child);
        break;
      case NodeKind::kValue:
        out.value = value(child, false);
        // `a = dev(task) -> b = review(a.diff)`: the value ends where the next statement begins.
        if (out.value.atoms.size() > 1 && is_arrow(out.value.atoms.back().text)) {
          in_a_row(out.value.atoms.back().span);
          out.value.atoms.pop_back();
        }
        break;
      case NodeKind::kMissingValue:
        say_once(Mistakes::error("F001", "expected a value after " + quoted(text(mark)), span(mark),
                                 "nothing follows"));
        out.value.span = span(child);
        break;
      default: break;
    }
  }
  return out;
}

void Builder::assign_mark(Index node) {
  const std::string_view mark = text(node);
  if (mark == "=" || mark == "+=") {
    return;
  }
  Diagnostic wrong = Mistakes::error("F001", "a key is set with `=`, not " + quoted(mark),
                                     span(node), "expected `=`");
  wrong.everywhere = true;
  if (mark == "-=") {
    wrong.notes.emplace_back(
        "`=` replaces what was inherited and `+=` adds to it; nothing takes away");
  } else {
    wrong.helps.push_back({"write `=`", {{span(node), mark == ":" ? " =" : "="}}, true});
    if (mark == ":" && tree_.at(node).offset > 0 &&
        is_blank(tree_.text()[tree_.at(node).offset - 1])) {
      wrong.helps.back().edits[0].replacement = "=";
    }
  }
  say_once(std::move(wrong));
}

ast::Block Builder::block(Index node) {
  ast::Block out;
  out.span = span(node);
  out.header = mistakes_.span(out.span.begin, out.span.begin);
  int rank = 0;
  bool below = false;
  Index before = 0;
  for (const Index child : tree_.children(node)) {
    const NodeKind what = kind(child);
    if (what == NodeKind::kNewline || what == NodeKind::kComment || what == NodeKind::kDoc) {
      below = true;
      continue;
    }
    if (what == NodeKind::kBody) {
      if (below) {
        body_below(child, out);
      }
      out.has_body = true;
      const bool outer =
          std::exchange(steps_, out.kind.text == "flow" || out.kind.text == "pattern");
      out.body = body(child);
      steps_ = outer;
    } else if (what == NodeKind::kMissingBody) {
      missing_body(out);
    } else if (what == NodeKind::kUnexpected) {
      out.header.end = header_junk(child, before, out) ? span(child).end : out.header.end;
      out.misread = true;
    } else if (header_part(child, out)) {
      header_order(child, rank);
      out.header.end = span(child).end;
      out.misread = out.misread || said_;
    } else {
      out.has_body = true;  // kTooDeep: there is one, unread
    }
    before = child;
  }
  return out;
}

// False for what is no part of a header.
bool Builder::header_part(Index node, ast::Block& out) {
  switch (kind(node)) {
    case NodeKind::kIdent: out.kind = ident(node); return true;
    case NodeKind::kNames: header_names(node, out); return true;
    case NodeKind::kVersion:
      out.version = ast::Ident{std::string(text(node)), span(node)};
      return true;
    case NodeKind::kArguments:
      out.has_parameters = true;
      for (ast::Ident& name : plain_names(node)) {
        out.parameters.push_back({std::move(name)});
      }
      return true;
    case NodeKind::kBase:
      if (const Index base = tree_.child(node, NodeKind::kName)) {
        out.base = name(base);
      } else {
        colon_without_base(node, out);
        out.base.emplace();
        out.base->span = span(node);
      }
      return true;
    case NodeKind::kOn:
      if (const Index event = tree_.child(node, NodeKind::kValue)) {
        out.on = value(event, false);
      } else {
        missing_name(tree_.child(node, NodeKind::kMissingValue), "on");
        out.on = ast::Value{{}, span(node)};
      }
      return true;
    default: return false;
  }
}

void Builder::header_names(Index node, ast::Block& out) {
  Index before = 0;
  for (const Index child : tree_.children(node)) {
    if (kind(child) == NodeKind::kIdent) {
      out.names.push_back(ident(child));
    } else if (kind(child) == NodeKind::kString) {
      out.name_is_string = true;
      std::string decoded;
      for (const ast::StringPart& part : string(child).parts) {
        decoded += part.hole ? "{" + part.text + "}" : part.text;
      }
      out.names.push_back({std::move(decoded), span(child)});
    } else if (kind(child) == NodeKind::kMissingName) {
      missing_name(child, text(before));
    }
    before = kind(child) == NodeKind::kComma ? child : before;
  }
}

// The parts of a header in the order in which the language has them.
void Builder::header_order(Index node, int& last_rank) {
  const auto rank_of = [](NodeKind kind) {
    switch (kind) {
      case NodeKind::kVersion: return 1;
      case NodeKind::kArguments: return 2;
      case NodeKind::kBase: return 3;
      case NodeKind::kOn: return 4;
      default: return 0;
    }
  };
  const int rank = rank_of(kind(node));
  if (rank != 0 && rank <= last_rank) {
    Diagnostic out = Mistakes::error("F001", quoted(text(node)) + " is out of place", span(node),
                                     rank == last_rank ? "a second time" : "expected further left");
    out.notes.emplace_back("a declaration begins: kind names vN (parameters) : base on EVENT {");
    say_once(std::move(out));
  }
  last_rank = std::max(last_rank, rank);
}

// Something in a header that fits nowhere. True if it was taken for a name after a missing comma.
bool Builder::header_junk(Index node, Index before, ast::Block& out) {
  const Index name_node = tree_.child(node, NodeKind::kName);
  if (header_base(name_node, before, out))
    return true;
  const bool after_names = before != 0 && kind(before) == NodeKind::kNames && !out.name_is_string;
  if (after_names && name_node != 0) {
    ast::Atom extra = name(name_node);
    if (extra.kind == ast::Atom::Kind::kName && extra.path.size() == 1) {
      Diagnostic missing =
          Mistakes::error("F001", "missing `,` between names", end_of(before), "expected `,` here");
      missing.helps.push_back({"separate the names with `,`", {{end_of(before), ","}}, false});
      say_once(std::move(missing));
      out.names.push_back(std::move(extra.path[0]));
      return true;
    }
  }
  const bool unset = before != 0 && kind(before) == NodeKind::kIdent;
  if (unset && text(node) == ".") {
    Diagnostic dotted = Mistakes::error("F001", "a key or a step has no `.` in its name",
                                        span(node), "not in this language");
    dotted.helps.push_back({"what a step has is said in its own statement: " +
                                quoted(out.kind.text + " = … retry 1 timeout 20min"),
                            {},
                            false});
    say_once(std::move(dotted));
    return false;
  }
  if (unset) {
    // `budget $50/day`: what the missing body would be reported for.
    Diagnostic missing = Mistakes::error("F001", "expected `=` after " + quoted(out.kind.text),
                                         end_of(before), "a key is set with `=`");
    missing.helps.push_back(
        {"write " + quoted(out.kind.text + " = …"), {{end_of(before), " ="}}, false});
    say_once(std::move(missing));
    return false;
  }
  if (text(node) == "=" && !out.names.empty()) {
    Diagnostic wrong = Mistakes::error("F001", "a declaration has no `=`", span(node),
                                       "only keys and steps are set with `=`");
    wrong.helps.push_back(
        {"write " + quoted(out.kind.text + " " + out.names[0].text +
                           (out.kind.text == "agent" ? " : ROLE" : "") + " { … }"),
         {},
         false});
    say_once(std::move(wrong));
    return false;
  }
  const Index inside = tree_.at(node).first_child;
  const NodeKind what = inside != 0 ? kind(inside) : NodeKind::kNone;
  if (what == NodeKind::kUnexpected) {
    unexpected(inside);
  } else {
    unexpected(span(node), text(node));
  }
  return false;
}

void Builder::missing_body(const ast::Block& block) {
  const std::string header(
      tree_.text().substr(block.header.begin, block.header.end - block.header.begin));
  Diagnostic out = Mistakes::error("F001", "expected `=` or `{` after " + quoted(header),
                                   {block.header.source, block.header.end, block.header.end},
                                   "the statement ends here");
  const bool key_and_word = block.names.size() == 1 && !block.name_is_string && !block.version &&
                            !block.has_parameters && !block.base && !block.on;
  if (key_and_word) {
    out.helps.push_back({"to set the key: " + quoted(block.kind.text + " = " + block.names[0].text),
                         {{{block.header.source, block.kind.span.end, block.kind.span.end}, " ="}},
                         false});
  }
  if (!block.names.empty()) {
    out.helps.push_back({"to declare it: " + quoted(header + " { … }"), {}, false});
  }
  say_once(std::move(out));
}

void Builder::body_below(Index node, const ast::Block& block) {
  const Span brace = mistakes_.span(tree_.at(node).offset, tree_.at(node).offset + 1);
  Diagnostic out = Mistakes::error("F001", "`{` on a line of its own", brace,
                                   "expected at the end of the header");
  out.secondary.push_back({block.header, "the header"});
  const Span between{brace.source, block.header.end, brace.begin};
  const std::string_view gap = tree_.text().substr(between.begin, between.end - between.begin);
  if (gap.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    out.helps.push_back({"move it up", {{between, " "}}, true});
  }
  say_once(std::move(out));
}

// `role x:`, `flow main(task):` and `role x: {`.
void Builder::colon_without_base(Index node, ast::Block& out) {
  const Index colon = tree_.child(node, NodeKind::kColon);
  const std::size_t after = skip_blanks(tree_.text(), tree_.at(colon).end());
  const bool brace = tree_.text().substr(after).starts_with('{');
  Diagnostic wrong = Mistakes::error("F001", "a block stands in braces, not behind a `:`",
                                     span(colon), "no base follows");
  if (brace) {
    wrong.helps.push_back({"leave out the `:`", {{span(colon), ""}}, true});
  } else {
    wrong.helps.push_back(
        {"write " +
             quoted(out.kind.text + (out.names.empty() ? "" : " " + out.names[0].text) + " {") +
             " and close it with `}` below",
         {},
         false});
  }
  say_once(std::move(wrong));
}

// `role x extends y`: true if it is this, or the `y` of it.
bool Builder::header_base(Index name_node, Index before, ast::Block& out) {
  constexpr std::array<std::string_view, 8> kWords{"extends", "extend", "inherits", "implements",
                                                   "is",      "of",     "from",     "with"};
  if (name_node == 0)
    return false;
  if (std::exchange(base_follows_, false)) {
    out.base = name(name_node);
    return true;
  }
  const bool after_names = before != 0 && kind(before) == NodeKind::kNames && !out.base;
  if (!after_names || std::ranges::find(kWords, text(name_node)) == kWords.end())
    return false;
  base_follows_ = true;
  Diagnostic wrong = Mistakes::error("F001", "unexpected " + quoted(text(name_node)),
                                     span(name_node), "a base stands behind a `:`");
  wrong.helps.push_back({"write `:`", {{span(name_node), ":"}}, true});
  say_once(std::move(wrong));
  return true;
}

// A clause that was written like a key is known by that it follows on the same line.
void Builder::doubt(ast::Body& out) {
  if (!out.items.empty() && out.items.back().assignment)
    out.items.back().assignment->doubtful = is_clause_word(out.items.back().assignment->key.text);
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
  say_once(std::move(wrong));
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

}  // namespace fleet::syntax
