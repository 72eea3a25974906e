#include "engine/report/log.h"

#include <fmt/format.h>

#include "dsl/plan/render.h"
#include "engine/report/json.h"
#include "engine/report/money.h"
#include "engine/report/review.h"
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
  std::string operator()(const run::PathsShared& e) const {
    return fmt::format("{}: {}", of(e.attempt), shares_text(e.with));
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
    const bool gate = e.attempt.task.value < state.tasks.size() &&
                      state.tasks[e.attempt.task.value].gate &&
                      state.tasks[e.attempt.task.value].gate->epoch == e.attempt.epoch;
    return of(e.attempt) + (gate ? ": its time is up" : ": backoff over");
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
    return fmt::format("{}: {} {}{}{}: {}", of(e.attempt), word_of(finding.severity),
                       printable(finding.id), where.empty() ? "" : " at ", where,
                       printable(finding.title));
  }
  std::string operator()(const run::VerdictGiven& e) const {
    return fmt::format("{}: {}{}", of(e.attempt), word_of(e.verdict),
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
    return fmt::format("{}: {}, {} tokens in ({} cached), {} out{}", of(e.attempt),
                       plan::to_string(plan::Money{e.micros}), e.input_tokens, e.cached_tokens,
                       e.output_tokens,
                       e.assumed ? "; counted at its worst, since the model's service did not say "
                                   "what was used"
                                 : "");
  }
  std::string operator()(const run::GateAnswered& e) const {
    const bool late = e.attempt.task.value < state.tasks.size() &&
                      came_late(state.tasks[e.attempt.task.value], e);
    return fmt::format("{}: {} by {} ({}){}{}", of(e.attempt), run::name_of(e.decision),
                       printable(e.by), printable(e.from),
                       late ? ", too late: it does not count" : "",
                       e.why.empty() ? "" : ": " + printable(e.why));
  }

  static const char* figure(plan::Figure from) {
    return from == plan::Figure::kMeasured   ? "measured"
           : from == plan::Figure::kDeclared ? "declared"
                                             : "assumed";
  }
};

}  // namespace

void LogWriter::saw(const plan::Plan& plan, const run::State& state, const run::Event& event,
                    const std::vector<run::Transition>& transitions) {
  if (json_)
    return write_(event_json(plan, state, event, transitions) + "\n");
  std::string text = fmt::format("{} {:<13} {}\n", timestamp(event.at), run::name_of(event.body),
                                 std::visit(Sentence{plan, state}, event.body));
  if (const std::string missed = keeping_.saw(plan, state, event); !missed.empty())
    text += fmt::format("{:20}{}\n", "", missed);
  for (const run::Transition& change : transitions)
    text += fmt::format("{:20}{} {} -> {}{}\n", "", label(plan, state.tasks[change.task.value]),
                        run::name_of(change.from), run::name_of(change.to),
                        change.reason.empty() ? "" : ": " + printable(change.reason));
  write_(text);
}

}  // namespace fleet::report
