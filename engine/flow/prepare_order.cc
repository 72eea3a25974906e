// The preparing half of LocalWorld: which worktree a session gets, keeps over its tasks, and gives
// back; whether a task may own its branch.
#include <fmt/format.h>

#include "engine/flow/local_world.h"
#include "engine/flow/models.h"
#include "engine/flow/probes.h"
#include "engine/os/crash_point.h"
#include "engine/worktree/refs.h"
#include "engine/worktree/slug.h"

namespace fleet::flow {
namespace {

std::string slot_name(const worktree::Slot& slot) {
  return std::to_string(slot.id.value);
}

}  // namespace

// The worktree that plain commands without a sandbox share, once it stands: they need nothing of
// git then, nor a thread of it.
std::optional<std::string> LocalWorld::shared_slot(const PrepareOrder& order) {
  const plan::Node& node = plan_.nodes[order.task.node.value];
  if (node.kind != plan::NodeKind::kRun || node.sandboxed)
    return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto slot = shared_.find(order.start);
  return slot == shared_.end() ? std::nullopt : std::optional(slot_name(slot->second));
}

void LocalWorld::use_permits(Permits* permits) {
  permits_ = permits;
}

void LocalWorld::use_write_sets(WriteSets* sets, Post tell) {
  write_sets_ = sets;
  tell_ = std::move(tell);
}

void LocalWorld::prepare(const PrepareOrder& order, Post post) {
  if (std::optional<std::string> slot = shared_slot(order)) {
    run::Prepared event;
    event.attempt = order.task.attempt;
    event.start = order.start;
    event.slot = *std::move(slot);
    event.cold = false;
    return post(std::move(event));
  }
  if (permits_ == nullptr || order.task.agent.empty())
    return prepare_now(order, std::move(post));
  permits_->ask(wish_of(order), [this, order, post = std::move(post)](bool granted) {
    if (granted)
      return prepare_now(order, post);
    // The run is being stopped: what is prepared is not begun then, whatever it was given.
    run::Prepared event;
    event.attempt = order.task.attempt;
    event.start = order.start;
    post(std::move(event));
  });
  // It was asked for while the run began to stop.
  if (begins_none_)
    permits_->drop(site_.run);
}

// One that has its session already is granted it again.
Permits::Wish LocalWorld::wish_of(const PrepareOrder& order) const {
  const plan::Agent& agent = agent_named(order.task.agent);
  return {{site_.run, order.session.value},
          agent.clones ? std::string() : agent.name,
          plan_.limits.sessions.value_or(0),
          plan_.limits.starts.value_or(0)};
}

// What is said instead of beginning a session whose credential does not work.
std::optional<run::Prepared> LocalWorld::without_credential(const PrepareOrder& order) {
  if (probes_ == nullptr || order.task.agent.empty())
    return std::nullopt;
  auto bad = probes_->first_bad(plan_, agent_named(order.task.agent));
  if (!bad)
    return std::nullopt;
  run::Prepared event;
  event.attempt = order.task.attempt;
  event.start = order.start;
  event.credential = std::move(bad->credential);
  event.error = std::move(bad->why);
  return event;
}

void LocalWorld::prepare_now(const PrepareOrder& order, Post post) {
  git_.add([this, order, post = std::move(post)](worktree::Repository& repository) {
    const auto begun = std::chrono::steady_clock::now();
    os::crash_point("engine.prepare.before");
    if (auto refused = without_credential(order))
      return post(*std::move(refused));
    Status known = order.task.agent.empty()
                       ? Status()
                       : desk_.read_documents(repository, agent_named(order.task.agent));
    if (known && !order.task.agent.empty() && models_ != nullptr)
      known = models_->refresh(agent_named(order.task.agent));
    if (known && !order.task.agent.empty())
      desk_.read_changes(repository, order.task.attempt, agent_named(order.task.agent));
    Result<run::Prepared> prepared =
        known ? take_slot(repository, order) : Result<run::Prepared>(known.error());
    os::crash_point("engine.prepare.after");
    run::Prepared event;
    if (prepared) {
      event = *std::move(prepared);
      tell_shared_paths(order);
    } else {
      event.error = prepared.error().message();
      event.refused =
          prepared.error().code() == Errc::kExists || prepared.error().code() == Errc::kInvalid;
    }
    event.attempt = order.task.attempt;
    event.start = order.start;
    event.took = std::chrono::duration_cast<plan::Millis>(std::chrono::steady_clock::now() - begun);
    post(std::move(event));
  });
}

// A warning only: each starts at the commit that it was to start at, so that one which waited for
// the other to end would meet it at the merge all the same, and later.
void LocalWorld::tell_shared_paths(const PrepareOrder& order) {
  if (write_sets_ == nullptr || order.task.agent.empty())
    return;
  const plan::NodeIndex node = order.task.node;
  const plan::Agent& agent = agent_named(order.task.agent);
  if (!agent.writes || agent.writes->in.empty())
    return;
  std::vector<std::string> shared =
      write_sets_->claim({site_.run, node.value, agent.name}, plan_.nodes[node.value].name,
                         agent.writes->in, apart_from(plan_, node));
  if (!shared.empty())
    tell_(run::PathsShared{order.task.attempt, std::move(shared)});
}

// Idempotent: a slot that an earlier engine took for this attempt was never launched in; it is
// found free in the pool and reset like any other.
Result<run::Prepared> LocalWorld::take_slot(worktree::Repository& repository,
                                            const PrepareOrder& order) {
  run::Prepared event;
  FLEET_TRY(event.branch, lease_branch(repository, order));
  const plan::Node& node = plan_.nodes[order.task.node.value];
  const bool shared = node.kind == plan::NodeKind::kRun && !node.sandboxed;
  if (std::optional<std::string> slot = shared_slot(order)) {
    event.slot = *std::move(slot);
    event.cold = false;
    return event;
  }
  FLEET_TRY(worktree::SlotRequest wanted, slot_request(repository, order));
  std::optional<Held> mine = held(order.session);
  event.cold = !mine;
  if (mine) {
    wanted.salvage_ref = mine->unsaved;
    FLEET_CHECK(pool_.reset(repository, mine->slot, wanted));
  } else {
    FLEET_TRY(worktree::Slot slot, pool_.acquire(repository, wanted));
    mine = Held{std::move(slot), {}};
  }
  if (wanted.kind == worktree::SlotKind::kSession)
    mine->unsaved = worktree::salvage_ref(
        site_.run, fmt::format("{}/{}", task_name(order.task), order.task.attempt.epoch));
  else
    FLEET_CHECK(show_change(repository, order, mine->slot));
  std::optional<worktree::Slot> spare;
  {
    const std::lock_guard lock(mutex_);
    if (shared) {
      // Two threads may get here at once for one commit: both commands use the first one's slot.
      const auto [kept, first] = shared_.try_emplace(order.start, mine->slot);
      event.slot = slot_name(kept->second);
      if (!first)
        spare = mine->slot;
    } else {
      event.slot = slot_name(mine->slot);
      sessions_[order.session] = *std::move(mine);
    }
  }
  if (spare)
    (void)pool_.release(*spare, worktree::Leftovers::kSaved);
  return event;
}

// Whether the attempt may own its branch, before any work is spent: a branch that a person made is
// never taken, and neither is one of ours that a person has moved on.
Result<std::string> LocalWorld::lease_branch(worktree::Repository& repository,
                                             const PrepareOrder& order) {
  if (order.task.agent.empty())
    return std::string();
  const plan::Agent& agent = agent_named(order.task.agent);
  if (!agent.writes)
    return std::string();
  const std::string branch = branch_name(agent.writes->branch, holes_of(order.task));
  if (!worktree::is_valid_branch(branch))
    return Error(Errc::kInvalid,
                 fmt::format("`{}` is no branch name that git accepts; change `writes` of `{}`",
                             branch, agent.name));
  FLEET_TRY(const worktree::BranchState state, worktree::inspect_branch(repository, branch));
  if (!state.conflict.empty())
    return Error(Errc::kExists,
                 fmt::format("the branch `{}` cannot exist beside `{}`: git keeps branches as "
                             "files and folders; rename one of them",
                             branch, state.conflict));
  if (state.owner == worktree::BranchOwner::kForeign)
    return Error(Errc::kExists,
                 fmt::format("the branch `{}` exists and is not fleetc's (or was moved by somebody "
                             "else); it is left alone: rename or delete it",
                             branch));
  if (!state.checked_out_at.empty())
    return Error(
        Errc::kExists,
        fmt::format("the branch `{}` is checked out at {}; switch that worktree to another "
                    "branch",
                    branch, state.checked_out_at));
  return branch;
}

void LocalWorld::end_session(const EndSessionOrder& order) {
  if (permits_ != nullptr)
    permits_->give_back({site_.run, order.session.value});
  std::optional<Held> mine;
  {
    const std::lock_guard lock(mutex_);
    const auto it = sessions_.find(order.session);
    if (it == sessions_.end())
      return;
    mine = std::move(it->second);
    sessions_.erase(it);
  }
  git_.add([this, mine = *std::move(mine)](worktree::Repository& repository) {
    worktree::Leftovers left = worktree::Leftovers::kSaved;
    if (!mine.unsaved.empty() && !pool_.salvage(repository, mine.slot, mine.unsaved))
      left = worktree::Leftovers::kUnsaved;
    (void)pool_.release(mine.slot, left);
  });
}

void LocalWorld::release_slots() {
  std::vector<run::SessionIndex> open;
  std::map<std::string, worktree::Slot> shared;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [session, slot] : sessions_)
      open.push_back(session);
    shared.swap(shared_);
  }
  for (run::SessionIndex session : open)
    end_session({session});
  for (const auto& [commit, slot] : shared)
    (void)pool_.release(slot, worktree::Leftovers::kSaved);
}

std::optional<LocalWorld::Held> LocalWorld::held(run::SessionIndex session) {
  const std::lock_guard lock(mutex_);
  const auto it = sessions_.find(session);
  if (it == sessions_.end())
    return std::nullopt;
  return it->second;
}

// The session's slot; after a change of engine, the one that the journal names, taken as it is.
Result<worktree::Slot> LocalWorld::slot_of(run::SessionIndex session, const std::string& name) {
  if (const std::optional<Held> mine = held(session))
    return mine->slot;
  if (name.empty())
    return Error(Errc::kNotFound, "the attempt has no worktree");
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [commit, slot] : shared_)
      if (slot_name(slot) == name)
        return slot;
  }
  FLEET_TRY(worktree::Slot slot,
            pool_.adopt(worktree::SlotId{static_cast<std::uint32_t>(std::stoul(name))}));
  const std::lock_guard lock(mutex_);
  sessions_[session] = Held{slot, {}};
  return slot;
}

}  // namespace fleet::flow
