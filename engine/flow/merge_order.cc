// The merging half of LocalWorld: gather accepted commits, judge the merged tree, move the branch.
#include <fmt/format.h>

#include "engine/flow/local_world.h"
#include "engine/os/crash_point.h"
#include "engine/worktree/merge.h"
#include "engine/worktree/refs.h"

namespace fleet::flow {
namespace {

std::string message_of(const MergeOrder& order, const std::string& into, const std::string& run) {
  std::string text = fmt::format("Gather {} task{} on {}\n", order.commits.size(),
                                 order.commits.size() == 1 ? "" : "s", into);
  text += fmt::format("\nFleet-Run: {}\nFleet-Task: {}", run, order.task.attempt.task.value);
  return text;
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

}  // namespace

void LocalWorld::merge(const MergeOrder& order, Post post) {
  git_.add([this, order, post = std::move(post)](worktree::Repository& repository) {
    merge_now(repository, order, post);
  });
}

// Onto the branch as it stands if it is the fleet's own, so that nothing gathered before is
// dropped; a fresh one starts where the tasks did. Idempotent: sources that are already in are left
// out, and the same sources, tip and date give the same commit.
void LocalWorld::merge_now(worktree::Repository& repository, const MergeOrder& order,
                           const Post& post) {
  run::Merged event;
  event.attempt = order.task.attempt;
  const auto end = [&](run::MergeHow how, std::string detail) {
    event.how = how;
    event.detail = std::move(detail);
    post(event);
  };
  const plan::Merge& wanted = *plan_.nodes[order.task.node.value].merge;
  const std::string into = branch_name(wanted.into, holes_of(order.task));
  event.branch = into;
  auto state = worktree::inspect_branch(repository, into);
  if (!state)
    return end(run::MergeHow::kError, state.error().message());
  if (!state->conflict.empty())
    return end(run::MergeHow::kRefused,
               fmt::format("the branch `{}` cannot exist beside `{}`; rename one of them", into,
                           state->conflict));
  if (state->owner == worktree::BranchOwner::kForeign)
    return end(run::MergeHow::kRefused,
               fmt::format("the branch `{}` exists and is not fleetc's (or was moved by somebody "
                           "else); it is left "
                           "alone: rename or delete it, then `fleetc run` again",
                           into));
  if (!state->checked_out_at.empty())
    return end(run::MergeHow::kRefused,
               fmt::format("the branch `{}` is checked out at {} and is not moved under its "
                           "user; switch that worktree to another branch",
                           into, state->checked_out_at));
  worktree::MergeRequest request;
  request.into = state->commit ? *state->commit : oid_of(order.start);
  request.into_name = into;
  for (std::size_t i = 0; i < order.commits.size(); ++i)
    request.sources.push_back({oid_of(order.commits[i]), order.names[i]});
  request.author_name = author_name("fleet");
  request.author_email = author_email("fleet");
  request.message = message_of(order, into, site_.run);
  request.time = order.at / 1000;
  os::crash_point("engine.merge.before");
  auto outcome = worktree::merge(repository, request);
  os::crash_point("engine.merge.after");
  if (!outcome)
    return end(run::MergeHow::kError, outcome.error().message());
  if (const auto* conflicts = std::get_if<worktree::MergeConflicts>(&*outcome)) {
    for (const worktree::MergeConflict& conflict : conflicts->conflicts)
      event.paths.push_back(conflict.path);
    const worktree::MergeConflict& first = conflicts->conflicts.front();
    return end(run::MergeHow::kConflict,
               fmt::format("`{}`: {} and {} both changed it; `{}` is as it was", first.path,
                           first.ours, first.theirs, into));
  }
  std::string commit = request.into.hex();
  event.how = run::MergeHow::kNothing;
  if (const auto* merged = std::get_if<worktree::Merged>(&*outcome)) {
    commit = merged->commit.hex();
    event.how = run::MergeHow::kMerged;
    event.detail =
        fmt::format("{} file{}, +{} -{}", merged->stat.files, merged->stat.files == 1 ? "" : "s",
                    merged->stat.insertions, merged->stat.deletions);
  }
  judge_merge(order, into, std::move(commit), state->commit, std::move(event), post);
}

void LocalWorld::judge_merge(const MergeOrder& order, const std::string& into, std::string commit,
                             std::optional<worktree::Oid> expected, run::Merged merged,
                             const Post& post) {
  const plan::Node& node = plan_.nodes[order.task.node.value];
  EvidenceRequest request;
  request.task = order.task;
  request.task.agent = "fleet";
  request.holes = holes_of(order.task);
  request.base = base_;
  request.commit = commit;
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
  const std::pair<std::uint32_t, std::uint32_t> judged{order.task.attempt.task.value,
                                                       order.task.attempt.epoch};
  {
    const std::lock_guard lock(mutex_);
    judged_merges_.insert(judged);
  }
  auto finish = [this, into, commit, expected, post, judged](run::Merged event,
                                                             EvidenceAnswer answer) {
    {
      const std::lock_guard lock(mutex_);
      judged_merges_.erase(judged);
    }
    event.checks = std::move(answer.checks);
    if (!answer.error.empty() || !answer.passed) {
      event.how = answer.error.empty() ? run::MergeHow::kEvidenceFailed : run::MergeHow::kError;
      event.detail = answer.error.empty()
                         ? fmt::format("`{}`: {}; `{}` is as it was, the merged commit is {}",
                                       event.checks.back().text, event.checks.back().detail, into,
                                       commit.substr(0, 12))
                         : answer.error;
      event.commit = commit;
      return post(std::move(event));
    }
    git_.add([into, commit, expected, post,
              event = std::move(event)](worktree::Repository& repository) mutable {
      event.commit = commit;
      os::crash_point("engine.gather.before");
      if (const Status moved = worktree::publish(repository, into, expected,
                                                 *worktree::Oid::parse(commit), "fleetc: gathered");
          !moved) {
        event.how = needs_a_person(moved.error()) ? run::MergeHow::kRefused : run::MergeHow::kError;
        event.detail = moved.error().message();
      }
      os::crash_point("engine.gather.after");
      post(std::move(event));
    });
  };
  git_.add([this, request = std::move(request), merged = std::move(merged),
            finish = std::move(finish)](worktree::Repository& repository) mutable {
    const auto stat = repository.diff_stat(oid_of(request.base), oid_of(request.commit));
    if (stat)
      request.changed_lines = stat->insertions + stat->deletions;
    evidence_.gather(std::move(request),
                     [merged = std::move(merged), finish = std::move(finish)](
                         EvidenceAnswer answer) { finish(merged, std::move(answer)); });
  });
}

}  // namespace fleet::flow
