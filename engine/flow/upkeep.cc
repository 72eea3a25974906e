// What the engine does for runs that are over: worktrees nobody needs, and what a killed engine
// left.
#include <fmt/format.h>

#include "engine/flow/engine.h"
#include "engine/flow/past_run.h"
#include "engine/worktree/refs.h"

namespace fleet::flow {

Result<Engine::Cleaned> Engine::clean(bool dry_run) {
  FLEET_TRY(const auto pool, worktree::Pool::open(*repository_, site_.pool_dir));
  FLEET_TRY(const std::vector<worktree::ScannedSlot> slots, pool->usage());
  Cleaned cleaned;
  for (const worktree::ScannedSlot& slot : slots) {
    if (slot.in_use || slot.leftovers == worktree::Leftovers::kUnsaved) {
      ++cleaned.kept;
      continue;
    }
    cleaned.removed.push_back(slot.slot.root);
    cleaned.bytes += slot.disk_bytes;
  }
  if (dry_run || unfinished()) {
    if (!dry_run)
      cleaned = Cleaned{{}, 0, slots.size()};
    return cleaned;
  }
  FLEET_TRY(const auto gone, pool->prune(*repository_, 0));
  (void)gone;
  return cleaned;
}

Status Engine::abandon(const journal::RunInfo& run) {
  FLEET_TRY(const auto seq, journal_.set_run_state(run.key, kAbandoned, true, clock_.wall()));
  (void)seq;
  return journal_.flush();
}

// Worktrees that an engine left when it was killed: whatever is in them is committed under a ref of
// the fleet's, so that they are free again.
Status Engine::rescue_leftovers() {
  if (workshop_->is_shared())
    return Status();  // they may be the other runs'
  FLEET_TRY(const auto jobs, workshop_->launcher().list());
  for (const process::JobStatus& job : jobs)
    if (job.state != process::JobState::kEnded)
      return Status();  // of a run that was left behind: it may be in any of them
  FLEET_TRY(const std::vector<worktree::ScannedSlot> slots, workshop_->pool().scan());
  for (const worktree::ScannedSlot& left : slots) {
    if (left.in_use || !left.complete || left.leftovers == worktree::Leftovers::kSaved)
      continue;
    const auto slot = workshop_->pool().adopt(left.slot.id);
    if (!slot)
      continue;  // another engine's by now
    const std::string ref = worktree::salvage_ref(
        site_.run, fmt::format("worktree-{}-{}", slot->id.value, site_.incarnation));
    const bool saved = slot->kind != worktree::SlotKind::kSession ||
                       static_cast<bool>(workshop_->pool().salvage(*repository_, *slot, ref));
    FLEET_CHECK(workshop_->pool().release(
        *slot, saved ? worktree::Leftovers::kSaved : worktree::Leftovers::kUnsaved));
  }
  return Status();
}

// What a run leaves for the next one to start quickly, within what the fleet allows.
Status Engine::trim_worktrees() {
  if (!plan_.limits.worktree_bytes)
    return Status();
  FLEET_TRY(const auto gone, workshop_->pool().prune(*repository_, *plan_.limits.worktree_bytes));
  (void)gone;
  return Status();
}

}  // namespace fleet::flow
