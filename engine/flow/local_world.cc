#include "engine/flow/local_world.h"

#include <fmt/format.h>

#include "engine/flow/items.h"
#include "engine/os/crash_point.h"
#include "engine/worktree/capture.h"
#include "engine/worktree/refs.h"
#include "engine/worktree/slug.h"

namespace fleet::flow {
namespace {

worktree::Oid oid_of(const std::string& hex) {
  const auto oid = worktree::Oid::parse(hex);
  FLEET_ASSERT(oid.has_value(), hex);
  return *oid;
}

std::string slot_name(const worktree::Slot& slot) {
  return std::to_string(slot.id.value);
}

// What tells the refs of one task from those of another: its place in the run, and its item for
// people.
std::string task_name(const TaskFacts& task) {
  return task.item.empty() ? std::to_string(task.attempt.task.value)
                           : fmt::format("{}-{}", task.attempt.task.value, task.item);
}

// A subject that reads well in a log: one line, bounded.
std::string subject_of(const TaskFacts& task) {
  std::string text = task.text.empty() ? task.item : task.text;
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20)
      c = ' ';
  if (text.size() > 60)
    text = text.substr(0, 57) + "...";
  return text.empty() ? task.agent : fmt::format("{}: {}", task.agent, text);
}

std::chrono::milliseconds timeout_of(const plan::Node& node, const plan::Agent* agent) {
  plan::Millis limit{0};
  if (node.timeout)
    limit = *node.timeout;
  if (agent != nullptr && agent->timeout && (limit.count() == 0 || *agent->timeout < limit))
    limit = *agent->timeout;
  return limit;
}

constexpr int kTriesInPlace = 3;

const char* why_refused(worktree::CaptureRefused::Why why) {
  switch (why) {
    case worktree::CaptureRefused::Why::kTooLarge: return "is larger than 100 MiB";
    case worktree::CaptureRefused::Why::kRepositoryInside: return "is a repository of its own";
    case worktree::CaptureRefused::Why::kSpecialFile: return "is a pipe, socket or device";
    case worktree::CaptureRefused::Why::kUnreadable: return "cannot be read";
    case worktree::CaptureRefused::Why::kBadName: return "has a name that git refuses";
  }
  return "cannot be committed";
}

}  // namespace

LocalWorld::LocalWorld(const plan::Plan& plan, const Site& site, const run::State& opened,
                       GitThreads& git, worktree::Pool& pool, JobBoard& jobs, Timers& timers)
    : plan_(plan),
      site_(site),
      base_(opened.base_commit),
      run_holes_(hole_values(opened, TaskFacts{})),
      git_(git),
      pool_(pool),
      jobs_(jobs),
      timers_(timers),
      evidence_(site, git, pool, jobs) {}

LocalWorld::~LocalWorld() {
  release_slots();
}

const plan::Agent& LocalWorld::agent_named(const std::string& name) const {
  for (const plan::Agent& agent : plan_.agents)
    if (agent.name == name)
      return agent;
  FLEET_FAIL("no such agent in the plan", name);
}

HoleValues LocalWorld::holes_of(const TaskFacts& task) const {
  HoleValues values = run_holes_;
  values.item = task.item;
  values.task = task.text.empty() ? task.item : task.text;
  values.agent = task.agent;
  return values;
}

void LocalWorld::list_items(const ListOrder& order, Post post) {
  const plan::Fanout& fanout = *plan_.nodes[order.node.value].fanout;
  if (fanout.source.kind == plan::FanoutSource::Kind::kCommandLines)
    return list_command(order, post);
  git_.add([this, order, &fanout, post = std::move(post)](worktree::Repository& repository) {
    post(claimed(
        limited(order.node, fanout, evaluate(repository, fanout.source, oid_of(order.start)))));
  });
}

