#include "dsl/sema/assumption.h"

#include <algorithm>
#include <set>
#include <utility>

#include "dsl/sema/deeds.h"
#include "dsl/sema/report.h"
#include "dsl/sema/scenario.h"
#include "dsl/sema/steps.h"

namespace fleet::sema {
namespace {

using Kind = ast::Atom::Kind;

constexpr std::uint32_t kLastRound = 1000;

// `in STEP`, `in round N`, `on "ITEM"`.
bool read_where(Context& context, const StepNames& steps, Reader& reader, Test::Assumption& one) {
  while (!reader.at_end()) {
    if (reader.take_word("on")) {
      if (!reader.next_is(Kind::kString)) {
        reader.fail({"`on`", reader.want().span}, "an item in quotes");
        return false;
      }
      one.says.item = plain_text(context.sink, reader.next(), "an item");
      if (!one.says.item) {
        reader.give_up();
        return false;
      }
    } else if (reader.take_word("in")) {
      if (reader.take_word("round")) {
        const auto round = reader.count({"`round`", reader.want().span}, 1, kLastRound);
        if (!round)
          return false;
        one.says.round = *round;
        continue;
      }
      if (!reader.next_is(Kind::kName)) {
        reader.fail({"`in`", reader.want().span}, "a step, or `round N`");
        return false;
      }
      const auto step = steps.find(context, reader.next(), nullptr);
      if (!step) {
        reader.give_up();
        return false;
      }
      one.step = *step;
    } else {
      return true;
    }
  }
  return true;
}

struct Who {
  Part part = Part::kNone;
  bool reviews = false;
};

const Step* step_named(const Model& model, const std::string& path) {
  for (const Flow& flow : model.flows) {
    if (const auto steps = steps_meant(flow, path); !steps.empty())
      return &flow.steps[steps.front()];
  }
  return nullptr;
}

Who who_works(const Model& model, const Step& step) {
  const bool reviews =
      !step.agents.empty() && model.agents[step.agents.front().value].gives_verdicts();
  switch (step.kind) {
    case StepKind::kTask: return {Part::kAgent, reviews};
    case StepKind::kFanout: return {Part::kItems, reviews};
    case StepKind::kRun: return {Part::kCommand};
    case StepKind::kMerge: return {Part::kMerge};
    case StepKind::kHuman: return {Part::kHuman};
    default: return {};
  }
}

// Of an agent, a human, or of whoever works at a step.
std::optional<Who> read_who(Context& context, Scope& scope, const StepNames& steps, Reader& reader,
                            Test::Assumption& one) {
  using SymbolKind = Symbol::Kind;
  const ast::Atom& atom = reader.next();
  const std::set<SymbolKind> known{SymbolKind::kAgent, SymbolKind::kRole, SymbolKind::kHuman,
                                   SymbolKind::kUnknown};
  StepPath path;
  for (const ast::Ident& part : atom.path)
    path.push_back(part.text);
  const Symbol* found = scope.find(atom.path);
  if ((found == nullptr || !known.contains(found->kind)) && !steps.meanings(path).empty()) {
    const std::optional<std::string> step = steps.find(context, atom, nullptr);
    const Step* const meant = step ? step_named(context.model, *step) : nullptr;
    if (meant == nullptr)
      return std::nullopt;
    one.step = *step;
    one.says.who = plan::Assumption::Who::kStep;
    const Who who = who_works(context.model, *meant);
    if (who.part == Part::kNone) {
      context.sink.add(error("F202", atom.span,
                             ticked(*step) + " has no work of its own, and comes to what its steps "
                                             "come to",
                             "say it of them"));
      return std::nullopt;
    }
    return who;
  }
  found = scope.resolve(context, atom.path, atom.span,
                        {SymbolKind::kAgent, SymbolKind::kRole, SymbolKind::kHuman});
  if (found == nullptr || found->kind == SymbolKind::kUnknown)
    return std::nullopt;
  if (found->kind == SymbolKind::kHuman) {
    one.says.who = plan::Assumption::Who::kHuman;
    one.says.name = context.model.humans[found->index].name;
    return Who{Part::kHuman};
  }
  const Agent& agent = context.model.agents[found->index];
  one.says.name = agent.name;
  return Who{Part::kAgent, agent.gives_verdicts()};
}

}  // namespace

void read_assumption(Context& context, Scope& scope, const StepNames& steps, Reader& reader,
                     Span span, Test& test) {
  if (!reader.next_is(Kind::kName)) {
    reader.fail(reader.want(), "an assumption, such as `review returns changes_requested`");
    return;
  }
  Test::Assumption one;
  one.span = span;
  one.says.text = std::string(context.sources.text(span));
  const std::optional<Who> who = read_who(context, scope, steps, reader, one);
  if (!who) {
    reader.give_up();
    return;
  }
  if (read_deeds(reader, who->part, who->reviews, span, one.says) &&
      read_where(context, steps, reader, one))
    test.given.push_back(std::move(one));
}

bool is_flow_call(const Scope& scope, const ast::Value& value) {
  if (value.atoms.size() != 1 || value.atoms.front().kind != Kind::kCall)
    return false;
  const Symbol* const symbol = scope.find(value.atoms.front().path);
  return symbol != nullptr && symbol->kind == Symbol::Kind::kFlow;
}

void read_flow_call(Context& context, Scope& scope, const ast::Value& value, Test& test) {
  const ast::Atom& call = value.atoms.front();
  const Symbol* const symbol = scope.find(call.path);
  if (test.flow) {
    context.sink.add(error("F106", call.span, "a test is of one flow", "second flow"));
    return;
  }
  test.flow = symbol->index;
  const Flow& flow = context.model.flows[symbol->index];
  std::size_t place = 0;
  for (const ast::Argument& argument : call.args) {
    const std::string name = argument.name                    ? argument.name->text
                             : place < flow.parameters.size() ? flow.parameters[place].value
                                                              : std::string();
    ++place;
    if (std::ranges::find(flow.parameters, name, &At<std::string>::value) ==
        flow.parameters.end()) {
      context.sink.add(error("F202", argument.value->span,
                             "flow " + ticked(flow.name) + " takes no such parameter"));
      continue;
    }
    const std::vector<ast::Atom>& atoms = argument.value->atoms;
    if (atoms.size() != 1 || atoms.front().kind != Kind::kString) {
      context.sink.add(error("F202", argument.value->span,
                             "parameter " + ticked(name) + " takes text in quotes"));
      continue;
    }
    if (std::ranges::find(test.parameters, name, &std::pair<std::string, std::string>::first) !=
        test.parameters.end()) {
      context.sink.add(
          error("F106", argument.value->span, "parameter " + ticked(name) + " is given twice"));
      continue;
    }
    if (auto text = plain_text(context.sink, atoms.front(), "parameter " + ticked(name)))
      test.parameters.emplace_back(name, *std::move(text));
  }
}

}  // namespace fleet::sema
