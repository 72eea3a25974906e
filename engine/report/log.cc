#include "engine/report/log.h"

#include <map>

#include <fmt/format.h>

#include "dsl/plan/render.h"
#include "engine/report/json.h"
#include "engine/report/words.h"

namespace fleet::report {
namespace {

// What an event says beyond its name and its transitions.
struct Sentence {
  const plan::Plan& plan;
  const run::State& state;

  std::string step(plan::NodeIndex node) const { return printable(plan.nodes[node.value].name); }
  std::string of(run::Attempt attempt) const {
    if (attempt.task.value >= state.tasks.size())
      return fmt::format("task {}", attempt.task.value);
    return fmt::format("{} attempt {}", label(plan, state.tasks[attempt.task.value]),
                       attempt.epoch);
  }
  static std::string checks(const std::vector<run::CheckResult>& all) {
    std::string text;
    for (const run::CheckResult& check : all)
      text += fmt::format("; `{}` {} ({})", printable(check.text),
                          check.passed ? "passes" : "fails", printable(check.detail));
    return text;
  }

  std::string operator()(const run::RunOpened& e) const {
    return fmt::format("run {} on {} with -j {}, fleetc {}", e.run, e.base_commit.substr(0, 12),
                       e.jobs, e.version);
  }
  std::string operator()(const run::ItemsListed& e) const {
    if (!e.error.empty())
      return fmt::format("{}: {}", step(e.node), printable(e.error));
    return fmt::format("{}: {} found, {} taken", step(e.node), counted(e.found, "item"),
                       e.items.size());
  }
  std::string operator()(const run::SpawnDecided& e) const {
    return fmt::format("{}: {} (t {}, spawn {})", step(e.node), printable(e.arithmetic),
                       figure(e.each_from), figure(e.spawn_from));
  }
  std::string operator()(const run::Prepared& e) const {
    if (!e.error.empty())
      return fmt::format("{}: {}", of(e.attempt), printable(e.error));
    return fmt::format("{}: worktree {} at {} in {}{}{}", of(e.attempt), e.slot,
                       e.start.substr(0, 12), spoken(e.took), e.cold ? ", cold" : "",
                       e.branch.empty() ? "" : fmt::format(", lease on `{}`", printable(e.branch)));
  }
  std::string operator()(const run::Exited& e) const {
    return fmt::format("{}: {} after {}", of(e.attempt), printable(e.detail), spoken(e.duration));
  }
  std::string operator()(const run::Captured& e) const {
    switch (e.how) {
      case run::CaptureHow::kCommit:
        return fmt::format("{}: commit {}, {}, +{} -{}", of(e.attempt), e.commit.substr(0, 12),
                           counted(e.files, "file"), e.insertions, e.deletions);
      case run::CaptureHow::kEmpty: return of(e.attempt) + ": nothing changed";
      case run::CaptureHow::kOutside:
        return fmt::format("{}: changed `{}` outside what it may write", of(e.attempt),
                           e.paths.empty() ? "" : printable(e.paths.front()));
      default: return fmt::format("{}: {}", of(e.attempt), printable(e.detail));
    }
  }
  std::string operator()(const run::Verified& e) const {
    return fmt::format("{}: evidence {}{}{}", of(e.attempt), e.passed ? "passed" : "did not pass",
                       checks(e.checks), e.error.empty() ? "" : "; " + printable(e.error));
  }
  std::string operator()(const run::Published& e) const {
    return e.error.empty() ? fmt::format("{}: `{}` is now {}", of(e.attempt), printable(e.branch),
                                         e.commit.substr(0, 12))
                           : fmt::format("{}: {}", of(e.attempt), printable(e.error));
  }
  std::string operator()(const run::Merged& e) const {
    return fmt::format("{}: `{}` {}{}{}", of(e.attempt), printable(e.branch),
                       e.commit.substr(0, 12), e.detail.empty() ? "" : ": " + printable(e.detail),
                       checks(e.checks));
  }
  std::string operator()(const run::TimerFired& e) const {
    return of(e.attempt) + ": backoff over";
  }
  std::string operator()(const run::StopAsked& e) const {
    return fmt::format("{}: {}", e.by, e.level == run::StopLevel::kDrain ? "drain" : "stop now");
  }
  std::string operator()(const run::Resumed& e) const {
    return fmt::format("-j {}, fleetc {}", e.jobs, e.version);
  }
  std::string operator()(const run::Reconciled& e) const {
    const char* found = e.found == run::Found::kRunning        ? "adopted"
                        : e.found == run::Found::kNeverStarted ? "was never started"
                                                               : "is lost";
    return fmt::format("{} {}", of(e.attempt), found);
  }
  std::string operator()(const run::RunClosed& e) const {
    return e.outcome == run::RunOutcome::kDone     ? "done"
           : e.outcome == run::RunOutcome::kFailed ? "failed"
                                                   : "stopped";
  }

