// F702: who waits for a place that nobody ever gives back. A task gives its place back when it ends,
// and holds none while it waits for another step, a gate or an escalation; so only agents that are
// always on hold theirs for ever, and a fleet is stuck exactly when these leave no place to one that
// needs it.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "dsl/checks/checks.h"
#include "dsl/sema/report.h"

namespace fleet::checks {
namespace {

using sema::ticked;

bool is_declared(const sema::Agent& agent) {
  return !agent.is_role && !agent.imported && !agent.broken;
}

bool is_standing(const sema::Agent& agent) {
  return is_declared(agent) && agent.contract.dispatch &&
         agent.contract.dispatch->value.mode == plan::Dispatch::kAlways;
}

// Something that can't begin without a further place.
struct Need {
  Span span;
  std::string text;
};

std::optional<Need> need_of(const sema::Model& model, const sema::Step& step) {
  const auto has_place = [&](const sema::At<std::size_t>& use) {
    const sema::Agent& agent = model.agents[use.value];
    return agent.broken || agent.contract.broken.contains("dispatch") || is_standing(agent);
  };
  if (step.broken || step.agents.empty() || std::ranges::any_of(step.agents, has_place))
    return std::nullopt;
  return Need{step.agents.front().span, "step " + ticked(step.name) + " needs a place for " +
                                            ticked(model.agents[step.agents.front().value].name)};
}

std::optional<Need> need_of(const sema::Agent& agent) {
  if (!is_declared(agent) || !agent.contract.dispatch)
    return std::nullopt;
  const sema::At<sema::Dispatch>& dispatch = *agent.contract.dispatch;
  if (dispatch.value.mode != plan::Dispatch::kOn && dispatch.value.mode != plan::Dispatch::kEvery)
    return std::nullopt;
  return Need{dispatch.span, ticked(agent.name) + " needs a place when it wakes"};
}

// The first that there is.
std::optional<Need> find_need(const sema::Model& model) {
  for (const sema::Flow& flow : model.flows) {
    for (const sema::Step& step : flow.steps) {
      if (const auto need = need_of(model, step))
        return need;
    }
  }
  for (const sema::Agent& agent : model.agents) {
    if (const auto need = need_of(agent))
      return need;
  }
  return std::nullopt;
}

}  // namespace

void check_capacity(Subject& subject) {
  const sema::Model& model = subject.model;
  if (!model.fleet || !model.fleet->limits.sessions || !model.fleet->limits_span)
    return;
  const std::size_t places = *model.fleet->limits.sessions;
  std::vector<const sema::Agent*> standing;
  for (const sema::Agent& agent : model.agents) {
    if (is_standing(agent))
      standing.push_back(&agent);
  }
  std::optional<Need> need;
  if (standing.size() == places)
    need = find_need(model);
  else if (standing.size() > places)
    need = Need{standing[places]->contract.dispatch->span,
                ticked(standing[places]->name) + " needs one as well"};
  if (!need)
    return;
  const std::string sessions = std::to_string(places) + (places == 1 ? " place" : " places");
  Diagnostic diagnostic =
      sema::error("F702", *model.fleet->limits_span,
                  "agents that are always on leave no place to what else has to run",
                  "there are " + sessions + ", each of one session");
  if (places == 1)
    diagnostic.primary.text = "there is one place, of one session";
  constexpr std::size_t kMostShown = 4;
  for (std::size_t i = 0; i < std::min({places, standing.size(), kMostShown}); ++i) {
    diagnostic.secondary.push_back({standing[i]->contract.dispatch->span,
                                    ticked(standing[i]->name) + " holds a place and never ends"});
  }
  diagnostic.secondary.push_back({need->span, need->text});
  const std::size_t enough = std::max(standing.size() + (standing.size() == places ? 1 : 0), places + 1);
  diagnostic.notes.push_back("a place is given back when its session ends: this waits for ever");
  diagnostic.helps.push_back(
      {"write `sessions " + std::to_string(enough) + "` or more, or wake one of them `on` an event",
       {},
       false});
  subject.sink.add(std::move(diagnostic));
}

}  // namespace fleet::checks
