// The steps that are a call: an agent's task, a plain command, a merge.
#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "dsl/plan/words.h"
#include "dsl/sema/report.h"
#include "dsl/sema/runtime.h"
#include "dsl/sema/steps.h"
#include "dsl/syntax/words.h"

namespace fleet::sema {
namespace {

using Kind = ast::Atom::Kind;

Text literal(std::string text, Span span) {
  return {{{false, std::move(text), span}}, span};
}

// What a statement of another language would have named: `x` of `for x in …`. What it would be is
// not known, and has no text but its name.
bool is_lost(const Step& step) {
  return step.span == step.name_span;
}

void say_bare_step(FlowNames& names, std::size_t step, const ast::Atom& atom) {
  if (is_lost(names.flow.steps[step]))
    return;
  Diagnostic diagnostic =
      error("F202", atom.span, "an argument is text, a parameter or a step's output, not a step");
  diagnostic.helps.push_back({"write `" + atom.text + ".diff` for what it changed", {}, false});
  names.context.sink.add(std::move(diagnostic));
}

// `build.diff`, `build.branch`: the commit that the step made.
std::optional<Argument> read_output(FlowNames& names, const ast::Atom& atom) {
  const std::optional<FlowNames::Reach> reach = names.reach(atom);
  if (!reach)
    return std::nullopt;
  if (reach->rest.empty()) {
    say_bare_step(names, reach->step, atom);
    return std::nullopt;
  }
  const ast::Ident& output = reach->rest.front();
  if (reach->rest.size() != 1) {
    names.context.sink.add(
        error("F202", atom.span, "an output is a step and a word, such as `build.diff`"));
    return std::nullopt;
  }
  if (output.text != "diff" && output.text != "branch" && output.text != "findings") {
    names.context.sink.add(unknown("F101", output.span, "output of a step", output.text,
                                   {"diff", "branch", "findings"}));
    return std::nullopt;
  }
  return Argument{literal(atom.text, atom.span), reach->step, output.text == "findings"};
}

std::optional<Argument> read_name(FlowNames& names, const ast::Atom& atom) {
  if (atom.path.size() >= 2)
    return read_output(names, atom);
  const std::string& name = atom.path.front().text;
  if (names.is_parameter(atom.path.front()) && is_word(atom)) {
    return Argument{{{{true, name, atom.span}}, atom.span}, std::nullopt, false};
  }
  if (names.has_step(atom.path.front())) {
    if (const std::optional<FlowNames::Reach> reach = names.reach(atom))
      say_bare_step(names, reach->step, atom);
    return std::nullopt;
  }
  std::vector<std::string> candidates;
  for (const At<std::string>& parameter : names.flow.parameters) {
    candidates.push_back(parameter.value);
  }
  Diagnostic diagnostic = unknown("F101", atom.span, "parameter", atom.text, candidates);
  if (diagnostic.helps.empty()) {
    diagnostic.helps.push_back({"plain text stands in quotes: `\"" + atom.text + "\"`", {}, false});
  }
  names.context.sink.add(std::move(diagnostic));
  return std::nullopt;
}

std::optional<Argument> read_argument(FlowNames& names, const ast::Argument& argument) {
  if (argument.name)
    return std::nullopt;  // say_named has said so
  const std::vector<ast::Atom>& atoms = argument.value->atoms;
  const auto unreadable = [](const ast::Atom& one) {
    return one.kind == Kind::kError;
  };
  if (atoms.empty() || std::ranges::any_of(atoms, unreadable))
    return std::nullopt;
  const ast::Atom& atom = atoms.front();
  if (atoms.size() == 1) {
    switch (atom.kind) {
      case Kind::kString: return Argument{text_of(atom), std::nullopt, false};
      case Kind::kName: return read_name(names, atom);
      case Kind::kNumber:
      case Kind::kDate: return Argument{literal(atom.text, atom.span), std::nullopt, false};
      default: break;
    }
  }
  Diagnostic diagnostic = error("F202", argument.value->span,
                                "an argument is text, a parameter or a step's output, not " +
                                    describe(atoms.size() == 1 ? atom : atoms[1]));
  if (atoms.size() == 2 && atom.kind == Kind::kString && atoms[1].kind == Kind::kName) {
    const Span gap{atom.span.source, atom.span.end, atom.span.end};
    diagnostic = error("F202", gap, "missing `,` between arguments", "expected `,` here");
    diagnostic.helps.push_back({"separate the two with `,`", {{gap, ","}}, true});
  }
  names.context.sink.add(std::move(diagnostic));
  return std::nullopt;
}

// Text anywhere but in front would reach nobody.
void say_second_text(DiagnosticSink& sink, Span span) {
  Diagnostic diagnostic =
      error("F202", span, "a task has one text, its first argument", "nobody would read this");
  diagnostic.helps.push_back({"say it all in the first argument", {}, false});
  sink.add(std::move(diagnostic));
}

// `repo.merge(verdict.first)`, where a step or its branch is wanted.
void say_no_branch(FlowNames& names, const FlowNames::Reach& reach, const ast::Atom& atom) {
  const Step& step = names.flow.steps[reach.step];
  if (step.broken)
    return;  // what it would have is not known
  if (reach.rest.empty()) {
    Diagnostic diagnostic = error("F202", atom.span, "a merge goes into a branch, not into a step");
    diagnostic.helps.push_back({"write " + ticked(atom.text + ".branch"), {}, false});
    names.context.sink.add(std::move(diagnostic));
    return;
  }
  const ast::Ident& word = reach.rest.front();
  Diagnostic diagnostic = unknown("F101", word.span, "branch of a step", word.text, {"branch"});
  if (diagnostic.helps.empty()) {
    const bool joint = step.kind == StepKind::kAll || step.kind == StepKind::kAny;
    std::string prefix;
    for (std::size_t i = 0; i + reach.rest.size() < atom.path.size(); ++i)
      prefix += (prefix.empty() ? "" : ".") + atom.path[i].text;
    diagnostic.helps.push_back(
        {joint ? ticked(prefix) +
                     " joins steps and has no branch of its own: name the step whose work is taken"
               : "write " + ticked(prefix) + " or " + ticked(prefix + ".branch"),
         {},
         false});
  }
  names.context.sink.add(std::move(diagnostic));
}

// The steps that a merge takes: `fixes`, or `build.branch`.
bool read_merged(FlowNames& names, const ast::Argument& argument, Step& step) {
  const std::vector<ast::Atom>& atoms = argument.value->atoms;
  if (atoms.empty() || atoms.front().kind == Kind::kError || names.is_misnamed(atoms.front()))
    return false;
  const ast::Atom& atom = atoms.front();
  const bool is_name = atoms.size() == 1 && atom.kind == Kind::kName;
  if (!is_name) {
    names.context.sink.add(error("F202", argument.value->span,
                                 "`repo.merge` takes the steps whose work is merged",
                                 "this is " + describe(atom)));
    return false;
  }
  const std::optional<FlowNames::Reach> from = names.reach(atom);
  if (!from)
    return false;
  if (from->rest.size() > 1 || (!from->rest.empty() && from->rest.front().text != "branch")) {
    say_no_branch(names, *from, atom);
    return false;
  }
  const auto same = [&](const At<std::size_t>& one) {
    return one.value == from->step;
  };
  if (std::ranges::any_of(step.merge.from, same)) {
    names.context.sink.add(error("F106", atom.span, ticked(atom.text) + " is merged twice"));
    return false;
  }
  step.merge.from.push_back({from->step, atom.span});
  return true;
}

// `into: build.branch`
bool read_into_step(FlowNames& names, Reader& reader, Step& step) {
  const ast::Atom& atom = reader.next();
  const std::optional<FlowNames::Reach> into = names.reach(atom);
  if (into && (into->rest.size() != 1 || into->rest.front().text != "branch")) {
    say_no_branch(names, *into, atom);
    return false;
  }
  if (into)
    step.merge.into_step = {into->step, atom.span};
  reader.finish();
  return into && !reader.failed();
}

bool read_into(FlowNames& names, const ast::Argument& argument, Step& step) {
  Reader reader(names.context.sink, *argument.value, {"`into`", argument.name->span});
  if (!reader.at_end() && reader.peek().kind == Kind::kName && reader.peek().path.size() >= 2) {
    return read_into_step(names, reader, step);
  }
  if (!reader.at_end() && is_word(reader.peek())) {
    const ast::Atom& name = reader.next();
    step.merge.into = literal(name.text, name.span);
  } else if (std::optional<Text> text = reader.text(reader.want())) {
    step.merge.into = *std::move(text);
  }
  reader.finish();
  return !reader.failed();
}

// `as: squash`
bool read_style(Context& context, const ast::Argument& argument, Step& step) {
  constexpr std::array words = plan::words_of(plan::MergeStyle{});
  Reader reader(context.sink, *argument.value, {"`as`", argument.name->span});
  if (!reader.at_end() && is_word(reader.peek())) {
    const ast::Atom& atom = reader.next();
    const auto* const word = std::ranges::find(words, atom.text);
    if (word == words.end()) {
      context.sink.add(
          unknown("F101", atom.span, "way to merge", atom.text, {words.begin(), words.end()}));
      return false;
    }
    step.merge.style = static_cast<plan::MergeStyle>(word - words.begin());
  } else {
    reader.fail(reader.want(), "`merge`, `squash` or `rebase`");
  }
  reader.finish();
  return !reader.failed();
}

bool read_sandbox_argument(Context& context, const ast::Argument& argument, Step& step) {
  Reader reader(context.sink, *argument.value, {"`sandbox`", argument.name->span});
  if (const std::optional<bool> on = reader.on_off(reader.want()))
    step.sandboxed = *on;
  reader.finish();
  return !reader.failed();
}

// One argument of run(…): the command, or `sandbox: off`.
bool read_run_argument(Context& context, const ast::Atom& call, const ast::Argument& argument,
                       bool first, Step& step) {
  if (argument.name && argument.name->text == "sandbox") {
    return read_sandbox_argument(context, argument, step);
  }
  if (argument.name) {
    context.sink.add(
        unknown("F104", argument.name->span, "key of `run`", argument.name->text, {"sandbox"}));
    return false;
  }
  Reader reader(context.sink, *argument.value, {"`run`", call.span});
  if (!first) {
    context.sink.add(error("F202", argument.value->span, "`run` takes one command in quotes"));
    return false;
  }
  if (std::optional<Text> text = reader.text(reader.want()))
    step.command = *std::move(text);
  reader.finish();
  return !reader.failed();
}

// `dev(task: "x", diff: a.diff)`: one mistake, however many names there are.
void say_named(DiagnosticSink& sink, const ast::Atom& call) {
  Diagnostic diagnostic;
  Help help{"the first argument is the task's text, outputs of steps follow", {}, false};
  for (const ast::Argument& argument : call.args) {
    if (!argument.name)
      continue;
    const Span name = argument.name->span;
    if (help.edits.empty())
      diagnostic = error("F202", name, "an agent's arguments have no names", "leave it out");
    else
      diagnostic.secondary.push_back({name, "this as well"});
    help.edits.push_back({{name.source, name.begin, argument.value->span.begin}, ""});
  }
  if (help.edits.empty())
    return;
  const bool clause = std::ranges::any_of(call.args, [](const ast::Argument& argument) {
    return argument.name && syntax::is_clause_word(argument.name->text);
  });
  if (clause)
    help = {
        "a clause stands behind the call: " + ticked(call.text + "(…) retry 1 after a.accepted"),
        {},
        false};
  diagnostic.helps.push_back(std::move(help));
  sink.add(std::move(diagnostic));
}

// A call that other languages have; true: reported, with what stands for it here.
bool say_foreign_call(FlowNames& names, const ast::Atom& call) {
  struct Foreign {
    std::string_view name;
    std::string_view help;
  };
  constexpr std::string_view kAll =
      "steps that do not wait for one another run at the same time; `all(a, b)` waits for both";
  constexpr std::string_view kOrder =
      "a step waits for another with `after a.accepted`, or by using `a.diff`";
  constexpr std::string_view kEach = "write `fanout x in files(\"src/**\") to AGENT limit 20`";
  constexpr std::array kForeign = {
      Foreign{"parallel", kAll},
      Foreign{"concurrent", kAll},
      Foreign{"gather", kAll},
      Foreign{"sequence", kOrder},
      Foreign{"seq", kOrder},
      Foreign{"chain", kOrder},
      Foreign{"pipeline", kOrder},
      Foreign{"fanout", kEach},
      Foreign{"foreach", kEach},
      Foreign{"map", kEach},
      Foreign{"loop", "write `loop until STEP.EDGE max N { … }`"},
      Foreign{"merge", "write `repo.merge(STEP, …)`"},
      Foreign{"exec", "a plain command is `run(\"command\")`"},
      Foreign{"shell", "a plain command is `run(\"command\")`"},
      Foreign{"sh", "a plain command is `run(\"command\")`"},
      Foreign{"approve", "a human decides with `human(NAME) timeout 24h`"},
      Foreign{"approval", "a human decides with `human(NAME) timeout 24h`"},
  };
  if (call.path.size() > 1 && names.has_step(call.path.front())) {
    names.context.sink.withdraw(call.span);
    Diagnostic diagnostic =
        error("F101", name_span(call), "a step has outputs and edges, and nothing to call");
    diagnostic.helps.push_back(
        {"outputs are `diff`, `branch` and `findings`: a step uses them as "
         "arguments, `review(a.diff)`",
         {},
         false});
    names.context.sink.add(std::move(diagnostic));
    return true;
  }
  const auto found = std::ranges::find(kForeign, std::string_view(call.text), &Foreign::name);
  if (found == kForeign.end() || names.scope.find(call.path) != nullptr)
    return false;
  Diagnostic diagnostic =
      error("F101", name_span(call), "unknown agent or role " + ticked(call.text),
            "no call of this language");
  diagnostic.helps.push_back({std::string(found->help), {}, false});
  names.context.sink.add(std::move(diagnostic));
  return true;
}

// Of what an unknown thing is called with: that there are such steps, and no more.
void check_names(FlowNames& names, const ast::Atom& call) {
  for (const ast::Argument& argument : call.args) {
    const std::vector<ast::Atom>& atoms = argument.value->atoms;
    if (atoms.size() == 1 && atoms.front().kind == Kind::kName && atoms.front().path.size() >= 2)
      read_output(names, atoms.front());
  }
}

}  // namespace

void read_task(FlowNames& names, Reader& reader, Step& step) {
  const ast::Atom& call = reader.next();
  step.kind = StepKind::kTask;
  if (say_foreign_call(names, call)) {
    step.broken = true;
    return;
  }
  const Span name = name_span(call);
  const Symbol* symbol =
      names.resolve(call.path, name, {Symbol::Kind::kAgent, Symbol::Kind::kRole});
  if (symbol == nullptr) {
    check_names(names, call);
    step.broken = true;
    return;
  }
  say_named(names.context.sink, call);
  bool good = true;
  step.agents.push_back({symbol->index, name});
  for (const ast::Argument& argument : call.args) {
    std::optional<Argument> one = read_argument(names, argument);
    good = good && one.has_value();
    if (one && !one->output_of && &argument != &call.args.front()) {
      say_second_text(names.context.sink, one->text.span);
      good = false;
    }
    if (one)
      step.arguments.push_back(*std::move(one));
  }
  if (!good)
    step.broken = true;
}

void read_run(FlowNames& names, Reader& reader, Step& step) {
  const ast::Atom& call = reader.next();
  step.kind = StepKind::kRun;
  bool good = true;
  bool first = true;
  for (const ast::Argument& argument : call.args) {
    good = read_run_argument(names.context, call, argument, first, step) && good;
    first = first && argument.name.has_value();
  }
  if (first) {
    names.context.sink.add(error("F202", call.span, "`run` takes one command in quotes"));
    good = false;
  }
  if (!good)
    step.broken = true;
}

void read_merge(FlowNames& names, Reader& reader, Step& step) {
  const ast::Atom& call = reader.next();
  step.kind = StepKind::kMerge;
  bool good = true;
  for (const ast::Argument& argument : call.args) {
    if (!argument.name) {
      good = read_merged(names, argument, step) && good;
    } else if (argument.name->text == "into") {
      good = read_into(names, argument, step) && good;
    } else if (argument.name->text == "as") {
      good = read_style(names.context, argument, step) && good;
    } else {
      names.context.sink.add(unknown("F104", argument.name->span, "key of `repo.merge`",
                                     argument.name->text, {"into", "as"}));
      good = false;
    }
  }
  if (good && step.merge.from.empty()) {
    names.context.sink.add(
        error("F202", call.span, "`repo.merge` takes the steps whose work is merged"));
    good = false;
  }
  if (!good)
    step.broken = true;
}

}  // namespace fleet::sema
