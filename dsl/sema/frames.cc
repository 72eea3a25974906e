// What the names in a flow mean: its own, and those of each use of a pattern.
#include <algorithm>
#include <utility>

#include "dsl/sema/pattern.h"
#include "dsl/sema/report.h"

namespace fleet::sema {

FlowNames& FlowNames::frame_of(const Span& span) {
  FlowNames* at = this;
  while (at->outer != nullptr && !(at->source == span.source))
    at = at->outer;
  return *at;
}

FlowNames& FlowNames::outermost() {
  FlowNames* at = this;
  while (at->outer != nullptr)
    at = at->outer;
  return *at;
}

// What a pattern is given it has in place of its own parameters; those of the flow it does not see.
bool FlowNames::is_parameter(const ast::Ident& name) {
  return frame_of(name.span).outer == nullptr &&
         std::ranges::any_of(flow.parameters,
                             [&](const At<std::string>& one) { return one.value == name.text; });
}

std::optional<FlowNames::Reach> FlowNames::reach(const ast::Atom& atom) {
  FlowNames& home = frame_of(atom.path.front().span);
  std::string name = atom.path.front().text;
  std::size_t used = 1;
  if (home.steps.contains(name)) {
    while (used < atom.path.size() && home.steps.contains(name + "." + atom.path[used].text))
      name += "." + atom.path[used++].text;
    const std::string below = name + ".";
    const auto inner = home.steps.lower_bound(below);
    const bool use = inner != home.steps.end() && inner->first.starts_with(below);
    if (!use || atom.path.size() - used <= 1)
      return Reach{home.find_known(name),
                   {atom.path.begin() + static_cast<std::ptrdiff_t>(used), atom.path.end()}};
  }
  const bool inside = home.steps.contains(name);
  const std::string before = inside ? name + "." : "";
  std::vector<std::string> candidates;
  for (const auto& [known, index] : home.steps) {
    if (known.starts_with(before) && known.find('.', before.size()) == std::string::npos)
      candidates.push_back(known.substr(before.size()));
  }
  const ast::Ident& wrong = atom.path[inside ? used : 0];
  Diagnostic diagnostic = unknown("F101", wrong.span, "step", wrong.text, candidates);
  if (inside)
    diagnostic.message += " of " + ticked(name);
  context.sink.add(std::move(diagnostic));
  return std::nullopt;
}

std::size_t FlowNames::find_known(const std::string& name) {
  const std::size_t known = steps.at(name);
  if (known != kLastOf)
    return known;
  const Last& last = lasts.at(name);
  const auto [known_as, fresh] = outermost().made.emplace(last.name, flow.steps.size());
  if (fresh) {
    const Step& loop = flow.steps[last.loop];
    Step step;
    step.name = last.name;
    step.name_span = loop.name_span;
    step.span = loop.span;
    step.head = loop.head;
    step.kind = StepKind::kLast;
    step.closes = last.loop;
    step.broken = loop.broken;
    step.otherwise = plan::Otherwise::kSkip;
    for (const std::size_t value : last.values) {
      step.members.push_back({value, flow.steps[value].name_span});
      step.after.push_back({value, plan::EdgeKind::kDone, true, loop.head});
    }
    flow.steps.push_back(std::move(step));
  }
  return known_as->second;
}

void FlowNames::set_last(const std::string& name, Last last) {
  steps[name] = kLastOf;
  lasts[name] = std::move(last);
}

const Symbol* FlowNames::resolve(const std::vector<ast::Ident>& path, Span span,
                                 const std::vector<Symbol::Kind>& wanted) {
  return frame_of(path.front().span).scope.resolve(context, path, span, wanted);
}

Statement declare_statement(FlowNames& names, const ast::Assignment& assignment) {
  Statement statement{&assignment, names.flow.steps.size(), nullptr};
  const std::optional<std::size_t> pattern = used_pattern(names, assignment);
  if (pattern)
    statement.use = begin_use(names, assignment, *pattern);
  if (statement.use) {
    statement.step = statement.use->statements.back().step;
    return statement;
  }
  names.flow.steps.push_back(new_step(names, assignment));
  names.flow.steps.back().broken = pattern.has_value();
  statement.step = names.flow.steps.size() - 1;
  return statement;
}

void bind_statement(FlowNames& names, const Statement& statement) {
  const std::string& name = statement.assignment->key.text;
  names.steps[name] = statement.step;
  if (!statement.use)
    return;
  for (const auto& [inner, step] : statement.use->names->steps) {
    const std::string whole = name + "." + inner;
    if (step == FlowNames::kLastOf)
      names.set_last(whole, statement.use->names->lasts.at(inner));
    else
      names.steps[whole] = step;
  }
}

void read_statement(FlowNames& names, const Statement& statement) {
  if (statement.use)
    read_use(names, *statement.assignment, *statement.use);
  else if (!names.flow.steps[statement.step].broken)
    read_step(names, *statement.assignment, names.flow.steps[statement.step]);
}

bool is_broken(const Flow& flow, const Statement& statement) {
  if (!statement.use)
    return flow.steps[statement.step].broken;
  return std::ranges::any_of(statement.use->statements,
                             [&](const Statement& one) { return is_broken(flow, one); });
}

}  // namespace fleet::sema
