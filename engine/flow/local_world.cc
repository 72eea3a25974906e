#include "engine/flow/local_world.h"

#include <fmt/format.h>

#include "dsl/plan/render.h"
#include "engine/flow/adapted.h"
#include "engine/flow/credential.h"
#include "engine/flow/models.h"
#include "engine/flow/secret.h"
#include "engine/os/crash_point.h"
#include "engine/os/files.h"
#include "engine/worktree/refs.h"
#include "engine/worktree/slug.h"

namespace fleet::flow {
namespace {

std::unordered_map<std::string_view, const plan::Agent*> by_name(
    const std::vector<plan::Agent>& agents) {
  std::unordered_map<std::string_view, const plan::Agent*> names;
  names.reserve(agents.size());
  for (const plan::Agent& agent : agents)
    names.emplace(agent.name, &agent);
  return names;
}

// What the keeper may have written beyond the limit before it ended the session.
constexpr std::uint64_t kOutputSlack = std::uint64_t{16} << 20;

}  // namespace

LocalWorld::LocalWorld(const plan::Plan& plan, const Site& site, const run::State& opened,
                       GitThreads& git, worktree::Pool& pool, JobBoard& jobs, Timers& timers,
                       Desk& desk)
    : plan_(plan),
      agents_(by_name(plan.agents)),
      site_(site),
      base_(opened.base_commit),
      run_holes_(hole_values(opened, TaskFacts{})),
      git_(git),
      pool_(pool),
      jobs_(jobs),
      timers_(timers),
      desk_(desk),
      evidence_(site, git, pool, jobs) {}

LocalWorld::~LocalWorld() {
  release_slots();
}

const plan::Agent& LocalWorld::agent_named(const std::string& name) const {
  const auto agent = agents_.find(name);
  FLEET_ASSERT(agent != agents_.end(), name);
  return *agent->second;
}

HoleValues LocalWorld::holes_of(const TaskFacts& task) const {
  HoleValues values = run_holes_;
  values.item = task.item;
  values.task = task.task;
  values.agent = task.agent;
  values.round = std::to_string(task.round);
  return values;
}

void LocalWorld::launch(const LaunchOrder& order, Post post) {
  auto slot = slot_of(order.session, order.slot);
  if (!slot) {
    {
      const std::lock_guard lock(mutex_);
      const auto it = shared_.find(order.start);
      if (it != shared_.end())
        slot = it->second;
    }
    if (!slot) {
      post(run::Exited{
          order.task.attempt, run::ExitHow::kLost, 0, {}, {}, 0, 0, slot.error().message()});
      return;
    }
  }
  run_job(order.task, *slot, std::move(post));
}

// Idempotent: the launcher knows a key that was submitted before, and its end is reported once.
void LocalWorld::run_job(const TaskFacts& task, const worktree::Slot& slot, Post post) {
  const plan::Node& node = plan_.nodes[task.node.value];
  const plan::Agent* agent = task.agent.empty() ? nullptr : &agent_named(task.agent);
  static const std::vector<std::pair<std::string, std::string>> kNoEnvironment;
  plan::Sandbox sandbox;
  if (agent != nullptr)
    sandbox = agent->runtime.sandbox;
  else
    sandbox.on = node.sandboxed;
  std::optional<DeskPlace> desk;
  if (agent != nullptr) {
    auto opened = desk_.open(task, *agent);
    if (!opened)
      return post(run::Exited{task.attempt,
                              run::ExitHow::kStarved,
                              0,
                              {},
                              {},
                              0,
                              0,
                              "the session's socket: " + opened.error().message()});
    desk = *std::move(opened);
  }
  process::JobSpec job =
      make_job(site_, {sandbox,
                       agent != nullptr ? agent->runtime.command : *node.command,
                       agent != nullptr ? agent->runtime.env : kNoEnvironment,
                       task,
                       holes_of(task),
                       slot,
                       {site_.run, task.attempt.task.value, task.attempt.epoch, 0},
                       site_.log_path(task.attempt, 0),
                       timeout_of(node, agent),
                       agent != nullptr && agent->on_engine_crash == plan::OnEngineCrash::kKill,
                       agent != nullptr ? agent->brief : std::string(),
                       agent != nullptr ? agent->reads : plan::Reads::kRepo,
                       agent == nullptr || !only_reads(*agent),
                       mends_findings(node) ? task.text : std::string(),
                       desk ? &*desk : nullptr});
  Status ready;
  if (agent != nullptr) {
    plan::Agent bounded = *agent;
    bounded.budget = left_for(*agent, task);
    ready = equip(job, task, bounded, slot, *desk);
  }
  if (!ready) {
    desk_.close(task.attempt);
    if (agent != nullptr && asks_broker(*agent))
      models_->close(task.attempt);
    return post(run::Exited{
        task.attempt, run::ExitHow::kStarved, 0, {}, {}, 0, 0, ready.error().message()});
  }
  os::crash_point("engine.spawn.before");
  jobs_.submit(std::move(job), [this, attempt = task.attempt, node = task.node, agent,
                                post = std::move(post)](const process::JobReport& report) {
    os::crash_point("engine.import.before");
    ended(attempt, node, agent, report, post);
  });
  os::crash_point("engine.spawn.after");
}

void LocalWorld::adopt(const run::Task& task, const plan::Agent* agent, Post post) {
  const plan::Node& node = plan_.nodes[task.node.value];
  const bool running = task.phase == run::Phase::kRunning && node.kind != plan::NodeKind::kMerge;
  if (!running && task.phase != run::Phase::kSettling)
    return;
  if (permits_ != nullptr && agent != nullptr)
    permits_->hold({{site_.run, task.session.value},
                    agent->clones ? std::string() : agent->name,
                    plan_.limits.sessions.value_or(0),
                    plan_.limits.starts.value_or(0)});
  // A slot that is gone shows when the attempt is captured.
  (void)slot_of(task.session, task.slot);
  if (!running)
    return;
  const run::Attempt attempt{task.index, task.epoch};
  // Without a key its requests are refused, and its owner hears of it when it ends.
  if (agent != nullptr && asks_broker(*agent))
    (void)models_->open(attempt, *agent, task.spent);
  jobs_.expect(
      {site_.run, task.index.value, task.epoch, 0},
      [this, attempt, node = task.node, agent, post = std::move(post)](
          const process::JobReport& report) { ended(attempt, node, agent, report, post); });
}

void LocalWorld::use_models(Models* models, const RunPurses* purses) {
  models_ = models;
  purses_ = purses;
}

bool LocalWorld::asks_broker(const plan::Agent& agent) const {
  return models_ != nullptr && brokered(plan_, agent) != nullptr;
}

// The secrets that the session was granted, or its way to the broker, and what a CLI that is a
// model's wants beside them.
Status LocalWorld::equip(process::JobSpec& job, const TaskFacts& task, const plan::Agent& agent,
                         const worktree::Slot& slot, const DeskPlace& desk) {
  FLEET_TRY(const auto secrets, granted_variables(plan_, agent, site_.environment));
  for (const auto& [name, value] : secrets)
    job.env.push_back(name + "=" + value);
  Models::Access access;
  if (asks_broker(agent)) {
    FLEET_TRY(access, models_->open(task.attempt, agent, {}));
    hide_secrets(job);
  }
  if (is_adapted(agent))
    FLEET_CHECK(adapt(job, agent, slot, site_.program, desk, access.url));
  for (const auto& [name, value] : access.variables)
    set_variable(job.env, name, value);
  return {};
}

// The files that the broker's keys are read from.
void LocalWorld::hide_secrets(process::JobSpec& job) const {
  if (!job.sandbox)
    return;
  for (const plan::Credential& credential : plan_.credentials)
    if (credential.mode == plan::Credential::Mode::kBroker &&
        credential.from == plan::Credential::From::kFile)
      job.sandbox->masked.emplace_back(secret_path(credential, site_));
}

namespace {

// Whatever a session makes of a refusal, it ended because its budget did; unless it was ended for
// another reason, or never ran.
void mark_over_budget(run::Exited& exited, const std::optional<std::string>& why) {
  const bool its_own = exited.how != run::ExitHow::kTimedOut && exited.how != run::ExitHow::kLost &&
                       exited.how != run::ExitHow::kSpawnFailed &&
                       exited.how != run::ExitHow::kStarved;
  if (!why || !its_own)
    return;
  exited.how = run::ExitHow::kBudgetSpent;
  exited.detail = *why;
}

}  // namespace

void LocalWorld::ended(run::Attempt attempt, plan::NodeIndex node, const plan::Agent* agent,
                       const process::JobReport& report, const Post& post) {
  desk_.close(attempt);
  run::Exited exited = exited_of(attempt, report);
  if (agent != nullptr && exited.how == run::ExitHow::kTimedOut &&
      ends_by_age(plan_.nodes[node.value], *agent)) {
    exited.how = run::ExitHow::kExited;
    exited.code = 0;
    exited.detail =
        fmt::format("its `session_max` of {} was over", plan::to_string(*agent->session_max));
  }
  const bool metered = agent != nullptr && asks_broker(*agent);
  const auto over_budget = metered ? models_->close(attempt) : std::nullopt;
  if (agent == nullptr || !is_adapted(*agent)) {
    mark_over_budget(exited, over_budget);
    return post(std::move(exited));
  }
  // Its output may be long, and this thread is everybody's.
  git_.add(
      [this, agent, post, metered, over_budget, exited = std::move(exited)](worktree::Repository&) {
        const auto output = os::system_files().read_file(site_.log_path(exited.attempt, 0),
                                                         site_.output_limit + kOutputSlack);
        AdaptedEnd end = read_end(exited, *agent, output ? *output : std::string());
        mark_over_budget(end.exited, over_budget);
        // Before the exit: with the last one the run may leave, and its purses with it.
        if (end.metered && !metered && purses_ != nullptr)
          broker::settle_in(purses_->of(*agent), 0, end.metered->micros);
        post(std::move(end.exited));
        // After the exit, which is told once: a crash in between loses the figure and doubles none.
        // What the broker has metered is counted already.
        if (end.metered && !metered)
          desk_.meter(*end.metered);
      });
}

void LocalWorld::cancel(const CancelOrder& order) {
  jobs_.cancel(site_.run, order.attempt.task.value, order.attempt.epoch, std::chrono::seconds(5));
}

void LocalWorld::begin_none() {
  begins_none_ = true;
  if (permits_ != nullptr)
    permits_->drop(site_.run);
}

void LocalWorld::stop_now() {
  begin_none();
  std::set<std::pair<std::uint32_t, std::uint32_t>> judged;
  {
    const std::lock_guard lock(mutex_);
    judged = judged_merges_;
  }
  for (const auto& [task, epoch] : judged)
    jobs_.cancel(site_.run, task, epoch, std::chrono::seconds(0));
}

void LocalWorld::abandon() {
  abandoned_ = true;
  begin_none();
  jobs_.cancel_all(site_.run, std::chrono::seconds(5));
}

run::Exited exited_of(run::Attempt attempt, const process::JobReport& report) {
  run::Exited event;
  event.attempt = attempt;
  event.duration = std::chrono::duration_cast<plan::Millis>(report.duration);
  event.cpu = std::chrono::duration_cast<plan::Millis>(report.cpu_user + report.cpu_system);
  event.max_rss_kb = report.max_rss / 1024;
  event.output_bytes = report.output_bytes;
  event.detail = process::describe(report);
  switch (report.how) {
    case process::End::kExited:
      event.how = run::ExitHow::kExited;
      event.code = report.code;
      break;
    case process::End::kSignalled:
      event.how = run::ExitHow::kSignalled;
      event.code = report.signal;
      break;
    case process::End::kTimedOut: event.how = run::ExitHow::kTimedOut; break;
    case process::End::kCancelled: event.how = run::ExitHow::kCancelled; break;
    case process::End::kOutputLimit: event.how = run::ExitHow::kOutputLimit; break;
    case process::End::kSpawnFailed:
      event.how = report.starved() ? run::ExitHow::kStarved : run::ExitHow::kSpawnFailed;
      break;
    case process::End::kDropped:
    case process::End::kLost: event.how = run::ExitHow::kLost; break;
  }
  return event;
}

std::string branch_name(const plan::Template& text, const HoleValues& values) {
  std::string out;
  for (const plan::Segment& segment : text)
    out += segment.hole ? worktree::slug(fill({segment}, values)) : segment.text;
  return out;
}

worktree::Oid oid_of(const std::string& hex) {
  const auto oid = worktree::Oid::parse(hex);
  FLEET_ASSERT(oid.has_value(), hex);
  return *oid;
}

std::string task_name(const TaskFacts& task) {
  return task.item.empty() ? std::to_string(task.attempt.task.value)
                           : fmt::format("{}-{}", task.attempt.task.value, task.item);
}

bool only_reads(const plan::Agent& agent) {
  return agent.returns == plan::Returns::kVerdict || agent.reads != plan::Reads::kRepo;
}

std::chrono::milliseconds timeout_of(const plan::Node& node, const plan::Agent* agent) {
  plan::Millis limit{0};
  if (node.timeout)
    limit = *node.timeout;
  if (agent != nullptr && agent->timeout && (limit.count() == 0 || *agent->timeout < limit))
    limit = *agent->timeout;
  if (agent != nullptr && agent->session_max && (limit.count() == 0 || *agent->session_max < limit))
    limit = *agent->session_max;
  return limit;
}

bool ends_by_age(const plan::Node& node, const plan::Agent& agent) {
  return agent.session_max && (!node.timeout || *agent.session_max < *node.timeout) &&
         (!agent.timeout || *agent.session_max < *agent.timeout);
}

}  // namespace fleet::flow