// Two items whose branches cannot exist side by side are found before any work is spent on either.
run::ItemsListed LocalWorld::claimed(run::ItemsListed event) const {
  const plan::Agent& agent = plan_.agents[plan_.nodes[event.node.value].agents.front().value];
  if (!agent.writes || !event.error.empty())
    return event;
  std::vector<std::string> branches;
  for (const std::string& item : event.items) {
    TaskFacts task;
    task.item = item;
    task.agent = agent.name;
    branches.push_back(branch_name(agent.writes->branch, holes_of(task)));
  }
  if (const auto conflict = worktree::find_branch_conflict(std::move(branches)))
    event.error =
        conflict->first == conflict->second
            ? fmt::format(
                  "two items would both need the branch `{}`; put {{item}} into `writes` of `{}`",
                  conflict->first, agent.name)
            : fmt::format(
                  "two items would need the branches `{}` and `{}`, which git cannot keep side by "
                  "side; change `writes` of `{}`",
                  conflict->first, conflict->second, agent.name);
  if (!event.error.empty())
    event.items.clear();
  return event;
}

void LocalWorld::list_command(const ListOrder& order, const Post& post) {
  git_.add([this, order, post](worktree::Repository& repository) {
    const plan::Fanout& fanout = *plan_.nodes[order.node.value].fanout;
    worktree::SlotRequest wanted;
    wanted.kind = worktree::SlotKind::kEvidence;
    wanted.agent = "source";
    wanted.commit = oid_of(order.start);
    auto slot = pool_.acquire(repository, wanted);
    if (!slot)
      return post(
          limited(order.node, fanout, std::move(slot).error().in("a worktree for the source")));
    TaskFacts task;  // a source belongs to no task: its output goes by the step's place among steps
    task.node = order.node;
    task.attempt = {run::TaskIndex{0xF0000000U + order.node.value}, site_.incarnation};
    static const plan::Sandbox kSandbox;
    static const std::vector<std::pair<std::string, std::string>> kNoEnvironment;
    process::JobSpec job =
        make_job(site_, {kSandbox,
                         fanout.source.command,
                         kNoEnvironment,
                         task,
                         holes_of(task),
                         *slot,
                         {site_.run, task.attempt.task.value, task.attempt.epoch, 0},
                         site_.log_path(task.attempt, 0),
                         std::chrono::minutes(10),
                         true});
    const std::string output = job.output;
    jobs_.submit(std::move(job),
                 [this, order, post, output, slot = *slot](const process::JobReport& report) {
                   git_.add([this, order, post, output, slot, report](worktree::Repository&) {
                     (void)pool_.release(slot, worktree::Leftovers::kSaved);
                     post(claimed(limited(order.node, *plan_.nodes[order.node.value].fanout,
                                          lines_of_job(report, output))));
                   });
                 });
  });
}

void LocalWorld::prepare(const PrepareOrder& order, Post post) {
  git_.add([this, order, post = std::move(post)](worktree::Repository& repository) {
    const auto begun = std::chrono::steady_clock::now();
    os::crash_point("engine.prepare.before");
    Result<run::Prepared> prepared = take_slot(repository, order);
    os::crash_point("engine.prepare.after");
    run::Prepared event;
    if (prepared)
      event = *std::move(prepared);
    else {
      event.error = prepared.error().message();
      event.refused =
          prepared.error().code() == Errc::kExists || prepared.error().code() == Errc::kInvalid;
    }
    event.attempt = order.task.attempt;
    event.start = order.start;
    event.took = std::chrono::duration_cast<plan::Millis>(std::chrono::steady_clock::now() - begun);
    post(std::move(event));
  });
}

