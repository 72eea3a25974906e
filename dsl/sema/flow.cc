#include "dsl/sema/flow.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "dsl/base/stop.h"
#include "dsl/sema/event.h"
#include "dsl/sema/report.h"
#include "dsl/sema/steps.h"

namespace fleet::sema {
namespace {

using Kind = ast::Atom::Kind;

void read_parameters(Context& context, const ast::Block& block, Flow& flow) {
  for (const ast::Parameter& parameter : block.parameters) {
    const ast::Ident& name = parameter.name;
    const auto same = [&](const At<std::string>& one) {
      return one.value == name.text;
    };
    const auto first = std::ranges::find_if(flow.parameters, same);
    if (first != flow.parameters.end()) {
      Diagnostic diagnostic =
          error("F107", name.span, "parameter " + ticked(name.text) + " is declared twice",
                "second declaration");
      diagnostic.secondary.push_back({first->span, "first declaration"});
      context.sink.add(std::move(diagnostic));
      continue;
    }
    is_version_name(context, name);
    if (name.text != "task" && schema::find_hole(name.text) != nullptr) {
      Diagnostic diagnostic = error("F107", name.span,
                                    "parameter " + ticked(name.text) + " hides the hole `{" +
                                        name.text + "}` that every template has");
      diagnostic.helps.push_back({"give the parameter another name", {}, false});
      context.sink.add(std::move(diagnostic));
    }
    flow.parameters.push_back({name.text, name.span});
  }
}

// A key that is not a step: its value is no call, so it was not meant as one.
bool looks_like_key(const ast::Assignment& assignment) {
  if (assignment.key.text == "accept")
    return true;
  if (assignment.value.atoms.empty())
    return false;
  const Kind kind = assignment.value.atoms.front().kind;
  return kind != Kind::kCall && kind != Kind::kName && kind != Kind::kError;
}

void read_key(Context& context, Flow& flow, const ast::Assignment& assignment,
              std::map<std::string, Span>& seen) {
  const schema::Key* key = check_key(context, *schema::find_kind("flow"), assignment, seen);
  if (key == nullptr)
    return;
  Reader reader(context.sink, assignment.value, want_of(assignment));
  std::optional<std::vector<Acceptance>> accept = read_acceptances(context, reader);
  reader.finish();
  if (!reader.failed())
    flow.accept = {*std::move(accept), assignment.value.span};
  flow.origins[assignment.key.text].push_back(
      origin_of(context, Layer::kFlow, "flow " + flow.name, assignment));
}

// Every step gets its index before any is read.
Statement declare_first(FlowNames& names, const ast::Assignment& assignment) {
  const ast::Ident& name = assignment.key;
  const auto known = names.steps.find(name.text);
  if (known != names.steps.end()) {
    say_set_twice(names, name, names.flow.steps[known->second].name_span);
  } else {
    check_step_name(names, name);
  }
  Statement statement = declare_statement(names, assignment);
  if (known == names.steps.end())
    bind_statement(names, statement);
  return statement;
}

// For a beginning that other languages have.
std::string_view advice_for(const Reader& reader) {
  struct Advice {
    std::string_view word;
    std::string_view text;
  };
  constexpr std::string_view kAll =
      "steps that do not wait for one another run at the same time; `all(a, b)` waits for both";
  constexpr std::string_view kEach = "write `fanout x in files(\"src/**\") to AGENT limit 20`";
  constexpr std::string_view kIf =
      "a step runs on a condition when it says so: `… after a.accepted`";
  constexpr std::string_view kLoop = "write `loop until STEP.EDGE max N { … }`";
  constexpr std::array kAdvice = {
      Advice{"parallel", kAll},
      Advice{"for", kEach},
      Advice{"foreach", kEach},
      Advice{"map", kEach},
      Advice{"if", kIf},
      Advice{"when", kIf},
      Advice{"while", kLoop},
      Advice{"repeat", kLoop},
      Advice{"await", "a step that uses another's output waits by itself: leave out `await`"},
      Advice{"try", "what follows a failure is a clause of the step: `… retry 1 else skip`"},
  };
  if (reader.want().who == "`on`")
    return "what starts a flow stands in its header: `flow main(task) on task.NAME {`";
  if (reader.at_end() || !is_word(reader.peek()))
    return {};
  const auto found =
      std::ranges::find(kAdvice, std::string_view(reader.peek().text), &Advice::word);
  return found == kAdvice.end() ? std::string_view() : found->text;
}

void say_no_step(Reader& reader) {
  if (reader.failed() || reader.unclosed())
    return reader.give_up();
  Diagnostic diagnostic = error("F202", reader.at_end() ? reader.want().span : reader.peek().span,
                                reader.want().who + " is not a step");
  diagnostic.notes.push_back(
      "a step is `agent(…)`, `fanout x in … to …`, `run(\"…\")`, `repo.merge(…)`, `all(…)`, "
      "`any(…)`, "
      "`human(…)` or `loop until …`");
  if (const std::string_view advice = advice_for(reader); !advice.empty()) {
    diagnostic.notes.clear();
    diagnostic.helps.push_back({std::string(advice), {}, false});
    reader.sink().withdraw(reader.value().span);
  } else if (!reader.at_end() && reader.next_is(Kind::kName)) {
    diagnostic.helps.push_back(
        {"a call has parentheses: `" + reader.peek().text + "()`", {}, false});
  }
  reader.sink().add(std::move(diagnostic));
  reader.give_up();
}

// `git.merge(…)`: reported, and read as what it means.
bool is_foreign_merge(FlowNames& names, const ast::Atom& call) {
  constexpr std::array<std::string_view, 4> kRepositories{"git", "repository", "vcs", "branch"};
  const bool foreign = call.path.size() == 2 && call.path.back().text == "merge" &&
                       std::ranges::find(kRepositories, std::string_view(call.path.front().text)) !=
                           kRepositories.end() &&
                       names.scope.find(call.path) == nullptr && !names.has_step(call.path.front());
  if (!foreign)
    return false;
  const Span name = name_span(call);
  Diagnostic diagnostic =
      error("F101", name, "the repository is called `repo`", "no name of a fleet");
  diagnostic.helps.push_back({"write `repo.merge`", {{name, "repo.merge"}}, true});
  names.context.sink.add(std::move(diagnostic));
  return true;
}

}  // namespace

void read_head(FlowNames& names, Reader& reader, Step& step) {
  const ast::Atom& head = reader.peek();
  const bool call = head.kind == Kind::kCall;
  const schema::StepForm* form =
      call || head.kind == Kind::kName ? schema::find_step(head.text) : nullptr;
  if (form != nullptr && form->word == "fanout" && !call) {
    read_fanout(names, reader, step);
  } else if (form != nullptr && form->word == "loop" && !call && !step.inner) {
    read_loop(names, reader, step);
  } else if (call && (head.text == "all" || head.text == "any")) {
    read_joint(names, reader, step);
  } else if (call && head.text == "human") {
    read_gate(names, reader, step);
  } else if (call && head.text == "run") {
    read_run(names, reader, step);
  } else if (call && (head.text == "repo.merge" || is_foreign_merge(names, head))) {
    read_merge(names, reader, step);
  } else if (call && head.path.front().text == "repo") {
    names.context.sink.add(
        unknown("F101", head.span, "operation of the repository", head.text, {"repo.merge"}));
    reader.give_up();
  } else if (call) {
    read_task(names, reader, step);
  } else {
    say_no_step(reader);
  }
}

void read_step(FlowNames& names, const ast::Assignment& assignment, Step& step) {
  poll_stop();
  Reader reader(names.context.sink, assignment.value, want_of(assignment));
  if (assignment.add) {
    names.context.sink.add(error("F202", assignment.key.span, "a step is set with `=`, not `+=`"));
    reader.give_up();
  }
  if (!reader.failed() && !reader.at_end())
    read_head(names, reader, step);
  read_clauses(names, reader, step);
  if (step.kind == StepKind::kAll || step.kind == StepKind::kAny)
    join_members(names, step);
  step.broken = step.broken || reader.failed();
  step.trusts = step.trusts || assignment.in_row;
}

Step new_step(const FlowNames& names, const ast::Assignment& assignment) {
  const ast::Ident& name = assignment.key;
  Step step;
  step.name = names.place.prefix + name.text;
  step.round = names.place.round;
  step.turn = names.place.turn;
  step.loop = names.place.loop;
  step.name_span = name.span;
  step.span = assignment.value.span;
  step.head = assignment.value.atoms.empty() ? name.span : assignment.value.atoms.front().span;
  step.doc = assignment.doc;
  return step;
}

void say_set_twice(FlowNames& names, const ast::Ident& name, Span first) {
  Diagnostic diagnostic =
      error("F107", name.span, "step " + ticked(name.text) + " is set twice", "set again here");
  diagnostic.secondary.push_back({first, "first set here"});
  names.context.sink.add(std::move(diagnostic));
}

void check_step_name(FlowNames& names, const ast::Ident& name) {
  if (is_version_name(names.context, name))
    return;
  if (!names.is_parameter(name) && name.text != "repo" && name.text != "task")
    return;
  names.context.sink.add(error("F107", name.span,
                               "step " + ticked(name.text) + " hides " +
                                   (name.text == "repo" ? "the repository" : "a parameter")));
}

namespace {

// Steps in statements of other languages, which are known by their names unless a step of the flow
// has that. Nothing follows from them.
void read_lost(FlowNames& names, const ast::Body& body) {
  auto& steps = names.flow.steps;
  const std::size_t first = steps.size();
  std::vector<Statement> statements;
  for (const ast::Body::Item& item : body.items) {
    if (!item.assignment || !item.assignment->lost || steps.size() >= kMostSteps)
      continue;
    statements.push_back(declare_statement(names, *item.assignment));
    if (!names.steps.contains(item.assignment->key.text))
      bind_statement(names, statements.back());
  }
  for (const Statement& statement : statements)
    read_statement(names, statement);
  for (std::size_t i = first; i < steps.size(); ++i)
    steps[i].broken = true;
}

}  // namespace

Flow read_flow(Context& context, Scope& scope, const ast::Block& block) {
  Flow flow;
  flow.name = block.names.front().text;
  flow.name_span = block.names.front().span;
  flow.span = block.span;
  read_parameters(context, block, flow);
  if (block.on) {
    Reader reader(context.sink, *block.on, {"`on`", block.on->span});
    if (std::optional<plan::Event> event = read_event(reader, reader.want()))
      flow.on = {*std::move(event), block.on->span};
    reader.finish();
  }
  FlowNames names{context, scope, flow};
  std::vector<Statement> statements;
  std::map<std::string, Span> seen;
  LostLines lost(context.sources);
  for (const ast::Body::Item& item : block.body.items) {
    if ((item.assignment && item.assignment->lost) || lost.take_step(item))
      continue;
    if (!item.assignment) {
      say_misplaced(context, item, "flow");
    } else if (item.assignment->doubtful && item.assignment->key.text != "accept") {
      continue;
    } else if (looks_like_key(*item.assignment)) {
      read_key(context, flow, *item.assignment, seen);
    } else {
      statements.push_back(declare_first(names, *item.assignment));
    }
  }
  read_lost(names, block.body);
  for (const Statement& statement : statements) {
    read_statement(names, statement);
    if (statement.use)
      bind_statement(names, statement);
  }
  imply_edges(flow);
  add_gates(names);
  if (flow.steps.empty() && block.has_body) {
    context.sink.add(error("F108", flow.name_span, "flow " + ticked(flow.name) + " has no step"));
  }
  return flow;
}

const Load* Fleet::load_of(std::size_t flow) const {
  const auto found = std::ranges::find(load, flow, &Load::flow);
  return found == load.end() ? nullptr : &*found;
}

const Flow* Model::find_flow(const std::string& name) const {
  const auto found = std::ranges::find(flows, name, &Flow::name);
  return found == flows.end() ? nullptr : &*found;
}

}  // namespace fleet::sema
