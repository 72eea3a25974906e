// F701 among agents that events wake: a circle in which each wakes the next never ends.
#include <algorithm>
#include <utility>

#include "dsl/checks/checks.h"
#include "dsl/lower/dag.h"
#include "dsl/sema/report.h"

namespace fleet::checks {
namespace {

using plan::Event;
using sema::ticked;

const Event* event_of(const sema::Agent& agent) {
  const auto& dispatch = agent.contract.dispatch;
  return dispatch && dispatch->value.on ? &*dispatch->value.on : nullptr;
}

// Whether what `agent` does raises the event.
bool raises(const sema::Agent& agent, const Event& event) {
  switch (event.kind) {
    case Event::Kind::kPrOpened:
    case Event::Kind::kPrUpdated: return agent.writes();
    case Event::Kind::kFinding: return agent.gives_verdicts();
    case Event::Kind::kTask:
    case Event::Kind::kMessage:
    case Event::Kind::kFile: return false;
  }
  return false;
}

std::string awaited(const Event& event) {
  switch (event.kind) {
    case Event::Kind::kPrOpened: return "`pr.opened`";
    case Event::Kind::kPrUpdated: return "`pr.updated`";
    default: return "`finding." + event.name + "`";
  }
}

void say_cycle(Subject& subject, const std::vector<const sema::Agent*>& cycle) {
  std::string path;
  std::vector<Label> labels;
  for (const sema::Agent* agent : cycle) {
    path += agent->name + " -> ";
    labels.push_back({agent->contract.dispatch->span,
                      ticked(agent->name) + " wakes on " + awaited(*event_of(*agent))});
  }
  Diagnostic diagnostic = sema::error("F701", labels.front().span,
                                      "agents wake one another without end", labels.front().text);
  diagnostic.secondary.assign(labels.begin() + 1, labels.end());
  diagnostic.notes.push_back("the work of each wakes the next: " + path + cycle.front()->name);
  diagnostic.helps.push_back(
      {"have a flow do it, where `loop … max N` bounds the rounds", {}, false});
  subject.sink.add(std::move(diagnostic));
}

}  // namespace

void check_triggers(Subject& subject) {
  std::vector<const sema::Agent*> woken;
  for (const sema::Agent& agent : subject.model.agents) {
    const bool declared = !agent.is_role && !agent.imported && !agent.broken;
    if (declared && event_of(agent) != nullptr)
      woken.push_back(&agent);
  }
  std::vector<lower::Arc> arcs;
  for (std::size_t from = 0; from < woken.size(); ++from) {
    for (std::size_t to = 0; to < woken.size(); ++to) {
      if (raises(*woken[from], *event_of(*woken[to])))
        arcs.push_back({from, to});
    }
  }
  for (const std::vector<std::size_t>& cycle : lower::find_cycles(woken.size(), arcs)) {
    std::vector<const sema::Agent*> agents;
    for (const std::size_t index : cycle)
      agents.push_back(woken[index]);
    say_cycle(subject, agents);
  }
}

}  // namespace fleet::checks
