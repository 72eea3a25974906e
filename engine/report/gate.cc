#include "engine/report/gate.h"

#include <algorithm>

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

// "ann (2h 10min, closes in 5h, late)"
std::string waiting(const plan::Plan& plan, const run::Task& task, std::int64_t now) {
  const run::Gate& gate = *task.gate;
  std::string text = fmt::format("{} ({}", printable(gate.human), since(gate.opened_at, now));
  if (gate.closes_at > now)
    text += fmt::format(", closes in {}", spoken(plan::Millis(gate.closes_at - now)));
  return text + (is_late(plan, task, now) ? ", late)" : ")");
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
  if (!checks.empty())
    to.line("evidence", checks);
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
  to.line("waits for", waiting(plan, task, view.now));
  if (view.notify_trouble)
    if (const std::string trouble = view.notify_trouble({task.index, gate.epoch}); !trouble.empty())
      to.line("", "they were not reached: " + printable(trouble));
  if (const auto subject = subject_of(plan, state, task.node))
    write_change(to, plan, state, *subject, view);
  write_reviews(to, reviews_of(plan, state, before(plan, task.node)));
  to.line("so far", spent_text(state));
  const AnswerMeaning meaning = meaning_of(gate.asks);
  to.line("answer", fmt::format("fleetc approve {}              {}", id, meaning.approve));
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
              {"human", printable(gate.human)},
              {"why", printable(gate.why)},
              {"since", gate.opened_at},
              {"closes_at", gate.closes_at == 0 ? Json() : Json(gate.closes_at)},
              {"late", is_late(plan, task, view.now)}};
  if (view.notify_trouble)
    if (const std::string trouble = view.notify_trouble({task.index, gate.epoch}); !trouble.empty())
      out["notify_failed"] = printable(trouble);
  if (const auto subject = subject_of(plan, state, task.node)) {
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
  const Reviews reviews = reviews_of(plan, state, before(plan, task.node));
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

template <class Each>
void for_each_gate(const run::State& state, Each each) {
  for (const run::TaskIndex index : run::open_gates(state))
    if (const run::Task& task = state.tasks[index.value]; task.gate)
      each(task);
}

}  // namespace

std::string gate_id(std::string_view run, run::TaskIndex task) {
  return fmt::format("{}.{}", printable(run.substr(run.rfind('-') + 1)), task.value);
}

std::string gate_message(const plan::Plan& plan, std::string_view run, run::TaskIndex task,
                         plan::NodeIndex node, std::string_view human, std::string_view why) {
  const std::string id = gate_id(run, task);
  return fmt::format(
      "{} of {}.{} (run {}) waits for {}{}{}\n  fleetc inbox\n  fleetc approve {}\n"
      "  fleetc reject {} --why \"…\"\n",
      printable(plan.nodes[node.value].name), printable(plan.fleet), printable(plan.flow),
      printable(run), printable(human), why.empty() ? "" : ": ", printable(why), id, id);
}

AnswerMeaning meaning_of(run::Asks asks) {
  switch (asks) {
    case run::Asks::kDecision: return {"it is good: go on", "it is not: changes are requested"};
    case run::Asks::kEscalation:
      return {"go on as if the step had succeeded", "stop: the step fails"};
    case run::Asks::kCredential: return {"it was renewed: try again", "stop: the step fails"};
  }
  return {"", ""};
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

std::string inbox_text(const plan::Plan& plan, const run::State& state, const InboxView& view) {
  std::string out;
  for_each_gate(state, [&](const run::Task& task) {
    out += (out.empty() ? "" : "\n") + gate_text(plan, state, task, view);
  });
  return out;
}

std::string inbox_json(const plan::Plan& plan, const run::State& state, const InboxView& view) {
  std::string out;
  for_each_gate(state, [&](const run::Task& task) {
    out += (out.empty() ? "" : ",\n ") +
           gate_object(plan, state, task, view)
               .dump(-1, ' ', false, nlohmann::detail::error_handler_t::replace);
  });
  return out;
}

std::string gate_lines(const plan::Plan& plan, const run::State& state, std::int64_t now) {
  std::string out;
  for_each_gate(state, [&](const run::Task& task) {
    const std::string id = gate_id(state.run, task.index);
    out += fmt::format("    {}  {} waits for {}{}{}\n", id, label(plan, task),
                       waiting(plan, task, now), task.gate->why.empty() ? "" : ": ",
                       printable(task.gate->why));
    out += fmt::format(
        "      fleetc approve {}, or fleetc reject {} --why \"…\"; more: fleetc inbox\n", id, id);
  });
  return out;
}

}  // namespace fleet::report
