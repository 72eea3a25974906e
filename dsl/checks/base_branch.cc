// F305: no task's branch is the base, or stands in its way; and none is where merges into it wait.
#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dsl/checks/branches.h"
#include "dsl/checks/checks.h"
#include "dsl/sema/report.h"

namespace fleet::checks {
namespace {

using sema::ticked;

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

// What no task may take: the base, and the branch on which merges into it wait while it is checked
// out.
struct Reserved {
  std::string branch;
  bool is_base = false;
};

class BaseChecker {
 public:
  explicit BaseChecker(Subject& subject)
      : subject_(subject),
        repo_(*subject.model.fleet->repo),
        reserved_{{repo_.value.base, true}, {"fleet/merged/" + repo_.value.base, false}} {}

  void check(const sema::Flow& flow) {
    Variables variables;
    Claims claims(subject_.model, flow, variables);
    for (std::size_t i = 0; i < flow.steps.size(); ++i) {
      for (const Claim& claim : claims.of_step(i, 0)) {
        const bool merge = flow.steps[i].kind == sema::StepKind::kMerge;
        if (merge && is_base(claim, repo_.value.base))
          continue;
        for (const Reserved& reserved : reserved_)
          check(claims, flow, claim, reserved);
      }
    }
  }

 private:
  void check(const Claims& claims, const sema::Flow& flow, const Claim& claim,
             const Reserved& reserved) {
    Claim taken;
    taken.word = letters(reserved.branch);
    const auto witness = find_conflict(taken, claim, std::nullopt, effort_);
    // One report a template.
    if (witness && seen_.emplace(claim.branch.source.value, claim.branch.begin).second)
      say(claims, flow, claim, *witness, reserved);
  }

  void say(const Claims& claims, const sema::Flow& flow, const Claim& claim, const Witness& witness,
           const Reserved& reserved) {
    const bool same = witness.left == witness.right;
    const std::string what = reserved.is_base ? "the base branch " : "the fleet's own ";
    Diagnostic diagnostic =
        sema::error("F305", claim.branch,
                    same ? "a task's branch can be " + what + ticked(reserved.branch)
                         : "the branch " + ticked(witness.right) + " can't exist beside " + what +
                               ticked(reserved.branch),
                    claim_text(claims, flow, claim, witness, witness.right));
    diagnostic.secondary.push_back({repo_.span, "the base branch is set here"});
    if (!reserved.is_base)
      diagnostic.notes.push_back("merges into " + ticked(repo_.value.base) +
                                 " wait there while it is checked out");
    if (!same)
      diagnostic.notes.push_back("git can't hold both: one would be a directory of the other");
    diagnostic.helps.push_back(
        {"begin the branch with a word of its own, such as `work/…`", {}, false});
    subject_.sink.add(std::move(diagnostic));
  }

  Subject& subject_;
  const sema::At<plan::Repo>& repo_;
  std::vector<Reserved> reserved_;
  Effort effort_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> seen_;
};

}  // namespace

void check_base_branch(Subject& subject) {
  if (!subject.model.fleet || !subject.model.fleet->repo)
    return;
  BaseChecker checker(subject);
  for (const sema::Flow& flow : subject.model.flows)
    checker.check(flow);
  for (const sema::Agent& agent : subject.model.agents) {
    if (has_own_tasks(agent) && agent.writes())
      checker.check(standing_flow(subject.model, agent));
  }
}

}  // namespace fleet::checks
