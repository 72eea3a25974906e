#include "dsl/lower/duty.h"

namespace fleet::lower {
namespace {

bool works_unasked(const sema::Agent& agent) {
  return !agent.is_role && !agent.imported && !agent.broken && agent.contract.dispatch &&
         agent.contract.dispatch->value.mode != plan::Dispatch::kEphemeral;
}

// `NAME = NAME(task)`, as if a flow said so.
sema::Flow flow_of(const sema::Agent& agent, std::size_t index, bool escalates) {
  sema::Flow flow;
  flow.name = agent.name;
  flow.name_span = agent.name_span;
  flow.span = agent.name_span;
  flow.parameters.push_back({kTaskParameter, agent.name_span});
  sema::Step step;
  step.name = agent.name;
  step.name_span = agent.name_span;
  step.span = agent.name_span;
  step.head = agent.name_span;
  step.agents.push_back({index, agent.name_span});
  sema::Argument task;
  task.text.pieces.push_back({true, kTaskParameter, agent.name_span});
  task.text.span = agent.name_span;
  step.arguments.push_back(std::move(task));
  step.otherwise = escalates ? plan::Otherwise::kEscalate : plan::Otherwise::kFail;
  flow.steps.push_back(std::move(step));
  return flow;
}

}  // namespace

std::vector<Duty> duties_of(const sema::Model& model) {
  std::vector<Duty> duties;
  for (std::size_t i = 0; i < model.flows.size(); ++i)
    if (model.flows[i].on)
      duties.push_back({model.flows[i].name, true, i});
  for (std::size_t i = 0; i < model.agents.size(); ++i)
    if (works_unasked(model.agents[i]))
      duties.push_back({model.agents[i].name, false, i});
  return duties;
}

plan::Plan lower_duty(const SourceMap& sources, const sema::Model& model, const Duty& duty,
                      bool escalates, const LowerOptions& options) {
  if (duty.is_flow)
    return lower(sources, model, model.flows[duty.index], options);
  return lower(sources, model, flow_of(model.agents[duty.index], duty.index, escalates), options);
}

}  // namespace fleet::lower
