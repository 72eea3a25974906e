#include "engine/report/json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dsl/plan/render.h"
#include "engine/report/gate.h"
#include "engine/report/money.h"
#include "engine/report/review.h"
#include "engine/report/summary.h"
#include "engine/report/words.h"

namespace fleet::report {
namespace {

using Json = nlohmann::ordered_json;

Json used_json(const run::Used& used) {
  return {{"money_micros", used.money.micros},
          {"input_tokens", used.input_tokens},
          {"cached_tokens", used.cached_tokens},
          {"output_tokens", used.output_tokens}};
}

Json gate_json(const run::State& state, const run::Task& task, const Around& around) {
  const bool open = task.phase == run::Phase::kParked;
  Json out = {{"id", gate_id(state.run, task.index)},
              {"asks", run::name_of(task.gate->asks)},
              {"human", printable(task.gate->human)},
              {"why", printable(task.gate->why)},
              {"open", open && !around.given_up &&
                           standing_of(state, task, around).what == Standing::kOpen},
              {"since", task.gate->opened_at},
              {"closes_at", task.gate->closes_at}};
  // Left in the box: it counts once an engine takes it, if it was given in time.
  if (open && around.left)
    if (const auto left = around.left({task.index, task.gate->epoch}))
      out["answered"] = {{"decision", verb_of(left->decision)},
                         {"by", printable(left->by)},
                         {"at", left->given},
                         {"late", run::is_late(*task.gate, *left)}};
  return out;
}

Json task_json(const plan::Plan& plan, const run::State& state, const run::Task& task,
               const Around& around) {
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
  for (const std::string& other : task.shares)
    out["shares_paths_with"].push_back(printable(other));
  if (!task.commit.empty())
    out["commit"] = task.commit;
  if (task.files > 0) {
    out["files"] = task.files;
    out["insertions"] = task.insertions;
    out["deletions"] = task.deletions;
  }
  out["work_ms"] = task.work.count();
  if (is_metered(task.used))
    out["used"] = used_json(task.used);
  if (task.verdict) {
    out["verdict"] = word_of(*task.verdict);
    out["summary"] = printable(task.summary);
  }
  for (const run::Finding& finding : task.findings)
    out["findings"].push_back({{"id", printable(finding.id)},
                               {"severity", word_of(finding.severity)},
                               {"path", printable(finding.path)},
                               {"line", finding.line},
                               {"title", printable(finding.title)}});
  if (task.gate)
    out["gate"] = gate_json(state, task, around);
  if (task.decision)
    out["decision"] = {{"decision", verb_of(task.decision->decision)},
                       {"by", printable(task.decision->by)},
                       {"from", printable(task.decision->from)},
                       {"why", printable(task.decision->why)}};
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

Json state_object(const plan::Plan& plan, const run::State& state, const Around& around) {
  Json out;
  out["run"] = state.run;
  out["fleet"] = plan.fleet;
  out["flow"] = plan.flow;
  out["base"] = plan.repo.base;
  out["base_commit"] = state.base_commit;
  out["state"] = state_word(plan, state, around);
  out["waits_for_human"] = undecided(state, around).size();
  out["used"] = used_json(used_by(state));
  out["opened_at"] = state.opened_at;
  out["last_at"] = state.last_at;
  out["steps"] = Json::array();
  for (std::size_t i = 0; i < state.nodes.size(); ++i) {
    const run::NodeState& node = state.nodes[i];
    Json step = {{"step", plan.nodes[i].name},   {"kind", plan::to_string(plan.nodes[i].kind)},
                 {"phase", name_of(node.phase)}, {"tasks", node.tasks.size()},
                 {"accepted", node.accepted},    {"failed", node.failed},
                 {"skipped", node.skipped},      {"reason", printable(node.reason)}};
    if (!node.let_pass.empty())
      step["let_pass_by"] = printable(node.let_pass);
    if (plan.nodes[i].kind == plan::NodeKind::kFanout) {
      step["found"] = node.found;
      step["spawn_check"] = spawn_json(node.decision);
    }
    out["steps"].push_back(std::move(step));
  }
  out["tasks"] = Json::array();
  for (const run::Task& task : state.tasks)
    out["tasks"].push_back(task_json(plan, state, task, around));
  return out;
}

}  // namespace

std::string state_json(const plan::Plan& plan, const run::State& state, const Around& around) {
  return state_object(plan, state, around).dump(2);
}

std::string summary_json(const plan::Plan& plan, const run::State& state) {
  Around around;
  around.now = state.last_at;
  return Json{{"event", "summary"}, {"state", state_object(plan, state, around)}}.dump();
}

}  // namespace fleet::report
