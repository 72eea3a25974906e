#include "engine/report/json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dsl/plan/render.h"
#include "engine/report/words.h"

namespace fleet::report {
namespace {

using Json = nlohmann::ordered_json;

Json task_json(const plan::Plan& plan, const run::Task& task) {
  Json out;
  out["task"] = label(plan, task);
  out["step"] = printable(plan.nodes[task.node.value].name);
  if (!task.item.empty())
    out["item"] = printable(task.item);
  out["phase"] = run::name_of(task.phase);
  out["reason"] = printable(task.reason);
  out["since"] = task.since;
  out["epoch"] = task.epoch;
  if (task.outcome != run::Outcome::kNone)
    out["outcome"] = run::name_of(task.outcome);
  if (!task.detail.empty())
    out["detail"] = printable(task.detail);
  if (!task.branch.empty())
    out["branch"] = printable(task.branch);
  if (!task.commit.empty())
    out["commit"] = task.commit;
  if (task.files > 0) {
    out["files"] = task.files;
    out["insertions"] = task.insertions;
    out["deletions"] = task.deletions;
  }
  out["work_ms"] = task.work.count();
  for (const run::CheckResult& check : task.checks)
    out["evidence"].push_back({{"check", printable(check.text)},
                               {"passed", check.passed},
                               {"detail", printable(check.detail)},
                               {"ms", check.duration.count()}});
  return out;
}

const char* name_of(run::NodePhase phase) {
  switch (phase) {
    case run::NodePhase::kWaiting: return "waiting";
    case run::NodePhase::kListing: return "listing";
    case run::NodePhase::kDeciding: return "deciding";
    case run::NodePhase::kOpen: return "open";
    case run::NodePhase::kSettled: return "settled";
  }
  return "?";
}

Json spawn_json(const run::SpawnDecided& decision) {
  return {{"items", decision.items},
          {"width", decision.width},
          {"each_ms", decision.each.count()},
          {"spawn_ms", decision.spawn.count()},
          {"sessions", decision.sessions},
          {"pays", decision.pays},
          {"forced", decision.forced},
          {"sequential_ms", decision.sequential.count()},
          {"chosen_ms", decision.chosen.count()},
          {"arithmetic", printable(decision.arithmetic)}};
}

}  // namespace

std::string json_string(std::string_view text) {
  return Json(printable(text)).dump();
}

std::string event_json(const plan::Plan& plan, const run::State& state, const run::Event& event,
                       const std::vector<run::Transition>& transitions) {
  Json out;
  out["at"] = event.at;
  out["event"] = run::name_of(event.body);
  out["run"] = state.run;
  const Json body = Json::parse(run::encode(event.body), nullptr, false);
  if (!body.is_discarded())
    out["body"] = body;
  out["transitions"] = Json::array();
  for (const run::Transition& change : transitions) {
    const run::Task& task = state.tasks[change.task.value];
    out["transitions"].push_back({{"task", label(plan, task)},
                                  {"epoch", change.epoch},
                                  {"from", run::name_of(change.from)},
                                  {"to", run::name_of(change.to)},
                                  {"reason", printable(change.reason)}});
  }
  return out.dump();
}

namespace {

Json state_object(const plan::Plan& plan, const run::State& state) {
  Json out;
  out["run"] = state.run;
  out["fleet"] = plan.fleet;
  out["flow"] = plan.flow;
  out["base"] = plan.repo.base;
  out["base_commit"] = state.base_commit;
  out["state"] = !state.closed                               ? "unfinished"
                 : state.outcome == run::RunOutcome::kDone   ? "done"
                 : state.outcome == run::RunOutcome::kFailed ? "failed"
                                                             : "stopped";
  out["opened_at"] = state.opened_at;
  out["last_at"] = state.last_at;
  out["steps"] = Json::array();
  for (std::size_t i = 0; i < state.nodes.size(); ++i) {
    const run::NodeState& node = state.nodes[i];
    Json step = {{"step", plan.nodes[i].name},   {"kind", plan::to_string(plan.nodes[i].kind)},
                 {"phase", name_of(node.phase)}, {"tasks", node.tasks.size()},
                 {"accepted", node.accepted},    {"failed", node.failed},
                 {"skipped", node.skipped},      {"reason", printable(node.reason)}};
    if (plan.nodes[i].kind == plan::NodeKind::kFanout) {
      step["found"] = node.found;
      step["spawn_check"] = spawn_json(node.decision);
    }
    out["steps"].push_back(std::move(step));
  }
  out["tasks"] = Json::array();
  for (const run::Task& task : state.tasks)
    out["tasks"].push_back(task_json(plan, task));
  return out;
}

}  // namespace

std::string state_json(const plan::Plan& plan, const run::State& state) {
  return state_object(plan, state).dump(2);
}

std::string summary_json(const plan::Plan& plan, const run::State& state) {
  return Json{{"event", "summary"}, {"state", state_object(plan, state)}}.dump();
}

}  // namespace fleet::report
