#include "engine/report/summary.h"

#include <set>

#include <fmt/format.h>

#include "engine/report/credentials.h"
#include "engine/report/gate.h"
#include "engine/report/money.h"
#include "engine/report/rounds.h"
#include "engine/report/words.h"

namespace fleet::report {
namespace {

using run::Phase;

constexpr std::size_t kListed = 10;

std::string counts_of(const run::NodeState& node) {
  if (node.tasks.size() == 1 && node.failed + node.skipped == 0 && node.accepted == 1)
    return "done";
  std::string text = fmt::format("{} of {} accepted", node.accepted, node.tasks.size());
  if (node.failed > 0)
    text += fmt::format(", {} failed", node.failed);
  if (node.skipped > 0)
    text += fmt::format(", {} skipped", node.skipped);
  return text;
}

std::string spawn_line(const run::SpawnDecided& decision) {
  return fmt::format("spawn check: {}", printable(decision.arithmetic));
}

bool is_joint(plan::NodeKind kind) {
  return kind == plan::NodeKind::kAll || kind == plan::NodeKind::kAny ||
         kind == plan::NodeKind::kLoop || kind == plan::NodeKind::kLast;
}

// A joint has the outcome of others: the strongest edge that it has fired.
std::string joint_line(const plan::Plan& plan, const run::State& state, std::size_t index) {
  const plan::NodeIndex node{static_cast<std::uint32_t>(index)};
  const auto has = [&](plan::EdgeKind kind) {
    return run::fired(plan, state, node, kind);
  };
  if (const std::string rounds = rounds_text(plan, state, node); !rounds.empty())
    return rounds;
  if (has(plan::EdgeKind::kApproved))
    return "approved";
  if (has(plan::EdgeKind::kChangesRequested))
    return "changes requested";
  if (has(plan::EdgeKind::kAccepted))
    return "accepted";
  const std::string& reason = state.nodes[index].reason;
  return has(plan::EdgeKind::kFailed) ? "failed" + (reason.empty() ? "" : ": " + printable(reason))
                                      : "done";
}

std::string step_line(const plan::Plan& plan, const run::State& state, std::size_t index) {
  const run::NodeState& node = state.nodes[index];
  const plan::Node& step = plan.nodes[index];
  if (node.unreachable)
    return "not run: " + printable(node.reason);
  if (!node.let_pass.empty())
    return fmt::format("let pass by {}", printable(node.let_pass));
  if (node.tasks.empty()) {
    if (is_joint(step.kind) && node.phase == run::NodePhase::kSettled)
      return joint_line(plan, state, index);
    if (node.phase == run::NodePhase::kSettled && node.failed == 0)
      return "nothing to do";
    return node.reason.empty() ? "not begun" : printable(node.reason);
  }
  const run::Task& only = state.tasks[node.tasks.front().value];
  if (step.kind == plan::NodeKind::kFanout)
    return counts_of(node);
  std::string text = run::name_of(only.phase);
  if (only.phase == Phase::kDone && !only.branch.empty())
    text += fmt::format(" on `{}`", printable(only.branch));
  if (const std::string tail = result_of(only); !tail.empty())
    text += ": " + tail;
  return text;
}

void list_failures(const plan::Plan& plan, const run::State& state, std::string& out) {
  std::size_t shown = 0, failed = 0;
  for (const run::Task& task : state.tasks) {
    if (task.phase != Phase::kFailed)
      continue;
    if (plan.nodes[task.node.value].kind != plan::NodeKind::kFanout)
      continue;  // told with its step
    if (++failed > kListed)
      continue;
    ++shown;
    out += fmt::format("    ✗ {}: {} ({})\n", label(plan, task), result_of(task),
                       counted(task.failures + task.losses, "attempt"));
  }
  if (failed > shown)
    out += fmt::format("    and {} more: fleetc status {}\n", failed - shown, state.run);
}

std::size_t name_width(const plan::Plan& plan) {
  std::size_t width = 0;
  for (const plan::Node& node : plan.nodes)
    width = std::max(width, printable(node.name).size());
  return std::min<std::size_t>(width, 24);
}

}  // namespace

const char* state_of(const plan::Plan& plan, const run::State& state, const Around& around) {
  if (around.given_up)
    return "given up for another one";
  if (!state.closed)
    return "unfinished";
  switch (state.outcome) {
    case run::RunOutcome::kDone:
      return ended_unmerged(plan, state) ? "done, and nothing was merged" : "done";
    case run::RunOutcome::kFailed: return "failed";
    case run::RunOutcome::kStopped: break;
  }
  if (!undecided(state, around).empty())
    return "waits for a human";
  return state.parked > 0 ? "waits to be resumed" : "stopped";
}

const char* state_word(const plan::Plan& plan, const run::State& state, const Around& around) {
  if (around.given_up)
    return "abandoned";
  if (!state.closed)
    return "unfinished";
  switch (state.outcome) {
    case run::RunOutcome::kDone: return ended_unmerged(plan, state) ? "unmerged" : "done";
    case run::RunOutcome::kFailed: return "failed";
    case run::RunOutcome::kStopped: return "stopped";
  }
  return "?";
}

bool ended_unmerged(const plan::Plan& plan, const run::State& state) {
  bool wanted = false;
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    if (!plan.nodes[i].merge || !plan.nodes[i].merge->into_base)
      continue;
    wanted = true;
    if (state.nodes[i].merged)
      return false;
  }
  return wanted && state.closed && state.outcome == run::RunOutcome::kDone;
}

