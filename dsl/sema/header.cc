#include "dsl/sema/header.h"

#include <algorithm>
#include <string>

#include "dsl/schema/schema.h"
#include "dsl/sema/report.h"

namespace fleet::sema {
namespace {

// Whether what stands in place of the name was reported already.
bool is_header_misread(const DiagnosticSink& sink, const ast::Block& block) {
  Span header = block.span;
  header.end = block.has_body ? block.body.span.begin : block.span.end;
  return block.misread || is_misread(sink, header);
}

void say_nameless(Context& context, const ast::Block& block) {
  const schema::Kind& kind = *schema::find_kind(block.kind.text);
  Diagnostic diagnostic =
      error("F108", block.kind.span, ticked(kind.name) + " without a name", "needs a name");
  diagnostic.helps.push_back({"write " + ticked(kind.form), {}, false});
  context.sink.add(std::move(diagnostic));
}

// A declaration has a name, and names are words: nothing could refer to it otherwise.
bool check_name(Context& context, const ast::Block& block) {
  for (const ast::Ident& name : block.names) {
    if (context.sources.text(name.span).starts_with('"'))
      context.sink.add(error("F202", name.span, "a name stands without quotes"));
  }
  if (block.names.empty() && !is_header_misread(context.sink, block))
    say_nameless(context, block);
  return !block.names.empty();
}

// What a test claims is said in words, and nothing refers to it.
bool check_test_name(Context& context, const ast::Block& block) {
  if (block.name_is_string)
    return true;
  if (!block.names.empty()) {
    context.sink.add(
        error("F202", block.names.front().span, "a test is named by what it claims, in quotes"));
  } else if (!is_header_misread(context.sink, block)) {
    say_nameless(context, block);
  }
  return false;
}

}  // namespace

bool is_misread(const DiagnosticSink& sink, const Span& span) {
  return std::ranges::any_of(sink.all(), [&](const Diagnostic& one) {
    const Span& at = one.primary.span;
    return one.code == "F001" && at.source == span.source && at.begin >= span.begin &&
           at.begin <= span.end;
  });
}

bool check_header(Context& context, const ast::Block& block, bool in_fleet) {
  const std::string& kind = block.kind.text;
  const auto refuse = [&](Span span, const std::string& message) {
    if (!block.misread)
      context.sink.add(error("F202", span, message));
  };
  if (block.version && kind != "fleet" && kind != "identity") {
    refuse(block.version->span, ticked(kind) + " has no version");
  }
  if (block.has_parameters && kind != "flow" && kind != "pattern") {
    refuse(block.header, kind == "agent" ? "a role stands behind a `:`, not in parentheses"
                                         : ticked(kind) + " has no parameters");
  }
  if (block.base && kind != "role" && kind != "agent") {
    refuse(block.base->span, ticked(kind) + " has no base");
  }
  if (block.on && kind != "flow") {
    refuse(block.on->span, ticked(kind) + " is not started by an event");
  }
  if (block.names.size() > 1 && kind != "agent" && kind != "defaults") {
    refuse(block.names[1].span, ticked(kind) + " takes one name");
  }
  if (kind == "defaults" && !block.names.empty()) {
    refuse(block.names.front().span, "`defaults` has no name");
  }
  const bool nested = kind == "flow" || kind == "defaults" || kind == "test";
  if (nested && !in_fleet) {
    refuse(block.kind.span, ticked(kind) + " stands inside `fleet`");
    return false;
  }
  if (kind == "fleet" && in_fleet) {
    refuse(block.kind.span, "`fleet` can't stand inside `fleet`");
    return false;
  }
  return kind == "defaults" ||
         (kind == "test" ? check_test_name(context, block) : check_name(context, block));
}

}  // namespace fleet::sema
