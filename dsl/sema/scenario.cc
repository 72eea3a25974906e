#include "dsl/sema/scenario.h"

#include <algorithm>
#include <utility>

#include "dsl/sema/report.h"
#include "dsl/sema/steps.h"

namespace fleet::sema {
namespace {

using Kind = ast::Atom::Kind;

// Calls `read` with a reader for each element of a list, or for the value itself.
template <class Read>
void each_element(Context& context, const ast::Assignment& assignment, const Read& read) {
  const Want want = want_of(assignment);
  const std::vector<ast::Atom>& atoms = assignment.value.atoms;
  const auto read_one = [&](const ast::Value& value) {
    Reader reader(context.sink, value, want);
    if (!reader.failed())
      read(reader, value.span);
    reader.finish();
  };
  if (atoms.size() != 1 || atoms.front().kind != Kind::kList) {
    read_one(assignment.value);
    return;
  }
  for (const ast::Argument& argument : atoms.front().args) {
    if (argument.name) {
      context.sink.add(error("F202", argument.name->span, want.who + " has no names"));
    } else {
      read_one(*argument.value);
    }
  }
}

// What may be assumed of an agent, or of a human.
std::optional<std::string> read_behaviour(Reader& reader, bool human) {
  if (reader.take_word("fails"))
    return "fails";
  if (human && reader.take_word("approves"))
    return "approves";
  if (human && reader.take_word("rejects"))
    return "rejects";
  if (!human && reader.take_word("returns")) {
    for (const char* const outcome : {"done", "approved", "changes_requested"}) {
      if (reader.take_word(outcome))
        return std::string("returns ") + outcome;
    }
    reader.fail({"`returns`", reader.want().span}, "`done`, `approved` or `changes_requested`");
    return std::nullopt;
  }
  reader.fail(reader.want(), human ? "`approves`, `rejects` or `fails`"
                                   : "`returns OUTCOME` or `fails` after the agent");
  return std::nullopt;
}

void read_given(Context& context, Scope& scope, Reader& reader, Span span, Test& test) {
  if (!reader.next_is(Kind::kName)) {
    reader.fail(reader.want(), "an assumption, such as `review returns changes_requested`");
    return;
  }
  const ast::Atom& who = reader.next();
  const Symbol* symbol =
      scope.resolve(context, who.path, who.span,
                    {Symbol::Kind::kAgent, Symbol::Kind::kRole, Symbol::Kind::kHuman});
  if (symbol == nullptr) {
    reader.give_up();
    return;
  }
  if (auto what = read_behaviour(reader, symbol->kind == Symbol::Kind::kHuman))
    test.given.push_back({who.text, *std::move(what), span});
}

// A step by the name that its flow, the body of a loop or a pattern gives it; the use of a pattern.
bool is_step(const Model& model, const std::string& name) {
  return std::ranges::any_of(model.flows, [&](const Flow& flow) {
    return std::ranges::any_of(flow.steps, [&](const Step& step) {
      return step.name == name || step.name.ends_with("." + name) ||
             step.name.starts_with(name + ".");
    });
  });
}

std::vector<std::string> step_names(const Model& model) {
  std::vector<std::string> names;
  for (const Flow& flow : model.flows) {
    for (const Step& step : flow.steps) {
      if (step.round == 0 && !step.inner)
        names.push_back(step.name);
    }
  }
  return names;
}

void read_claim(Context& context, Reader& reader, Span span, Test& test) {
  Test::Claim claim;
  claim.span = span;
  claim.never = reader.take_word("never");
  if (!reader.next_is(Kind::kName)) {
    reader.fail(reader.want(), "`never STEP` or `STEP.EDGE`");
    return;
  }
  const ast::Atom& atom = reader.next();
  const ast::Ident& step = atom.path.front();
  claim.step = step.text;
  if (!is_step(context.model, step.text)) {
    context.sink.add(unknown("F101", step.span, "step", step.text, step_names(context.model)));
    reader.give_up();
    return;
  }
  std::size_t used = 1;
  while (used < atom.path.size() && is_step(context.model, claim.step + "." + atom.path[used].text))
    claim.step += "." + atom.path[used++].text;
  if (atom.path.size() == used + 1 && edge_kind(atom.path.back().text)) {
    claim.edge = atom.path.back().text;
  } else if (atom.path.size() != used) {
    context.sink.add(
        unknown("F101", atom.path.back().span, "edge", atom.path.back().text, edge_names()));
    reader.give_up();
    return;
  }
  test.expect.push_back(std::move(claim));
}

}  // namespace

Test read_test(Context& context, Scope& scope, const ast::Block& block) {
  Test test;
  test.name = block.names.front().text;
  test.name_span = block.names.front().span;
  const schema::Kind& kind = *schema::find_kind("test");
  walk_keys(context, kind, block.body,
            [&](const schema::Key& key, const ast::Assignment& assignment) {
              each_element(context, assignment, [&](Reader& reader, Span span) {
                if (key.name == "given")
                  read_given(context, scope, reader, span, test);
                if (key.name == "expect")
                  read_claim(context, reader, span, test);
              });
            });
  require_keys(context, kind, block, {});
  return test;
}

}  // namespace fleet::sema
