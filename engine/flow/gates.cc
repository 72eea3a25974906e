#include "engine/flow/gates.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/decide/signature.h"
#include "engine/os/crash_point.h"
#include "engine/os/files.h"
#include "engine/report/gate.h"

namespace fleet::flow {
namespace {

constexpr std::chrono::seconds kNotifyTimeout{60};

const plan::Human* find_human(const plan::Plan& plan, const std::string& name) {
  const auto found = std::ranges::find(plan.humans, name, &plan::Human::name);
  return found == plan.humans.end() ? nullptr : &*found;
}

std::string gate_file(const std::string& run_dir, run::Attempt gate, std::string_view what) {
  return fmt::format("{}/logs/{}.{}.{}", run_dir, gate.task.value, gate.epoch, what);
}

// Humans whom the plan's own gates may ask, its escalation, or a credential that is not accepted.
std::set<std::string> asked(const plan::Plan& plan) {
  std::set<std::string> names;
  for (const plan::Node& node : plan.nodes)
    if (node.kind == plan::NodeKind::kHuman)
      names.insert(node.human);
  if (plan.escalation && !plan.escalation->path.empty())
    names.insert(plan.escalation->path.back());
  for (const plan::Credential& credential : plan.credentials)
    if (!credential.owner.empty())
      names.insert(credential.owner);
  return names;
}

void do_all(const std::vector<std::function<void()>>& later) {
  for (const std::function<void()>& one : later)
    one();
}

// What runs without a sandbox, if anything does.
std::string unsandboxed(const plan::Plan& plan) {
  for (const plan::Agent& agent : plan.agents)
    if (!agent.runtime.sandbox.on)
      return fmt::format("agent `{}`", agent.name);
  for (const plan::Node& node : plan.nodes)
    if (node.kind == plan::NodeKind::kRun && !node.sandboxed)
      return fmt::format("step `{}`", node.name);
  return {};
}

}  // namespace

bool may_ask(const plan::Plan& plan) {
  return !asked(plan).empty();
}

Status check_humans(const plan::Plan& plan) {
  const std::string loose = unsandboxed(plan);
  for (const std::string& name : asked(plan)) {
    const plan::Human* human = find_human(plan, name);
    if (human == nullptr)
      continue;
    if (!human->key.empty()) {
      if (Status good = decide::check_public_key(human->key); !good)
        return std::move(good).error().in(fmt::format("the `key` of human `{}`", name));
    } else if (!loose.empty()) {
      return Error(
          Errc::kUnsupported,
          fmt::format(
              "{} runs without a sandbox and could decide in the name of human `{}`, whose "
              "decisions are not signed: give the human a `key`, or let it run in a sandbox",
              loose, name));
    }
  }
  return {};
}

bool answers(const decide::Decision& decision, const plan::Plan& plan, plan::NodeIndex node,
             const std::string& human) {
  if (decision.plan != plan.hash ||
      (decision.answer == decide::Answer::kRetry && !run::may_retry(plan, node)))
    return false;
  const plan::Human* known = find_human(plan, human);
  if (known == nullptr || known->key.empty())
    return true;
  return decision.by == human &&
         decide::verify(known->key, decide::signed_text(decision), decision.signature);
}

run::Decision decision_of(decide::Answer answer) {
  switch (answer) {
    case decide::Answer::kApprove: return run::Decision::kApprove;
    case decide::Answer::kReject: break;
    case decide::Answer::kRetry: return run::Decision::kRetry;
  }
  return run::Decision::kReject;
}

std::string notify_failure_path(const std::string& run_dir, run::Attempt gate) {
  return gate_file(run_dir, gate, "notify-failed");
}
std::string notify_log_path(const std::string& run_dir, run::Attempt gate) {
  return gate_file(run_dir, gate, "notify.log");
}

Result<std::unique_ptr<Gates>> Gates::start(const plan::Plan& plan, const Site& site,
                                            JobBoard& jobs) {
  FLEET_TRY(decide::DecisionBox box, decide::DecisionBox::open(site.state_dir));
  std::unique_ptr<Gates> gates(new Gates(plan, site, jobs, std::move(box)));
  FLEET_TRY(gates->watch_, os::FolderWatch::start({gates->box_.new_path()},
                                                  [raw = gates.get()] { raw->look_at_all(); }));
  return gates;
}

Gates::~Gates() {
  watch_.reset();
}

decide::GateName Gates::name_of(run::Attempt attempt) const {
  return {site_.run, attempt.task.value, attempt.epoch};
}

// Idempotent: the launcher knows whether the human was told, and the box what was decided.
bool Gates::open(const OpenGateOrder& order, std::int64_t now, Post post) {
  Later later;
  bool told_later = false;
  {
    const std::lock_guard lock(mutex_);
    Open& gate = open_[order.task.attempt] =
        Open{order.task.node, order.human, std::move(post), false};
    look_at(order.task.attempt, gate, later);
    // A run that does not wait has nobody who could tell them later.
    told_later = !gate.answered && order.tell_at > now && !ask_;
    if (!gate.answered && !told_later)
      notify(order, later);
    ask_if_only_waiting(later);
  }
  do_all(later);
  return told_later;
}

void Gates::tell(const OpenGateOrder& order) {
  Later later;
  {
    const std::lock_guard lock(mutex_);
    const auto gate = open_.find(order.task.attempt);
    if (gate == open_.end() || gate->second.answered)
      return;
    notify(order, later);
  }
  do_all(later);
}

void Gates::close(const CloseGateOrder& order) {
  const std::lock_guard lock(mutex_);
  const auto gate = open_.find(order.attempt);
  const bool answered = gate != open_.end() && gate->second.answered;
  open_.erase(order.attempt);
  // What comes now is too late. If that can't be noted, the journal still says what counted.
  if (!answered)
    (void)box_.set_aside(name_of(order.attempt), "late");
}

void Gates::look(run::Attempt attempt) {
  Later later;
  {
    const std::lock_guard lock(mutex_);
    if (const auto gate = open_.find(attempt); gate != open_.end())
      look_at(attempt, gate->second, later);
  }
  do_all(later);
}

void Gates::look_at_all() {
  Later later;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [attempt, gate] : open_)
      look_at(attempt, gate, later);
  }
  do_all(later);
}