  std::string operator()(const run::FindingFiled& e) const {
    const run::Finding& finding = e.finding;
    std::string where = printable(finding.path);
    if (finding.line != 0)
      where += fmt::format(":{}", finding.line);
    return fmt::format("{}: {} {}{}{}: {}", of(e.attempt), word(finding.severity),
                       printable(finding.id), where.empty() ? "" : " at ", where,
                       printable(finding.title));
  }
  std::string operator()(const run::VerdictGiven& e) const {
    return fmt::format("{}: {}{}", of(e.attempt),
                       e.verdict == run::Verdict::kApproved ? "approved" : "changes requested",
                       e.summary.empty() ? "" : ": " + printable(e.summary));
  }
  std::string operator()(const run::IdentityRead& e) const {
    return fmt::format("{}: read {} v{} ({})", of(e.attempt), printable(e.name), e.version,
                       e.sha256.substr(0, 12));
  }
  std::string operator()(const run::TaskTaken& e) const { return of(e.attempt) + ": task given"; }
  std::string operator()(const run::NoteSaved& e) const {
    return fmt::format("{}: {} {} saved, {} bytes", of(e.attempt),
                       e.kind == run::NoteKind::kHandoff ? "handoff" : "checkpoint", e.number,
                       e.bytes);
  }
  std::string operator()(const run::Escalated& e) const {
    return fmt::format("{}: asks for a human: {}", of(e.attempt), printable(e.why));
  }
  std::string operator()(const run::Concluded& e) const {
    return fmt::format("{}: says that it {}{}", of(e.attempt),
                       e.done ? "is done" : "can't do the task",
                       e.summary.empty() ? "" : ": " + printable(e.summary));
  }
  std::string operator()(const run::Metered& e) const {
    return fmt::format("{}: {}, {} tokens in ({} cached), {} out", of(e.attempt),
                       plan::to_string(plan::Money{e.micros}), e.input_tokens, e.cached_tokens,
                       e.output_tokens);
  }
  std::string operator()(const run::GateAnswered& e) const {
    return fmt::format("{}: {} by {} ({}){}", of(e.attempt),
                       e.decision == run::Decision::kApprove ? "approved" : "rejected",
                       printable(e.by), printable(e.from),
                       e.why.empty() ? "" : ": " + printable(e.why));
  }

  static const char* word(run::Severity severity) {
    switch (severity) {
      case run::Severity::kNote: return "note";
      case run::Severity::kMinor: return "minor";
      case run::Severity::kMajor: return "major";
      case run::Severity::kCritical: return "critical";
    }
    return "?";
  }
  static const char* figure(plan::Figure from) {
    return from == plan::Figure::kMeasured   ? "measured"
           : from == plan::Figure::kDeclared ? "declared"
                                             : "assumed";
  }
};

struct AgentCost {
  std::uint64_t tasks = 0, accepted = 0, attempts = 0;
  plan::Millis work{0};
};

std::map<std::string, AgentCost> costs_of(const plan::Plan& plan, const run::State& state) {
  std::map<std::string, AgentCost> by_agent;
  for (const run::Task& task : state.tasks) {
    const plan::Node& node = plan.nodes[task.node.value];
    if (node.kind == plan::NodeKind::kMerge)
      continue;
    AgentCost& cost =
        by_agent[node.agents.empty() ? "run" : plan.agents[node.agents.front().value].name];
    ++cost.tasks;
    cost.accepted += task.phase == run::Phase::kDone ? 1 : 0;
    cost.attempts += task.epoch;
    cost.work += task.work;
  }
  return by_agent;
}

}  // namespace

void LogWriter::saw(const plan::Plan& plan, const run::State& state, const run::Event& event,
                    const std::vector<run::Transition>& transitions) {
  if (json_)
    return write_(event_json(plan, state, event, transitions) + "\n");
  std::string text = fmt::format("{} {:<13} {}\n", timestamp(event.at), run::name_of(event.body),
                                 std::visit(Sentence{plan, state}, event.body));
  for (const run::Transition& change : transitions)
    text += fmt::format("{:20}{} {} -> {}{}\n", "", label(plan, state.tasks[change.task.value]),
                        run::name_of(change.from), run::name_of(change.to),
                        change.reason.empty() ? "" : ": " + printable(change.reason));
  write_(text);
}

std::string cost_text(const plan::Plan& plan, const run::State& state) {
  std::string out =
      fmt::format("run {} of {}.{}\n", state.run, printable(plan.fleet), printable(plan.flow));
  out += fmt::format("  {:<16} {:>6} {:>9} {:>9} {:>12}\n", "agent", "tasks", "accepted",
                     "attempts", "time");
  for (const auto& [agent, cost] : costs_of(plan, state))
    out += fmt::format("  {:<16} {:>6} {:>9} {:>9} {:>12}\n", printable(agent), cost.tasks,
                       cost.accepted, cost.attempts, spoken(cost.work));
  out += "  money: none reported; shell runtimes have no price\n";
  return out;
}

std::string cost_json(const plan::Plan& plan, const run::State& state) {
  std::string out = fmt::format("{{\"run\":{},\"agents\":[", json_string(state.run));
  bool first = true;
  for (const auto& [agent, cost] : costs_of(plan, state)) {
    out += fmt::format(
        "{}{{\"agent\":{},\"tasks\":{},\"accepted\":{},\"attempts\":{},\"work_ms\":{},\"money\":"
        "null}}",
        first ? "" : ",", json_string(agent), cost.tasks, cost.accepted, cost.attempts,
        cost.work.count());
    first = false;
  }
  return out + "]}";
}

}  // namespace fleet::report
