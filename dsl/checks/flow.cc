// F7xx: waits, outcomes and gates of a flow.
#include <algorithm>
#include <set>
#include <utility>

#include "dsl/checks/checks.h"
#include "dsl/lower/dag.h"
#include "dsl/plan/render.h"
#include "dsl/sema/report.h"

namespace fleet::checks {
namespace {

using plan::EdgeKind;
using sema::StepKind;
using sema::ticked;

std::string name_of(const sema::Flow& flow, const sema::Edge& edge) {
  return flow.steps[edge.from].name + "." + plan::to_string(edge.kind);
}

std::vector<lower::Arc> arcs_of(const sema::Flow& flow) {
  std::vector<lower::Arc> arcs;
  for (std::size_t i = 0; i < flow.steps.size(); ++i) {
    for (const sema::Edge& edge : flow.steps[i].after)
      arcs.push_back({edge.from, i});
  }
  return arcs;
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

// Whether a step of this kind can ever have this outcome.
bool can_fire(const sema::Step& step, EdgeKind kind) {
  if (step.broken)
    return true;
  switch (kind) {
    case EdgeKind::kDone:
    case EdgeKind::kFailed: return true;
    case EdgeKind::kAccepted: return step.kind != StepKind::kMerge;
    case EdgeKind::kSomeAccepted: return step.kind == StepKind::kFanout;
    case EdgeKind::kMerged: return step.kind == StepKind::kMerge;
    case EdgeKind::kApproved:
    case EdgeKind::kChangesRequested: return false;
  }
  return true;
}

std::string why_never(const sema::Step& step, EdgeKind kind) {
  if (kind == EdgeKind::kApproved || kind == EdgeKind::kChangesRequested) {
    return "only a review or a human approves, and `" + step.name + "` is neither";
  }
  if (kind == EdgeKind::kMerged)
    return "only a merge is ever merged";
  if (kind == EdgeKind::kSomeAccepted)
    return "only a fan-out has several results";
  return "a merge ends merged or failed";
}

bool is_success(EdgeKind kind) {
  return kind == EdgeKind::kAccepted || kind == EdgeKind::kMerged || kind == EdgeKind::kApproved;
}

void check_edge_kinds(Subject& subject, const sema::Flow& flow) {
  for (const sema::Step& step : flow.steps) {
    for (const sema::Edge& edge : step.after) {
      const sema::Step& from = flow.steps[edge.from];
      if (edge.implied || can_fire(from, edge.kind))
        continue;
      Diagnostic diagnostic =
          sema::error("F708", edge.span, "step " + ticked(step.name) + " can never start",
                      ticked(name_of(flow, edge)) + " never happens");
      diagnostic.secondary.push_back({from.head, "step " + ticked(from.name) + " is set here"});
      diagnostic.notes.push_back(why_never(from, edge.kind));
      subject.sink.add(std::move(diagnostic));
    }
  }
}

// Everything that must have happened before a step starts: its edges, and theirs.
class Needs {
 public:
  explicit Needs(const sema::Flow& flow) : flow_(flow), needs_(flow.steps.size()) {
    for (const std::size_t step : lower::topological_order(flow.steps.size(), arcs_of(flow))) {
      for (const sema::Edge& edge : flow.steps[step].after) {
        needs_[step].merge(std::map<Fact, const sema::Edge*>(needs_[edge.from]));
        needs_[step].emplace(Fact{edge.from, edge.kind}, &edge);
      }
    }
  }

  // Two facts that exclude each other: a success and a failure of one step.
  std::optional<std::pair<const sema::Edge*, const sema::Edge*>> contradiction(
      std::size_t step) const {
    for (const auto& [fact, edge] : needs_[step]) {
      if (!is_success(fact.second))
        continue;
      const auto failed = needs_[step].find({fact.first, EdgeKind::kFailed});
      if (failed != needs_[step].end())
        return std::pair(edge, failed->second);
    }
    return std::nullopt;
  }

 private:
  using Fact = std::pair<std::size_t, EdgeKind>;
  const sema::Flow& flow_;
  std::vector<std::map<Fact, const sema::Edge*>> needs_;
};

void check_contradictions(Subject& subject, const sema::Flow& flow) {
  if (!lower::find_cycles(flow.steps.size(), arcs_of(flow)).empty())
    return;
  const Needs needs(flow);
  for (std::size_t i = 0; i < flow.steps.size(); ++i) {
    const auto found = needs.contradiction(i);
    if (!found)
      continue;
    // What only follows from an unreachable step was said there.
    const auto unreachable = [&](const sema::Edge& edge) {
      return needs.contradiction(edge.from).has_value();
    };
    if (std::ranges::any_of(flow.steps[i].after, unreachable))
      continue;
    const auto& [success, failure] = *found;
    Diagnostic diagnostic = sema::error(
        "F708", flow.steps[i].name_span, "step " + ticked(flow.steps[i].name) + " can never start",
        "needs both outcomes of " + ticked(flow.steps[success->from].name));
    diagnostic.secondary.push_back({success->span, "needs " + ticked(name_of(flow, *success))});
    diagnostic.secondary.push_back({failure->span, "needs " + ticked(name_of(flow, *failure))});
    subject.sink.add(std::move(diagnostic));
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

// The base, said or meant.
bool is_into_base(const sema::Model& model, const sema::Step& step) {
  if (!step.merge.into)
    return true;
  const bool literal = std::ranges::none_of(step.merge.into->pieces, &sema::Piece::hole);
  return literal && model.fleet && model.fleet->repo &&
         to_string(*step.merge.into) == model.fleet->repo->value.base;
}

void say_ungated(Subject& subject, const sema::Step& step) {
  const std::string base = subject.model.fleet && subject.model.fleet->repo
                               ? subject.model.fleet->repo->value.base
                               : "the base";
  Diagnostic diagnostic =
      sema::error("F704", step.head, "nothing approves what is merged into " + ticked(base),
                  "no gate on the way here");
  diagnostic.notes.push_back(
      "reviews and human gates are not supported yet, so nothing can approve a merge into the "
      "base");
  diagnostic.helps.push_back(
      {"gather into a branch of the fleet's own, `into: \"NAME\"`, and merge that yourself",
       {},
       false});
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

// The flow's `accept` judges what its merges take. A step that was not understood may be a merge.
bool is_judged_by_flow(const sema::Flow& flow, std::size_t step) {
  if (std::ranges::any_of(flow.steps, &sema::Step::broken))
    return true;
  if (!flow.accept || flow.accept->value.empty())
    return false;
  return std::ranges::any_of(flow.steps, [&](const sema::Step& one) {
    return std::ranges::any_of(
        one.merge.from, [&](const sema::At<std::size_t>& from) { return from.value == step; });
  });
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
    for (const sema::Step& step : flow.steps) {
      if (step.broken || step.trusts || step.kind != StepKind::kMerge)
        continue;
      const auto gate = [&](const sema::Edge& edge) {
        return flow.steps[edge.from].broken || edge.kind == EdgeKind::kApproved;
      };
      if (std::ranges::any_of(step.after, gate))
        continue;
      if (is_into_base(subject.model, step)) {
        say_ungated(subject, step);
      } else {
        check_gathered(subject, flow, step);
      }
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

void check_acceptance(Subject& subject) {
  std::set<std::size_t> seen;
  for (const sema::Flow& flow : subject.model.flows) {
    for (std::size_t i = 0; i < flow.steps.size(); ++i) {
      if (is_judged_by_flow(flow, i))
        continue;
      for (const sema::At<std::size_t>& use : flow.steps[i].agents) {
        const sema::Agent& agent = subject.model.agents[use.value];
        const sema::Contract& contract = agent.contract;
        const bool writes = contract.writes && !contract.writes->value.none;
        const bool judged = (contract.accept && !contract.accept->value.empty()) ||
                            contract.broken.contains("accept") || agent.broken;
        if (!writes || judged || !seen.insert(use.value).second)
          continue;
        say_unjudged(subject, agent, use);
      }
    }
  }
}

}  // namespace fleet::checks
