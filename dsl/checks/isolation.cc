// F3xx: one task, one branch, and none of them the base.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "dsl/base/stop.h"
#include "dsl/checks/checks.h"
#include "dsl/checks/claims.h"
#include "dsl/checks/encounters.h"
#include "dsl/schema/schema.h"
#include "dsl/sema/report.h"

namespace fleet::checks {
namespace {

using sema::StepKind;
using sema::ticked;

bool has_hole(const sema::Text& text, const std::string& name) {
  return std::ranges::any_of(
      text.pieces, [&](const sema::Piece& piece) { return piece.hole && piece.text == name; });
}

bool has_parameter(const sema::Flow& flow, const std::string& name) {
  return std::ranges::any_of(flow.parameters,
                             [&](const sema::At<std::string>& one) { return one.value == name; });
}

// Whether the items of a fan-out give different texts.
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

bool is_written(const sema::Agent& agent) {
  return agent.contract.writes && !agent.contract.writes->value.none;
}

void check_name(Subject& subject, const sema::Text& branch) {
  std::string name;
  for (const sema::Piece& piece : branch.pieces)
    name += piece.hole ? "x" : piece.text;
  // Git would take it for the branch that follows, or make one beside it that reads the same.
  if (name.starts_with("refs/") || name == "HEAD") {
    Diagnostic diagnostic =
        sema::error("F202", branch.span, ticked(to_string(branch)) + " is no name of a branch",
                    "the full name of a reference");
    diagnostic.helps.push_back({"write the branch's own name, without `refs/heads/`", {}, false});
    subject.sink.add(std::move(diagnostic));
    return;
  }
  if (is_branch_name(name))
    return;
  Diagnostic diagnostic =
      sema::error("F202", branch.span, ticked(to_string(branch)) + " can't name a branch",
                  name.empty() ? "it is empty" : "git refuses it");
  diagnostic.notes.push_back(
      "no blanks, control characters or any of `~ ^ : ? * [ \\`; no empty part between slashes, "
      "none "
      "that begins with `.` or ends with `.lock`; no `..`, no leading `-`");
  subject.sink.add(std::move(diagnostic));
}

// Where the branch of a fan-out's agent is set anew when its text can't be edited in place.
std::string how_to_add_item(const sema::Agent& agent) {
  const std::string writes = "writes = worktree(\"…/{item}\")";
  if (agent.is_role)
    return "amend it: `agent NAME : " + agent.name + " { " + writes + " }`";
  if (agent.imported)
    return "declare an agent of your own with `" + writes + "`";
  return "set `" + writes + "` on agent " + ticked(agent.name);
}

void say_no_item(Subject& subject, const sema::Step& step, const sema::At<std::size_t>& use) {
  const sema::Agent& agent = subject.model.agents[use.value];
  const sema::Text& branch = agent.contract.writes->value.branch;
  const bool here = branch.span.source == use.span.source;
  Diagnostic diagnostic = sema::error(
      "F304", here ? branch.span : use.span,
      "every item of " + ticked(step.name) + " would write the same branch",
      here ? "has no `{item}`" : ticked(agent.name) + " writes " + ticked(to_string(branch)));
  diagnostic.secondary.push_back(here ? Label{use.span, "used for many items here"}
                                      : Label{branch.span, "has no `{item}`"});
  Help help{"add `/{item}` to the branch", {}, true};
  const std::string_view text = subject.sources.text(branch.span);
  if (here && text.size() >= 2 && text.ends_with('"') && !text.ends_with("\"\"\"")) {
    const std::uint32_t end = branch.span.end - 1;
    help.edits.push_back({{branch.span.source, end, end}, "/{item}"});
  } else {
    help = {how_to_add_item(agent), {}, false};
  }
  diagnostic.helps.push_back(std::move(help));
  subject.sink.add(std::move(diagnostic));
}

std::string claim_text(const Claims& claims, const sema::Flow& flow, const Claim& claim,
                       const Witness& witness, const std::string& branch) {
  const std::string values = claims.describe(claim, witness);
  return "step " + ticked(flow.steps[claim.step].name) + " claims " + ticked(branch) +
         (values.empty() ? "" : " with " + values);
}

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
    return "begin the branch of " + ticked(agent) + " with a word that the other does not begin with";
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
      : subject_(subject), flow_(flow), claims_(subject.model, flow) {}

