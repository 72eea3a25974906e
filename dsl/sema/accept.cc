// `accept`: what judges a result. Commands, bounds on the diff, the task's own criteria.
#include <utility>

#include "dsl/sema/contract.h"
#include "dsl/sema/report.h"

namespace fleet::sema {
namespace {

using Kind = ast::Atom::Kind;

const char* const kAcceptForms = "`\"command\" passes`, `diff < 400 lines` or `task.criteria met`";

std::optional<Acceptance> read_command(Reader& reader) {
  Acceptance acceptance;
  acceptance.command = text_of(reader.next());
  if (!reader.take_word("passes")) {
    if (!reader.failed()) {
      Diagnostic diagnostic =
          error("F202", acceptance.command.span, "a command in `accept` says what it must do");
      Help help{"write `passes` after it", {}, true};
      const std::uint32_t end = acceptance.command.span.end;
      help.edits.push_back({{acceptance.command.span.source, end, end}, " passes"});
      diagnostic.helps.push_back(std::move(help));
      reader.sink().add(std::move(diagnostic));
      reader.give_up();
    }
    return std::nullopt;
  }
  return acceptance;
}

std::optional<Acceptance> read_diff(Reader& reader) {
  constexpr std::uint32_t kMostLines = 10'000'000;
  const Want want{"`diff`", reader.next().span};
  const bool inclusive = reader.take_operator("<=");
  if (!inclusive && !reader.take_operator("<")) {
    reader.fail(want, "an upper bound, such as `diff < 400 lines`");
    return std::nullopt;
  }
  const std::optional<std::uint32_t> lines = reader.count(want, 1, kMostLines);
  if (!lines)
    return std::nullopt;
  if (!reader.take_word("lines")) {
    reader.fail(want, "a bound in `lines`");
    return std::nullopt;
  }
  Acceptance acceptance;
  acceptance.kind = plan::Acceptance::Kind::kDiffLines;
  acceptance.max_lines = std::int64_t{*lines} + (inclusive ? 1 : 0);
  return acceptance;
}

std::optional<Acceptance> read_criteria(Reader& reader) {
  const Want want{"`task.criteria`", reader.next().span};
  if (!reader.take_word("met")) {
    reader.fail(want, "`met` after it");
    return std::nullopt;
  }
  Acceptance acceptance;
  acceptance.kind = plan::Acceptance::Kind::kCriteria;
  return acceptance;
}

std::optional<Acceptance> read_one(Context& context, const ast::Argument& argument,
                                   const Want& want) {
  if (argument.name) {
    context.sink.add(error("F202", argument.name->span, "an element of `accept` has no name",
                           std::string("an element is ") + kAcceptForms));
    return std::nullopt;
  }
  Reader reader(context.sink, *argument.value, want);
  std::optional<Acceptance> found;
  if (reader.next_is(Kind::kString)) {
    found = read_command(reader);
  } else if (!reader.at_end() && is_word(reader.peek(), "diff")) {
    found = read_diff(reader);
  } else if (!reader.at_end() && reader.peek().text == "task.criteria") {
    found = read_criteria(reader);
  } else {
    reader.fail(want, kAcceptForms);
  }
  reader.finish();
  if (reader.failed() || !found)
    return std::nullopt;
  found->span = argument.value->span;
  found->written = std::string(context.sources.text(found->span));
  return found;
}

}  // namespace

std::optional<std::vector<Acceptance>> read_acceptances(Context& context, Reader& reader) {
  if (reader.failed())
    return std::nullopt;
  if (!reader.next_is(Kind::kList)) {
    reader.fail(reader.want(), std::string("a list of ") + kAcceptForms);
    return std::nullopt;
  }
  std::vector<Acceptance> all;
  const ast::Atom& list = reader.next();
  bool good = true;
  for (const ast::Argument& argument : list.args) {
    std::optional<Acceptance> one = read_one(context, argument, reader.want());
    good = good && one.has_value();
    if (one)
      all.push_back(*std::move(one));
  }
  if (!good) {
    reader.give_up();
    return std::nullopt;
  }
  return all;
}

}  // namespace fleet::sema
