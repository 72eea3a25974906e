// F304, F307, and names of branches: each item has a branch that git takes, and what is merged has
// one.
#include <algorithm>
#include <set>
#include <utility>

#include "dsl/checks/branches.h"
#include "dsl/checks/checks.h"
#include "dsl/sema/offers.h"
#include "dsl/sema/report.h"

namespace fleet::checks {
namespace {

using sema::StepKind;
using sema::ticked;

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

}  // namespace

void check_branch_names(Subject& subject) {
  std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
  const auto once = [&](const sema::Text& branch) {
    if (seen.emplace(branch.span.source.value, branch.span.begin).second)
      check_name(subject, branch);
  };
  for (const sema::Agent& agent : subject.model.agents) {
    if (agent.writes())
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
        if (!agent.writes() || agent.contract.broken.contains("writes"))
          continue;
        if (tells_items_apart(flow, agent.contract.writes->value.branch))
          continue;
        say_no_item(subject, step, use);
      }
    }
  }
}

namespace {

// Why a step leaves no branch; empty: it does.
std::string why_no_branch(const sema::Model& model, const sema::Step& step) {
  if (sema::leaves_work(model, step))
    return {};
  if (step.kind == StepKind::kRun)
    return "a `run` step changes nothing";
  if (step.kind == StepKind::kHuman)
    return "a human decides, and changes nothing";
  if (step.kind == StepKind::kLast)
    return "each round makes a branch of its own; gather them inside of the loop with `repo.merge`";
  if (sema::is_joint(step.kind))
    return "it waits for other steps, and changes nothing itself";
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