std::string summary_text(const plan::Plan& plan, const run::State& state,
                         const SummaryPlaces& places) {
  Around around;
  around.now = state.last_at;
  std::string out = fmt::format("\nrun {} of {}.{}: {} in {}\n", state.run, printable(plan.fleet),
                                printable(plan.flow), state_of(plan, state, around),
                                spoken(plan::Millis(state.last_at - state.opened_at)));
  const std::size_t width = name_width(plan);
  for (std::size_t i = 0; i < state.nodes.size(); ++i) {
    if (is_of_unneeded_round(plan, state, {static_cast<std::uint32_t>(i)}))
      continue;
    out += fmt::format("  {:<{}}  {}\n", printable(plan.nodes[i].name), width,
                       step_line(plan, state, i));
    if (plan.nodes[i].kind != plan::NodeKind::kFanout)
      continue;
    const run::NodeState& node = state.nodes[i];
    if (node.decision.items > 0)
      out += fmt::format("  {:<{}}  {}\n", "", width, spawn_line(node.decision));
    if (node.found > node.tasks.size())
      out += fmt::format("  {:<{}}  {} beyond `limit` not worked on\n", "", width,
                         counted(node.found - node.tasks.size(), "item"));
    list_failures(plan, state, out);
  }
  std::size_t branches = 0;
  std::string example;
  for (const run::Task& task : state.tasks) {
    if (task.phase != Phase::kDone || task.branch.empty() || task.commit.empty() || task.files == 0)
      continue;
    if (plan.nodes[task.node.value].kind == plan::NodeKind::kMerge)
      continue;
    ++branches;
    if (example.empty())
      example = printable(task.branch);
  }
  if (branches > 0)
    out += fmt::format(
        "  {} with a commit{}\n", branches == 1 ? "1 branch" : fmt::format("{} branches", branches),
        example.empty() ? "" : fmt::format(", `{}` {}", example, branches > 1 ? "and so on" : ""));
  std::set<std::string> shown;
  for (const run::Task& task : state.tasks) {
    const auto& merge = plan.nodes[task.node.value].merge;
    const bool moved = merge && task.phase == Phase::kDone && !task.branch.empty();
    if (!moved || task.branch == plan.repo.base || !shown.insert(task.branch).second)
      continue;
    out += fmt::format("  look at it:     git diff {}...{}\n", printable(plan.repo.base),
                       printable(task.branch));
    // The base is checked out, and is not moved under its user.
    if (merge->into_base)
      out += fmt::format("  take it:        git merge --ff-only {}\n", printable(task.branch));
  }
  out += gate_lines(plan, state, around);
  if (is_metered(used_by(state)))
    out += fmt::format("  used:           {}\n", spent_text(state));
  if (!places.logs.empty())
    out += fmt::format("  what they said: {}\n", printable(places.logs));
  if (!state.closed || state.outcome == run::RunOutcome::kStopped)
    out += fmt::format("  go on with it:  fleetc resume {}\n", state.run);
  else if (state.outcome == run::RunOutcome::kFailed)
    out += fmt::format("  what happened:  fleetc log {}\n", state.run);
  return out;
}

