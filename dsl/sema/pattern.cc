#include "dsl/sema/pattern.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>
#include <utility>

#include "dsl/sema/expand.h"
#include "dsl/sema/report.h"

namespace fleet::sema {
namespace {

using Kind = ast::Atom::Kind;

// Uses within uses; deeper ones nobody could follow.
constexpr std::size_t kDeepest = 32;

// Words that stand among the values of a step, so that a parameter of that name would replace them.
bool is_clause_word(std::string_view word) {
  constexpr std::array<std::string_view, 11> kWords{
      "in", "to", "escalate", "skip", "fail", "parallel", "inline", "on", "off", "fanout", "loop"};
  return std::ranges::find(kWords, word) != kWords.end() || schema::find_clause(word) != nullptr ||
         schema::find_step(word) != nullptr;
}

std::optional<std::string> why_no_parameter(const std::string& name) {
  if (is_clause_word(name))
    return "is a word of the language";
  if (name != "task" && schema::find_hole(name) != nullptr)
    return "hides the hole `{" + name + "}` that every template has";
  return std::nullopt;
}

void read_parameters(Context& context, const ast::Block& block, Pattern& pattern) {
  for (const ast::Parameter& parameter : block.parameters) {
    const ast::Ident& name = parameter.name;
    const auto first = std::ranges::find(pattern.parameters, name.text, &At<std::string>::value);
    if (first != pattern.parameters.end()) {
      Diagnostic diagnostic =
          error("F107", name.span, "parameter " + ticked(name.text) + " is declared twice",
                "second declaration");
      diagnostic.secondary.push_back({first->span, "first declaration"});
      context.sink.add(std::move(diagnostic));
      pattern.broken = true;
      continue;
    }
    pattern.broken = pattern.broken || is_version_name(context, name);
    if (const std::optional<std::string> why = why_no_parameter(name.text)) {
      Diagnostic diagnostic =
          error("F107", name.span, "parameter " + ticked(name.text) + " " + *why);
      diagnostic.helps.push_back({"give the parameter another name", {}, false});
      context.sink.add(std::move(diagnostic));
      pattern.broken = true;
    }
    pattern.parameters.push_back({name.text, name.span});
  }
}

// Outcomes and outputs follow a step's name as the steps of a use do.
bool follows_a_step(const std::string& name) {
  return edge_kind(name) || name == "diff" || name == "branch" || name == "findings";
}

// A body that the flow around it could not hold.
void check_statement(Context& context, const ast::Assignment& assignment, Pattern& pattern) {
  const ast::Ident& name = assignment.key;
  const bool parameter = std::ranges::any_of(
      pattern.parameters, [&](const At<std::string>& one) { return one.value == name.text; });
  if (!parameter && !follows_a_step(name.text))
    return;
  context.sink.add(error("F107", name.span,
                         "step " + ticked(name.text) +
                             (parameter ? " hides a parameter" : " reads as an outcome or output"),
                         parameter ? "" : "`USE." + name.text + "` would mean two things"));
  pattern.broken = true;
}

using Visit = std::function<void(const ast::Assignment&)>;

void each_assignment(const ast::Body& body, const Visit& visit) {
  for (const ast::Body::Item& item : body.items) {
    if (!item.assignment)
      continue;
    visit(*item.assignment);
    for (const ast::Atom& atom : item.assignment->value.atoms) {
      if (atom.block)
        each_assignment(*atom.block, visit);
    }
  }
}

// What the arguments of a use stand for; nullopt: reported.
std::optional<Bindings> bind(FlowNames& names, const ast::Atom& call, const Pattern& pattern) {
  Bindings bindings;
  bool good = true;
  std::size_t next = 0;
  const auto say = [&](Diagnostic diagnostic) {
    names.context.sink.add(std::move(diagnostic));
    good = false;
  };
  std::vector<std::string> known;
  for (const At<std::string>& parameter : pattern.parameters)
    known.push_back(parameter.value);
  for (const ast::Argument& argument : call.args) {
    if (!argument.name && next >= known.size()) {
      say(error("F202", argument.value->span,
                ticked(pattern.name) + " takes " + std::to_string(known.size()) + " arguments"));
      continue;
    }
    if (argument.name && std::ranges::find(known, argument.name->text) == known.end()) {
      Diagnostic diagnostic =
          unknown("F104", argument.name->span, "parameter", argument.name->text, known);
      diagnostic.message += " of " + ticked(pattern.name);
      say(std::move(diagnostic));
      continue;
    }
    const std::string name = argument.name ? argument.name->text : known[next++];
    if (!bindings.emplace(name, argument.value.get()).second)
      say(error("F106", argument.name ? argument.name->span : argument.value->span,
                ticked(name) + " is given twice"));
    good = good && !argument.value->atoms.empty();
  }
  std::vector<std::string> missing;
  std::ranges::copy_if(known, std::back_inserter(missing),
                       [&](const std::string& name) { return !bindings.contains(name); });
  if (good && !missing.empty()) {
    Diagnostic diagnostic =
        error("F108", name_span(call),
              ticked(pattern.name) + " is used without " + listed(missing, "and"));
    diagnostic.secondary.push_back({pattern.name_span, "declared here"});
    diagnostic.helps.push_back(
        {"write `" + missing.front() + ": …` among its arguments", {}, false});
    say(std::move(diagnostic));
  }
  return good ? std::optional(std::move(bindings)) : std::nullopt;
}

// Follows which pattern uses which, depth first; what a file imports can't use it.
class Recursion {
 public:
  explicit Recursion(Context& context) : context_(context) {}