// A decision that was taken but did not reach the journal, because the engine died, is taken again.
void Gates::look_at(run::Attempt attempt, Open& gate, Later& later) {
  if (gate.answered)
    return;
  const decide::GateName name = name_of(attempt);
  const auto found = box_.look(name);
  if (!found) {
    if (found.error().code() == Errc::kCorrupt)
      (void)box_.set_aside(name, "unreadable");
    return;
  }
  if (!*found)
    return;
  const decide::Decision& decision = **found;
  if (!answers(decision, plan_, gate.node, gate.human)) {
    (void)box_.set_aside(name, "refused");
    return;
  }
  os::crash_point("engine.decision.before");
  if (!box_.keep(name))
    return;  // it stays where it is, and is seen with the next one or by the next engine
  os::crash_point("engine.decision.kept");
  gate.answered = true;
  later.push_back(
      [post = gate.post, answer = run::GateAnswered{attempt, decision_of(decision.answer),
                                                    decision.by, decide::origin_of(decision),
                                                    decision.why, decision.at}] { post(answer); });
}

// The user's own program, in their environment and checkout; a job of the keeper's, so that it is
// started once for each opening, whatever becomes of the engine.
void Gates::notify(const OpenGateOrder& order, Later& later) {
  const plan::Human* human = find_human(plan_, order.human);
  if (human == nullptr || !human->notify)
    return;
  const run::Attempt attempt = order.task.attempt;
  process::JobSpec job;
  job.key = {site_.run, attempt.task.value, attempt.epoch, kNotifyPart};
  HoleValues holes;
  holes.run = site_.run;
  holes.task = order.task.text;
  holes.item = order.task.item;
  for (const plan::Template& word : human->notify->argv)
    job.argv.push_back(fill(word, holes));
  std::map<std::string, std::string> environment = site_.environment;
  environment["FLEET_RUN"] = site_.run;
  environment["FLEET_GATE_ID"] = report::gate_id(site_.run, attempt.task);
  environment["FLEET_GATE_TEXT"] = report::gate_message(plan_, site_.run, attempt.task,
                                                        order.task.node, order.human, order.reason);
  for (const auto& [name, value] : environment)
    job.env.push_back(name + "=" + value);
  job.cwd = site_.work_dir.empty() ? site_.common_dir : site_.work_dir;
  job.output = notify_log_path(site_.run_dir(), attempt);
  job.timeout = kNotifyTimeout;
  job.output_limit = site_.output_limit;
  // One that an earlier engine started has ended, or ends without us: it is not waited for.
  const auto begun = os::system_files().exists(job.output);
  if (begun && *begun)
    return;
  telling_.insert(attempt);
  later.push_back([this, attempt, job = std::move(job)] {
    jobs_.submit(job,
                 [this, attempt](const process::JobReport& report) { notified(attempt, report); });
  });
}

void Gates::notified(run::Attempt attempt, const process::JobReport& report) {
  std::string trouble;
  if (!report.success())
    trouble = process::describe(report);
  // Only to tell people: the gate is open whether or not anybody knows.
  if (!trouble.empty())
    (void)os::system_files().write_atomic(notify_failure_path(site_.run_dir(), attempt),
                                          trouble + "\n");
  Later later;
  {
    const std::lock_guard lock(mutex_);
    telling_.erase(attempt);
    ask_if_only_waiting(later);
  }
  do_all(later);
}

void Gates::when_only_waiting(std::function<void()> ask) {
  const std::lock_guard lock(mutex_);
  ask_ = std::move(ask);
}

void Gates::saw(const run::State& state) {
  const bool waits = state.opened && !state.closed && run::waits_for_human(state);
  Later later;
  {
    const std::lock_guard lock(mutex_);
    only_waits_ = waits;
    parked_.clear();
    if (!waits || !ask_)
      return;
    for (const run::TaskIndex task : run::open_gates(state)) {
      const run::Gate& gate = *state.tasks[task.value].gate;
      // Its time was over when this engine came: the timer that says so is under way.
      if (gate.closes_at != 0 && gate.closes_at <= state.last_at)
        return parked_.clear();
      parked_.insert({task, gate.epoch});
    }
    ask_if_only_waiting(later);
  }
  do_all(later);
}

void Gates::ask_if_only_waiting(Later& later) {
  if (!ask_ || !only_waits_ || parked_.empty() || !telling_.empty())
    return;
  for (const run::Attempt attempt : parked_) {
    const auto gate = open_.find(attempt);
    if (gate == open_.end() || gate->second.answered)
      return;
  }
  later.push_back(std::exchange(ask_, nullptr));
}

}  // namespace fleet::flow