  void run() {
    for (std::size_t i = 0; i < flow_.steps.size(); ++i) {
      if (usable(i))
        mine_.push_back(claims_.of_step(i, 0));
    }
    for (const std::vector<Claim>& claims : mine_)
      check_within(claims);
    const Encounters encounters = find_encounters(mine_);
    for (const Encounter& pair : encounters.pairs)
      check_pair(encounters, pair);
    for (const Conflict& one : conflicts_)
      say_conflict(subject_, claims_, flow_, *one.first, *one.second, one.witness, one.further);
  }

 private:
  // Templates with a hole that nothing fills were reported; their words would be guesses.
  bool usable(std::size_t step) const { return !flow_.steps[step].broken; }

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
    for (const Claim& a : mine_[pair.earlier]) {
      for (const Claim& b : mine_[pair.later]) {
        if (std::optional<Witness> witness = find_conflict(a.word, b.word)) {
          add_conflict(a, b, *std::move(witness), encounters, pair);
          return;
        }
      }
    }
  }

  // Two items of one fan-out, with whichever of its agents.
  void check_within(const std::vector<Claim>& claims) {
    if (claims.empty() || flow_.steps[claims.front().step].kind != StepKind::kFanout)
      return;
    if (lacks_item(claims.front().step))
      return;
    const std::vector<Claim> others = claims_.of_step(claims.front().step, 1);
    const bool written_out = flow_.steps[claims.front().step].fanout.source.count().has_value();
    for (std::size_t i = 0; i < claims.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const Claim& a = others[j];
        const Claim& b = claims[i];
        const bool listed = written_out && a.ordinal != b.ordinal;
        if (!listed && (a.use == b.use || (written_out && !b.item_text.empty())))
          continue;
        std::optional<Different> differ;
        if (!listed)
          differ = Different{a.item, b.item};
        if (const std::optional<Witness> witness = find_conflict(a.word, b.word, differ)) {
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
      return is_written(agent) && !tells_items_apart(flow_, agent.contract.writes->value.branch);
    });
  }

  Subject& subject_;
  const sema::Flow& flow_;
  Claims claims_;
  std::vector<std::vector<Claim>> mine_;
  std::vector<Conflict> conflicts_;
  std::map<Templates, std::size_t> conflict_of_;  // into conflicts_
};

// Whether the text is exactly the base: then it is a merge into the base, judged as such.
bool is_base(const Claim& claim, const std::string& base) {
  std::string text;
  for (const Symbol& one : claim.word) {
    if (one.kind != Symbol::Kind::kLetter)
      return false;
    text += one.letter;
  }
  return text == base;
}

}  // namespace

void check_branch_names(Subject& subject) {
  std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
  const auto once = [&](const sema::Text& branch) {
    if (seen.emplace(branch.span.source.value, branch.span.begin).second)
      check_name(subject, branch);
  };
  for (const sema::Agent& agent : subject.model.agents) {
    if (is_written(agent))
      once(agent.contract.writes->value.branch);
  }
  for (const sema::Flow& flow : subject.model.flows) {
    for (const sema::Step& step : flow.steps) {
      if (step.merge.into)
        once(*step.merge.into);
    }
  }
}

void check_fanout_branches(Subject& subject) {
  for (const sema::Flow& flow : subject.model.flows) {
    for (const sema::Step& step : flow.steps) {
      if (step.broken || step.kind != StepKind::kFanout || step.fanout.source.count() == 1u)
        continue;
      for (const sema::At<std::size_t>& use : step.agents) {
        const sema::Agent& agent = subject.model.agents[use.value];
        if (!is_written(agent))
          continue;
        if (tells_items_apart(flow, agent.contract.writes->value.branch))
          continue;
        say_no_item(subject, step, use);
      }
    }
  }
}

void check_branch_claims(Subject& subject) {
  for (const sema::Flow& flow : subject.model.flows)
    ClaimChecker(subject, flow).run();
}

