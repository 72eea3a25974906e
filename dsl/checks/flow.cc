// F7xx: waits, outcomes and gates of a flow.
#include <algorithm>
#include <array>
#include <bit>
#include <set>
#include <span>
#include <utility>

#include "dsl/checks/checks.h"
#include "dsl/checks/needs.h"
#include "dsl/checks/outcomes.h"
#include "dsl/lower/dag.h"
#include "dsl/plan/render.h"
#include "dsl/sema/offers.h"
#include "dsl/sema/report.h"
#include "dsl/sema/scenario.h"

namespace fleet::checks {
namespace {

using plan::EdgeKind;
using sema::StepKind;
using sema::ticked;

std::string name_of(const sema::Flow& flow, const sema::Edge& edge) {
  return flow.steps[edge.from].name + "." + plan::to_string(edge.kind);
}

const sema::Edge& edge_between(const sema::Flow& flow, std::size_t from, std::size_t to) {
  return *std::ranges::find(flow.steps[to].after, from, &sema::Edge::from);
}

void say_cycle(Subject& subject, const sema::Flow& flow, const std::vector<std::size_t>& cycle) {
  // Each of the cycle comes before the next: read backwards, each waits for the next.
  std::string path;
  std::vector<Label> labels;
  for (std::size_t i = cycle.size(); i > 0; --i) {
    const std::size_t step = cycle[i % cycle.size()];
    const std::size_t before = cycle[i - 1];
    const sema::Edge& edge = edge_between(flow, before, step);
    labels.push_back(
        {edge.span, ticked(flow.steps[step].name) + " waits for " + ticked(name_of(flow, edge))});
    path += flow.steps[step].name + " -> ";
  }
  path += flow.steps[cycle.front()].name;
  Diagnostic diagnostic = sema::error(
      "F701", labels.front().span,
      cycle.size() == 1 ? "step " + ticked(flow.steps[cycle.front()].name) + " waits for itself"
                        : "steps wait for one another",
      labels.front().text);
  diagnostic.secondary.assign(labels.begin() + 1, labels.end());
  diagnostic.notes.push_back("each waits for the next: " + path);
  subject.sink.add(std::move(diagnostic));
}

std::string why_never(const sema::Step& step, EdgeKind kind) {
  if (kind == EdgeKind::kFailed && step.inner)
    return "inside of a joint a task is skipped when its attempts are spent: the joint fails";
  if (kind == EdgeKind::kFailed)
    return "with `else skip` it is skipped when its attempts are spent, and then has not failed";
  if (kind == EdgeKind::kApproved || kind == EdgeKind::kChangesRequested) {
    return "only a review or a human approves, and `" + step.name + "` is neither";
  }
  if (kind == EdgeKind::kMerged)
    return "only a merge is ever merged";
  if (kind == EdgeKind::kSomeAccepted && step.kind != StepKind::kFanout)
    return "only a fan-out has several results";
  if (step.kind == StepKind::kMerge)
    return "a merge ends merged or failed";
  if (step.kind == StepKind::kLoop)
    return "a loop ends approved, when its `until` holds, or failed";
  return "a review, a human's as well, ends approved or with changes requested";
}

bool is_success(EdgeKind kind) {
  return kind == EdgeKind::kAccepted || kind == EdgeKind::kMerged || kind == EdgeKind::kApproved;
}

// An edge that begins the rounds of the loop that the step is in.
bool is_gate(const sema::Flow& flow, const sema::Step& step, const sema::Edge& edge) {
  return edge.implied && step.loop &&
         std::ranges::any_of(flow.steps[*step.loop].after, [&](const sema::Edge& test) {
           return test.from == edge.from && test.span.begin == edge.span.begin &&
                  test.span.source.value == edge.span.source.value;
         });
}

void check_edge_kinds(Subject& subject, const sema::Flow& flow) {
  for (const sema::Step& step : flow.steps) {
    for (const sema::Edge& edge : step.after) {
      const sema::Step& from = flow.steps[edge.from];
      const bool gate = is_gate(flow, step, edge);
      if ((edge.implied && !gate) || sema::can_fire(subject.model, flow, edge.from, edge.kind))
        continue;
      Diagnostic diagnostic =
          gate ? sema::error(
                     "F708", edge.span,
                     "no round of " + ticked(flow.steps[*step.loop].name) + " can ever begin",
                     "begins when " + ticked(name_of(flow, edge)) + ", which never happens")
               : sema::error("F708", edge.span, "step " + ticked(step.name) + " can never start",
                             ticked(name_of(flow, edge)) + " never happens");
      diagnostic.secondary.push_back({from.head, "step " + ticked(from.name) + " is set here"});
      diagnostic.notes.push_back(why_never(from, edge.kind));
      if (edge.kind == EdgeKind::kFailed && from.otherwise_span) {
        diagnostic.helps.push_back({"write `else fail`", {}, false});
      }
      subject.sink.add(std::move(diagnostic));
    }
  }
}

void say_contradiction(Subject& subject, const sema::Flow& flow, const Needs& needs,
                       std::size_t step, const Needs::Contradiction& found) {
  const std::string of = ticked(flow.steps[found.of].name);
  Diagnostic diagnostic =
      sema::error("F708", flow.steps[step].name_span,
                  "step " + ticked(flow.steps[step].name) + " can never start",
                  found.other == EdgeKind::kFailed ? "needs both outcomes of " + of
                  : found.other == EdgeKind::kDone
                      ? "needs " + of + " to want changes, and not to"
                      : "needs two outcomes of " + of + " that exclude each other");
  for (const EdgeKind kind : {found.one, found.other}) {
    const sema::Edge* edge =
        kind == EdgeKind::kDone ? nullptr : needs.edge_of(step, found.of, kind);
    if (edge != nullptr)
      diagnostic.secondary.push_back({edge->span, "needs " + ticked(name_of(flow, *edge))});
  }
  subject.sink.add(std::move(diagnostic));
}

// An `any` among whose members the step, or a step before it, needs more than the first.
const sema::Step* contested_race(const sema::Flow& flow, const Needs& needs, std::size_t step) {
  const auto is_needed = [&](const sema::At<std::size_t>& one) {
    return one.value == step || needs.has(step, one.value, EdgeKind::kAccepted) ||
           needs.has(step, one.value, EdgeKind::kApproved) ||
           needs.has(step, one.value, EdgeKind::kMerged);
  };
  const auto is_contested_by = [&](const sema::Step& one) {
    return one.kind == StepKind::kAny && std::ranges::count_if(one.members, is_needed) > 1;
  };
  const auto found = std::ranges::find_if(flow.steps, is_contested_by);
  return found == flow.steps.end() ? nullptr : &*found;
}

// No two of its needs exclude each other, and yet no run has all of them.
void say_never_together(Subject& subject, const sema::Flow& flow, const Needs& needs,
                        std::size_t index) {
  const sema::Step& step = flow.steps[index];
  Diagnostic diagnostic =
      sema::error("F708", step.name_span, "step " + ticked(step.name) + " can never start",
                  "no run has all that it waits for");
  for (const sema::Edge& edge : step.after)
    diagnostic.secondary.push_back({edge.span, "needs " + ticked(name_of(flow, edge))});
  if (const sema::Step* race = contested_race(flow, needs, index)) {
    diagnostic.secondary.push_back(
        {race->head, ticked(race->name) + " is over with the first of these that succeeds"});
    diagnostic.notes.push_back("the others are cancelled then: they neither start nor succeed");
  }
  subject.sink.add(std::move(diagnostic));
}

// Whether two different outcomes of some step are needed, or only the first of several succeeds:
// only then can needs exclude each other, and only then are they worth the square of the flow.
bool is_contested(const sema::Flow& flow) {
  std::vector<std::optional<EdgeKind>> needed(flow.steps.size());
  for (const sema::Step& step : flow.steps) {
    if (step.kind == StepKind::kAny)
      return true;
    for (const sema::Edge& edge : step.after) {
      if (edge.kind == EdgeKind::kDone)
        continue;
      if (sema::is_joint(flow.steps[edge.from].kind) ||
          needed[edge.from].value_or(edge.kind) != edge.kind)
        return true;
      needed[edge.from] = edge.kind;
    }
  }
  return false;
}

// The steps that can't start, and the joints whose outcome that decides.
std::vector<bool> spread(const sema::Flow& flow, std::vector<bool> stuck) {
  for (const std::size_t index : lower::topological_order(flow.steps.size(), arcs_of(flow))) {
    const sema::Step& step = flow.steps[index];
    const auto is_stuck = [&](const sema::Edge& edge) {
      return stuck[edge.from];
    };
    if (sema::is_joint(step.kind) && std::ranges::any_of(step.after, is_stuck))
      stuck[index] = true;
  }
  return stuck;
}

void check_contradictions(Subject& subject, const sema::Flow& flow) {
  if (!is_contested(flow) || !lower::find_cycles(flow.steps.size(), arcs_of(flow)).empty())
    return;
  const Needs needs(flow, asks_human(subject.model));
  Outcomes outcomes(subject.model, flow, needs);
  std::vector<bool> never(flow.steps.size());
  for (std::size_t i = 0; i < flow.steps.size(); ++i)
    never[i] = !outcomes.can_start(i);
  const std::vector<bool> stuck = spread(flow, never);
  for (std::size_t i = 0; i < flow.steps.size(); ++i) {
    // What only follows from an unreachable step was said there.
    const auto follows = [&](const sema::Edge& edge) {
      return stuck[edge.from];
    };
    const bool impossible = std::ranges::any_of(flow.steps[i].after, [&](const sema::Edge& edge) {
      return !sema::can_fire(subject.model, flow, edge.from, edge.kind);
    });
    if (!never[i] || impossible || std::ranges::any_of(flow.steps[i].after, follows))
      continue;
    if (const auto found = needs.contradiction(i))
      say_contradiction(subject, flow, needs, i, *found);
    else
      say_never_together(subject, flow, needs, i);
  }
}

// Only a merge makes the branch that a flow's `accept` judges. A step that was not understood may
// be one.
void check_flow_accept(Subject& subject, const sema::Flow& flow) {
  const auto may_merge = [](const sema::Step& step) {
    return step.broken || step.kind == StepKind::kMerge;
  };
  if (!flow.accept || flow.steps.empty() || std::ranges::any_of(flow.steps, may_merge))
    return;
  Diagnostic diagnostic = sema::error(
      "F708", flow.accept->span,
      "`accept` of flow " + ticked(flow.name) + " can never fire: the flow has no merge",
      "judges the branch that a merge makes");
  diagnostic.helps.push_back(
      {"put it on the role, where it judges each task, or gather with `repo.merge`", {}, false});
  subject.sink.add(std::move(diagnostic));
}

// Gathering into a branch of the fleet's own takes what was accepted, not what merely ended.
void check_gathered(Subject& subject, const sema::Flow& flow, const sema::Step& step) {
  for (const sema::At<std::size_t>& from : step.merge.from) {
    const sema::Edge* weak = nullptr;
    for (const sema::Edge& edge : step.after) {
      if (edge.from != from.value || edge.implied)
        continue;
      if (edge.kind == EdgeKind::kDone && weak == nullptr)
        weak = &edge;
      if (is_success(edge.kind) || edge.kind == EdgeKind::kSomeAccepted)
        weak = nullptr;
      if (is_success(edge.kind) || edge.kind == EdgeKind::kSomeAccepted)
        break;
    }
    if (weak == nullptr)
      continue;
    const std::string name = flow.steps[from.value].name;
    Diagnostic diagnostic =
        sema::error("F703", weak->span, "a merge takes what was accepted, not what is merely done",
                    ticked(name_of(flow, *weak)) + " fires for failures too");
    diagnostic.secondary.push_back({from.span, "merged here"});
    Help help{"wait for `" + name + ".accepted`", {{weak->span, name + ".accepted"}}, true};
    diagnostic.helps.push_back(std::move(help));
    subject.sink.add(std::move(diagnostic));
  }
}

// The steps whose work the flow's `accept` judges: what its merges take. A step that was not
// understood may be a merge.
std::vector<bool> judged_by_flow(const sema::Flow& flow) {
  const bool trusted = std::ranges::any_of(flow.steps, &sema::Step::broken);
  std::vector<bool> judged(flow.steps.size(), trusted);
  if (!flow.accept || flow.accept->value.empty())
    return judged;
  for (const sema::Step& step : flow.steps) {
    for (const sema::At<std::size_t>& from : step.merge.from)
      judged[from.value] = true;
  }
  return judged;
}

void say_unjudged(Subject& subject, const sema::Agent& agent, const sema::At<std::size_t>& use) {
  Diagnostic diagnostic =
      sema::error("F709", use.span, "nothing judges the work of " + ticked(agent.name),
                  "its tasks write, and have no `accept`");
  diagnostic.secondary.push_back({agent.contract.writes->span, "writes here"});
  diagnostic.helps.push_back(
      {"give it `accept = [\"command\" passes]`, which is run again on what it commits",
       {},
       false});
  subject.sink.add(std::move(diagnostic));
}

}  // namespace

void check_runtimes(Subject& subject) {
  std::set<std::size_t> seen;
  for (const sema::Flow& flow : subject.model.flows) {
    for (const sema::Step& step : flow.steps) {
      for (const sema::At<std::size_t>& use : step.agents) {
        const sema::Agent& agent = subject.model.agents[use.value];
        const sema::Contract& contract = agent.contract;
        const bool known = contract.runtime || contract.broken.contains("runtime") || agent.broken;
        if (known || !seen.insert(use.value).second)
          continue;
        Diagnostic diagnostic = sema::error(
            "F108", use.span, ticked(agent.name) + " has no `runtime`", "can't be started");
        diagnostic.secondary.push_back({agent.name_span, "declared here"});
        diagnostic.helps.push_back(
            {"write `defaults { runtime = … }`, or set it on an agent of your own", {}, false});
        subject.sink.add(std::move(diagnostic));
      }
    }
  }
}

void check_cycles(Subject& subject) {
  for (const sema::Flow& flow : subject.model.flows) {
    for (const std::vector<std::size_t>& cycle :
         lower::find_cycles(flow.steps.size(), arcs_of(flow))) {
      say_cycle(subject, flow, cycle);
    }
  }
}

void check_merge_edges(Subject& subject) {
  for (const sema::Flow& flow : subject.model.flows) {
    for (std::size_t i = 0; i < flow.steps.size(); ++i) {
      const sema::Step& step = flow.steps[i];
      if (step.broken || step.trusts || step.kind != StepKind::kMerge)
        continue;
      const auto gate = [&](const sema::Edge& edge) {
        return flow.steps[edge.from].broken || edge.kind == EdgeKind::kApproved;
      };
      if (!is_into_base(subject.model, flow, i) && std::ranges::none_of(step.after, gate))
        check_gathered(subject, flow, step);
    }
  }
}

void check_reachable(Subject& subject) {
  for (const sema::Flow& flow : subject.model.flows) {
    check_edge_kinds(subject, flow);
    check_contradictions(subject, flow);
    check_flow_accept(subject, flow);
  }
}

namespace {

// What a test claims of an outcome that no run has: it fails whatever happens, or proves nothing.
void check_claim(Subject& subject, const sema::Flow& flow, const sema::Test::Claim& claim) {
  const EdgeKind kind = claim.says.edge;
  const std::vector<std::size_t> meant = sema::steps_meant(flow, claim.step);
  const auto can = [&](std::size_t step) {
    return sema::can_fire(subject.model, flow, step, kind);
  };
  if (meant.empty() || std::ranges::any_of(meant, can))
    return;
  const sema::Step& step = flow.steps[meant.front()];
  const std::string edge = ticked(claim.step + "." + plan::to_string(kind));
  Diagnostic diagnostic =
      claim.says.never
          ? sema::error("F708", claim.span, "this claim can't fail", edge + " never happens")
          : sema::error("F708", claim.span, "this claim can't hold", edge + " never happens");
  diagnostic.secondary.push_back({step.head, "step " + ticked(step.name) + " is set here"});
  diagnostic.notes.push_back(why_never(step, kind));
  subject.sink.add(std::move(diagnostic));
}

}  // namespace

void check_expectations(Subject& subject) {
  for (const sema::Test& test : subject.model.tests) {
    for (const sema::Test::Claim& claim : test.expect) {
      if (test.flow && claim.says.about == plan::Claim::About::kFires)
        check_claim(subject, subject.model.flows[*test.flow], claim);
    }
  }
}

void check_acceptance(Subject& subject) {
  std::set<std::size_t> seen;
  // What an agent does of its own accord no flow judges.
  for (std::size_t i = 0; i < subject.model.agents.size(); ++i) {
    const sema::Agent& agent = subject.model.agents[i];
    const sema::Contract& contract = agent.contract;
    const bool alone = !agent.is_role && !agent.imported && contract.dispatch &&
                       contract.dispatch->value.mode != plan::Dispatch::kEphemeral;
    const bool judged = (contract.accept && !contract.accept->value.empty()) ||
                        contract.broken.contains("accept") || agent.broken;
    if (!alone || !agent.writes() || judged || agent.gives_verdicts())
      continue;
    seen.insert(i);
    say_unjudged(subject, agent, {i, agent.name_span});
  }
  for (const sema::Flow& flow : subject.model.flows) {
    const std::vector<bool> judged_steps = judged_by_flow(flow);
    for (std::size_t i = 0; i < flow.steps.size(); ++i) {
      if (judged_steps[i])
        continue;
      for (const sema::At<std::size_t>& use : flow.steps[i].agents) {
        const sema::Agent& agent = subject.model.agents[use.value];
        const sema::Contract& contract = agent.contract;
        const bool writes = contract.writes && !contract.writes->value.none;
        const bool judged = (contract.accept && !contract.accept->value.empty()) ||
                            contract.broken.contains("accept") || agent.broken;
        if (!writes || judged || agent.gives_verdicts() || !seen.insert(use.value).second)
          continue;
        say_unjudged(subject, agent, use);
      }
    }
  }
}

}  // namespace fleet::checks
