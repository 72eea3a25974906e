// F703, F704, F719: what reaches the base was approved, as that very commit.
#include <algorithm>
#include <map>
#include <utility>

#include "dsl/base/stop.h"
#include "dsl/checks/checks.h"
#include "dsl/checks/needs.h"
#include "dsl/plan/render.h"
#include "dsl/sema/report.h"

namespace fleet::checks {
namespace {

using plan::EdgeKind;
using sema::StepKind;
using sema::ticked;

// The step whose branch another one moves: of `repo.merge(…, into: build.branch)` it is `build`.
std::size_t owner_of(const sema::Flow& flow, std::size_t step) {
  for (std::size_t i = 0; i < flow.steps.size() && flow.steps[step].merge.into_step; ++i)
    step = flow.steps[step].merge.into_step->value;
  return step;
}

bool is_judge(const sema::Model& model, const sema::Flow& flow, std::size_t index) {
  const sema::Step& step = flow.steps[index];
  if (step.kind == StepKind::kHuman || step.kind == StepKind::kLoop)
    return true;
  if (sema::is_joint(step.kind)) {
    return std::ranges::any_of(step.members, [&](const sema::At<std::size_t>& one) {
      return is_judge(model, flow, one.value);
    });
  }
  return !step.agents.empty() &&
         std::ranges::all_of(step.agents, [&](const sema::At<std::size_t>& use) {
           return model.agents[use.value].gives_verdicts();
         });
}

// One merge into the base, and what approves it.
class MergeGate {
 public:
  MergeGate(Subject& subject, const sema::Flow& flow, const Needs& needs, std::size_t merge)
      : subject_(subject), flow_(flow), needs_(needs), merge_(merge) {}

  void check() {
    const sema::Edge* weak = weak_edge();
    if (weak != nullptr) {
      say_weak(*weak);
      return;
    }
    for (const sema::At<std::size_t>& from : flow_.steps[merge_].merge.from) {
      const std::size_t branch = owner_of(flow_, from.value);
      std::optional<std::size_t> stale;
      if (is_approved(branch, &stale))
        continue;
      if (stale) {
        say_stale(*stale, branch, from.span);
      } else {
        say_ungated(branch);
      }
      return;
    }
  }

 private:
  // A round of a loop that has not begun.
  struct Skipped {
    std::size_t loop = 0;
    std::uint32_t after = 0;  // rounds beyond this one did not run
  };

  // Whether an approval by the gate is one of what the branch held when the gate looked.
  bool covers(std::size_t gate, std::size_t branch) const {
    const sema::Step& step = flow_.steps[gate];
    if (sema::is_joint(step.kind)) {
      const auto known = covers_.find({gate, branch});
      if (known != covers_.end())
        return known->second;
      // A circle of joints was reported; what is being asked for says nothing yet.
      covers_[{gate, branch}] = false;
      return covers_[{gate, branch}] = joint_covers(gate, branch);
    }
    return step.kind == StepKind::kHuman ? needs_.is_before(branch, gate) : looks_at(step, branch);
  }

  // The step whose work a task has before it: the one at whose commit it begins. Of what findings
  // that it is handed were about, it sees nothing.
  std::optional<std::size_t> seen_by(const sema::Step& step) const {
    std::optional<std::size_t> seen;
    for (const sema::Argument& argument : step.arguments) {
      if (argument.output_of && !argument.findings)
        seen = argument.output_of;
    }
    return seen;
  }

  bool looks_at(const sema::Step& step, std::size_t branch) const {
    const std::optional<std::size_t> seen = seen_by(step);
    return seen && owner_of(flow_, *seen) == branch;
  }

  // Whether some gate approves what the branch holds when it is merged; `stale`: one that approved
  // what it held before.
  bool is_approved(std::size_t branch, std::optional<std::size_t>* stale) const {
    for (std::size_t gate = 0; gate < flow_.steps.size(); ++gate) {
      if (!needs_.has(merge_, gate, EdgeKind::kApproved) || !covers(gate, branch))
        continue;
      if (!late_writer(gate, branch, {}))
        return true;
      if (stale != nullptr && !*stale)
        *stale = gate;
    }
    return is_seen_elsewhere(branch);
  }

