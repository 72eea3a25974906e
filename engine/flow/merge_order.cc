// The merging half of LocalWorld: gather accepted commits, judge the merged tree, move the branch.
#include <fmt/format.h>

#include "engine/flow/local_world.h"
#include "engine/flow/merge_message.h"
#include "engine/flow/merge_target.h"
#include "engine/os/crash_point.h"
#include "engine/worktree/merge.h"
#include "engine/worktree/refs.h"

namespace fleet::flow {
namespace {

worktree::MergeStyle style_of(plan::MergeStyle style) {
  switch (style) {
    case plan::MergeStyle::kMerge: return worktree::MergeStyle::kMerge;
    case plan::MergeStyle::kSquash: return worktree::MergeStyle::kSquash;
    case plan::MergeStyle::kRebase: return worktree::MergeStyle::kRebase;
  }
  return worktree::MergeStyle::kMerge;
}

// Whether another try would end the same way. A full disk or a lock may be gone by then.
bool needs_a_person(const Error& error) {
  switch (error.code()) {
    case Errc::kInvalid:
    case Errc::kExists:
    case Errc::kReadOnly:
    case Errc::kConflict:
    case Errc::kUnsupported: return true;
    default: return false;
  }
}

// Whose change an earlier result's is: the base's own, or that of work which waits to be taken into
// it. Told apart by merging anew with the two as sides of their own.
std::string earlier_side(worktree::Repository& repository, const MergeTarget& target,
                         worktree::MergeRequest request, const worktree::MergeConflict& first) {
  if (!target.behind || first.ours != request.into_name)
    return first.ours;
  request.into = *target.behind;
  request.sources.insert(request.sources.begin(), {target.onto, target.branch});
  const auto again = worktree::merge(repository, request);
  const auto* found = again ? std::get_if<worktree::MergeConflicts>(&*again) : nullptr;
  return found == nullptr ? first.ours : found->conflicts.front().ours;
}

void tell_conflicts(worktree::Repository& repository, const MergeTarget& target,
                    const worktree::MergeRequest& request, const worktree::MergeConflicts& found,
                    run::Merged& event) {
  for (const worktree::MergeConflict& conflict : found.conflicts)
    event.paths.push_back(conflict.path);
  const worktree::MergeConflict& first = found.conflicts.front();
  event.how = run::MergeHow::kConflict;
  std::string ours = earlier_side(repository, target, request, first);
  const bool waits = (target.behind || target.waiting) && ours == target.branch;
  if (waits)
    ours = fmt::format("an earlier result, which waits on `{}` to be taken into `{}`,",
                       target.branch, request.into_name);
  event.detail = found.why.empty()
                     ? fmt::format("`{}`: {} and {} both changed it; `{}` is as it was", first.path,
                                   ours, first.theirs, event.branch)
                     : fmt::format(
                           "`{}`: {} cannot be rebased: {}; `{}` is as it was; gather it again, or "
                           "write `as: squash`",
                           first.path, first.theirs, found.why, event.branch);
}

// Work for the base that waits to be taken comes along. A straight line gets its commits first, by
// themselves: they are no part of what is merged now.
Result<worktree::MergeOutcome> make_merge(worktree::Repository& repository,
                                          const MergeTarget& target, const MergeOrder& order,
                                          const plan::Merge& wanted,
                                          worktree::MergeRequest& request, const std::string& run) {
  const worktree::MergeSource waiting{target.waiting.value_or(worktree::Oid()), target.branch};
  if (wanted.style == plan::MergeStyle::kMerge) {
    if (target.waiting)
      request.sources.insert(request.sources.begin(), waiting);
    request.message = merge_message(order, wanted, request.into_name, run, {});
    return worktree::merge(repository, request);
  }
  if (target.waiting) {
    worktree::MergeRequest first = request;
    first.sources = {waiting};
    first.style = worktree::MergeStyle::kRebase;
    first.mark.clear();
    FLEET_TRY(auto outcome, worktree::merge(repository, first));
    if (std::holds_alternative<worktree::MergeConflicts>(outcome))
      return outcome;
    if (const auto* merged = std::get_if<worktree::Merged>(&outcome))
      request.into = merged->commit;
  }
  std::vector<std::string> authors;
  if (wanted.style == plan::MergeStyle::kSquash) {
    FLEET_TRY(authors, worktree::authors_of(repository, request));
  }
  request.message = merge_message(order, wanted, request.into_name, run, authors);
  return worktree::merge(repository, request);
}

std::string with_note(std::string detail, const std::string& note) {
  if (note.empty())
    return detail;
  return detail.empty() ? note : detail + "; " + note;
}

}  // namespace

// A base may move while the merge with it is being judged.
struct LocalWorld::Merging {
  MergeOrder order;
  MergeTarget target;
  worktree::Oid made;  // the merged commit
  run::Merged event;
  Post post;
  int tries = 1;

