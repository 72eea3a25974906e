#include <algorithm>
#include <iterator>
#include <utility>

#include "dsl/syntax/build.h"
#include "dsl/syntax/foreign.h"
#include "dsl/syntax/lookahead.h"
#include "dsl/syntax/words.h"

namespace fleet::syntax {
namespace {

// The text of a `///` line, without the blanks at its end.
std::string_view doc_line(std::string_view written) {
  written = written.substr(3, written.find_last_not_of(" \t\r") - 2);
  if (!written.empty() && written.front() == ' ') {
    written.remove_prefix(1);
  }
  return written;
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
  const bool flow = std::exchange(flow_, false);
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
        if (foreign(child, out)) {
          std::ranges::copy(names_set_in(text(child)), std::back_inserter(lost));
          if (flow)
            read_within(child, out);
        }
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

void Builder::item(Index node, ast::Body& out, std::string doc) {
  ast::Body::Item item;
  switch (kind(node)) {
    case NodeKind::kUse: item.use = std::make_shared<ast::Use>(use(node)); break;
    case NodeKind::kAssignment: {
      const bool in_row = std::exchange(row_, false);
      item.assignment = std::make_shared<ast::Assignment>(assignment(node));
      item.assignment->in_row = in_row;
      item.assignment->doc = std::move(doc);
      item.assignment->bound = std::exchange(bound_, false);
      break;
    }
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

}  // namespace fleet::syntax