  // Whether the branch is within another that this merges as well and that is approved as it is:
  // then somebody saw its commit, with what was made of it. It must not have moved since the other
  // began at it.
  bool is_seen_elsewhere(std::size_t branch) const {
    return std::ranges::any_of(
        flow_.steps[merge_].merge.from, [&](const sema::At<std::size_t>& from) {
          const std::size_t other = owner_of(flow_, from.value);
          return other != branch && is_within(branch, other) && is_approved(other, nullptr);
        });
  }

  // Whether the other began at this branch, or gathered it, when this one had come to stand still.
  bool is_within(std::size_t branch, std::size_t other) const {
    const sema::Step& step = flow_.steps[other];
    const auto is_it = [&](std::size_t begin) {
      return owner_of(flow_, begin) == branch && !writer_after(other, branch, {});
    };
    if (step.kind == StepKind::kMerge)
      return std::ranges::any_of(step.merge.from, is_it, &sema::At<std::size_t>::value);
    if (const auto seen = seen_by(step))
      return is_it(*seen);
    const auto found = std::ranges::find_if(step.arguments, &sema::Argument::findings);
    return found != step.arguments.end() && found->output_of &&
           looked_at(*found->output_of, branch, flow_.steps.size());
  }

  // Whether whoever finds something here looked at the branch, when it had come to stand still: a
  // task that is handed findings and no work begins at the commit that was reviewed.
  bool looked_at(std::size_t judge, std::size_t branch, std::size_t hops) const {
    const sema::Step& step = flow_.steps[judge];
    if (!sema::is_joint(step.kind))
      return looks_at(step, branch) && !writer_after(judge, branch, {});
    return hops > 0 && !step.members.empty() &&
           std::ranges::all_of(step.members, [&](const sema::At<std::size_t>& member) {
             return looked_at(member.value, branch, hops - 1);
           });
  }

  bool joint_covers(std::size_t gate, std::size_t branch) const {
    // Whoever lets it pass sees the branch only where it was made by then.
    const bool unseen = needs_.may_pass(gate) && !needs_.is_before_pass(branch, gate, merge_);
    return !unseen && members_cover(gate, branch);
  }

  bool members_cover(std::size_t gate, std::size_t branch) const {
    const sema::Step& step = flow_.steps[gate];
    const auto one = [&](std::size_t other) {
      return covers(other, branch);
    };
    if (step.kind == StepKind::kAll)
      return std::ranges::any_of(step.members, one, &sema::At<std::size_t>::value);
    if (step.kind == StepKind::kLoop)
      return std::ranges::all_of(step.after, one, &sema::Edge::from);
    return std::ranges::all_of(step.members, one, &sema::At<std::size_t>::value);
  }

  bool is_skipped(std::size_t writer, const std::vector<Skipped>& skipped) const {
    return std::ranges::any_of(
        skipped, [&](const Skipped& one) { return round_in(flow_, writer, one.loop) > one.after; });
  }

  // A merge that may move the branch after the gate looked at it and before it is merged.
  std::optional<std::size_t> late_writer(std::size_t gate, std::size_t branch,
                                         const std::vector<Skipped>& skipped) const {
    poll_stop();
    if (needs_.may_pass(gate)) {
      const auto before = [&](std::size_t writer) {
        return needs_.is_before_pass(writer, gate, merge_);
      };
      if (const auto late = writer_not(before, branch, skipped))
        return late;
    }
    const sema::Step& step = flow_.steps[gate];
    if (step.kind == StepKind::kLoop) {
      for (std::size_t round = 0; round < step.after.size(); ++round) {
        std::vector<Skipped> further = skipped;
        further.push_back({gate, static_cast<std::uint32_t>(round)});
        if (const auto late = late_writer(step.after[round].from, branch, further))
          return late;
      }
      return std::nullopt;
    }
    if (sema::is_joint(step.kind)) {
      std::optional<std::size_t> found;
      for (const sema::At<std::size_t>& member : step.members) {
        if (!covers(member.value, branch))
          continue;
        std::vector<Skipped> further = skipped;
        if (step.closes)
          further.push_back({*step.closes, round_in(flow_, member.value, *step.closes)});
        const auto late = late_writer(member.value, branch, further);
        if (step.kind == StepKind::kAll && !late)
          return std::nullopt;
        if (late)
          found = late;
      }
      return found;
    }
    return writer_after(gate, branch, skipped);
  }

