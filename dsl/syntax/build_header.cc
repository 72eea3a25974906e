// Declarations: kind, names, version, parameters, base and event in their order, and what people
// write in their place.
#include <algorithm>
#include <array>
#include <utility>

#include "dsl/syntax/build.h"
#include "dsl/syntax/lookahead.h"

namespace fleet::syntax {

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
      flow_ = out.kind.text == "flow";
      out.body = body(child);
      flow_ = false;
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

}  // namespace fleet::syntax