namespace {

// Tasks that fit, a line each, under a title.
template <class Wanted>
void add_section(const plan::Plan& plan, const run::State& state, std::int64_t now,
                 const char* title, Wanted wanted, std::string& out) {
  std::size_t shown = 0, all = 0;
  for (const run::Task& task : state.tasks) {
    if (!wanted(task))
      continue;
    if (++all > kListed)
      continue;
    if (++shown == 1)
      out += fmt::format("  {}\n", title);
    const std::string why = task.phase == Phase::kFailed ? result_of(task) : printable(task.reason);
    out += fmt::format("    {}  {} for {}{}\n", label(plan, task), run::name_of(task.phase),
                       spoken(plan::Millis(std::max<std::int64_t>(0, now - task.since))),
                       why.empty() ? "" : ": " + why);
    if (!task.shares.empty() && !run::is_settled(task.phase))
      out += fmt::format("      {}\n", shares_text(task.shares));
  }
  if (all > shown)
    out += fmt::format("    and {} more\n", all - shown);
}

// What changed: the branches that merges moved, else how many have a commit.
void add_changes(const plan::Plan& plan, const run::State& state, std::string& out) {
  std::size_t branches = 0;
  std::uint64_t insertions = 0, deletions = 0;
  std::string merged;
  for (const run::Task& task : state.tasks) {
    if (task.phase != Phase::kDone || task.branch.empty())
      continue;
    if (plan.nodes[task.node.value].kind == plan::NodeKind::kMerge) {
      merged += fmt::format("    {}  on `{}`: {}\n", label(plan, task), printable(task.branch),
                            task.detail.empty() ? "merged" : printable(task.detail));
    } else if (task.files > 0) {
      ++branches;
      insertions += task.insertions;
      deletions += task.deletions;
    }
  }
  if (branches == 0 && merged.empty())
    return;
  out += "  changed\n" + merged;
  if (branches > 0)
    out += fmt::format("    {}, +{} -{}; fleetc pr list {}\n", counted(branches, "pull request"),
                       insertions, deletions, state.run);
}

}  // namespace

std::string status_text(const plan::Plan& plan, const run::State& state, const Around& around) {
  const std::int64_t now = around.now;
  const char* word = state.closed || around.given_up ? state_of(plan, state, around)
                     : around.live                   ? "running"
                                                     : "unfinished, no engine at work";
  if (!state.closed && around.live && run::waits_for_human(state))
    word = "waits for a human";
  std::string out = fmt::format("run {} of {}.{}: {}, begun {}\n", state.run, printable(plan.fleet),
                                printable(plan.flow), word, timestamp(state.opened_at));
  out += gate_lines(plan, state, around);
  const std::size_t before_failed = out.size();
  add_section(
      plan, state, now, "failed",
      [](const run::Task& task) { return task.phase == Phase::kFailed; }, out);
  if (out.size() > before_failed)
    out += fmt::format("    what happened: fleetc log {}\n", state.run);
  add_section(
      plan, state, now, "held up",
      [&](const run::Task& task) {
        return !around.given_up && task.phase == Phase::kReady && task.not_before > now;
      },
      out);
  add_section(
      plan, state, now, "under way",
      [&](const run::Task& task) {
        return !around.given_up && task.phase != Phase::kWaiting && task.phase != Phase::kReady &&
               task.phase != Phase::kParked && !run::is_settled(task.phase);
      },
      out);
  if (!state.closed || state.outcome == run::RunOutcome::kStopped)
    out += credential_lines(plan, now);
  add_changes(plan, state, out);
  const std::size_t width = name_width(plan);
  out += "  steps\n";
  for (std::size_t i = 0; i < state.nodes.size(); ++i) {
    if (is_of_unneeded_round(plan, state, {static_cast<std::uint32_t>(i)}))
      continue;
    const bool left = around.given_up && state.nodes[i].phase != run::NodePhase::kSettled;
    out += fmt::format("    {:<{}}  {}\n", printable(plan.nodes[i].name), width,
                       left ? "left unfinished" : step_line(plan, state, i));
  }
  out += fmt::format("  cost: {}\n", spent_text(state));
  const bool resumable =
      !around.given_up && (!state.closed || state.outcome == run::RunOutcome::kStopped);
  if (resumable && !around.live)
    out += fmt::format("  go on with it: fleetc resume {}\n", state.run);
  return out;
}

}  // namespace fleet::report
