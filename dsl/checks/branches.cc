#include "dsl/checks/branches.h"

#include <algorithm>

#include "dsl/schema/schema.h"
#include "dsl/sema/report.h"

namespace fleet::checks {
namespace {

bool has_hole(const sema::Text& text, const std::string& name) {
  return std::ranges::any_of(
      text.pieces, [&](const sema::Piece& piece) { return piece.hole && piece.text == name; });
}

bool has_parameter(const sema::Flow& flow, const std::string& name) {
  return std::ranges::any_of(flow.parameters,
                             [&](const sema::At<std::string>& one) { return one.value == name; });
}

}  // namespace

bool tells_items_apart(const sema::Flow& flow, const sema::Text& branch) {
  // A hole that nothing fills was reported, and may well have been meant as the item.
  const auto misspelt = [&](const sema::Piece& piece) {
    return piece.hole && schema::find_hole(piece.text) == nullptr &&
           !has_parameter(flow, piece.text);
  };
  if (std::ranges::any_of(branch.pieces, misspelt))
    return true;

  return has_hole(branch, "item") || (has_hole(branch, "task") && !has_parameter(flow, "task"));
}

bool has_own_tasks(const sema::Agent& agent) {
  return !agent.is_role && !agent.broken && agent.contract.dispatch &&
         agent.contract.dispatch->value.mode != plan::Dispatch::kEphemeral;
}

sema::Flow standing_flow(const sema::Model& model, const sema::Agent& agent) {
  sema::Flow flow;
  flow.name = agent.name;
  flow.name_span = agent.name_span;
  flow.span = agent.name_span;
  flow.parameters.push_back({"task", agent.name_span});
  sema::Step step;
  step.name = agent.name;
  step.name_span = agent.name_span;
  step.span = agent.name_span;
  step.head = agent.name_span;
  step.agents.push_back({static_cast<std::size_t>(&agent - model.agents.data()), agent.name_span});
  flow.steps.push_back(std::move(step));
  return flow;
}

std::string claim_text(const Claims& claims, const sema::Flow& flow, const Claim& claim,
                       const Witness& witness, const std::string& branch) {
  const std::string values = claims.describe(claim, witness);
  const sema::Step& step = flow.steps[claim.step];
  return (step.name == flow.name && flow.span == step.span ? "agent " : "step ") +
         sema::ticked(step.name) + " claims " + sema::ticked(branch) +
         (values.empty() ? "" : " with " + values);
}

}  // namespace fleet::checks
