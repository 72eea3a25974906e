#include "engine/simulate/record.h"

#include <fmt/format.h>

#include "engine/report/rounds.h"
#include "engine/report/words.h"

namespace fleet::simulate {

using run::Phase;

namespace {

bool was_live(Phase phase) {
  return phase >= Phase::kAdmitted && phase <= Phase::kParked;
}

const char* mark_for(Phase phase) {
  switch (phase) {
    case Phase::kDone: return "✓";
    case Phase::kFailed: return "✗";
    default: return "-";
  }
}

}  // namespace

Record::Record(const plan::Plan& plan, const std::vector<plan::Claim>& claims, bool moments)
    : plan_(plan), moments_(moments) {
  began_.resize(plan.nodes.size());
  ended_.resize(plan.nodes.size());
  attempts_.resize(plan.nodes.size());
  told_.resize(plan.nodes.size());
  for (const plan::Claim& claim : claims) {
    if (claim.about != plan::Claim::About::kFires)
      continue;
    for (const plan::NodeIndex node : claim.nodes)
      edges_[{node, claim.edge}] = std::nullopt;
  }
}

std::optional<plan::Millis> Record::fired(plan::NodeIndex node, plan::EdgeKind kind) const {
  const auto known = edges_.find({node, kind});
  return known == edges_.end() ? std::nullopt : known->second;
}

void Record::saw(const plan::Plan&, const run::State& state, const run::Event& event,
                 const std::vector<run::Transition>& transitions) {
  if (!begin_)
    begin_ = event.at;
  now_ = plan::Millis(event.at - *begin_);
  for (const run::Transition& change : transitions)
    note_change(state, change);
  note_edges(state);
  if (moments_)
    tell(state, event, transitions);
}

void Record::note_change(const run::State& state, const run::Transition& change) {
  const run::Task& task = state.tasks[change.task.value];
  const std::uint32_t node = task.node.value;
  if ((change.to == Phase::kAdmitted || change.to == Phase::kParked) && !began_[node])
    began_[node] = now_;
  if (change.to == Phase::kRunning)
    ++attempts_[node];
  if (run::is_settled(change.to) && began_[node])
    ended_[node] = now_;
  if (change.to == Phase::kParked && task.gate) {
    asked_.push_back({now_, task.gate->human, task.node, task.gate->asks});
    asks_[task.index] = task.gate->asks;
  }
}

void Record::note_edges(const run::State& state) {
  for (auto& [edge, at] : edges_) {
    if (!at && run::fired(plan_, state, edge.first, edge.second))
      at = now_;
  }
}

std::string Record::told_change(const run::State& state, const run::Transition& change) const {
  const run::Task& task = state.tasks[change.task.value];
  if (report::is_of_unneeded_round(plan_, state, task.node))
    return {};
  const std::string name = report::label(plan_, task);
  if (change.to == Phase::kParked && task.gate)
    return fmt::format("? {} waits for {}: {}", name, report::printable(task.gate->human),
                       report::printable(task.gate->why));
  if (change.to == Phase::kReady && was_live(change.from))
    return fmt::format("· {} again: {}", name, report::printable(change.reason));
  if (!run::is_settled(change.to))
    return {};
  std::string tail = change.to == Phase::kSkipped || change.to == Phase::kCancelled
                         ? report::printable(change.reason)
                         : report::result_of(task);
  return fmt::format("{} {} {}{}{}", mark_for(change.to), name, run::name_of(change.to),
                     tail.empty() ? "" : ": ", tail);
}

// Loops have no task of their own unless a human is asked, which is told as any task's end is.
std::string Record::told_loop(const run::State& state, plan::NodeIndex index) const {
  const run::NodeState& node = state.nodes[index.value];
  const std::string name = report::printable(plan_.nodes[index.value].name);
  if (node.approved == 0)
    return fmt::format("✗ {} failed: {}", name, report::printable(node.reason));
  const std::string how = report::rounds_text(plan_, state, index);
  return fmt::format("✓ {} {}", name, how.empty() ? "approved" : report::printable(how));
}

void Record::tell(const run::State& state, const run::Event& event,
                  const std::vector<run::Transition>& transitions) {
  const auto add = [this](std::string text) {
    if (!text.empty())
      moments_list_.push_back({now_, std::move(text)});
  };
  if (const auto* listed = std::get_if<run::ItemsListed>(&event.body))
    add(fmt::format("· {}: {}", report::printable(plan_.nodes[listed->node.value].name),
                    report::counted(listed->found, "item")));
  // What follows from an end comes after it, but what follows from a loop's comes after that.
  const auto is_end = [](const run::Transition& change) {
    return run::is_settled(change.to) && change.to != Phase::kSkipped;
  };
  for (const run::Transition& change : transitions)
    add(is_end(change) ? told_change(state, change) : "");
  for (std::uint32_t i = 0; i < state.nodes.size(); ++i) {
    const run::NodeState& node = state.nodes[i];
    if (told_[i] || plan_.nodes[i].kind != plan::NodeKind::kLoop ||
        node.phase != run::NodePhase::kSettled)
      continue;
    told_[i] = true;
    if (!node.unreachable && node.tasks.empty())
      add(told_loop(state, {i}));
  }
  for (const run::Transition& change : transitions)
    add(is_end(change) ? "" : told_change(state, change));
}

}  // namespace fleet::simulate