  void visit(std::size_t index) {
    const PatternText& text = context_.patterns[index];
    if (text.block == nullptr || !seen_.insert(index).second)
      return;
    open_.push_back(index);
    each_assignment(text.block->body, [&](const ast::Assignment& assignment) {
      const std::vector<ast::Atom>& atoms = assignment.value.atoms;
      if (atoms.empty() || atoms.front().kind != Kind::kCall)
        return;
      const Symbol* symbol = text.home->find(atoms.front().path);
      if (symbol == nullptr || symbol->kind != Symbol::Kind::kPattern)
        return;
      if (std::ranges::find(open_, symbol->index) != open_.end())
        say_circle(symbol->index, name_span(atoms.front()));
      else
        visit(symbol->index);
    });
    open_.pop_back();
  }

 private:
  void say_circle(std::size_t from, Span use) {
    if (!said_.emplace(open_.back(), from).second)
      return;
    std::string path;
    bool alone = true;
    for (auto at = std::ranges::find(open_, from); at != open_.end(); ++at) {
      alone = alone && *at == from;
      path += context_.model.patterns[*at].name + " -> ";
      context_.model.patterns[*at].broken = true;
    }
    const std::string& name = context_.model.patterns[from].name;
    Diagnostic diagnostic =
        error("F102", use,
              alone ? "pattern " + ticked(name) + " uses itself" : "patterns use one another");
    diagnostic.notes.push_back(path + name);
    diagnostic.helps.push_back({"`loop … max N` does a thing again, with a bound", {}, false});
    context_.sink.add(std::move(diagnostic));
  }

