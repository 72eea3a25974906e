// The preparing half of LocalWorld for reviews: which tree a reviewer gets, and what it is shown of
// the change beside it.
#include <fmt/format.h>

#include "engine/flow/local_world.h"
#include "engine/worktree/review.h"

namespace fleet::flow {
namespace {

Result<worktree::Oid> meeting_point(worktree::Repository& repository, const std::string& base,
                                    const std::string& start) {
  FLEET_TRY(const auto met, repository.merge_base(oid_of(base), oid_of(start)));
  // With nothing in common the whole of the change is new to the base.
  return met.value_or(oid_of(base));
}

void add_list(std::string& text, const std::string& title,
              const std::vector<plan::Acceptance>& accept) {
  if (accept.empty())
    return;
  text += fmt::format("\n## {}\n\n", title);
  for (const plan::Acceptance& one : accept)
    text += fmt::format("- `{}`\n", one.text);
}

}  // namespace

// A reviewer gets a slot that no builder uses. One that sees only the change gets the tree that the
// change was made on: its own words for the rest are in the patch.
Result<worktree::SlotRequest> LocalWorld::slot_request(worktree::Repository& repository,
                                                       const PrepareOrder& order) const {
  worktree::SlotRequest wanted;
  wanted.commit = oid_of(order.start);
  wanted.agent = "run";
  if (order.task.agent.empty())
    return wanted;
  const plan::Agent& agent = agent_named(order.task.agent);
  wanted.agent = agent.name;
  wanted.keep = agent.keep;
  if (!only_reads(agent))
    return wanted;
  wanted.kind = worktree::SlotKind::kReview;
  wanted.keep.clear();
  if (agent.reads == plan::Reads::kDiff) {
    FLEET_TRY(wanted.commit, meeting_point(repository, base_, order.start));
  } else if (agent.reads == plan::Reads::kNone) {
    wanted.commit = oid_of(base_);
  }
  return wanted;
}

Status LocalWorld::show_change(worktree::Repository& repository, const PrepareOrder& order,
                               const worktree::Slot& slot) const {
  switch (agent_named(order.task.agent).reads) {
    case plan::Reads::kRepo: return Status();
    case plan::Reads::kNone: return worktree::make_empty(slot);
    case plan::Reads::kDiff: break;
  }
  return worktree::write_review(repository, slot,
                                {slot.commit, oid_of(order.start), criteria_of(order.task)});
}

// What the change was asked for, and what judges it: of the steps whose work it is, and of the
// flow.
std::string LocalWorld::criteria_of(const TaskFacts& task) const {
  const plan::Node& node = plan_.nodes[task.node.value];
  std::string text = "# What the change is judged by\n";
  if (!task.task.empty())
    text += fmt::format("\n## The task\n\n{}\n", task.task);
  if (!plan_.criteria.empty())
    text += fmt::format("\n## Written before the work\n\n{}\n", plan_.criteria);
  const bool says_more = node.args.size() > (node.start ? 1U : 0U);  // than which change it is
  if (says_more && task.text != task.task)
    text += fmt::format("\n## What is asked of this review\n\n{}\n", task.text);
  if (node.start)
    for (const plan::AgentIndex maker : plan_.nodes[node.start->value].agents)
      add_list(text,
               fmt::format("Checks of `{}`, {}", plan_.agents[maker.value].name,
                           task.let_pass.empty()
                               ? "which passed"
                               : fmt::format("without which {} let it go on", task.let_pass)),
               plan_.agents[maker.value].accept);
  add_list(text, "Checks of the flow, before a branch moves", plan_.accept);
  return text;
}

}  // namespace fleet::flow