  // A merge that may move the branch after that step began and before this merge.
  std::optional<std::size_t> writer_after(std::size_t gate, std::size_t branch,
                                          const std::vector<Skipped>& skipped) const {
    const auto before = [&](std::size_t writer) {
      return needs_.is_before(writer, gate);
    };
    return writer_not(before, branch, skipped);
  }

  // A merge that moves the branch, is not `before`, and need not come after this merge.
  template <class Before>
  std::optional<std::size_t> writer_not(const Before& before, std::size_t branch,
                                        const std::vector<Skipped>& skipped) const {
    for (std::size_t writer = 0; writer < flow_.steps.size(); ++writer) {
      const bool writes = writer != merge_ && writer != branch &&
                          flow_.steps[writer].merge.into_step && owner_of(flow_, writer) == branch;
      if (writes && !is_skipped(writer, skipped) && !before(writer) &&
          !needs_.is_before(merge_, writer) && !needs_.exclude(merge_, writer))
        return writer;
    }
    return std::nullopt;
  }

  std::string base() const {
    return subject_.model.fleet && subject_.model.fleet->repo
               ? subject_.model.fleet->repo->value.base
               : "the base";
  }

  // An edge from somebody who could approve, that waits for less, where no other says `.approved`.
  const sema::Edge* weak_edge() const {
    const sema::Edge* weak = nullptr;
    for (const sema::Edge& edge : flow_.steps[merge_].after) {
      if (edge.kind == EdgeKind::kApproved)
        return nullptr;
      if (!edge.implied && weak == nullptr && is_judge(subject_.model, flow_, edge.from))
        weak = &edge;
    }
    return weak;
  }

  void say_ungated(std::size_t branch) {
    const sema::Step& step = flow_.steps[merge_];
    Diagnostic diagnostic =
        sema::error("F704", step.head, "nothing approves what is merged into " + ticked(base()),
                    "no gate on the way here");
    const std::string made = ticked(flow_.steps[branch].name);
    if (const auto gate = passed_early(branch)) {
      diagnostic.secondary.push_back(
          {flow_.steps[*gate].head,
           "a human may let it pass before there is anything of " + made + " to see"});
      diagnostic.helps.push_back({"write `else fail` on " + ticked(flow_.steps[*gate].name) +
                                      ", so that it is an approval only when its steps approve",
                                  {},
                                  false});
    } else if (const auto other = some_gate()) {
      diagnostic.secondary.push_back(
          {flow_.steps[*other].head, "approves something else than what " + made + " made"});
    }
    diagnostic.notes.push_back("the way to it: " + way_to(merge_));
    diagnostic.helps.push_back(
        {"wait for a review or a human: `after signoff.approved`; or gather into a branch of the "
         "fleet's own, `into: \"NAME\"`",
         {},
         false});
    subject_.sink.add(std::move(diagnostic));
  }

  std::optional<std::size_t> some_gate() const {
    for (std::size_t gate = 0; gate < flow_.steps.size(); ++gate) {
      if (needs_.has(merge_, gate, EdgeKind::kApproved))
        return gate;
    }
    return std::nullopt;
  }

  // A joint that would do if nobody could let it pass before the branch was made.
  std::optional<std::size_t> passed_early(std::size_t branch) const {
    for (std::size_t gate = 0; gate < flow_.steps.size(); ++gate) {
      if (needs_.has(merge_, gate, EdgeKind::kApproved) && needs_.may_pass(gate) &&
          !needs_.is_before_pass(branch, gate, merge_) && members_cover(gate, branch))
        return gate;
    }
    return std::nullopt;
  }

