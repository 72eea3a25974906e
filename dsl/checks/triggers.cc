// F701 among agents that events wake: a circle in which each wakes the next never ends. F708: an
// event that a flow takes wakes nobody else, and starts no other flow.
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

std::string quoted(const Event& event) {
  switch (event.kind) {
    case Event::Kind::kTask: return "`task." + event.name + "`";
    case Event::Kind::kMessage: return "`message`";
    case Event::Kind::kFile: return "`file(\"" + event.name + "\")`";
    default: return awaited(event);
  }
}

void say_taken(Subject& subject, const sema::Flow& taker, Span at, const std::string& who,
               const std::string& help) {
  const Event& event = taker.on->value;
  Diagnostic diagnostic = sema::error("F708", at, who, "waits for " + quoted(event));
  diagnostic.secondary.push_back(
      {taker.on->span, "flow " + ticked(taker.name) + " takes every " + quoted(event)});
  diagnostic.notes.push_back("an event that a flow takes wakes no one else");
  diagnostic.helps.push_back({help, {}, false});
  subject.sink.add(std::move(diagnostic));
}

const sema::Flow* taker_of(const sema::Model& model, const Event& event) {
  for (const sema::Flow& flow : model.flows) {
    if (flow.on && flow.on->value == event)
      return &flow;
  }
  return nullptr;
}

}  // namespace

void check_takers(Subject& subject) {
  for (const sema::Flow& flow : subject.model.flows) {
    const sema::Flow* taker = flow.on ? taker_of(subject.model, flow.on->value) : nullptr;
    if (taker != nullptr && taker != &flow)
      say_taken(subject, *taker, flow.on->span, "flow " + ticked(flow.name) + " can never start",
                "wait for another event, or do both in one flow");
  }
  for (const sema::Agent& agent : subject.model.agents) {
    const bool declared = !agent.is_role && !agent.imported && !agent.broken;
    const Event* event = declared ? event_of(agent) : nullptr;
    const sema::Flow* taker = event != nullptr ? taker_of(subject.model, *event) : nullptr;
    if (taker != nullptr)
      say_taken(subject, *taker, agent.contract.dispatch->span,
                "agent " + ticked(agent.name) + " never wakes",
                "leave `dispatch` out, and call it in flow " + ticked(taker->name));
  }
}

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
