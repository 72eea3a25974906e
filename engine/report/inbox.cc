#include "engine/report/inbox.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/report/money.h"
#include "engine/report/review.h"
#include "engine/report/words.h"

namespace fleet::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kFindings = 10;

// A branch's name goes into a command that a person may paste.
std::string shell_word(std::string_view word) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/._-+@:").find(c) != std::string_view::npos;
  };
  if (!word.empty() && std::ranges::all_of(word, plain))
    return std::string(word);
  std::string out = "'";
  for (const char c : word)
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string diff_command(const plan::Plan& plan, const Subject& subject) {
  return fmt::format(
      "git diff {}...{}", shell_word(printable(plan.repo.base)),
      shell_word(subject.branch.empty() ? subject.commit : printable(subject.branch)));
}

const run::Task* task_that_made(const run::State& state, const Subject& subject) {
  const run::NodeState& node = state.nodes[subject.node.value];
  return node.tasks.empty() ? nullptr : &state.tasks[node.tasks.front().value];
}

// The latest evidence on the change: a merge into it judged it last.
const std::vector<run::CheckResult>& evidence_of(const plan::Plan& plan, const run::State& state,
                                                 const Subject& subject) {
  const run::Task* latest = task_that_made(state, subject);
  for (const run::Task& task : state.tasks)
    if (plan.nodes[task.node.value].merge &&
        plan.nodes[task.node.value].merge->into_step == subject.node && !task.checks.empty() &&
        task.phase == run::Phase::kDone)
      latest = &task;
  static const std::vector<run::CheckResult> kNone;
  return latest == nullptr ? kNone : latest->checks;
}

class Writer {
 public:
  void line(std::string_view name, std::string_view text) {
    out_ += fmt::format("  {:<10} {}\n", name, text);
  }
  std::string out_;
};

void write_change(Writer& to, const plan::Plan& plan, const run::State& state,
                  const Subject& subject, const InboxView& view) {
  std::string size;
  if (view.measure)
    if (const auto measured = view.measure(subject.commit))
      size = fmt::format("{}, +{} -{} ", counted(measured->files, "file"), measured->insertions,
                         measured->deletions);
  to.line("change",
          fmt::format("{}by {} at {}", size, printable(plan.nodes[subject.node.value].name),
                      subject.commit.substr(0, 12)));
  to.line("", diff_command(plan, subject));
  std::string checks;
  for (const run::CheckResult& check : evidence_of(plan, state, subject))
    checks += fmt::format("{}`{}` {}", checks.empty() ? "" : ", ", printable(check.text),
                          check.passed ? "passes" : "fails");
  if (const std::string& by = state.nodes[subject.node.value].let_pass; !by.empty())
    checks += fmt::format("{}let pass by {}", checks.empty() ? "" : "; ", printable(by));
  if (!checks.empty())
    to.line("evidence", checks);
}

// Reviews that come before the gate in the flow, and whoever else has looked at the very commit
// that it is about: a human who decides must not miss what is known of it.
Reviews reviews_for(const plan::Plan& plan, const run::State& state, plan::NodeIndex gate,
                    const std::optional<Subject>& subject) {
  std::vector<bool> wanted = before(plan, gate);
  for (const run::Task& task : state.tasks)
    if (subject && task.start == subject->commit)
      wanted[task.node.value] = true;
  return reviews_of(plan, state, wanted);
}

// Who looks at that commit now, and may still find something.
std::vector<std::string> readers_of(const plan::Plan& plan, const run::State& state,
                                    const std::optional<Subject>& subject) {
  std::vector<std::string> readers;
  for (const run::Task& task : state.tasks) {
    const auto& agents = plan.nodes[task.node.value].agents;
    const bool reads =
        !agents.empty() && plan.agents[agents.front().value].returns != plan::Returns::kDone;
    if (reads && subject && task.start == subject->commit && task.phase >= run::Phase::kAdmitted &&
        task.phase <= run::Phase::kVerifying)
      readers.push_back(label(plan, task));
  }
  return readers;
}

void write_reviews(Writer& to, const Reviews& reviews) {
  const char* name = "verdicts";
  for (const std::string& line : verdict_lines(reviews))
    to.line(std::exchange(name, ""), line);
  if (reviews.findings.empty())
    return;
  to.line("findings", finding_counts(reviews));
  std::size_t shown = 0;
  for (const TrackedFinding& finding : reviews.findings)
    if (finding.open && ++shown <= kFindings)
      to.line("", finding_line(finding));
  if (shown > kFindings)
    to.line("", fmt::format("and {} more", shown - kFindings));
}