  // A shortest way from the beginning of the flow, as a person would follow it.
  std::string way_to(std::size_t step) const {
    std::string way = flow_.steps[step].name;
    for (std::size_t at = step; !flow_.steps[at].after.empty();) {
      const sema::Edge& edge = flow_.steps[at].after.front();
      way = flow_.steps[edge.from].name + "." + plan::to_string(edge.kind) + " -> " + way;
      at = edge.from;
    }
    return way;
  }

  void say_weak(const sema::Edge& weak) {
    // As it is written: in a loop, and after it, a name means the step of some round.
    const std::string written(subject_.sources.text(weak.span));
    const std::string name = written.substr(0, written.find('.'));
    Diagnostic diagnostic = sema::error(
        "F703", weak.span, "a merge into " + ticked(base()) + " waits for the wrong outcome",
        ticked(written) + " is no approval");
    diagnostic.secondary.push_back({flow_.steps[merge_].head, "merged here"});
    diagnostic.helps.push_back(
        {"wait for `" + name + ".approved`", {{weak.span, name + ".approved"}}, true});
    subject_.sink.add(std::move(diagnostic));
  }

  void say_stale(std::size_t gate, std::size_t branch, Span use) {
    const std::size_t writer = *late_writer(gate, branch, {});
    Diagnostic diagnostic =
        sema::error("F719", use, "the approval is of an earlier commit than the one merged",
                    ticked(flow_.steps[branch].name) + " can have moved since");
    diagnostic.secondary.push_back(
        {flow_.steps[gate].head, ticked(flow_.steps[gate].name) + " approves what it was then"});
    diagnostic.secondary.push_back(
        {flow_.steps[writer].head, ticked(flow_.steps[writer].name) + " moves the branch"});
    diagnostic.helps.push_back(
        {"review again `after " +
             flow_.steps[writer].name.substr(flow_.steps[writer].name.rfind('.') + 1) +
             ".merged`, and wait for that",
         {},
         false});
    subject_.sink.add(std::move(diagnostic));
  }

  Subject& subject_;
  const sema::Flow& flow_;
  const Needs& needs_;
  std::size_t merge_;
  mutable std::map<std::pair<std::size_t, std::size_t>, bool> covers_;  // by gate and branch
};

bool is_understood(const sema::Flow& flow) {
  return std::ranges::none_of(flow.steps,
                              [](const sema::Step& step) { return step.broken || step.trusts; });
}

}  // namespace

bool is_into_base(const sema::Model& model, const sema::Flow& flow, std::size_t merge) {
  const sema::Step* at = &flow.steps[merge];
  // Into the branch of a merge: into what that one was made into. Each is visited once at most.
  for (std::size_t hops = 0; at->merge.into_step && hops < flow.steps.size(); ++hops) {
    at = &flow.steps[at->merge.into_step->value];
    if (at->broken || at->kind != StepKind::kMerge)
      return false;
  }
  const sema::Step& step = *at;
  if (!step.merge.into)
    return !step.merge.into_step;
  const bool literal = std::ranges::none_of(step.merge.into->pieces, &sema::Piece::hole);
  return literal && model.fleet && model.fleet->repo &&
         to_string(*step.merge.into) == model.fleet->repo->value.base;
}

void check_approvals(Subject& subject) {
  for (const sema::Flow& flow : subject.model.flows) {
    if (!is_understood(flow) || !lower::find_cycles(flow.steps.size(), arcs_of(flow)).empty())
      continue;
    std::vector<std::size_t> into_base;
    for (std::size_t i = 0; i < flow.steps.size(); ++i) {
      if (flow.steps[i].kind == StepKind::kMerge && is_into_base(subject.model, flow, i))
        into_base.push_back(i);
    }
    if (into_base.empty())
      continue;
    const Needs needs(flow, asks_human(subject.model));
    for (const std::size_t merge : into_base)
      MergeGate(subject, flow, needs, merge).check();
  }
}

}  // namespace fleet::checks
