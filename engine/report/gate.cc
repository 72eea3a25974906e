#include "engine/report/gate.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/report/review.h"
#include "engine/report/words.h"

namespace fleet::report {
namespace {

// What a step has made, if it is one commit.
std::string result_commit(const run::State& state, plan::NodeIndex node) {
  const run::NodeState& step = state.nodes[node.value];
  if (!step.tip.empty())
    return step.tip;
  return step.tasks.size() == 1 ? state.tasks[step.tasks.front().value].commit : std::string();
}

std::optional<Subject> made_by(const plan::Plan& plan, const run::State& state,
                               plan::NodeIndex node) {
  const plan::Node& step = plan.nodes[node.value];
  const bool writes = step.kind == plan::NodeKind::kMerge ||
                      (step.kind == plan::NodeKind::kTask && !step.agents.empty() &&
                       plan.agents[step.agents.front().value].writes.has_value());
  const std::string commit = result_commit(state, node);
  if (!writes || commit.empty() || commit == state.base_commit)
    return std::nullopt;
  return Subject{node, state.tasks[state.nodes[node.value].tasks.front().value].branch, commit};
}

const plan::Human* human_of(const plan::Plan& plan, const std::string& name) {
  const auto found = std::ranges::find(plan.humans, name, &plan::Human::name);
  return found == plan.humans.end() ? nullptr : &*found;
}

std::string since(std::int64_t at, std::int64_t now) {
  return spoken(plan::Millis(std::max<std::int64_t>(0, now - at)));
}

// What is in the box counts when an engine takes it.
std::string takes_effect(const run::State& state, const Around& around) {
  return around.live ? "the engine has not taken it yet"
                     : fmt::format("takes effect on `fleetc resume {}`", state.run);
}

}  // namespace

std::string gate_id(std::string_view run, run::TaskIndex task) {
  return fmt::format("{}.{}", printable(run.substr(run.rfind('-') + 1)), task.value);
}

std::string gate_message(const plan::Plan& plan, std::string_view run, run::TaskIndex task,
                         plan::NodeIndex node, std::string_view human, std::string_view why) {
  const std::string id = gate_id(run, task);
  const std::string retry =
      run::may_retry(plan, node) ? fmt::format("  fleetc retry {}\n", id) : std::string();
  return fmt::format(
      "{} of {}.{} (run {}) waits for {}{}{}\n  fleetc inbox\n{}  fleetc approve {}\n"
      "  fleetc reject {} --why \"…\"\n",
      printable(plan.nodes[node.value].name), printable(plan.fleet), printable(plan.flow),
      printable(run), printable(human), why.empty() ? "" : ": ", printable(why), retry, id, id);
}

AnswerMeaning meaning_of(const plan::Plan& plan, const run::Task& task) {
  switch (task.gate->asks) {
    case run::Asks::kDecision: return {"it is good: go on", "it is not: changes are requested", ""};
    case run::Asks::kEscalation:
      if (run::may_retry(plan, task.node))
        return {"go on as if it had merged: it merges nothing", "stop: the step fails",
                "what was in its way is gone: merge again"};
      return {"go on as if the step had succeeded", "stop: the step fails", ""};
    case run::Asks::kCredential: return {"it was renewed: try again", "stop: the step fails", ""};
  }
  return {"", "", ""};
}

Standing standing_of(const run::State& state, const run::Task& task, const Around& around) {
  const run::Gate& gate = *task.gate;
  std::optional<run::GateAnswered> left;
  if (around.left)
    left = around.left({task.index, gate.epoch});
  if (left && !run::is_late(gate, *left))
    return {Standing::kAnswered,
            fmt::format("{}; {}", answer_text(task, *left), takes_effect(state, around))};
  if (!left && (gate.closes_at == 0 || around.now <= gate.closes_at))
    return {Standing::kOpen, ""};
  return {Standing::kOver,
          fmt::format("nobody decided in time, which was over {} ago; {}",
                      since(gate.closes_at, around.now), takes_effect(state, around))};
}

std::vector<run::TaskIndex> undecided(const run::State& state, const Around& around) {
  std::vector<run::TaskIndex> open;
  if (around.given_up)
    return open;
  for (const run::TaskIndex index : run::open_gates(state))
    if (standing_of(state, state.tasks[index.value], around).what == Standing::kOpen)
      open.push_back(index);
  return open;
}

bool is_late(const plan::Plan& plan, const run::Task& task, std::int64_t now) {
  if (!task.gate)
    return false;
  std::optional<plan::Millis> promised;
  if (task.gate->asks == run::Asks::kDecision) {
    if (const plan::Human* human = human_of(plan, task.gate->human))
      promised = human->answers;
  } else if (plan.escalation) {
    promised = plan.escalation->within;
  }
  return promised && now - task.gate->opened_at > promised->count();
}

std::optional<Subject> subject_of(const plan::Plan& plan, const run::State& state,
                                  plan::NodeIndex node) {
  // Of a merge that is stuck, what it was to take.
  if (plan.nodes[node.value].merge)
    for (const plan::NodeIndex from : plan.nodes[node.value].merge->from)
      if (auto subject = made_by(plan, state, from))
        return subject;
  const std::vector<bool> earlier = before(plan, node);
  for (std::uint32_t i = node.value + 1; i < plan.nodes.size(); ++i) {
    const plan::Node& later = plan.nodes[i];
    if (!later.merge || !before(plan, {i})[node.value])
      continue;
    for (const plan::NodeIndex from : later.merge->from)
      if (earlier[from.value])
        if (auto subject = made_by(plan, state, from))
          return subject;
  }
  if (auto own = made_by(plan, state, node))
    return own;
  for (std::uint32_t i = node.value; i-- > 0;)
    if (earlier[i])
      if (auto subject = made_by(plan, state, {i}))
        return subject;
  return std::nullopt;
}

std::string waiting_text(const plan::Plan& plan, const run::Task& task, std::int64_t now) {
  const run::Gate& gate = *task.gate;
  std::string text = fmt::format("{} ({}", printable(gate.human), since(gate.opened_at, now));
  if (gate.closes_at > now)
    text += fmt::format(", closes in {}", spoken(plan::Millis(gate.closes_at - now)));
  return text + (is_late(plan, task, now) ? ", late)" : ")");
}

std::string gate_lines(const plan::Plan& plan, const run::State& state, const Around& around) {
  std::string out;
  for (const run::TaskIndex index : undecided(state, around)) {
    const run::Task& task = state.tasks[index.value];
    const std::string id = gate_id(state.run, task.index);
    out += fmt::format("    {}  {} waits for {}{}{}\n", id, label(plan, task),
                       waiting_text(plan, task, around.now), task.gate->why.empty() ? "" : ": ",
                       printable(task.gate->why));
    out += fmt::format(
        "      {}fleetc approve {}, or fleetc reject {} --why \"…\"; more: fleetc inbox\n",
        run::may_retry(plan, task.node) ? fmt::format("fleetc retry {}, ", id) : "", id, id);
  }
  if (!out.empty())
    out = "  waits for a decision\n" + out;
  if (const std::string decided = decided_lines(plan, state, around, "    "); !decided.empty())
    out += "  waits for the run to go on\n" + decided;
  return out;
}

std::string decided_lines(const plan::Plan& plan, const run::State& state, const Around& around,
                          std::string_view indent) {
  std::string out;
  if (around.given_up)
    return out;
  for (const run::TaskIndex index : run::open_gates(state)) {
    const run::Task& task = state.tasks[index.value];
    if (const Standing now = standing_of(state, task, around); now.what != Standing::kOpen)
      out += fmt::format("{}{}  {}: {}\n", indent, gate_id(state.run, index), label(plan, task),
                         now.text);
  }
  return out;
}

}  // namespace fleet::report
