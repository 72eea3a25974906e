// The settling half of LocalWorld: what a session left becomes a commit, is judged, and moves a
// branch.
#include <fmt/format.h>

#include "engine/flow/local_world.h"
#include "engine/os/crash_point.h"
#include "engine/worktree/capture.h"
#include "engine/worktree/refs.h"

namespace fleet::flow {
namespace {

std::string subject_of(const TaskFacts& task) {
  const std::string title = title_of(task);
  return title.empty() ? task.agent : fmt::format("{}: {}", task.agent, title);
}

const char* why_refused(worktree::CaptureRefused::Why why) {
  switch (why) {
    case worktree::CaptureRefused::Why::kTooLarge: return "is larger than 100 MiB";
    case worktree::CaptureRefused::Why::kRepositoryInside: return "is a repository of its own";
    case worktree::CaptureRefused::Why::kSpecialFile: return "is a pipe, socket or device";
    case worktree::CaptureRefused::Why::kUnreadable: return "cannot be read";
    case worktree::CaptureRefused::Why::kBadName: return "has a name that git refuses";
  }
  return "cannot be committed";
}

}  // namespace

void LocalWorld::capture(const CaptureOrder& order, Post post) {
  try_capture(order, std::move(post), 1);
}

// What the world denies now (a full disk, a lock) may be granted in a moment, and the work is still
// in its worktree: better to try the commit again than to run the session again.
void LocalWorld::try_capture(const CaptureOrder& order, Post post, int tries) {
  git_.add([this, order, post = std::move(post), tries](worktree::Repository& repository) {
    run::Captured event = capture_now(repository, order);
    if (event.how != run::CaptureHow::kError || tries >= kTriesInPlace)
      return post(std::move(event));
    timers_.add_in(std::chrono::seconds(tries),
                   [this, order, post, tries] { try_capture(order, post, tries + 1); });
  });
}

// Idempotent: the same tree, parent and date give the same commit, and its ref already naming it is
// fine.
run::Captured LocalWorld::capture_now(worktree::Repository& repository, const CaptureOrder& order) {
  run::Captured event;
  event.attempt = order.task.attempt;
  const auto failed = [&event](std::string why) {
    event.how = run::CaptureHow::kError;
    event.detail = std::move(why);
    return event;
  };
  auto slot = slot_of(order.session, order.slot);
  if (!slot)
    return failed(slot.error().message());
  const plan::Agent& agent = agent_named(order.task.agent);
  if (only_reads(agent)) {
    event.how = run::CaptureHow::kEmpty;
    event.commit = order.start;
    return event;
  }
  worktree::CaptureRequest request;
  if (agent.writes)
    request.in = agent.writes->in;
  request.author_name = author_name(agent.name);
  request.author_email = author_email(agent.name);
  request.message =
      fmt::format("{}\n\nFleet-Run: {}\nFleet-Task: {}\nFleet-Attempt: {}", subject_of(order.task),
                  site_.run, order.task.attempt.task.value, order.task.attempt.epoch);
  request.time = order.at / 1000;
  os::crash_point("engine.capture.before");
  auto outcome = worktree::capture(repository, *slot, request);
  os::crash_point("engine.capture.after");
  if (!outcome)
    return failed(outcome.error().message());
  bool saved = true;
  if (auto* commit = std::get_if<worktree::Captured>(&*outcome)) {
    const std::string ref =
        worktree::attempt_ref(site_.run, task_name(order.task), order.task.attempt.epoch);
    if (const Status moved = worktree::move_refs(repository, {{ref, std::nullopt, commit->commit}},
                                                 "fleetc: attempt captured");
        !moved)
      return failed(moved.error().message());
    event.how = run::CaptureHow::kCommit;
    event.commit = commit->commit.hex();
    event.files = commit->stat.files;
    event.insertions = commit->stat.insertions;
    event.deletions = commit->stat.deletions;
  } else if (std::holds_alternative<worktree::CapturedNothing>(*outcome)) {
    event.how = run::CaptureHow::kEmpty;
    event.commit = order.start;
  } else if (auto* outside = std::get_if<worktree::CapturedOutside>(&*outcome)) {
    saved = false;
    event.how = run::CaptureHow::kOutside;
    event.paths = outside->paths;
    if (event.paths.size() > 20)
      event.paths.resize(20);
  } else {
    saved = false;
    const auto& refused = std::get<worktree::CaptureRefused>(*outcome);
    event.how = run::CaptureHow::kRefused;
    event.detail = fmt::format("`{}` {}", refused.path, why_refused(refused.why));
  }
  const std::lock_guard lock(mutex_);
  if (const auto it = sessions_.find(order.session); it != sessions_.end() && saved)
    it->second.unsaved.clear();
  return event;
}

void LocalWorld::verify(const VerifyOrder& order, Post post) {
  try_verify(order, std::move(post), 1);
}

// As with a capture: the commit is there, and judging it again costs less than making it again.
void LocalWorld::try_verify(const VerifyOrder& order, Post post, int tries) {
  const plan::Agent& agent = agent_named(order.task.agent);
  EvidenceRequest request;
  request.task = order.task;
  request.holes = holes_of(order.task);
  request.base = base_;
  request.commit = order.commit;
  request.changed_lines = order.changed_lines;
  request.accept = agent.accept;
  request.protect = plan_.protect;
  request.sandbox = agent.runtime.sandbox;
  request.sandbox.write.clear();
  request.timeout = timeout_of(plan_.nodes[order.task.node.value], &agent);
  evidence_.gather(
      std::move(request), [this, order, tries, post = std::move(post)](EvidenceAnswer answer) {
        if (answer.error.empty() || tries >= kTriesInPlace || abandoned_)
          return post(run::Verified{order.task.attempt, answer.passed, std::move(answer.checks),
                                    std::move(answer.error)});
        timers_.add_in(std::chrono::seconds(tries),
                       [this, order, post, tries] { try_verify(order, post, tries + 1); });
      });
}

void LocalWorld::publish(const PublishOrder& order, Post post) {
  try_publish(order, std::move(post), 1);
}

// A lock that somebody's git holds is gone in a moment; what a person has to settle is not.
void LocalWorld::try_publish(const PublishOrder& order, Post post, int tries) {
  git_.add([this, order, post = std::move(post), tries](worktree::Repository& repository) {
    os::crash_point("engine.publish.before");
    const Status published = publish_now(repository, order);
    os::crash_point("engine.publish.after");
    const bool may_pass = !published && published.error().code() != Errc::kExists &&
                          published.error().code() != Errc::kInvalid;
    if (!may_pass || tries >= kTriesInPlace || abandoned_)
      return post(run::Published{order.task.attempt, order.branch, order.commit,
                                 published ? "" : published.error().message()});
    timers_.add_in(std::chrono::seconds(tries),
                   [this, order, post, tries] { try_publish(order, post, tries + 1); });
  });
}

// Idempotent: a branch that already names the commit is done.
Status LocalWorld::publish_now(worktree::Repository& repository, const PublishOrder& order) {
  if (order.branch.empty())
    return {};
  FLEET_TRY(const auto state, worktree::inspect_branch(repository, order.branch));
  return worktree::publish(repository, order.branch, state.commit, oid_of(order.commit),
                           "fleetc: task accepted");
}

}  // namespace fleet::flow
