// F7xx: waits, outcomes and gates of a flow.
#include <algorithm>
#include <array>
#include <bit>
#include <set>
#include <span>
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

// What must have happened before a step starts: its edges, and theirs. Only steps of which somebody
// needs a success and somebody the failure can contradict, so only these are followed through the
// flow, a bit for each and a block of them at a time: what every step needs, written out, would
// grow with the square of the flow.
class Needs {
 public:
  // REQUIRES: no step waits for itself.
  explicit Needs(const sema::Flow& flow)
      : flow_(flow),
        order_(lower::topological_order(flow.steps.size(), arcs_of(flow))),
        torn_by_(flow.steps.size(), flow.steps.size()) {
    const std::vector<std::size_t> contested = find_contested();
    for (std::size_t from = 0; from < contested.size(); from += kBlock)
      follow(std::span(contested).subspan(from, std::min(kBlock, contested.size() - from)));
  }

  // Whether the step needs two facts that exclude each other: a success and a failure of one step.
  bool contradict(std::size_t step) const { return torn_by_[step] != flow_.steps.size(); }

  // The edges that ask for the two, of the first such step. REQUIRES: contradict(step).
  std::pair<const sema::Edge*, const sema::Edge*> contradiction(std::size_t step) const {
    const sema::Edge* success = nullptr;
    for (const EdgeKind kind : {EdgeKind::kAccepted, EdgeKind::kApproved, EdgeKind::kMerged}) {
      if (success == nullptr)
        success = find_need(step, torn_by_[step], kind);
    }
    return {success, find_need(step, torn_by_[step], EdgeKind::kFailed)};
  }

 private:
  static constexpr std::size_t kWords = 16;
  static constexpr std::size_t kBlock = kWords * 64;
  using Bits = std::array<std::uint64_t, kWords>;
  struct Needed {
    Bits success{};
    Bits failure{};
  };

  std::vector<std::size_t> find_contested() const {
    std::vector<bool> succeeds(flow_.steps.size());
    std::vector<bool> fails(flow_.steps.size());
    for (const sema::Step& step : flow_.steps) {
      for (const sema::Edge& edge : step.after) {
        succeeds[edge.from] = succeeds[edge.from] || is_success(edge.kind);
        fails[edge.from] = fails[edge.from] || edge.kind == EdgeKind::kFailed;
      }
    }
    std::vector<std::size_t> contested;
    for (std::size_t step = 0; step < flow_.steps.size(); ++step) {
      if (succeeds[step] && fails[step])
        contested.push_back(step);
    }
    return contested;
  }

  void follow(std::span<const std::size_t> block) {
    std::vector<Needed> needed(flow_.steps.size());
    for (const std::size_t step : order_) {
      Needed& mine = needed[step];
      for (const sema::Edge& edge : flow_.steps[step].after) {
        const Needed& before = needed[edge.from];
        for (std::size_t i = 0; i < kWords; ++i) {
          mine.success[i] |= before.success[i];
          mine.failure[i] |= before.failure[i];
        }
        const auto bit = std::ranges::lower_bound(block, edge.from) - block.begin();
        if (static_cast<std::size_t>(bit) == block.size() ||
            block[static_cast<std::size_t>(bit)] != edge.from)
          continue;
        const auto at = static_cast<std::size_t>(bit);
        if (is_success(edge.kind))
          mine.success[at / 64] |= std::uint64_t{1} << (at % 64);
        else if (edge.kind == EdgeKind::kFailed)
          mine.failure[at / 64] |= std::uint64_t{1} << (at % 64);
      }
      for (std::size_t i = 0; i < kWords && !contradict(step); ++i) {
        const std::uint64_t both = mine.success[i] & mine.failure[i];
        if (both != 0)
          torn_by_[step] = block[i * 64 + static_cast<std::size_t>(std::countr_zero(both))];
      }
    }
  }

  // The edge by which a step comes to need a fact, its own or the first that leads to one.
  const sema::Edge* find_need(std::size_t step, std::size_t of, EdgeKind kind) const {
    std::vector<const sema::Edge*> found(flow_.steps.size(), nullptr);
    for (const std::size_t one : order_) {
      for (const sema::Edge& edge : flow_.steps[one].after) {
        if (found[one] != nullptr)
          break;
        const bool itself = edge.from == of && edge.kind == kind;
        found[one] = found[edge.from] == nullptr && itself ? &edge : found[edge.from];
      }
      if (one == step)
        break;
    }
    return found[step];
  }

  const sema::Flow& flow_;
  const std::vector<std::size_t> order_;
  std::vector<std::size_t> torn_by_;  // by step: the step whose outcomes it needs both; else none
};

void check_contradictions(Subject& subject, const sema::Flow& flow) {
  if (!lower::find_cycles(flow.steps.size(), arcs_of(flow)).empty())
    return;
  const Needs needs(flow);
  for (std::size_t i = 0; i < flow.steps.size(); ++i) {
    if (!needs.contradict(i))
      continue;
    // What only follows from an unreachable step was said there.
    const auto unreachable = [&](const sema::Edge& edge) {
      return needs.contradict(edge.from);
    };
    if (std::ranges::any_of(flow.steps[i].after, unreachable))
      continue;
    const auto [success, failure] = needs.contradiction(i);
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
        if (!writes || judged || !seen.insert(use.value).second)
          continue;
        say_unjudged(subject, agent, use);
      }
    }
  }
}

}  // namespace fleet::checks
