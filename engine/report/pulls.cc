#include "engine/report/pulls.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dsl/plan/render.h"
#include "engine/report/money.h"
#include "engine/report/words.h"

namespace fleet::report {
namespace {

using Json = nlohmann::ordered_json;

bool writes(const plan::Plan& plan, const run::Task& task) {
  const plan::Node& node = plan.nodes[task.node.value];
  return std::ranges::any_of(node.agents, [&](plan::AgentIndex agent) {
    return plan.agents[agent.value].writes.has_value();
  });
}

const run::Task& task_of(const run::State& state, const Pull& pull) {
  return state.tasks[pull.task.value];
}

// Merges that took one of its commits, and were made.
std::vector<const run::Task*> merges_of(const plan::Plan& plan, const run::State& state,
                                        const Pull& pull) {
  std::vector<const run::Task*> merges;
  for (const run::Task& task : state.tasks) {
    const auto& merge = plan.nodes[task.node.value].merge;
    // One that a human let pass has merged nothing.
    if (!merge || task.phase != run::Phase::kDone || !state.nodes[task.node.value].merged ||
        !state.nodes[task.node.value].let_pass.empty())
      continue;
    if (std::ranges::find(merge->from, task_of(state, pull).node) != merge->from.end())
      merges.push_back(&task);
  }
  return merges;
}

const char* standing(const plan::Plan& plan, const run::State& state, const Pull& pull) {
  const run::Task& task = task_of(state, pull);
  bool gathered = false;
  for (const run::Task* merge : merges_of(plan, state, pull)) {
    if (plan.nodes[merge->node.value].merge->into_base)
      return merge->branch == plan.repo.base ? "merged" : "to take";
    gathered = true;
  }
  if (gathered)
    return "gathered";
  if (!run::is_settled(task.phase))
    return "open";
  return task.phase == run::Phase::kDone ? "accepted" : "rejected";
}

// By commit and not by step: a review of another step's work is none of this one's.
Reviews reviews_on(const plan::Plan& plan, const run::State& state, const Pull& pull) {
  std::vector<bool> wanted(plan.nodes.size(), false);
  for (const run::Task& task : state.tasks)
    if ((task.verdict || !task.findings.empty()) &&
        std::ranges::any_of(pull.commits,
                            [&](const PullCommit& one) { return one.commit == task.start; }))
      wanted[task.node.value] = true;
  return reviews_of(plan, state, wanted);
}

// Decisions of humans that came after it in the flow, or that were about it.
std::vector<const run::Task*> decisions_on(const plan::Plan& plan, const run::State& state,
                                           const Pull& pull) {
  std::vector<const run::Task*> decisions;
  for (const run::Task& task : state.tasks)
    if (task.decision &&
        (task.index == pull.task || before(plan, task.node)[task_of(state, pull).node.value]))
      decisions.push_back(&task);
  return decisions;
}

std::string decision_line(const plan::Plan& plan, const run::Task& task) {
  const run::GateAnswered& answer = *task.decision;
  return fmt::format("{}: {} by {} ({}){}", label(plan, task), run::name_of(answer.decision),
                     printable(answer.by), printable(answer.from),
                     answer.why.empty() ? "" : ": " + printable(answer.why));
}

Json pull_object(const plan::Plan& plan, const run::State& state, const Pull& pull) {
  const run::Task& task = task_of(state, pull);
  const Reviews reviews = reviews_on(plan, state, pull);
  return {{"number", pull.number},
          {"task", label(plan, task)},
          {"state", standing(plan, state, pull)},
          {"branch", printable(task.branch)},
          {"base", printable(plan.repo.base)},
          {"base_commit", task.start},
          {"commit", head_of(state, pull)},
          {"files", task.files},
          {"insertions", task.insertions},
          {"deletions", task.deletions},
          {"findings_open", reviews.open()},
          {"findings_closed", reviews.findings.size() - reviews.open()}};
}

}  // namespace

void Pulls::saw(const plan::Plan& plan, const run::State& state, const run::Event& event,
                const std::vector<run::Transition>&) {
  const auto add = [&](run::TaskIndex task, const std::string& commit, std::string what) {
    auto pull = std::ranges::find(pulls_, task, &Pull::task);
    if (pull == pulls_.end()) {
      pulls_.push_back({static_cast<std::uint32_t>(pulls_.size() + 1), task, {}});
      pull = pulls_.end() - 1;
    }
    const bool known = std::ranges::any_of(
        pull->commits, [&](const PullCommit& one) { return one.commit == commit; });
    if (!known)
      pull->commits.push_back({commit, event.at, std::move(what)});
  };
  if (const auto* captured = std::get_if<run::Captured>(&event.body)) {
    const run::TaskIndex index = captured->attempt.task;
    if (captured->how == run::CaptureHow::kCommit && index.value < state.tasks.size() &&
        writes(plan, state.tasks[index.value]))
      add(index, captured->commit, fmt::format("attempt {}", captured->attempt.epoch));
  }
  if (const auto* merged = std::get_if<run::Merged>(&event.body)) {
    const run::TaskIndex index = merged->attempt.task;
    if (merged->how != run::MergeHow::kMerged || index.value >= state.tasks.size())
      return;
    const plan::Node& node = plan.nodes[state.tasks[index.value].node.value];
    if (!node.merge || !node.merge->into_step)
      return;
    // Only a single task's branch can be merged into.
    const run::NodeState& into = state.nodes[node.merge->into_step->value];
    if (into.tasks.size() == 1)
      add(into.tasks.front(), merged->commit, node.name);
  }
}

const Pull* Pulls::find(std::uint32_t number) const {
  return number >= 1 && number <= pulls_.size() ? &pulls_[number - 1] : nullptr;
}

const std::string& head_of(const run::State& state, const Pull& pull) {
  const run::Task& task = task_of(state, pull);
  const run::NodeState& node = state.nodes[task.node.value];
  if (node.tasks.size() == 1 && !node.tip.empty())
    return node.tip;
  return task.commit.empty() ? pull.commits.back().commit : task.commit;
}

std::string pulls_text(const plan::Plan& plan, const run::State& state, const Pulls& pulls) {
  std::string out;
  for (const Pull& pull : pulls.all()) {
    const run::Task& task = task_of(state, pull);
    const Reviews reviews = reviews_on(plan, state, pull);
    out += fmt::format("{:>4}  {:<9} {}  `{}`  {}, +{} -{}{}\n", pull.number,
                       standing(plan, state, pull), label(plan, task), printable(task.branch),
                       counted(task.files, "file"), task.insertions, task.deletions,
                       reviews.findings.empty() ? "" : "  findings: " + finding_counts(reviews));
  }
  return out;
}

std::string pulls_json(const plan::Plan& plan, const run::State& state, const Pulls& pulls) {
  Json out = Json::array();
  for (const Pull& pull : pulls.all())
    out.push_back(pull_object(plan, state, pull));
  return out.dump(2, ' ', false, nlohmann::detail::error_handler_t::replace);
}

std::string pull_text(const plan::Plan& plan, const run::State& state, const Pull& pull) {
  const run::Task& task = task_of(state, pull);
  std::string out = fmt::format("pull request {}: {} ({})\n", pull.number, label(plan, task),
                                standing(plan, state, pull));
  out +=
      fmt::format("  branch   `{}`, to `{}`\n", printable(task.branch), printable(plan.repo.base));
  for (const PullCommit& one : pull.commits)
    out += fmt::format("  commit   {}  {}  {}{}\n", one.commit.substr(0, 12), timestamp(one.at),
                       printable(one.what), one.commit == head_of(state, pull) ? "  (now)" : "");
  out += fmt::format("  change   {}, +{} -{}; fleetc pr diff {} {}\n", counted(task.files, "file"),
                     task.insertions, task.deletions, pull.number, state.run);
  for (const run::CheckResult& check : task.checks)
    out += fmt::format("  evidence `{}` {} ({})\n", printable(check.text),
                       check.passed ? "passes" : "fails", printable(check.detail));
  const Reviews reviews = reviews_on(plan, state, pull);
  for (const std::string& line : verdict_lines(reviews))
    out += "  verdict  " + line + "\n";
  for (const TrackedFinding& finding : reviews.findings)
    out += fmt::format("  finding  {} {}\n", finding.open ? "open  " : "closed",
                       finding_line(finding));
  for (const run::Task* decision : decisions_on(plan, state, pull))
    out += "  decision " + decision_line(plan, *decision) + "\n";
  for (const run::Task* merge : merges_of(plan, state, pull))
    out += fmt::format("  merged   by {} on `{}`\n", label(plan, *merge), printable(merge->branch));
  if (is_metered(task.used))
    out += fmt::format("  cost     {}\n", plan::to_string(task.used.money));
  return out;
}

std::string pull_json(const plan::Plan& plan, const run::State& state, const Pull& pull) {
  const run::Task& task = task_of(state, pull);
  Json out = pull_object(plan, state, pull);
  out["commits"] = Json::array();
  for (const PullCommit& one : pull.commits)
    out["commits"].push_back(
        {{"commit", one.commit}, {"at", one.at}, {"what", printable(one.what)}});
  out["evidence"] = Json::array();
  for (const run::CheckResult& check : task.checks)
    out["evidence"].push_back({{"check", printable(check.text)},
                               {"passed", check.passed},
                               {"detail", printable(check.detail)}});
  const Reviews reviews = reviews_on(plan, state, pull);
  out["verdicts"] = Json::array();
  for (const GivenVerdict& given : reviews.verdicts)
    out["verdicts"].push_back({{"agent", printable(given.agent)},
                               {"round", given.round},
                               {"commit", given.commit},
                               {"verdict", word_of(given.verdict)},
                               {"summary", printable(given.summary)}});
  out["findings"] = Json::array();
  for (const TrackedFinding& one : reviews.findings)
    out["findings"].push_back({{"id", printable(one.finding.id)},
                               {"severity", word_of(one.finding.severity)},
                               {"path", printable(one.finding.path)},
                               {"line", one.finding.line},
                               {"title", printable(one.finding.title)},
                               {"agent", printable(one.agent)},
                               {"open", one.open}});
  out["decisions"] = Json::array();
  for (const run::Task* decision : decisions_on(plan, state, pull)) {
    const run::GateAnswered& answer = *decision->decision;
    out["decisions"].push_back({{"step", label(plan, *decision)},
                                {"decision", verb_of(answer.decision)},
                                {"by", printable(answer.by)},
                                {"from", printable(answer.from)},
                                {"why", printable(answer.why)}});
  }
  out["money_micros"] = task.used.money.micros;
  return out.dump(2, ' ', false, nlohmann::detail::error_handler_t::replace);
}

}  // namespace fleet::report
