// F108 of gates, F705, F707: somebody is asked, and can answer.
#include <algorithm>
#include <utility>

#include "dsl/checks/checks.h"
#include "dsl/plan/render.h"
#include "dsl/sema/report.h"

namespace fleet::checks {
namespace {

using sema::StepKind;
using sema::ticked;

void say_no_way(Subject& subject, Span at, const std::string& message, const std::string& label) {
  const sema::Human& human = subject.model.humans.front();
  Diagnostic diagnostic = sema::error("F705", at, message, label);
  diagnostic.secondary.push_back({human.name_span, "the fleet knows a human"});
  diagnostic.helps.push_back(
      {"write `escalation = " + human.name + " within 1h` in the fleet", {}, false});
  subject.sink.add(std::move(diagnostic));
}

void say_no_way(Subject& subject, const sema::Step& step) {
  say_no_way(subject, step.otherwise_span ? *step.otherwise_span : step.head,
             "nothing says which human is asked when " + ticked(step.name) + " is stuck",
             step.otherwise_span ? "escalates to nobody"
                                 : "`else escalate` holds unless it says otherwise");
}

bool knows_way(const sema::Model& model) {
  return model.humans.empty() || !model.fleet || model.fleet->escalation ||
         model.fleet->origins.contains("escalation");
}

// What asks a human without any step of a flow: a hard budget that is spent, and an agent that
// crashed too often.
void check_other_escalations(Subject& subject) {
  const sema::Model& model = subject.model;
  if (knows_way(model))
    return;
  if (model.fleet->budget && model.fleet->budget->value.hard) {
    say_no_way(subject, model.fleet->budget->span,
               "nothing says which human is asked when the budget is spent",
               "`hard` pauses the fleet, and asks");
    return;
  }
  for (const sema::Agent& agent : model.agents) {
    const auto& restart = agent.contract.restart;
    if (agent.is_role || agent.broken || !restart || !restart->value.escalate)
      continue;
    say_no_way(
        subject, restart->span,
        "nothing says which human is asked when " + ticked(agent.name) + " crashes again and again",
        "escalates to nobody");
    return;
  }
}

void check_gate_time(Subject& subject, const sema::Step& step) {
  const sema::Human& human = subject.model.humans[step.human->value];
  if (!step.timeout) {
    Diagnostic diagnostic =
        sema::error("F108", step.head, "the gate " + ticked(step.name) + " has no `timeout`",
                    "could stay open for ever");
    diagnostic.helps.push_back({"write `timeout 24h`, and `else …` for what follows", {}, false});
    subject.sink.add(std::move(diagnostic));
    return;
  }
  if (!human.answers || human.answers->value <= step.timeout->value)
    return;
  Diagnostic diagnostic = sema::warning(
      "F707", step.timeout->span, "the gate closes before " + ticked(human.name) + " can answer",
      "open for " + plan::to_string(step.timeout->value));
  diagnostic.secondary.push_back(
      {human.answers->span, "an answer takes " + plan::to_string(human.answers->value)});
  subject.sink.add(std::move(diagnostic));
}

}  // namespace

void check_humans(Subject& subject) {
  const auto is_unknown = [](const sema::Step& step) {
    return step.broken || step.trusts;
  };
  for (const sema::Flow& flow : subject.model.flows) {
    for (const sema::Step& step : flow.steps) {
      if (!step.broken && step.kind == StepKind::kHuman)
        check_gate_time(subject, step);
    }
    if (knows_way(subject.model) || std::ranges::any_of(flow.steps, is_unknown))
      continue;
    const auto escalates = [](const sema::Step& step) {
      return step.otherwise == plan::Otherwise::kEscalate;
    };
    const auto stuck = std::ranges::find_if(flow.steps, escalates);
    if (stuck != flow.steps.end()) {
      say_no_way(subject, *stuck);
      return;
    }
  }
  check_other_escalations(subject);
}

}  // namespace fleet::checks
