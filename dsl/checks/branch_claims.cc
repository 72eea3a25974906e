// F302: no two tasks claim one branch, nor two of which one would be a directory of the other.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "dsl/base/stop.h"
#include "dsl/checks/branches.h"
#include "dsl/checks/checks.h"
#include "dsl/checks/claims.h"
#include "dsl/checks/encounters.h"
#include "dsl/checks/open_claims.h"
#include "dsl/sema/report.h"

namespace fleet::checks {
namespace {

using sema::StepKind;
using sema::ticked;

// Whose tasks claim it; empty: it is a merge's.
std::string agent_of(const sema::Model& model, const sema::Flow& flow, const Claim& claim) {
  const auto& agents = flow.steps[claim.step].agents;
  const auto use = std::ranges::find(agents, claim.use, &sema::At<std::size_t>::span);
  return use == agents.end() ? "" : model.agents[use->value].name;
}

std::string flow_role(const sema::Model& model, const sema::Flow& flow, const Claim& claim) {
  const auto& agents = flow.steps[claim.step].agents;
  const auto use = std::ranges::find(agents, claim.use, &sema::At<std::size_t>::span);
  const sema::Agent& agent = model.agents[use->value];
  return agent.is_role ? agent.name : agent.role;
}

// Whether they are of one step, in two rounds of a loop.
bool are_rounds(const sema::Flow& flow, const Claim& first, const Claim& second) {
  const sema::Step& one = flow.steps[first.step];
  const sema::Step& other = flow.steps[second.step];
  return first.step != second.step && one.name_span == other.name_span && one.round != other.round;
}

std::string how_to_tell_apart(const sema::Model& model, const sema::Flow& flow, const Claim& first,
                              const Claim& second) {
  if (first.step == second.step && first.use == second.use)
    return "name no item twice, and none that is a folder of another";
  const bool rounds = are_rounds(flow, first, second);
  if (rounds && agent_of(model, flow, second).empty())
    return "merge into the branch of a step that is set before the loop, `into: STEP.branch`";
  if (rounds)
    return "put `{round}` into the branch: every round makes one of its own";
  const std::string agent = agent_of(model, flow, second);
  if (agent.empty())
    return "write another name after `into:`, whose first word no task's branch begins with";
  if (first.branch != second.branch || agent_of(model, flow, first).empty())
    return "begin the branch of " + ticked(agent) +
           " with a word that the other does not begin with";
  if (agent_of(model, flow, first) != agent)
    return "put `{agent}` into the branch, which both have from one place";
  return "give one of the two steps an agent of its own: `agent NAME : " +
         flow_role(model, flow, second) + " { writes = worktree(\"NAME/…\") }`";
}

// F302 for one pair; the later claim is the primary place. `further` are steps whose branches run
// into each other by the same templates.
void say_conflict(Subject& subject, const Claims& claims, const sema::Flow& flow,
                  const Claim& first, const Claim& second, const Witness& witness,
                  const std::set<std::size_t>& further) {
  const bool same = witness.left == witness.right;
  Diagnostic diagnostic =
      sema::error("F302", second.use,
                  same ? "two tasks can claim the branch " + ticked(witness.left)
                       : "two tasks can claim the branches " + ticked(witness.left) + " and " +
                             ticked(witness.right),
                  claim_text(claims, flow, second, witness, witness.right));
  const std::string other = claim_text(claims, flow, first, witness, witness.left);
  if (first.use == second.use) {
    diagnostic.notes.push_back("and " + other);
  } else {
    diagnostic.secondary.push_back({first.use, other});
  }
  if (!(second.branch == second.use))
    diagnostic.secondary.push_back({second.branch, "the branch of its tasks"});
  if (!(first.branch == first.use) && !(first.branch == second.branch)) {
    diagnostic.secondary.push_back({first.branch, "the branch of its tasks"});
  }
  diagnostic.notes.push_back(same ? "one task has one branch of its own"
                                  : "git can't hold both: one would be a directory of the other");
  std::vector<std::string> names;
  for (const std::size_t step : further)
    names.push_back(flow.steps[step].name);
  if (!names.empty()) {
    diagnostic.notes.push_back(
        (names.size() == 1 ? "the same holds of step " : "the same holds of steps ") +
        sema::listed(names, "and"));
  }
  Help help{how_to_tell_apart(subject.model, flow, first, second), {}, false};
  const std::string_view text = subject.sources.text(second.branch);
  const bool by_agent = !agent_of(subject.model, flow, second).empty();
  if (by_agent && are_rounds(flow, first, second) && text.size() >= 2 && text.ends_with('"') &&
      !text.ends_with("\"\"\"")) {
    const std::uint32_t end = second.branch.end - 1;
    help.edits.push_back({{second.branch.source, end, end}, "/{round}"});
    help.sound = true;
  }
  diagnostic.helps.push_back(std::move(help));
  subject.sink.add(std::move(diagnostic));
}

class ClaimChecker {
 public:
  ClaimChecker(Subject& subject, const sema::Flow& flow)
      : subject_(subject), flow_(flow), claims_(subject.model, flow, variables_) {}

