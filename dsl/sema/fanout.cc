// `fanout x in SOURCE to AGENTS`: what it runs over, and who serves it.
#include <algorithm>
#include <utility>

#include "dsl/sema/glob.h"
#include "dsl/sema/report.h"
#include "dsl/sema/runtime.h"
#include "dsl/sema/steps.h"

namespace fleet::sema {
namespace {

using Kind = ast::Atom::Kind;

const char* const kSourceForms =
    "`files(\"glob\")`, `lines(\"file\")`, `json(\"file\")`, `STEP.findings`, "
    "`issues(label: \"…\")`, a list or `1..20`";

std::optional<std::string> read_path(Context& context, const ast::Atom& call) {
  const std::optional<Text> text = read_text_call(context, call);
  if (!text)
    return std::nullopt;
  return glob_of(context.sink, call.args.front().value->atoms.front(), ticked(call.text));
}

// `lines(run("command"))`: the call inside, or nullptr.
const ast::Atom* inner_run(const ast::Atom& call) {
  if (call.text != "lines" || call.args.size() != 1 || call.args.front().name)
    return nullptr;
  const std::vector<ast::Atom>& atoms = call.args.front().value->atoms;
  if (atoms.size() != 1 || atoms.front().kind != Kind::kCall)
    return nullptr;
  return atoms.front().text == "run" ? &atoms.front() : nullptr;
}

// `issues(label: "…")`
std::optional<ItemSource> read_issues(Context& context, const ast::Atom& call) {
  const bool one = call.args.size() == 1 && call.args.front().name &&
                   call.args.front().name->text == "label" &&
                   call.args.front().value->atoms.size() == 1 &&
                   call.args.front().value->atoms.front().kind == Kind::kString;
  if (!one) {
    context.sink.add(error("F202", call.span, "`issues` takes `label: \"…\"`"));
    return std::nullopt;
  }
  std::optional<std::string> label =
      plain_text(context.sink, call.args.front().value->atoms.front(), "`label`");
  if (!label)
    return std::nullopt;
  ItemSource source;
  source.kind = plan::FanoutSource::Kind::kIssues;
  source.label = *std::move(label);
  return source;
}

// `verdict.findings`
std::optional<ItemSource> read_findings(FlowNames& names, const ast::Atom& atom) {
  const std::optional<FlowNames::Reach> reach = names.reach(atom);
  if (!reach)
    return std::nullopt;
  if (reach->rest.size() != 1 || reach->rest.front().text != "findings") {
    names.context.sink.add(unknown("F101", atom.path.back().span, "items of a step",
                                   atom.path.back().text, {"findings"}));
    return std::nullopt;
  }
  ItemSource source;
  source.kind = plan::FanoutSource::Kind::kFindings;
  source.of = reach->step;
  return source;
}

std::optional<ItemSource> read_call(Context& context, const ast::Atom& call) {
  const schema::Entry* entry = schema::find_source(call.text);
  if (entry == nullptr) {
    context.sink.add(unknown("F101", call.span, "source of items", call.text,
                             {"files", "lines", "json", "issues"}));
    return std::nullopt;
  }
  if (call.text == "issues")
    return read_issues(context, call);
  ItemSource source;
  if (const ast::Atom* run = inner_run(call)) {
    std::optional<Text> command = read_text_call(context, *run);
    if (!command)
      return std::nullopt;
    source.kind = plan::FanoutSource::Kind::kCommandLines;
    source.command = *std::move(command);
    return source;
  }
  std::optional<std::string> path = read_path(context, call);
  if (!path)
    return std::nullopt;
  source.kind = call.text == "files"   ? plan::FanoutSource::Kind::kFiles
                : call.text == "lines" ? plan::FanoutSource::Kind::kLines
                                       : plan::FanoutSource::Kind::kJson;
  source.path = *std::move(path);
  return source;
}

std::optional<ItemSource> read_list(Context& context, const ast::Atom& list) {
  ItemSource source;
  source.kind = plan::FanoutSource::Kind::kList;
  for (const ast::Argument& argument : list.args) {
    const std::vector<ast::Atom>& atoms = argument.value->atoms;
    if (!argument.name && atoms.size() == 1 && atoms.front().kind == Kind::kString) {
      std::optional<std::string> item = plain_text(context.sink, atoms.front(), "an item");
      if (!item)
        return std::nullopt;
      source.list.push_back(*std::move(item));
    } else if (!argument.name && atoms.size() == 1 &&
               (atoms.front().kind == Kind::kNumber || atoms.front().kind == Kind::kDate)) {
      source.list.push_back(atoms.front().text);
    } else {
      context.sink.add(
          error("F202", argument.value->span, "an item is text in quotes or a number"));
      return std::nullopt;
    }
  }
  if (source.list.empty()) {
    context.sink.add(error("F202", list.span, "a fan-out over no items does nothing"));
    return std::nullopt;
  }
  return source;
}

std::optional<ItemSource> read_range(Context& context, Reader& reader) {
  constexpr std::uint32_t kMost = 1'000'000'000;
  constexpr std::uint32_t kMostItems = 1'000'000;
  const Span begin = reader.peek().span;
  const Want want{"a range", begin};
  const std::optional<std::uint32_t> first = reader.count(want, 0, kMost);
  if (!first)
    return std::nullopt;
  if (!reader.take_operator("..")) {
    reader.fail(want, "two whole numbers, such as `1..20`");
    return std::nullopt;
  }
  const Span whole = reader.at_end() ? begin : cover(begin, reader.peek().span);
  const std::optional<std::uint32_t> last = reader.count(want, 0, kMost);
  if (!last)
    return std::nullopt;
  if (*last < *first) {
    context.sink.add(error("F202", begin, "the range ends below its beginning"));
    reader.give_up();
    return std::nullopt;
  }
  const std::uint32_t items = *last - *first + 1;
  if (items > kMostItems) {
    context.sink.add(error("F202", whole,
                           "a range has at most " + std::to_string(kMostItems) + " items",
                           "this one has " + std::to_string(items)));
    reader.give_up();
    return std::nullopt;
  }
  ItemSource source;
  source.kind = plan::FanoutSource::Kind::kRange;
  source.first = *first;
  source.last = *last;
  source.span = whole;
  return source;
}

void read_agent(FlowNames& names, const ast::Atom& atom, Step& step) {
  if (atom.kind != Kind::kName) {
    if (atom.kind != Kind::kError) {
      Diagnostic diagnostic = error("F202", atom.span, "`to` takes an agent or a list of agents",
                                    "this is " + describe(atom));
      if (atom.kind == Kind::kCall) {
        diagnostic.helps.push_back({"write " + ticked(atom.text) + ": each item is its task",
                                    {{atom.span, atom.text}},
                                    false});
      }
      names.context.sink.add(std::move(diagnostic));
    }
    step.broken = true;
    return;
  }
  const Symbol* symbol =
      names.resolve(atom.path, atom.span, {Symbol::Kind::kAgent, Symbol::Kind::kRole});
  if (symbol == nullptr) {
    step.broken = true;
    return;
  }
  for (const At<std::size_t>& known : step.agents) {
    if (known.value != symbol->index)
      continue;
    Diagnostic diagnostic =
        error("F106", atom.span, ticked(atom.text) + " is named twice", "named again here");
    diagnostic.secondary.push_back({known.span, "first named here"});
    names.context.sink.add(std::move(diagnostic));
    return;
  }
  step.agents.push_back({symbol->index, atom.span});
}

// What is known of an item besides its text. A JSON element has the fields that the file gives it.
void check_field(Context& context, const Fanout& fanout, const ast::Atom& atom) {
  using Source = plan::FanoutSource::Kind;
  const Source kind = fanout.source.kind;
  const ast::Ident& field = atom.path.back();
  if (kind == Source::kJson)
    return;
  const bool labelled = kind == Source::kFindings || kind == Source::kIssues;
  if (labelled && field.text == "label")
    return;
  Diagnostic diagnostic =
      unknown("F101", field.span, "field of an item", field.text,
              labelled ? std::vector<std::string>{"label"} : std::vector<std::string>{});
  diagnostic.notes.push_back(labelled ? "findings and issues have a `label`"
                                      : "these items are plain text, without fields");
  context.sink.add(std::move(diagnostic));
}

// `route(x.label, security: sec_fixer, else: fix_a)`: the item's field chooses the agent.
void read_route(FlowNames& names, const ast::Atom& call, Step& step) {
  const char* const form = "`route(x.FIELD, VALUE: AGENT, …, else: AGENT)`";
  bool other = false, misread = false;
  for (const ast::Argument& argument : call.args) {
    const std::vector<ast::Atom>& atoms = argument.value->atoms;
    const bool name = atoms.size() == 1 && atoms.front().kind == Kind::kName;
    const bool field = !argument.name && &argument == &call.args.front() && name &&
                       atoms.front().path.size() == 2 &&
                       atoms.front().path.front().text == step.fanout.variable;
    if (field) {
      step.fanout.route_by = atoms.front().path.back().text;
      check_field(names.context, step.fanout, atoms.front());
    } else if (argument.name && name) {
      const Symbol* symbol = names.resolve(atoms.front().path, atoms.front().span,
                                           {Symbol::Kind::kAgent, Symbol::Kind::kRole});
      step.broken = step.broken || symbol == nullptr;
      if (symbol == nullptr)
        continue;
      other = other || argument.name->text == "else";
      const std::string value = argument.name->text == "else" ? "" : argument.name->text;
      if (std::ranges::find(step.fanout.routes, value,
                            &std::pair<std::string, std::size_t>::first) !=
          step.fanout.routes.end()) {
        names.context.sink.add(error("F106", argument.name->span,
                                     ticked(argument.name->text) + " is routed twice",
                                     "the first agent would get all of these"));
        step.broken = true;
      }
      step.fanout.routes.emplace_back(value, symbol->index);
      const auto same = [&](const At<std::size_t>& one) {
        return one.value == symbol->index;
      };
      if (std::ranges::none_of(step.agents, same))
        step.agents.push_back({symbol->index, atoms.front().span});
    } else {
      // The first says it for all: who quotes one value quotes the others too.
      if (!misread)
        names.context.sink.add(error("F202", argument.value->span,
                                     std::string("`route` is written ") + form,
                                     "a VALUE is a word without quotes"));
      misread = true;
      step.broken = true;
    }
  }
  if (!step.broken && (step.fanout.route_by.empty() || !other)) {
    names.context.sink.add(error("F108", call.span,
                                 other ? "`route` does not say by which field of the item"
                                       : "`route` does not say who gets all other items",
                                 std::string("write ") + form));
    step.broken = true;
  }
}

void read_agents(FlowNames& names, Reader& reader, const Want& to, Step& step) {
  if (reader.at_end()) {
    reader.fail(to, "an agent or a list of agents");
    return;
  }
  if (reader.next_is(Kind::kCall) && reader.peek().text == "route") {
    read_route(names, reader.next(), step);
    return;
  }
  const ast::Atom& atom = reader.next();
  if (atom.kind != Kind::kList) {
    read_agent(names, atom, step);
    return;
  }
  for (const ast::Argument& argument : atom.args) {
    const std::vector<ast::Atom>& atoms = argument.value->atoms;
    if (atoms.empty())
      continue;
    read_agent(names, atoms.front(), step);
  }
  if (atom.args.empty()) {
    names.context.sink.add(error("F202", atom.span, "`to` takes an agent or a list of agents"));
    step.broken = true;
  }
}

}  // namespace

std::optional<std::uint64_t> ItemSource::count() const {
  if (kind == plan::FanoutSource::Kind::kList)
    return list.size();
  if (kind == plan::FanoutSource::Kind::kRange)
    return static_cast<std::uint64_t>(last - first) + 1;
  return std::nullopt;
}

std::optional<ItemSource> read_source(FlowNames& names, Reader& reader) {
  Context& context = names.context;
  if (reader.failed())
    return std::nullopt;
  if (reader.at_end()) {
    reader.fail({"`in`", reader.want().span}, kSourceForms);
    return std::nullopt;
  }
  Span span = reader.peek().span;
  std::optional<ItemSource> source;
  if (reader.next_is(Kind::kCall)) {
    source = read_call(context, reader.next());
  } else if (reader.next_is(Kind::kList)) {
    source = read_list(context, reader.next());
  } else if (reader.next_is(Kind::kNumber)) {
    source = read_range(context, reader);
  } else if (reader.next_is(Kind::kName) && reader.peek().path.size() >= 2) {
    source = read_findings(names, reader.next());
  } else {
    reader.fail({"`in`", reader.want().span}, kSourceForms);
  }
  if (!source) {
    reader.give_up();
    return std::nullopt;
  }
  if (source->kind != plan::FanoutSource::Kind::kRange)
    source->span = span;
  return source;
}

// As the user wrote it. In a pattern the call says a parameter where the use says what it is.
std::string written_of(const Context& context, const ItemSource& source) {
  using Source = plan::FanoutSource::Kind;
  const std::string text(context.sources.text(source.span));
  if (context.sources.expansion(source.span.source) == nullptr)
    return text;
  switch (source.kind) {
    case Source::kFiles: return "files(\"" + source.path + "\")";
    case Source::kLines: return "lines(\"" + source.path + "\")";
    case Source::kJson: return "json(\"" + source.path + "\")";
    case Source::kCommandLines: return "lines(run(\"" + to_string(source.command) + "\"))";
    case Source::kIssues: return "issues(label: \"" + source.label + "\")";
    default: return text;
  }
}

// `fanout task in …`: `{task}` would still be the parameter.
void check_item_name(FlowNames& names, const ast::Ident& name) {
  const bool hole = name.text != "item" && schema::find_hole(name.text) != nullptr;
  if (!hole && !names.is_parameter(name) && !names.has_step(name))
    return;
  Diagnostic diagnostic =
      error("F107", name.span,
            "item " + ticked(name.text) + " hides " +
                (names.is_parameter(name) ? "a parameter"
                 : hole                   ? "the hole `{" + name.text + "}` that every template has"
                                          : "a step"));
  diagnostic.helps.push_back(
      {"give the item another name; its text is `{item}` in templates, whatever it is called",
       {},
       false});
  names.context.sink.add(std::move(diagnostic));
}

void read_fanout(FlowNames& names, Reader& reader, Step& step) {
  const Want fanout{"`fanout`", reader.next().span};
  step.kind = StepKind::kFanout;
  const char* const form = "`fanout x in SOURCE to AGENT`";
  if (reader.at_end() || !is_word(reader.peek())) {
    reader.fail(fanout, std::string("a name for the item: ") + form);
    return;
  }
  const ast::Ident& variable = reader.next().path.front();
  step.fanout.variable = variable.text;
  check_item_name(names, variable);
  if (!reader.take_word("in")) {
    reader.fail(fanout, std::string("`in` after the item's name: ") + form);
    return;
  }
  std::optional<ItemSource> source = read_source(names, reader);
  if (!source)
    return;
  step.fanout.source = *std::move(source);
  const Span to = reader.at_end() ? fanout.span : reader.peek().span;
  if (!reader.take_word("to")) {
    reader.fail(fanout, std::string("`to` after the source: ") + form);
    return;
  }
  step.fanout.source.written = written_of(names.context, step.fanout.source);
  read_agents(names, reader, {"`to`", to}, step);
}

}  // namespace fleet::sema
