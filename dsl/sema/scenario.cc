#include "dsl/sema/scenario.h"

#include <algorithm>
#include <utility>

#include "dsl/sema/assumption.h"
#include "dsl/sema/claim.h"
#include "dsl/sema/report.h"

namespace fleet::sema {
namespace {

// Calls `read` with each element of a list, or with the value itself.
template <class Read>
void each_element(Context& context, const ast::Assignment& assignment, const Read& read) {
  const std::vector<ast::Atom>& atoms = assignment.value.atoms;
  if (atoms.size() != 1 || atoms.front().kind != ast::Atom::Kind::kList) {
    read(assignment.value);
    return;
  }
  for (const ast::Argument& argument : atoms.front().args) {
    if (argument.name) {
      context.sink.add(
          error("F202", argument.name->span, want_of(assignment).who + " has no names"));
    } else {
      read(*argument.value);
    }
  }
}

bool uses_agent(const Model& model, const Flow& flow, const std::string& name) {
  return std::ranges::any_of(flow.steps, [&](const Step& step) {
    return std::ranges::any_of(step.agents, [&](const At<std::size_t>& use) {
      return model.agents[use.value].name == name;
    });
  });
}

// Whether the flow has each step and each agent that the test speaks of.
bool has_all(const Model& model, const Flow& flow, const Test& test) {
  const auto has = [&](const auto& one) {
    return one.step.empty() || !steps_meant(flow, one.step).empty();
  };
  return std::ranges::all_of(test.expect, has) &&
         std::ranges::all_of(test.given, [&](const Test::Assumption& one) {
           const bool agent = one.says.who == plan::Assumption::Who::kAgent;
           return has(one) && (!agent || uses_agent(model, flow, one.says.name));
         });
}

// The flow that has all of them; of several the one called `main`, as `run` takes it.
void choose_flow(Context& context, Test& test) {
  std::vector<std::size_t> fitting;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < context.model.flows.size(); ++i) {
    if (has_all(context.model, context.model.flows[i], test)) {
      fitting.push_back(i);
      names.push_back(context.model.flows[i].name);
    }
  }
  const auto main = std::ranges::find(names, "main");
  if (fitting.size() == 1) {
    test.flow = fitting.front();
  } else if (main != names.end()) {
    test.flow = fitting[static_cast<std::size_t>(main - names.begin())];
  } else if (fitting.empty() && !context.model.flows.empty()) {
    context.sink.add(error("F202", test.name_span,
                           "no flow has all the steps and agents of this test",
                           "a test is of one flow"));
  } else if (!fitting.empty()) {
    Diagnostic diagnostic =
        error("F202", test.name_span, "several flows have the steps and agents of this test",
              "which of them runs?");
    for (std::string& name : names)
      name += "()";
    diagnostic.helps.push_back(
        {"say in `given` which flow runs: " + listed(names, "or"), {}, false});
    context.sink.add(std::move(diagnostic));
  }
}

class TestReader {
 public:
  TestReader(Context& context, Scope& scope, const ast::Block& block)
      : context_(context), scope_(scope), block_(block) {}

  Test read() {
    test_.name = block_.names.front().text;
    test_.name_span = block_.names.front().span;
    const schema::Kind& kind = *schema::find_kind("test");
    walk_keys(context_, kind, block_.body,
              [&](const schema::Key& key, const ast::Assignment& assignment) {
                (key.name == "given" ? given_ : expect_) = &assignment;
              });
    require_keys(context_, kind, block_, {});
    const std::size_t errors = context_.sink.all().size();
    read_flow();
    const bool chosen = test_.flow.has_value();
    const StepNames steps =
        chosen ? StepNames(context_.model.flows[*test_.flow]) : StepNames(context_.model);
    read_elements(steps);
    if (!chosen && context_.sink.all().size() == errors)
      choose_flow(context_, test_);
    return std::move(test_);
  }

 private:
  void read_flow() {
    if (given_ == nullptr)
      return;
    each_element(context_, *given_, [&](const ast::Value& value) {
      if (is_flow_call(scope_, value))
        read_flow_call(context_, scope_, value, test_);
    });
  }

  void read_elements(const StepNames& steps) {
    if (given_ != nullptr) {
      each_element(context_, *given_, [&](const ast::Value& value) {
        if (is_flow_call(scope_, value))
          return;
        Reader reader(context_.sink, value, want_of(*given_));
        if (!reader.failed())
          read_assumption(context_, scope_, steps, reader, value.span, test_);
        reader.finish();
      });
    }
    if (expect_ == nullptr)
      return;
    each_element(context_, *expect_, [&](const ast::Value& value) {
      Reader reader(context_.sink, value, want_of(*expect_));
      if (!reader.failed())
        read_claim(context_, scope_, steps, reader, value.span, test_);
      reader.finish();
    });
  }

  Context& context_;
  Scope& scope_;
  const ast::Block& block_;
  const ast::Assignment* given_ = nullptr;
  const ast::Assignment* expect_ = nullptr;
  Test test_;
};

}  // namespace

Test read_test(Context& context, Scope& scope, const ast::Block& block) {
  return TestReader(context, scope, block).read();
}

}  // namespace fleet::sema
