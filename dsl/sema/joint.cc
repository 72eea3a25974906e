// Steps that wait for others or for a human: `all(…)`, `any(…)`, `human(NAME)`.
#include <algorithm>
#include <utility>

#include "dsl/sema/report.h"
#include "dsl/sema/steps.h"

namespace fleet::sema {
namespace {

using Kind = ast::Atom::Kind;

// "verdict.review", and "verdict.review_2" for a second call of the same agent.
std::string inner_name(const Flow& flow, const std::string& outer, const std::string& call) {
  std::string base = outer + "." + call.substr(call.rfind('.') + 1);
  std::string name = base;
  const auto taken = [&] {
    return std::ranges::any_of(flow.steps, [&](const Step& one) { return one.name == name; });
  };
  for (int i = 2; taken(); ++i)
    name = base + "_" + std::to_string(i);
  return name;
}

// A call inside of a joint is a step of its own.
std::optional<std::size_t> read_inner(FlowNames& names, const ast::Value& value,
                                      const Step& joint) {
  const ast::Atom& call = value.atoms.front();
  Step step;
  step.name = inner_name(names.flow, joint.name, call.text);
  step.name_span = name_span(call);
  step.span = value.span;
  step.head = call.span;
  step.inner = true;
  step.round = joint.round;
  step.turn = joint.turn;
  step.loop = joint.loop;
  // The joint decides what becomes of a task that failed.
  step.otherwise = plan::Otherwise::kSkip;
  const std::size_t index = names.flow.steps.size();
  names.flow.steps.push_back(std::move(step));
  Step& inner = names.flow.steps.back();
  Reader reader(names.context.sink, value, {ticked(call.text), call.span});
  read_head(names, reader, inner);
  reader.finish();
  inner.broken = inner.broken || reader.failed();
  if (inner.broken)
    return std::nullopt;
  return index;
}

std::optional<std::size_t> read_member(FlowNames& names, const ast::Argument& argument,
                                       const Step& joint) {
  const std::vector<ast::Atom>& atoms = argument.value->atoms;
  if (atoms.empty() || atoms.front().kind == Kind::kError || names.is_misnamed(atoms.front()))
    return std::nullopt;
  const ast::Atom& atom = atoms.front();
  if (atoms.size() == 1 && atom.kind == Kind::kName) {
    const std::optional<FlowNames::Reach> reach = names.reach(atom);
    if (!reach || reach->rest.empty())
      return reach ? std::optional(reach->step) : std::nullopt;
  }
  if (atoms.size() == 1 && atom.kind == Kind::kCall)
    return read_inner(names, *argument.value, joint);
  names.context.sink.add(error("F202", argument.value->span,
                               "a joint takes steps: a step's name or a call of an agent",
                               "this is " + describe(atoms.size() == 1 ? atom : atoms[1])));
  return std::nullopt;
}

// `any(first: review(a.diff), …)`: one mistake, however many names there are.
bool say_named_members(DiagnosticSink& sink, const ast::Atom& call) {
  Diagnostic diagnostic;
  Help help{
      "leave the names out; a step to be used by name is set before it, `first = …`", {}, false};
  for (const ast::Argument& argument : call.args) {
    if (!argument.name)
      continue;
    const Span name = argument.name->span;
    if (help.edits.empty())
      diagnostic = error("F202", name, "the steps of " + ticked(call.text) + " have no names here",
                         "leave it out");
    else
      diagnostic.secondary.push_back({name, "and this"});
    help.edits.push_back({{name.source, name.begin, argument.value->span.begin}, ""});
  }
  if (help.edits.empty())
    return false;
  diagnostic.helps.push_back(std::move(help));
  sink.add(std::move(diagnostic));
  return true;
}

void say_no_inner(FlowNames& names, const Step& step, Span span, const std::string& what) {
  Diagnostic diagnostic = error("F202", span, what + " of " + ticked(step.name) + " bounds nothing",
                                "its steps are set elsewhere");
  diagnostic.helps.push_back({"say it of those steps, where they are set", {}, false});
  names.context.sink.add(std::move(diagnostic));
}

}  // namespace

void read_joint(FlowNames& names, Reader& reader, Step& step) {
  const ast::Atom& call = reader.next();
  step.kind = call.text == "all" ? StepKind::kAll : StepKind::kAny;
  step.broken = say_named_members(names.context.sink, call);
  for (const ast::Argument& argument : call.args) {
    const std::optional<std::size_t> member = read_member(names, argument, step);
    const auto same = [&](const At<std::size_t>& one) {
      return member && one.value == *member;
    };
    if (!member) {
      step.broken = true;
    } else if (std::ranges::any_of(step.members, same)) {
      names.context.sink.add(error("F106", argument.value->span, "joined twice"));
      step.broken = true;
    } else {
      step.members.push_back({*member, argument.value->span});
    }
  }
  if (call.args.empty()) {
    names.context.sink.add(error("F202", call.span, ticked(call.text) + " joins no steps"));
    step.broken = true;
  }
}

void join_members(FlowNames& names, Step& step) {
  bool inner = false;
  for (const At<std::size_t>& member : step.members) {
    Step& one = names.flow.steps[member.value];
    if (!one.inner)
      continue;
    inner = true;
    one.after.insert(one.after.end(), step.after.begin(), step.after.end());
    one.trusts = one.trusts || step.trusts;
    if (step.timeout && !one.timeout)
      one.timeout = step.timeout;
    if (step.retries && !one.retries)
      one.retries = step.retries;
    if (is_joint(one.kind))
      join_members(names, one);
  }
  // A joint inside of another has its clauses from that, where they bound the other calls.
  const bool says_so = !inner && !step.inner;
  if (says_so && step.timeout)
    say_no_inner(names, step, step.timeout->span, "the timeout");
  if (says_so && step.retries)
    say_no_inner(names, step, step.retries->span, "the retries");
  if (says_so && !step.after.empty() && step.kind == StepKind::kAny)
    say_no_inner(names, step, step.after.front().span, "the `after`");
  if (inner || step.kind == StepKind::kAny)
    step.after.clear();
  for (const At<std::size_t>& member : step.members)
    step.after.push_back({member.value, plan::EdgeKind::kDone, true, member.span});
}

void read_gate(FlowNames& names, Reader& reader, Step& step) {
  const ast::Atom& call = reader.next();
  step.kind = StepKind::kHuman;
  const bool one = call.args.size() == 1 && !call.args.front().name &&
                   call.args.front().value->atoms.size() == 1 &&
                   call.args.front().value->atoms.front().kind == Kind::kName;
  if (!one) {
    names.context.sink.add(error("F202", call.span, "`human` takes the name of one human"));
    step.broken = true;
    return;
  }
  const ast::Atom& name = call.args.front().value->atoms.front();
  const Symbol* symbol = names.resolve(name.path, name.span, {Symbol::Kind::kHuman});
  step.broken = symbol == nullptr;
  if (symbol != nullptr)
    step.human = {symbol->index, name.span};
}

}  // namespace fleet::sema