  void end(run::MergeHow how, std::string detail) {
    event.how = how;
    event.detail = std::move(detail);
    post(event);
  }
};

void LocalWorld::merge(const MergeOrder& order, Post post) {
  auto merging = std::make_shared<Merging>();
  merging->order = order;
  merging->post = std::move(post);
  git_.add([this, merging](worktree::Repository& repository) { merge_now(repository, merging); });
}

Result<FoundTarget> LocalWorld::find_target(worktree::Repository& repository,
                                            const MergeOrder& order) const {
  const plan::Merge& wanted = *plan_.nodes[order.task.node.value].merge;
  if (wanted.into_base)
    return base_target(repository, plan_.repo.base);
  if (wanted.into_step)
    return fleet_target(repository, order.branch, oid_of(order.tip));
  const std::string branch = branch_name(wanted.into, holes_of(order.task));
  if (const auto held = run::held_against(order.leased, order.task.attempt.task, branch))
    return FoundTarget{{branch, {}, {}, false, std::nullopt, std::nullopt, {}},
                       fmt::format("the branch `{}` cannot be merged into: `{}` is another task's "
                                   "in this run; write another name after `into:`",
                                   branch, held->branch)};
  return fleet_target(repository, branch, oid_of(order.start));
}

// Onto the branch as it stands if it is the fleet's own, so that nothing gathered before is
// dropped; a fresh one starts where the tasks did. Idempotent: sources that are already in are left
// out, and the same sources, tip and date give the same commit.
void LocalWorld::merge_now(worktree::Repository& repository, std::shared_ptr<Merging> merging) {
  const MergeOrder& order = merging->order;
  const plan::Merge& wanted = *plan_.nodes[order.task.node.value].merge;
  const bool into_base = wanted.into_base;
  merging->event = {};
  merging->event.attempt = order.task.attempt;
  auto found = find_target(repository, order);
  if (!found)
    return merging->end(run::MergeHow::kError, found.error().message());
  const MergeTarget& target = merging->target = std::move(found->target);
  merging->event.branch = target.branch;
  if (!found->refused.empty())
    return merging->end(run::MergeHow::kRefused, std::move(found->refused));
  // A branch that was set back while the run went on would get again what somebody took from it.
  if (into_base) {
    const auto stands = repository.is_ancestor(oid_of(base_), target.onto);
    if (!stands)
      return merging->end(run::MergeHow::kError, stands.error().message());
    if (!*stands)
      return merging->end(
          run::MergeHow::kRefused,
          fmt::format("`{}` does not have {} any more, at which this run began: it was set back or "
                      "replaced, and a merge would bring back what was taken from it; begin a new "
                      "run, or put it back and try again",
                      plan_.repo.base, base_.substr(0, 12)));
  }
  worktree::MergeRequest request;
  request.into = target.onto;
  request.into_name = into_base ? plan_.repo.base : target.branch;
  for (std::size_t i = 0; i < order.commits.size(); ++i)
    request.sources.push_back({oid_of(order.commits[i]), order.names[i]});
  request.author_name = author_name("fleet");
  request.author_email = author_email("fleet");
  request.time = order.at / 1000;
  request.style = style_of(wanted.style);
  request.mark = merge_mark(order, wanted.style, site_.run);
  os::crash_point("engine.merge.before");
  auto outcome = make_merge(repository, target, order, wanted, request, site_.run);
  os::crash_point("engine.merge.after");
  if (!outcome)
    return merging->end(run::MergeHow::kError, outcome.error().message());
  if (const auto* conflicts = std::get_if<worktree::MergeConflicts>(&*outcome)) {
    tell_conflicts(repository, target, request, *conflicts, merging->event);
    return merging->post(merging->event);
  }
  const auto* merged = std::get_if<worktree::Merged>(&*outcome);
  merging->made = merged != nullptr ? merged->commit : request.into;
  const bool made_before = merging->made == target.onto;  // nothing to do, or done before a crash
  // The lease of a step's branch is of one commit: whoever moved it had no approval.
  if (!order.branch.empty() && target.expected && *target.expected != oid_of(order.tip) &&
      (merged == nullptr || !made_before))
    return merging->end(
        run::MergeHow::kRefused,
        fmt::format("the branch `{}` was moved from {} to {} meanwhile; put it "
                    "back with `git branch -f`, and try again",
                    target.branch, order.tip.substr(0, 12), target.expected->hex().substr(0, 12)));
  merging->event.how = run::MergeHow::kNothing;
  if (merged != nullptr) {
    merging->event.how = run::MergeHow::kMerged;
    merging->event.detail =
        fmt::format("{} file{}, +{} -{}", merged->stat.files, merged->stat.files == 1 ? "" : "s",
                    merged->stat.insertions, merged->stat.deletions);
  }
  if (into_base && made_before)
    return tell_base(repository, *merging);
  judge_merge(repository, std::move(merging));
}

// All of it is in the base, or waits beside it, already.
void LocalWorld::tell_base(worktree::Repository& repository, Merging& merging) {
  run::Merged& event = merging.event;
  event.commit = merging.made.hex();
  const auto base = worktree::read_ref(repository, worktree::branch_ref(plan_.repo.base));
  if (base && *base && **base == merging.made)
    event.branch = plan_.repo.base;
  else
    event.detail = with_note(event.detail, merging.target.note);
  merging.post(event);
}

void LocalWorld::judge_merge(worktree::Repository& repository, std::shared_ptr<Merging> merging) {
  const MergeOrder& order = merging->order;
  const plan::Node& node = plan_.nodes[order.task.node.value];
  EvidenceRequest request;
  request.task = order.task;
  request.task.agent = "fleet";
  request.holes = holes_of(order.task);
  // What came into the base meanwhile is its user's: it judges, and is not judged.
  request.base = node.merge->into_base ? merging->target.onto.hex() : base_;
  request.commit = merging->made.hex();
  request.accept = node.merge->accept;
  request.protect = plan_.protect;
  // As open as the most open of those whose work it judges: a platform without a sandbox was
  // accepted by them.
  for (const plan::NodeIndex from : node.merge->from)
    for (const plan::AgentIndex agent : plan_.nodes[from.value].agents)
      if (!plan_.agents[agent.value].runtime.sandbox.on)
        request.sandbox.on = false;
  if (node.timeout)
    request.timeout = *node.timeout;
  if (const auto stat = repository.diff_stat(oid_of(request.base), merging->made))
    request.changed_lines = stat->insertions + stat->deletions;
  const std::pair<std::uint32_t, std::uint32_t> judged{order.task.attempt.task.value,
                                                       order.task.attempt.epoch};
  {
    const std::lock_guard lock(mutex_);
    judged_merges_.insert(judged);
  }
  evidence_.gather(std::move(request), [this, merging, judged](EvidenceAnswer answer) {
    {
      const std::lock_guard lock(mutex_);
      judged_merges_.erase(judged);
    }
    finish_merge(merging, std::move(answer));
  });
}

void LocalWorld::finish_merge(std::shared_ptr<Merging> merging, EvidenceAnswer answer) {
  run::Merged& event = merging->event;
  event.checks = std::move(answer.checks);
  event.commit = merging->made.hex();
  if (!answer.error.empty())
    return merging->end(run::MergeHow::kError, std::move(answer.error));
  if (!answer.passed)
    return merging->end(run::MergeHow::kEvidenceFailed,
                        fmt::format("`{}`: {}; `{}` is as it was, the merged commit is {}",
                                    event.checks.back().text, event.checks.back().detail,
                                    merging->target.branch, event.commit.substr(0, 12)));
  git_.add([this, merging](worktree::Repository& repository) { move_branch(repository, merging); });
}

// By compare-and-swap. A base that its user moved, or checked out, while the merge was judged is
// looked at anew: what was judged would not be what it becomes.
void LocalWorld::move_branch(worktree::Repository& repository, std::shared_ptr<Merging> merging) {
  const MergeTarget& target = merging->target;
  os::crash_point("engine.gather.before");
  const Status moved =
      target.is_base
          ? worktree::move_refs(
                repository, {{worktree::branch_ref(target.branch), target.expected, merging->made}},
                "fleetc: merged")
          : worktree::publish(repository, target.branch, target.expected, merging->made,
                              "fleetc: gathered");
  os::crash_point("engine.gather.after");
  if (moved) {
    merging->event.detail = with_note(merging->event.detail, target.note);
    return merging->post(merging->event);
  }
  const bool into_base = plan_.nodes[merging->order.task.node.value].merge->into_base;
  const bool base_changed =
      moved.error().code() == Errc::kConflict || moved.error().code() == Errc::kReadOnly;
  if (into_base && base_changed && merging->tries++ < kTriesInPlace && !abandoned_)
    return merge_now(repository, std::move(merging));
  merging->end(needs_a_person(moved.error()) ? run::MergeHow::kRefused : run::MergeHow::kError,
               moved.error().message());
}

}  // namespace fleet::flow