// Idempotent: a slot that an earlier engine took for this attempt was never launched in; it is
// found free in the pool and reset like any other.
Result<run::Prepared> LocalWorld::take_slot(worktree::Repository& repository,
                                            const PrepareOrder& order) {
  run::Prepared event;
  FLEET_TRY(event.branch, lease_branch(repository, order));
  const plan::Node& node = plan_.nodes[order.task.node.value];
  const bool shared = node.kind == plan::NodeKind::kRun && !node.sandboxed;
  if (shared) {
    const std::lock_guard lock(mutex_);
    if (const auto it = shared_.find(order.start); it != shared_.end()) {
      event.slot = slot_name(it->second);
      event.cold = false;
      return event;
    }
  }
  worktree::SlotRequest wanted;
  wanted.commit = oid_of(order.start);
  wanted.agent = order.task.agent.empty() ? "run" : order.task.agent;
  if (!order.task.agent.empty())
    wanted.keep = agent_named(order.task.agent).keep;
  std::optional<Held> mine = held(order.session);
  event.cold = !mine;
  if (mine) {
    wanted.salvage_ref = mine->unsaved;
    FLEET_CHECK(pool_.reset(repository, mine->slot, wanted));
  } else {
    FLEET_TRY(worktree::Slot slot, pool_.acquire(repository, wanted));
    mine = Held{std::move(slot), {}};
  }
  mine->unsaved = worktree::salvage_ref(
      site_.run, fmt::format("{}/{}", task_name(order.task), order.task.attempt.epoch));
  event.slot = slot_name(mine->slot);
  const std::lock_guard lock(mutex_);
  if (shared) {
    // Two threads may get here at once for one commit; the second slot is then merely unused.
    shared_.try_emplace(order.start, mine->slot);
  } else {
    sessions_[order.session] = *std::move(mine);
  }
  return event;
}

// Whether the attempt may own its branch, before any work is spent: a branch that a person made is
// never taken, and neither is one of ours that a person has moved on.
Result<std::string> LocalWorld::lease_branch(worktree::Repository& repository,
                                             const PrepareOrder& order) {
  if (order.task.agent.empty())
    return std::string();
  const plan::Agent& agent = agent_named(order.task.agent);
  if (!agent.writes)
    return std::string();
  const std::string branch = branch_name(agent.writes->branch, holes_of(order.task));
  if (!worktree::is_valid_branch(branch))
    return Error(Errc::kInvalid,
                 fmt::format("`{}` is no branch name that git accepts; change `writes` of `{}`",
                             branch, agent.name));
  FLEET_TRY(const worktree::BranchState state, worktree::inspect_branch(repository, branch));
  if (!state.conflict.empty())
    return Error(Errc::kExists,
                 fmt::format("the branch `{}` cannot exist beside `{}`: git keeps branches as "
                             "files and folders; rename one of them",
                             branch, state.conflict));
  if (state.owner == worktree::BranchOwner::kForeign)
    return Error(Errc::kExists,
                 fmt::format("the branch `{}` exists and is not fleetc's (or was moved by somebody "
                             "else); it is left alone: rename or delete it",
                             branch));
  if (!state.checked_out_at.empty())
    return Error(
        Errc::kExists,
        fmt::format("the branch `{}` is checked out at {}; switch that worktree to another "
                    "branch",
                    branch, state.checked_out_at));
  return branch;
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
                       agent != nullptr && agent->on_engine_crash == plan::OnEngineCrash::kKill});
  os::crash_point("engine.spawn.before");
  jobs_.submit(std::move(job),
               [attempt = task.attempt, post = std::move(post)](const process::JobReport& report) {
                 os::crash_point("engine.import.before");
                 post(exited_of(attempt, report));
               });
  os::crash_point("engine.spawn.after");
}

void LocalWorld::adopt(const run::Task& task, Post post) {
  const plan::Node& node = plan_.nodes[task.node.value];
  const bool running = task.phase == run::Phase::kRunning && node.kind != plan::NodeKind::kMerge;
  if (!running && task.phase != run::Phase::kSettling)
    return;
  // A slot that is gone shows when the attempt is captured.
  (void)slot_of(task.session, task.slot);
  if (!running)
    return;
  const run::Attempt attempt{task.index, task.epoch};
  jobs_.expect({site_.run, task.index.value, task.epoch, 0},
               [attempt, post = std::move(post)](const process::JobReport& report) {
                 post(exited_of(attempt, report));
               });
}

