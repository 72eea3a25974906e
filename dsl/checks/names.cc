// F105: what is declared and never used.
#include <algorithm>
#include <functional>

#include "dsl/checks/checks.h"
#include "dsl/sema/report.h"

namespace fleet::checks {
namespace {

using sema::ticked;

bool mentions(const sema::Text& text, const std::string& name) {
  return std::ranges::any_of(
      text.pieces, [&](const sema::Piece& piece) { return piece.hole && piece.text == name; });
}

bool mentions(const std::vector<sema::Acceptance>& accept, const std::string& name) {
  return std::ranges::any_of(accept, [&](const sema::Acceptance& one) {
    const bool criteria = one.kind == plan::Acceptance::Kind::kCriteria && name == "task";
    return criteria || mentions(one.command, name);
  });
}

bool agent_mentions(const sema::Model& model, const sema::Agent& agent, const std::string& name) {
  const sema::Contract& contract = agent.contract;
  if (contract.writes && mentions(contract.writes->value.branch, name))
    return true;
  if (contract.accept && mentions(contract.accept->value, name))
    return true;
  return contract.runtime && mentions(model.runtimes[contract.runtime->value].command, name);
}

bool step_mentions(const sema::Model& model, const sema::Step& step, const std::string& name) {
  if (mentions(step.command, name) || mentions(step.fanout.source.command, name))
    return true;
  if (step.merge.into && mentions(*step.merge.into, name))
    return true;
  const auto in_argument = [&](const sema::Argument& one) {
    return mentions(one.text, name);
  };
  if (std::ranges::any_of(step.arguments, in_argument))
    return true;
  return std::ranges::any_of(step.agents, [&](const sema::At<std::size_t>& use) {
    return agent_mentions(model, model.agents[use.value], name);
  });
}

// An agent that is always on, or that the clock or an event wakes, needs nobody to call it.
bool stands_by_itself(const sema::Model& model, const sema::Unused& unused) {
  return std::ranges::any_of(model.agents, [&](const sema::Agent& agent) {
    return agent.name_span == unused.span && agent.contract.dispatch &&
           agent.contract.dispatch->value.mode != plan::Dispatch::kEphemeral;
  });
}

void say_unused(Subject& subject, const sema::Unused& unused) {
  Diagnostic diagnostic = sema::warning("F105", unused.span,
                                        unused.what + " " + ticked(unused.name) + " is never used");
  subject.sink.add(std::move(diagnostic));
}

}  // namespace

void check_unused(Subject& subject) {
  if (subject.sink.has_errors())
    return;
  for (const sema::Unused& unused : subject.model.unused) {
    if (!stands_by_itself(subject.model, unused))
      say_unused(subject, unused);
  }
  for (const sema::Flow& flow : subject.model.flows) {
    for (const sema::At<std::string>& parameter : flow.parameters) {
      const bool in_accept = flow.accept && mentions(flow.accept->value, parameter.value);
      const auto in_step = [&](const sema::Step& step) {
        return step_mentions(subject.model, step, parameter.value);
      };
      if (in_accept || std::ranges::any_of(flow.steps, in_step))
        continue;
      say_unused(subject, {"parameter", parameter.value, parameter.span});
    }
  }
}

}  // namespace fleet::checks