  // Pairs of steps of which neither a witness was found nor that there is none, the earlier first.
  const std::set<std::pair<std::size_t, std::size_t>>& open() const { return open_; }

  void run() {
    for (std::size_t i = 0; i < flow_.steps.size(); ++i) {
      if (usable(i))
        mine_.push_back(claims_.of_step(i, 0));
    }
    for (const std::vector<Claim>& claims : mine_)
      check_within(claims);
    const Encounters encounters = find_encounters(mine_);
    for (const Encounter& pair : encounters.pairs) {
      if (conflicts_.size() < kMostConflicts)
        check_pair(encounters, pair);
    }
    for (const Conflict& one : conflicts_)
      say_conflict(subject_, claims_, flow_, *one.first, *one.second, one.witness, one.further);
  }

 private:
  // Templates with a hole that nothing fills were reported; their words would be guesses.
  bool usable(std::size_t step) const { return !flow_.steps[step].broken; }

  // Further ones are looked for once these are mended.
  static constexpr std::size_t kMostConflicts = 64;
  static constexpr std::size_t kMostOpen = 256;

  // Points into mine_.
  struct Conflict {
    const Claim* first;
    const Claim* second;
    Witness witness;
    std::set<std::size_t> further;
  };

  using Templates = std::pair<std::uint64_t, std::uint64_t>;
  static std::uint64_t template_of(const Claim& claim) {
    return (std::uint64_t{claim.branch.source.value} << 32) | claim.branch.begin;
  }
  static Templates templates_of(const Claim& first, const Claim& second) {
    return std::minmax(template_of(first), template_of(second));
  }

  // Steps that share their templates share the mistake: one report for all of them.
  void add_conflict(const Claim& first, const Claim& second, Witness witness,
                    const Encounters& encounters, const Encounter& pair) {
    const auto [place, is_new] =
        conflict_of_.emplace(templates_of(first, second), conflicts_.size());
    if (is_new)
      conflicts_.push_back({&first, &second, std::move(witness), {}});
    Conflict& conflict = conflicts_[place->second];
    const auto add = [&](std::size_t index) {
      const std::size_t step = mine_[index].front().step;
      if (step != conflict.first->step && step != conflict.second->step)
        conflict.further.insert(step);
    };
    const Alike& earlier = encounters.kinds[pair.earlier_kind];
    const Alike& later = encounters.kinds[pair.later_kind];
    for (const std::size_t index : earlier) {
      if (index < later.back())
        add(index);
    }
    for (const std::size_t index : later) {
      if (index > earlier.front())
        add(index);
    }
  }

  // Different steps: any task of the one and any of the other. One conflict a pair of steps.
  void check_pair(const Encounters& encounters, const Encounter& pair) {
    poll_stop();
    effort_.open = pair.more;
    for (const auto& [earlier, later] : pair.claims) {
      const Claim& a = mine_[pair.earlier][earlier];
      const Claim& b = mine_[pair.later][later];
      if (std::optional<Witness> witness = find_conflict(a, b, std::nullopt, effort_)) {
        add_conflict(a, b, *std::move(witness), encounters, pair);
        return;
      }
    }
    if (effort_.open)
      add_open(encounters, pair);
  }

  // What is left open of two steps is left open of all that are like them.
  void add_open(const Encounters& encounters, const Encounter& pair) {
    for (const std::size_t earlier : encounters.kinds[pair.earlier_kind]) {
      for (const std::size_t later : encounters.kinds[pair.later_kind]) {
        const auto& [first, second] = std::minmax(earlier, later);
        if (first != second && open_.size() < kMostOpen)
          open_.emplace(mine_[first].front().step, mine_[second].front().step);
      }
    }
  }

  // Two items of one fan-out, with whichever of its agents.
  void check_within(const std::vector<Claim>& claims) {
    if (claims.empty() || flow_.steps[claims.front().step].kind != StepKind::kFanout)
      return;
    if (lacks_item(claims.front().step))
      return;
    if (!claims.front().item_text.empty())
      check_listed(claims);
    else
      check_unlisted(claims);
  }

  // Items that are written out: each goes to one agent, and any two of them to any two.
  void check_listed(const std::vector<Claim>& claims) {
    for (const auto& [one, other] : find_meetings(claims).claims) {
      const Claim& a = claims[std::min(one, other)];
      const Claim& b = claims[std::max(one, other)];
      if (const auto witness = find_conflict(a, b, std::nullopt, effort_)) {
        say_conflict(subject_, claims_, flow_, a, b, *witness, {});
        return;
      }
    }
  }