void LocalWorld::capture(const CaptureOrder& order, Post post) {
  try_capture(order, std::move(post), 1);
}

// What the world denies now (a full disk, a lock) may be granted in a moment, and the work is still
// in its worktree: better to try the commit again than to run the session again.
void LocalWorld::try_capture(const CaptureOrder& order, Post post, int tries) {
  git_.add([this, order, post = std::move(post), tries](worktree::Repository& repository) {
    run::Captured event = capture_now(repository, order);
    if (event.how != run::CaptureHow::kError || tries >= kTriesInPlace)
      return post(std::move(event));
    timers_.add_in(std::chrono::seconds(tries),
                   [this, order, post, tries] { try_capture(order, post, tries + 1); });
  });
}

// Idempotent: the same tree, parent and date give the same commit, and its ref already naming it is
// fine.
run::Captured LocalWorld::capture_now(worktree::Repository& repository, const CaptureOrder& order) {
  run::Captured event;
  event.attempt = order.task.attempt;
  const auto failed = [&event](std::string why) {
    event.how = run::CaptureHow::kError;
    event.detail = std::move(why);
    return event;
  };
  auto slot = slot_of(order.session, order.slot);
  if (!slot)
    return failed(slot.error().message());
  const plan::Agent& agent = agent_named(order.task.agent);
  worktree::CaptureRequest request;
  if (agent.writes)
    request.in = agent.writes->in;
  request.author_name = author_name(agent.name);
  request.author_email = author_email(agent.name);
  request.message =
      fmt::format("{}\n\nFleet-Run: {}\nFleet-Task: {}\nFleet-Attempt: {}", subject_of(order.task),
                  site_.run, order.task.attempt.task.value, order.task.attempt.epoch);
  request.time = order.at / 1000;
  os::crash_point("engine.capture.before");
  auto outcome = worktree::capture(repository, *slot, request);
  os::crash_point("engine.capture.after");
  if (!outcome)
    return failed(outcome.error().message());
  bool saved = true;
  if (auto* commit = std::get_if<worktree::Captured>(&*outcome)) {
    const std::string ref =
        worktree::attempt_ref(site_.run, task_name(order.task), order.task.attempt.epoch);
    if (const Status moved = worktree::move_refs(repository, {{ref, std::nullopt, commit->commit}},
                                                 "fleetc: attempt captured");
        !moved)
      return failed(moved.error().message());
    event.how = run::CaptureHow::kCommit;
    event.commit = commit->commit.hex();
    event.files = commit->stat.files;
    event.insertions = commit->stat.insertions;
    event.deletions = commit->stat.deletions;
  } else if (std::holds_alternative<worktree::CapturedNothing>(*outcome)) {
    event.how = run::CaptureHow::kEmpty;
    event.commit = order.start;
  } else if (auto* outside = std::get_if<worktree::CapturedOutside>(&*outcome)) {
    saved = false;
    event.how = run::CaptureHow::kOutside;
    event.paths = outside->paths;
    if (event.paths.size() > 20)
      event.paths.resize(20);
  } else {
    saved = false;
    const auto& refused = std::get<worktree::CaptureRefused>(*outcome);
    event.how = run::CaptureHow::kRefused;
    event.detail = fmt::format("`{}` {}", refused.path, why_refused(refused.why));
  }
  const std::lock_guard lock(mutex_);
  if (const auto it = sessions_.find(order.session); it != sessions_.end() && saved)
    it->second.unsaved.clear();
  return event;
}

void LocalWorld::verify(const VerifyOrder& order, Post post) {
  const plan::Agent& agent = agent_named(order.task.agent);
  EvidenceRequest request;
  request.task = order.task;
  request.holes = holes_of(order.task);
  request.base = base_;
  request.commit = order.commit;
  request.changed_lines = order.changed_lines;
  request.accept = agent.accept;
  request.protect = plan_.protect;
  request.sandbox = agent.runtime.sandbox;
  request.sandbox.write.clear();
  request.timeout = timeout_of(plan_.nodes[order.task.node.value], &agent);
  evidence_.gather(std::move(request), [attempt = order.task.attempt,
                                        post = std::move(post)](EvidenceAnswer answer) {
    post(run::Verified{attempt, answer.passed, std::move(answer.checks), std::move(answer.error)});
  });
}