  Context& context_;
  std::set<std::size_t> seen_;
  std::vector<std::size_t> open_;
  std::set<std::pair<std::size_t, std::size_t>> said_;
};

bool is_bounded(FlowNames& names, const ast::Assignment& assignment) {
  std::size_t depth = 0;
  for (const FlowNames* at = &names; at->outer != nullptr; at = at->outer)
    ++depth;
  FlowNames& root = names.outermost();
  if (depth < kDeepest && names.flow.steps.size() < kMostSteps && root.uses < kMostSteps) {
    ++root.uses;
    return true;
  }
  // Said once: what is too much stays too much.
  if (root.uses <= kMostSteps) {
    root.uses = kMostSteps + 1;
    names.context.sink.add(error(
        "F202", assignment.value.atoms.front().span,
        depth < kDeepest ? "with all patterns written out the flow has more than " +
                               std::to_string(kMostSteps) + " steps"
                         : "patterns are used more than " + std::to_string(kDeepest) + " deep"));
  }
  return false;
}

}  // namespace

Pattern read_pattern(Context& context, const ast::Block& block) {
  Pattern pattern;
  pattern.name = block.names.front().text;
  pattern.name_span = block.names.front().span;
  pattern.doc = block.doc;
  read_parameters(context, block, pattern);
  bool empty = true;
  for (const ast::Body::Item& item : block.body.items) {
    if (!item.assignment) {
      say_misplaced(context, item, "pattern");
      pattern.broken = true;
    } else if (item.assignment->key.text == "accept") {
      Diagnostic diagnostic =
          error("F104", item.assignment->key.span, "a pattern has no `accept` of its own");
      diagnostic.helps.push_back(
          {"set it on the flow that uses the pattern, or on its agents", {}, false});
      context.sink.add(std::move(diagnostic));
      pattern.broken = true;
    } else {
      check_statement(context, *item.assignment, pattern);
      empty = false;
    }
  }
  if (empty && !pattern.broken && block.has_body) {
    context.sink.add(
        error("F108", pattern.name_span, "pattern " + ticked(pattern.name) + " has no step"));
  }
  pattern.broken = pattern.broken || empty;
  return pattern;
}

void refuse_recursion(Context& context, const std::vector<std::size_t>& patterns) {
  Recursion recursion(context);
  for (const std::size_t index : patterns)
    recursion.visit(index);
}

std::optional<std::size_t> used_pattern(FlowNames& names, const ast::Assignment& assignment) {
  const std::vector<ast::Atom>& atoms = assignment.value.atoms;
  if (assignment.add || atoms.empty() || atoms.front().kind != Kind::kCall)
    return std::nullopt;
  const std::vector<ast::Ident>& path = atoms.front().path;
  const Symbol* symbol = names.frame_of(path.front().span).scope.find(path);
  if (symbol == nullptr || symbol->kind != Symbol::Kind::kPattern)
    return std::nullopt;
  names.resolve(path, name_span(atoms.front()), {Symbol::Kind::kPattern});
  return symbol->index;
}

std::shared_ptr<PatternUse> begin_use(FlowNames& names, const ast::Assignment& assignment,
                                      std::size_t pattern) {
  Context& context = names.context;
  const ast::Atom& call = assignment.value.atoms.front();
  if (context.model.patterns[pattern].broken || !is_bounded(names, assignment))
    return nullptr;
  const std::optional<Bindings> bindings = bind(names, call, context.model.patterns[pattern]);
  if (!bindings)
    return nullptr;
  const PatternText& text = context.patterns[pattern];
  // A round of a loop uses it in the same place as the one before.
  const auto [known, fresh] = context.expansions.emplace(
      std::tuple(call.span.source.value, call.span.begin, pattern), SourceId{});
  if (fresh)
    known->second = context.sources.expand(text.block->span.source, name_span(call));
  auto use = std::make_shared<PatternUse>();
  use->body = expand(context, known->second, text.block->body, *bindings);
  use->names = std::make_unique<FlowNames>(FlowNames{context, *text.home, names.flow});
  use->names->outer = &names;
  use->names->source = known->second;
  use->names->place = names.place;
  use->names->place.prefix += assignment.key.text + ".";
  use->begin = names.flow.steps.size();
  std::map<std::string, Span> seen;
  for (const ast::Body::Item& item : use->body->items) {
    const ast::Ident& name = item.assignment->key;
    const auto [first, is_new] = seen.emplace(name.text, name.span);
    if (is_new)
      check_step_name(*use->names, name);
    else
      say_set_twice(*use->names, name, first->second);
    use->statements.push_back(declare_statement(*use->names, *item.assignment));
    if (is_new)
      bind_statement(*use->names, use->statements.back());
  }
  use->end = names.flow.steps.size();
  return use;
}

void read_use(FlowNames& names, const ast::Assignment& assignment, PatternUse& use) {
  const std::size_t begin = names.flow.steps.size();
  for (const Statement& statement : use.statements) {
    read_statement(*use.names, statement);
    if (statement.use)
      bind_statement(*use.names, statement);
  }
  const std::size_t end = names.flow.steps.size();
  names.gated.insert(names.gated.end(), use.names->gated.begin(), use.names->gated.end());

  Reader reader(names.context.sink, assignment.value, want_of(assignment));
  if (reader.at_end())
    return;
  const Span call = name_span(reader.next());
  Step waits;
  if (!reader.at_end() && is_word(reader.peek(), "after")) {
    const Want want{"`after`", reader.next().span};
    read_after(names, reader, want, waits);
  }
  if (!reader.at_end() && is_word(reader.peek())) {
    Diagnostic diagnostic =
        error("F104", reader.peek().span,
              "the use of a pattern has no clause " + ticked(reader.peek().text));
    diagnostic.secondary.push_back({call, "used here"});
    diagnostic.notes.push_back("it may say `after`, once; the other clauses belong to its steps");
    names.context.sink.add(std::move(diagnostic));
    reader.give_up();
  }
  reader.finish();
  if (!waits.after.empty())
    names.gated.push_back({{{use.begin, use.end}, {begin, end}}, waits.after});
  if (waits.trusts || reader.failed()) {
    for (std::size_t i = use.begin; i < use.end; ++i)
      names.flow.steps[i].trusts = true;
  }
}

}  // namespace fleet::sema