  // Two of one agent differ by their items.
  void check_unlisted(const std::vector<Claim>& claims) {
    const std::vector<Claim> others = claims_.of_step(claims.front().step, 1);
    for (std::size_t i = 0; i < claims.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const Claim& a = others[j];
        const Claim& b = claims[i];
        if (a.use == b.use)
          continue;
        if (const auto witness = find_conflict(a, b, Different{a.item, b.item}, effort_)) {
          say_conflict(subject_, claims_, flow_, a, b, *witness, {});
          return;
        }
      }
    }
  }

  // Reported as F304.
  bool lacks_item(std::size_t step) const {
    return std::ranges::any_of(flow_.steps[step].agents, [&](const sema::At<std::size_t>& use) {
      const sema::Agent& agent = subject_.model.agents[use.value];
      return agent.writes() && !tells_items_apart(flow_, agent.contract.writes->value.branch);
    });
  }

  Subject& subject_;
  const sema::Flow& flow_;
  Variables variables_;
  Claims claims_;
  Effort effort_;
  std::vector<std::vector<Claim>> mine_;
  std::vector<Conflict> conflicts_;
  std::set<std::pair<std::size_t, std::size_t>> open_;  // steps
  std::map<Templates, std::size_t> conflict_of_;        // into conflicts_
};

// Tasks that no step of a flow calls for: of each agent that is always on, or wakes by the clock or
// on an event.
class StandingChecker {
 public:
  explicit StandingChecker(Subject& subject) : subject_(subject) {
    for (const sema::Agent& agent : subject.model.agents) {
      if (has_own_tasks(agent) && agent.writes())
        agents_.push_back(standing_flow(subject.model, agent));
    }
  }

  void run() {
    for (std::size_t i = 0; i < agents_.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j)
        check_flows(agents_[j], agents_[i]);
      for (const sema::Flow& flow : subject_.model.flows)
        check_flows(flow, agents_[i]);
    }
  }

 private:
  // What an agent does by itself and what a flow asks of it are told apart as runs of a flow are.
  static bool is_same(const sema::Step& step, const sema::Step& standing) {
    return std::ranges::any_of(step.agents, [&](const sema::At<std::size_t>& use) {
      return use.value == standing.agents.front().value;
    });
  }

  void check_flows(const sema::Flow& flow, const sema::Flow& standing) {
    Variables variables;
    Claims theirs(subject_.model, flow, variables, flow.name);
    Claims own(subject_.model, standing, variables, "agent " + standing.name);
    const std::vector<Claim> claims = own.of_step(0, 0);
    if (claims.empty())
      return;
    for (std::size_t i = 0; i < flow.steps.size(); ++i) {
      poll_stop();
      if (is_same(flow.steps[i], standing.steps.front()))
        continue;
      for (const Claim& claim : theirs.of_step(i, 0)) {
        const auto witness = find_conflict(claim, claims.front(), std::nullopt, effort_);
        if (!witness)
          continue;
        say(theirs, flow, claim, own, standing, claims.front(), *witness);
        return;
      }
    }
  }

  void say(const Claims& theirs, const sema::Flow& flow, const Claim& claim, const Claims& own,
           const sema::Flow& standing, const Claim& mine, const Witness& witness) {
    const bool same = witness.left == witness.right;
    Diagnostic diagnostic =
        sema::error("F302", mine.use,
                    same ? "two tasks can claim the branch " + ticked(witness.left)
                         : "two tasks can claim the branches " + ticked(witness.left) + " and " +
                               ticked(witness.right),
                    claim_text(own, standing, mine, witness, witness.right));
    diagnostic.secondary.push_back(
        {claim.use, claim_text(theirs, flow, claim, witness, witness.left)});
    for (const Span& branch : {mine.branch, claim.branch}) {
      if (!(branch == mine.use) && !(branch == claim.use) &&
          (branch == mine.branch || !(mine.branch == claim.branch)))
        diagnostic.secondary.push_back({branch, "the branch of its tasks"});
      if (mine.branch == claim.branch)
        break;
    }
    diagnostic.notes.push_back(same ? "one task has one branch of its own"
                                    : "git can't hold both: one would be a directory of the other");
    diagnostic.helps.push_back({"begin the branch of " + ticked(standing.name) +
                                    " with a word that no other begins with, as `{agent}/…` does",
                                {},
                                false});
    subject_.sink.add(std::move(diagnostic));
  }

  Subject& subject_;
  Effort effort_;
  std::vector<sema::Flow> agents_;
};

}  // namespace

std::vector<OpenClaim> open_claims(const SourceMap& sources, const sema::Model& model,
                                   const sema::Flow& flow) {
  DiagnosticSink unheard;
  Subject subject{sources, model, unheard, std::nullopt};
  ClaimChecker checker(subject, flow);
  checker.run();
  std::vector<OpenClaim> all;
  for (const auto& [earlier, later] : checker.open())
    all.push_back({earlier, later});
  return all;
}

void check_branch_claims(Subject& subject) {
  for (const sema::Flow& flow : subject.model.flows)
    ClaimChecker(subject, flow).run();
  StandingChecker(subject).run();
}

}  // namespace fleet::checks