void LocalWorld::publish(const PublishOrder& order, Post post) {
  git_.add([this, order, post = std::move(post)](worktree::Repository& repository) {
    os::crash_point("engine.publish.before");
    run::Published published = publish_now(repository, order);
    os::crash_point("engine.publish.after");
    post(std::move(published));
  });
}

// Idempotent: a branch that already names the commit is done.
run::Published LocalWorld::publish_now(worktree::Repository& repository,
                                       const PublishOrder& order) {
  run::Published event{order.task.attempt, order.branch, order.commit, {}};
  if (order.branch.empty())
    return event;
  auto state = worktree::inspect_branch(repository, order.branch);
  if (!state) {
    event.error = state.error().message();
  } else if (const Status done = worktree::publish(repository, order.branch, state->commit,
                                                   oid_of(order.commit), "fleetc: task accepted");
             !done) {
    event.error = done.error().message();
  }
  return event;
}

void LocalWorld::start_timer(const TimerOrder& order, Post post) {
  timers_.add(order.at, [attempt = order.attempt, post = std::move(post)] {
    post(run::TimerFired{attempt});
  });
}

void LocalWorld::cancel(const CancelOrder& order) {
  jobs_.cancel(site_.run, order.attempt.task.value, order.attempt.epoch, std::chrono::seconds(5));
}

void LocalWorld::abandon() {
  jobs_.cancel_all(std::chrono::seconds(5));
}

void LocalWorld::end_session(const EndSessionOrder& order) {
  std::optional<Held> mine;
  {
    const std::lock_guard lock(mutex_);
    const auto it = sessions_.find(order.session);
    if (it == sessions_.end())
      return;
    mine = std::move(it->second);
    sessions_.erase(it);
  }
  git_.add([this, mine = *std::move(mine)](worktree::Repository& repository) {
    worktree::Leftovers left = worktree::Leftovers::kSaved;
    if (!mine.unsaved.empty() && !pool_.salvage(repository, mine.slot, mine.unsaved))
      left = worktree::Leftovers::kUnsaved;
    (void)pool_.release(mine.slot, left);
  });
}

void LocalWorld::release_slots() {
  std::vector<run::SessionIndex> open;
  std::map<std::string, worktree::Slot> shared;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [session, slot] : sessions_)
      open.push_back(session);
    shared.swap(shared_);
  }
  for (run::SessionIndex session : open)
    end_session({session});
  for (const auto& [commit, slot] : shared)
    (void)pool_.release(slot, worktree::Leftovers::kSaved);
}

std::optional<LocalWorld::Held> LocalWorld::held(run::SessionIndex session) {
  const std::lock_guard lock(mutex_);
  const auto it = sessions_.find(session);
  if (it == sessions_.end())
    return std::nullopt;
  return it->second;
}

// The session's slot; after a change of engine, the one that the journal names, taken as it is.
Result<worktree::Slot> LocalWorld::slot_of(run::SessionIndex session, const std::string& name) {
  if (const std::optional<Held> mine = held(session))
    return mine->slot;
  if (name.empty())
    return Error(Errc::kNotFound, "the attempt has no worktree");
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [commit, slot] : shared_)
      if (slot_name(slot) == name)
        return slot;
  }
  FLEET_TRY(worktree::Slot slot,
            pool_.adopt(worktree::SlotId{static_cast<std::uint32_t>(std::stoul(name))}));
  const std::lock_guard lock(mutex_);
  sessions_[session] = Held{slot, {}};
  return slot;
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
    case process::End::kSpawnFailed: event.how = run::ExitHow::kSpawnFailed; break;
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

}  // namespace fleet::flow