std::string gate_text(const plan::Plan& plan, const run::State& state, const run::Task& task,
                      const InboxView& view) {
  const run::Gate& gate = *task.gate;
  const std::string id = gate_id(state.run, task.index);
  Writer to;
  to.out_ = fmt::format("{}  {} of {}.{}: {}\n", id, label(plan, task), printable(plan.fleet),
                        printable(plan.flow), run::name_of(gate.asks));
  if (!gate.why.empty())
    to.line("why", printable(gate.why));
  to.line("waits for", waiting_text(plan, task, view.now));
  if (view.notify_trouble)
    if (const std::string trouble = view.notify_trouble({task.index, gate.epoch}); !trouble.empty())
      to.line("", "they were not reached: " + printable(trouble));
  const auto subject = subject_of(plan, state, task.node);
  if (subject)
    write_change(to, plan, state, *subject, view);
  write_reviews(to, reviews_for(plan, state, task.node, subject));
  const char* name = "still reads";
  for (const std::string& reader : readers_of(plan, state, subject))
    to.line(std::exchange(name, ""), reader);
  to.line("so far", spent_text(state));
  const AnswerMeaning meaning = meaning_of(plan, task);
  to.line("answer", fmt::format("fleetc approve {}              {}", id, meaning.approve));
  if (*meaning.retry != '\0')
    to.line("", fmt::format("fleetc retry {}                {}", id, meaning.retry));
  to.line("", fmt::format("fleetc reject {} --why \"…\"     {}", id, meaning.reject));
  return to.out_;
}

Json finding_object(const TrackedFinding& tracked) {
  const run::Finding& finding = tracked.finding;
  return {{"id", printable(finding.id)},
          {"severity", word_of(finding.severity)},
          {"label", printable(finding.label)},
          {"path", printable(finding.path)},
          {"line", finding.line},
          {"title", printable(finding.title)},
          {"detail", finding.detail},
          {"agent", printable(tracked.agent)},
          {"first_round", tracked.first_round},
          {"last_round", tracked.last_round},
          {"open", tracked.open}};
}

Json gate_object(const plan::Plan& plan, const run::State& state, const run::Task& task,
                 const InboxView& view) {
  const run::Gate& gate = *task.gate;
  Json out = {{"id", gate_id(state.run, task.index)},
              {"run", state.run},
              {"step", printable(plan.nodes[task.node.value].name)},
              {"asks", run::name_of(gate.asks)},
              {"may_retry", run::may_retry(plan, task.node)},
              {"human", printable(gate.human)},
              {"why", printable(gate.why)},
              {"since", gate.opened_at},
              {"closes_at", gate.closes_at == 0 ? Json() : Json(gate.closes_at)},
              {"late", is_late(plan, task, view.now)}};
  if (view.notify_trouble)
    if (const std::string trouble = view.notify_trouble({task.index, gate.epoch}); !trouble.empty())
      out["notify_failed"] = printable(trouble);
  const auto subject = subject_of(plan, state, task.node);
  if (subject) {
    Json change = {{"step", printable(plan.nodes[subject->node.value].name)},
                   {"branch", printable(subject->branch)},
                   {"base", printable(plan.repo.base)},
                   {"commit", subject->commit}};
    if (view.measure)
      if (const auto size = view.measure(subject->commit))
        change.update({{"files", size->files},
                       {"insertions", size->insertions},
                       {"deletions", size->deletions}});
    change["evidence"] = Json::array();
    for (const run::CheckResult& check : evidence_of(plan, state, *subject))
      change["evidence"].push_back({{"check", printable(check.text)},
                                    {"passed", check.passed},
                                    {"detail", printable(check.detail)}});
    out["change"] = std::move(change);
  }
  const Reviews reviews = reviews_for(plan, state, task.node, subject);
  out["still_reads"] = readers_of(plan, state, subject);
  out["verdicts"] = Json::array();
  for (const GivenVerdict& given : reviews.verdicts)
    out["verdicts"].push_back({{"agent", printable(given.agent)},
                               {"round", given.round},
                               {"commit", given.commit},
                               {"verdict", word_of(given.verdict)},
                               {"summary", printable(given.summary)}});
  out["findings"] = Json::array();
  for (const TrackedFinding& finding : reviews.findings)
    out["findings"].push_back(finding_object(finding));
  const run::Used used = used_by(state);
  out["money_micros"] = used.money.micros;
  out["work_ms"] = work_of(state).count();
  return out;
}

}  // namespace

std::string inbox_text(const plan::Plan& plan, const run::State& state, const InboxView& view) {
  std::string out;
  for (const run::TaskIndex index : undecided(state, view))
    out += (out.empty() ? "" : "\n") + gate_text(plan, state, state.tasks[index.value], view);
  return out;
}

std::string inbox_json(const plan::Plan& plan, const run::State& state, const InboxView& view) {
  std::string out;
  for (const run::TaskIndex index : undecided(state, view))
    out += (out.empty() ? "" : ",\n ") +
           gate_object(plan, state, state.tasks[index.value], view)
               .dump(-1, ' ', false, nlohmann::detail::error_handler_t::replace);
  return out;
}

}  // namespace fleet::report