void check_base_branch(Subject& subject) {
  if (!subject.model.fleet || !subject.model.fleet->repo)
    return;
  const sema::At<plan::Repo>& repo = *subject.model.fleet->repo;
  const Word base = letters(repo.value.base);
  std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
  for (const sema::Flow& flow : subject.model.flows) {
    Claims claims(subject.model, flow);
    for (std::size_t i = 0; i < flow.steps.size(); ++i) {
      for (const Claim& claim : claims.of_step(i, 0)) {
        const bool merge = flow.steps[i].kind == StepKind::kMerge;
        if (merge && is_base(claim, repo.value.base))
          continue;
        const std::optional<Witness> witness = find_conflict(base, claim.word);
        if (!witness)
          continue;
        if (!seen.emplace(claim.branch.source.value, claim.branch.begin).second)
          continue;
        const bool same = witness->left == witness->right;
        Diagnostic diagnostic =
            sema::error("F305", claim.branch,
                        same ? "a task's branch can be the base branch " + ticked(repo.value.base)
                             : "the branch " + ticked(witness->right) +
                                   " can't exist beside the base branch " + ticked(repo.value.base),
                        claim_text(claims, flow, claim, *witness, witness->right));
        diagnostic.secondary.push_back({repo.span, "the base branch is set here"});
        if (!same)
          diagnostic.notes.push_back("git can't hold both: one would be a directory of the other");
        diagnostic.helps.push_back(
            {"begin the branch with a word of its own, such as `work/…`", {}, false});
        subject.sink.add(std::move(diagnostic));
      }
    }
  }
}

namespace {

// Why a step leaves no branch; empty: it does.
std::string why_no_branch(const sema::Model& model, const sema::Step& step) {
  if (step.broken || step.kind == StepKind::kMerge)
    return {};
  if (step.kind == StepKind::kRun)
    return "a `run` step changes nothing";
  if (step.kind == StepKind::kHuman)
    return "a human decides, and changes nothing";
  if (step.kind == StepKind::kLast)
    return "each round makes a branch of its own; gather them inside of the loop with `repo.merge`";
  if (sema::is_joint(step.kind))
    return "it waits for other steps, and changes nothing itself";
  for (const sema::At<std::size_t>& use : step.agents) {
    const sema::Agent& agent = model.agents[use.value];
    if (is_written(agent) || agent.broken || agent.contract.broken.contains("writes"))
      return {};
  }
  return ticked(model.agents[step.agents.front().value].name) + " has no `writes`";
}

void say_no_branch(Subject& subject, const sema::Step& from, Span use, const std::string& message,
                   const std::string& why) {
  Diagnostic diagnostic = sema::error("F307", use, message, why);
  diagnostic.secondary.push_back({from.head, "step " + ticked(from.name) + " is set here"});
  subject.sink.add(std::move(diagnostic));
}

}  // namespace

void check_merge_sources(Subject& subject) {
  for (const sema::Flow& flow : subject.model.flows) {
    for (const sema::Step& step : flow.steps) {
      for (const sema::At<std::size_t>& from : step.merge.from) {
        const sema::Step& source = flow.steps[from.value];
        const std::string why = why_no_branch(subject.model, source);
        if (why.empty())
          continue;
        say_no_branch(subject, source, from.span,
                      "merge of a branch that " + ticked(source.name) + " does not make", why);
      }
    }
  }
}

void check_outputs(Subject& subject) {
  for (const sema::Flow& flow : subject.model.flows) {
    for (const sema::Step& step : flow.steps) {
      std::optional<std::size_t> start;
      for (const sema::Argument& argument : step.arguments) {
        if (!argument.output_of || argument.findings)
          continue;
        const sema::Step& source = flow.steps[*argument.output_of];
        std::string why = why_no_branch(subject.model, source);
        if (!source.broken && source.kind == StepKind::kFanout) {
          why = "a fan-out has one only through a merge";
        }
        if (!why.empty()) {
          say_no_branch(subject, source, argument.text.span,
                        ticked(source.name) + " has no branch of its own", why);
        } else if (start && *start != *argument.output_of) {
          subject.sink.add(sema::error("F202", argument.text.span,
                                       "a task starts at one commit, and this is a second one"));
        }
        start = argument.output_of;
      }
    }
  }
}

}  // namespace fleet::checks
