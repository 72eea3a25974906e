#include "engine/flow/engine.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "dsl/plan/codec.h"
#include "engine/flow/credential.h"
#include "engine/flow/desk.h"
#include "engine/flow/gates.h"
#include "engine/flow/git_threads.h"
#include "engine/flow/job_board.h"
#include "engine/flow/local_world.h"
#include "engine/flow/measures.h"
#include "engine/flow/models.h"
#include "engine/flow/past_run.h"
#include "engine/flow/timers.h"
#include "engine/os/crash_point.h"
#include "engine/os/files.h"
#include "engine/run/replay.h"
#include "engine/worktree/refs.h"

namespace fleet::flow {
namespace {

constexpr std::uint32_t kAhead = 64;  // plain commands queued in the keeper beyond -j
constexpr unsigned kGitThreads = 2;   // measured: more only contend for the disk on small machines

std::string variable(const std::map<std::string, std::string>& environment,
                     const std::string& name) {
  const auto it = environment.find(name);
  return it == environment.end() ? std::string() : it->second;
}

const std::string& owner_of(const plan::Plan& plan, const std::string& credential) {
  const auto found = std::ranges::find(plan.credentials, credential, &plan::Credential::name);
  FLEET_ASSERT(found != plan.credentials.end(), credential);
  return found->owner;
}

// Tells whether the machine has restarted since.
std::string boot_id() {
  const auto text = os::system_files().read_file("/proc/sys/kernel/random/boot_id", 4096);
  return text ? *text : std::string();
}

// Sorts by time, tells runs of one second apart: "20261121-104207-3f9a".
std::string new_run_id(const os::Clock& clock) {
  const auto now = std::chrono::floor<std::chrono::seconds>(clock.wall());
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(now - day);
  return fmt::format("{:04}{:02}{:02}-{:02}{:02}{:02}-{:04x}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count(),
                     os::system_random().next() & 0xFFFF);
}

// The end of a run, whatever ends it: what it holds of the workshop's is free again.
class Away {
 public:
  Away(Workshop& workshop, const std::string& run) : workshop_(workshop), run_(run) {}
  ~Away() {
    workshop_.hush(run_);
    workshop_.board().forget(run_);
    workshop_.permits().forget(run_);
    workshop_.write_sets().forget(run_);
  }
  Away(const Away&) = delete;
  Away& operator=(const Away&) = delete;

 private:
  Workshop& workshop_;
  const std::string& run_;
};

std::string state_word(run::RunOutcome outcome) {
  switch (outcome) {
    case run::RunOutcome::kDone: return "done";
    case run::RunOutcome::kFailed: return "failed";
    case run::RunOutcome::kStopped: return "stopped";
  }
  return "?";
}

}  // namespace

std::uint32_t default_jobs() {
  return std::clamp(std::thread::hardware_concurrency() * 2, 8U, 32U);
}

Result<Places> find_places(const EngineOptions& options) {
  FLEET_TRY(const worktree::Repository repository,
            worktree::Repository::discover(options.repository));
  Places places;
  places.common_dir = repository.common_dir();
  places.work_dir = repository.work_dir();
  places.state_dir = places.common_dir + "/fleet";
  places.pool_dir = options.pool_dir;
  if (places.pool_dir.empty()) {
    std::string state_home = variable(options.environment, "XDG_STATE_HOME");
    if (state_home.empty() || state_home.front() != '/') {
      const std::string home = variable(options.environment, "HOME");
      if (home.empty() || home.front() != '/')
        return Error(Errc::kInvalid,
                     "neither XDG_STATE_HOME nor HOME is set: there is no place for worktrees");
      state_home = home + "/.local/state";
    }
    // One pool a repository, told apart by where it is.
    places.pool_dir =
        state_home + "/fleetc/worktrees/" + plan::sha256(places.common_dir).substr(0, 16);
  }
  return places;
}

Result<std::shared_ptr<Workshop>> open_workshop(const EngineOptions& options) {
  FLEET_TRY(const Places places, find_places(options));
  WorkshopOptions wanted;
  Site& site = wanted.site;
  site.common_dir = places.common_dir;
  site.work_dir = places.work_dir;
  site.state_dir = places.state_dir;
  site.pool_dir = places.pool_dir;
  site.environment = options.environment;
  site.home = variable(site.environment, "HOME");
  std::error_code no_program;  // then sessions can't speak, and say so
  site.program = std::filesystem::read_symlink("/proc/self/exe", no_program).string();
  wanted.jobs = options.jobs > 0 ? options.jobs : default_jobs();
  wanted.jobs_said = options.jobs > 0;
  wanted.accept_lost_tail = options.accept_lost_tail;
  FLEET_TRY(std::unique_ptr<Workshop> workshop, Workshop::open(std::move(wanted)));
  return std::shared_ptr<Workshop>(std::move(workshop));
}

Engine::Engine(std::shared_ptr<Workshop> workshop, bool no_wait, const os::Clock& clock)
    : workshop_(std::move(workshop)),
      no_wait_(no_wait),
      clock_(clock),
      site_(workshop_->site()),
      journal_(workshop_->journal()) {
  workshop_->join(log_);
}

Engine::~Engine() {
  workshop_->leave(log_);
}

Result<std::unique_ptr<Engine>> Engine::open(EngineOptions options, const os::Clock& clock) {
  FLEET_TRY(std::shared_ptr<Workshop> workshop, open_workshop(options));
  return join(std::move(workshop), options.no_wait, clock);
}

Result<std::unique_ptr<Engine>> Engine::join(std::shared_ptr<Workshop> workshop, bool no_wait,
                                             const os::Clock& clock) {
  FLEET_TRY(worktree::Repository repository,
            worktree::Repository::open(workshop->site().common_dir));
  std::unique_ptr<Engine> engine(new Engine(std::move(workshop), no_wait, clock));
  engine->repository_.emplace(std::move(repository));
  return engine;
}

std::optional<journal::RunInfo> Engine::unfinished() const {
  return journal_.latest_unfinished();
}

Result<journal::RunInfo> Engine::find(const std::string& id) const {
  FLEET_TRY(const auto reader, journal::JournalReader::open(site_.state_dir));
  return choose_run(*reader, id);
}

Status Engine::begin(plan::Plan plan, const std::string& cause) {
  plan_ = std::move(plan);
  FLEET_TRY(const worktree::Oid base, repository_->resolve_base(plan_.repo.base));
  FLEET_CHECK(repository_->inspect(base));
  FLEET_CHECK(check_base());
  FLEET_CHECK(workshop_->equip());
  FLEET_CHECK(check_machine());
  FLEET_CHECK(check_humans(plan_));
  // Somebody waits for the answer: it is refused rather than begun and parked.
  if (cause.empty())
    FLEET_CHECK(check_credentials());
  do
    site_.run = new_run_id(clock_);
  while (journal_.find_run(site_.run));
  FLEET_CHECK(make_folders());
  FLEET_CHECK(remember_boot());
  os::crash_point("engine.begin.before");
  FLEET_TRY(const std::string plan_id, journal_.put_blob(plan::to_json(plan_)));
  FLEET_TRY(run_,
            journal_.create_run({site_.run, plan_id,
                                 meta_of({plan_.fleet + "." + plan_.flow, cause}), clock_.wall()}));
  os::crash_point("engine.begin.created");
  log_.bind(journal_, run_);
  FLEET_TRY(const auto seq, journal_.set_run_state(run_, "running", false, clock_.wall()));
  (void)seq;
  const std::uint32_t jobs = workshop_->jobs();
  opening_ = {run::RunOpened{site_.run, plan_.hash, base.hex(), jobs, kAhead, FLEETC_VERSION}};
  state_.run = site_.run;
  state_.base_commit = base.hex();
  state_.opened_at = clock_.wall().time_since_epoch().count();
  return Status();
}

Status Engine::take_up(const journal::RunInfo& run, run::Observer* past_observer) {
  struct CountResumes final : run::Observer {
    run::Observer* other = nullptr;
    std::uint32_t resumes = 0;
    void saw(const plan::Plan& plan, const run::State& state, const run::Event& event,
             const std::vector<run::Transition>& transitions) override {
      if (std::holds_alternative<run::Resumed>(event.body))
        ++resumes;
      if (other != nullptr)
        other->saw(plan, state, event, transitions);
    }
  } counting;
  counting.other = past_observer;
  FLEET_TRY(const auto reader, journal::JournalReader::open(site_.state_dir));
  FLEET_TRY(PastRun past, replay_run(*reader, run, &counting));
  plan_ = std::move(past.plan);
  state_ = std::move(past.state);
  site_.run = run.id;
  site_.incarnation = counting.resumes + 2;
  run_ = run.key;
  log_.bind(journal_, run_);
  const auto boot = os::system_files().read_file(site_.run_dir() + "/boot", 4096);
  same_boot_ = boot && *boot == boot_id();
  FLEET_CHECK(workshop_->equip());
  FLEET_CHECK(check_machine());
  FLEET_CHECK(make_folders());
  FLEET_TRY(const auto seq, journal_.set_run_state(run_, "running", false, clock_.wall()));
  (void)seq;
  const std::uint32_t jobs = workshop_->jobs_said() ? workshop_->jobs() : std::max(state_.jobs, 1U);
  if (!state_.opened) {
    // Killed between the run's creation and its first event: nothing was done yet.
    FLEET_CHECK(remember_boot());
    FLEET_TRY(const worktree::Oid base, repository_->resolve_base(plan_.repo.base));
    opening_ = {run::RunOpened{site_.run, plan_.hash, base.hex(), jobs, kAhead, FLEETC_VERSION}};
    state_.run = site_.run;
    state_.base_commit = base.hex();
    state_.opened_at = clock_.wall().time_since_epoch().count();
    return Status();
  }
  resumed_ = true;
  workshop_->board().hold(site_.run);
  reserve_places();
  opening_ = {run::Resumed{jobs, kAhead, FLEETC_VERSION}};
  return Status();
}

// Until the run goes on, no other run of this engine may take the worktrees that its sessions work
// in, nor begin a second session of their agents, nor miss what they may change. What is gone shows
// when the attempt is captured.
void Engine::reserve_places() {
  for (const run::Task& task : state_.tasks) {
    if (const plan::Agent* writer = task.branch.empty() ? nullptr : agent_of(state_, task);
        writer != nullptr && writer->writes && !writer->writes->in.empty())
      (void)workshop_->write_sets().claim({site_.run, task.node.value, writer->name},
                                          plan_.nodes[task.node.value].name, writer->writes->in,
                                          std::vector<bool>(plan_.nodes.size(), true));
    const bool running = task.phase == run::Phase::kRunning &&
                         plan_.nodes[task.node.value].kind != plan::NodeKind::kMerge;
    if ((!running && task.phase != run::Phase::kSettling) || task.slot.empty())
      continue;
    (void)workshop_->pool().reserve(
        worktree::SlotId{static_cast<std::uint32_t>(std::stoul(task.slot))});
    if (const plan::Agent* agent = agent_of(state_, task); agent != nullptr)
      workshop_->permits().hold({{site_.run, task.session.value},
                                 agent->clones ? std::string() : agent->name,
                                 plan_.limits.sessions.value_or(0),
                                 plan_.limits.starts.value_or(0)});
  }
}

Status Engine::make_folders() {
  return os::system_files().make_dirs(site_.run_dir() + "/logs");
}

// Only where nothing is in flight: an engine that is killed before it recorded what the machine's
// restart took must leave the next one as wary as it was.
Status Engine::remember_boot() {
  return os::system_files().write_atomic(site_.run_dir() + "/boot", boot_id());
}

// What is merged has to have somewhere to go.
Status Engine::check_base() {
  bool merges = false;
  for (const plan::Node& node : plan_.nodes)
    merges = merges || (node.merge && node.merge->into_base);
  if (!merges)
    return Status();
  FLEET_TRY(const auto local,
            worktree::read_ref(*repository_, worktree::branch_ref(plan_.repo.base)));
  if (local)
    return Status();
  return Error(Errc::kInvalid,
               fmt::format("the flow merges into its base `{0}`, which is no local branch of this "
                           "repository: make one with `git branch NAME {0}` and name it in `repo`",
                           plan_.repo.base));
}

// Nothing falls back silently: what the plan wants sandboxed is refused where it can't be.
Status Engine::check_machine() {
  bool wanted = false;
  for (const plan::Agent& agent : plan_.agents) {
    wanted = wanted || agent.runtime.sandbox.on;
    if (agent.reads != plan::Reads::kRepo && !agent.runtime.sandbox.on)
      return Error(Errc::kUnsupported,
                   fmt::format("nothing but the sandbox keeps `{}` from reading more than `reads` "
                               "allows, and its runtime says `sandbox = off`: switch it on, or "
                               "write `reads = repo`",
                               agent.name));
  }
  for (const plan::Node& node : plan_.nodes)
    wanted = wanted || (node.kind == plan::NodeKind::kRun && node.sandboxed);
  for (const plan::Agent& agent : plan_.agents) {
    if (auto secrets = granted_variables(plan_, agent, site_.environment); !secrets)
      return std::move(secrets).error();
  }
  FLEET_CHECK(check_models(plan_, site_));
  const process::Capabilities& machine = workshop_->launcher().capabilities();
  if (wanted && !machine.sandbox)
    return Error(
        Errc::kUnsupported,
        fmt::format(
            "sessions cannot be sandboxed on this machine: {}. Install bubblewrap and allow user "
            "namespaces, or write `sandbox = off` in the runtime and accept that sessions can "
            "write "
            "whatever you can",
            machine.sandbox_reason));
  return Status();
}

Status Engine::check_credentials() {
  for (const plan::Agent& agent : plan_.agents)
    if (const auto bad = workshop_->probes().first_bad(plan_, agent))
      return Error(
          Errc::kInvalid,
          fmt::format("the credential `{}` of `{}` does not work: {}; {} renews it",
                      bad->credential, agent.name, bad->why, owner_of(plan_, bad->credential)));
  return Status();
}

// A journal that lost its end may have attempts to begin that the keeper has seen already: they are
// ended and forgotten, so that what begins under their name now is new.
Status Engine::forget_jobs() {
  for (bool live = true; live;) {
    FLEET_TRY(const auto jobs, workshop_->launcher().list());
    live = false;
    for (const process::JobStatus& job : jobs) {
      if (job.key.run != site_.run || job.state == process::JobState::kEnded)
        continue;
      live = true;
      FLEET_CHECK(workshop_->launcher().cancel(job.key, std::chrono::seconds(0)));
    }
    if (live)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return workshop_->launcher().release(site_.run);
}

// Whether a session's role wants it to end with the engine that started it. It may still run: the
// keeper waits a while for the engine to come back.
bool Engine::ends_with_engine(const process::JobKey& key) const {
  if (key.task >= state_.tasks.size())
    return false;
  const plan::Agent* agent = agent_of(state_, state_.tasks[key.task]);
  return agent != nullptr && agent->on_engine_crash == plan::OnEngineCrash::kKill;
}

// What the dead engine left in flight: which attempts still run or have ended in the keeper, which
// it never heard of, which are lost.
Result<std::vector<run::EventBody>> Engine::reconcile() {
  FLEET_TRY(const auto jobs, workshop_->launcher().list());
  std::set<std::pair<std::uint32_t, std::uint32_t>> known;
  for (const process::JobStatus& job : jobs) {
    if (job.key.run != site_.run)
      continue;
    // Where another run came first, the keeper has told of it already.
    if (job.state == process::JobState::kEnded)
      workshop_->board().take({job.report});
    if (job.key.part == 0)
      known.insert({job.key.task, job.key.epoch});
    const bool session = job.key.part == 0;
    const bool ends = session ? ends_with_engine(job.key) : job.key.part != kNotifyPart;
    if (ends && job.state != process::JobState::kEnded)
      FLEET_CHECK(workshop_->launcher().cancel(job.key, std::chrono::seconds(1)));
  }
  const auto knows = [&](run::Attempt attempt) {
    return known.contains({attempt.task.value, attempt.epoch});
  };
  const auto found =
      run::reconcile(plan_, state_, knows, same_boot_ && !workshop_->accepts_lost_tail());
  return std::vector<run::EventBody>(found.begin(), found.end());
}

Result<run::RunOutcome> Engine::carry_on(run::Observer& observer) {
  // Killed when all was done but the last word in the list of runs.
  if (state_.closed && state_.outcome != run::RunOutcome::kStopped) {
    FLEET_CHECK(settle_run(state_.outcome));
    return state_.outcome;
  }
  std::vector<run::EventBody> first = std::move(opening_);
  if (resumed_) {
    if (workshop_->accepts_lost_tail())
      FLEET_CHECK(forget_jobs());
    FLEET_TRY(const auto found, reconcile());
    first.insert(first.end(), found.begin(), found.end());
  }
  FLEET_TRY(const run::RunOutcome outcome, execute(std::move(first), observer));
  FLEET_CHECK(settle_run(outcome));
  return outcome;
}

Result<run::RunOutcome> Engine::execute(std::vector<run::EventBody> first,
                                        run::Observer& observer) {
  JobBoard& board = workshop_->board();
  const Away away(*workshop_, site_.run);  // whatever happens from here on
  FLEET_TRY(auto timers, Timers::start(clock_));
  std::unique_ptr<Desk> desk;  // outlives the git threads, which may have a note of it to store
  FLEET_TRY(const auto git, GitThreads::start(site_.common_dir, kGitThreads));
  FLEET_TRY(desk, Desk::start(plan_, site_, state_.base_commit, *git, journal_));
  const RunPurses purses(plan_, state_, workshop_->day());
  FLEET_TRY(const auto models, Models::start(plan_, site_, purses));
  JournalMeasures measures(journal_, run_);
  MeasuredSpawnPolicy policy(plan_, measures);
  Measuring measuring(measures);
  std::unique_ptr<Gates> gates;
  if (may_ask(plan_)) {
    FLEET_TRY(gates, Gates::start(plan_, site_, board));
  }
  GateObserver at_gates(gates.get());
  desk->use_postage(&workshop_->postage());
  DeskObserver at_desk(*desk);
  run::BothObservers desk_and_gates(at_desk, at_gates);
  run::BothObservers watchers(measuring, desk_and_gates);
  run::BothObservers observers(observer, watchers);
  LocalWorld world(plan_, site_, state_, *git, workshop_->pool(), board, *timers, *desk);
  world.use_gates(gates.get());
  world.use_permits(&workshop_->permits());
  world.use_models(models.get(), &purses);
  world.use_probes(&workshop_->probes());
  const run::State before = state_;
  Executor executor(plan_, resumed_ ? state_ : run::State{}, log_, world, policy, observers,
                    clock_);
  const Post post = [&executor](run::EventBody body) {
    executor.post(std::move(body));
  };
  world.use_write_sets(&workshop_->write_sets(), post);
  desk->bind([&executor](run::EventBody body, Executor::Then then) {
    executor.post(std::move(body), std::move(then));
  });
  if (models != nullptr) {
    models->bind(
        [&executor](run::EventBody body, Executor::Then then) {
          executor.post(std::move(body), std::move(then));
        },
        [&](run::Attempt attempt) {
          board.cancel(site_.run, attempt.task.value, attempt.epoch, std::chrono::seconds(5));
        });
  }
  if (resumed_)
    adopt_sessions(*desk, before);
  for (const run::Task& task : before.tasks)
    world.adopt(task, agent_of(before, task), post);
  if (gates != nullptr && no_wait_) {
    // By the timers' thread: it is asked for in the middle of an event.
    gates->when_only_waiting([this, &timers] {
      timers->add_in(std::chrono::milliseconds(0), [this] {
        left_waiting_ = true;
        ask_stop(run::StopLevel::kDrain, "--no-wait");
      });
    });
  }
  // Reports wait until the first events are posted: an end must not come before the news that the
  // run goes on.
  std::mutex failed_mutex;  // guards the one below
  std::optional<Error> launcher_failed;
  const auto fail = [&](const Error& error) {
    {
      const std::lock_guard lock(failed_mutex);
      launcher_failed = error;
    }
    executor.fail(error);
  };
  const auto started = [&] {
    {
      const std::lock_guard lock(executor_mutex_);
      executor_ = &executor;
      world_ = &world;
      if (asked_) {
        executor.post(*asked_);
        if (asked_->level == run::StopLevel::kNow)
          world.stop_now();
        else
          world.begin_none();
      }
    }
    if (models != nullptr) {
      models->count_left_over();
      models->serve();
    }
    workshop_->listen(site_.run, fail);
    if (const Status serving = workshop_->serve(); !serving)
      fail(serving.error());
    board.release(site_.run);
  };
  Result<run::RunOutcome> outcome = executor.run(std::move(first), started);
  desk->bind({});  // what a session says now waits for the next engine
  if (models != nullptr)
    models->unbind();          // and so does what it spends
  workshop_->hush(site_.run);  // waits: it may be about to say that it failed
  board.forget(site_.run);     // waits: an end that is told now must not find the world gone
  timers.reset();              // joins: a backoff that fires now must not find the executor gone
  gates.reset();               // joins: a decision that comes now waits for the next engine
  {
    const std::lock_guard lock(executor_mutex_);
    executor_ = nullptr;
    world_ = nullptr;
  }
  state_ = executor.state();
  if (!outcome && launcher_failed && outcome.error().message() == launcher_failed->message())
    return std::move(outcome).error().in("the keeper of this repository's sessions");
  if (!outcome)
    return std::move(outcome).error().in("the journal failed, so nothing more was started");
  return *outcome;
}

// Whose session the task has; null: a plain command's. REQUIRES: the task was seated once.
const plan::Agent* Engine::agent_of(const run::State& state, const run::Task& task) const {
  if (plan_.nodes[task.node.value].agents.empty() || task.session.value >= state.sessions.size())
    return nullptr;
  return &plan_.agents[state.sessions[task.session.value].agent.value];
}

// The sessions of a dead engine that still run find their desks again.
void Engine::adopt_sessions(Desk& desk, const run::State& before) {
  desk.take_up_mail(before);
  for (const run::Task& task : before.tasks) {
    const plan::Agent* agent = agent_of(before, task);
    if (run::is_settled(task.phase) || agent == nullptr || !task.seated)
      continue;
    // One that is launched only now needs the documents too. They were there when it was prepared.
    (void)desk.read_documents(*repository_, *agent);
    const run::Attempt attempt{task.index, task.epoch};
    if (task.phase == run::Phase::kRunning)
      desk.adopt(task, task_facts(plan_, before, attempt), *agent);
  }
}

Status Engine::settle_run(run::RunOutcome outcome) {
  const bool over = outcome != run::RunOutcome::kStopped;
  os::crash_point("engine.settle.before");
  FLEET_TRY(const auto seq,
            journal_.set_run_state(run_, left_waiting_ ? "waiting" : state_word(outcome), over,
                                   clock_.wall()));
  (void)seq;
  FLEET_CHECK(journal_.flush());
  os::crash_point("engine.settle.after");
  if (!over)
    return same_boot_ ? Status() : remember_boot();
  FLEET_CHECK(workshop_->launcher().release(site_.run));
  FLEET_CHECK(os::system_files().remove_tree(site_.run_dir() + "/desk"));
  FLEET_CHECK(rescue_leftovers());
  return trim_worktrees();
}

void Engine::ask_stop(run::StopLevel level, const std::string& by) {
  const std::lock_guard lock(executor_mutex_);
  if (executor_ != nullptr)
    executor_->post(run::StopAsked{level, by});
  else if (!asked_ || asked_->level < level)
    asked_ = run::StopAsked{level, by};
  if (world_ != nullptr && level == run::StopLevel::kNow)
    world_->stop_now();
  else if (world_ != nullptr)
    world_->begin_none();
}

plan::Millis Engine::history(plan::NodeIndex node) const {
  const plan::Node& step = plan_.nodes[node.value];
  if (step.agents.empty())
    return plan::Millis(0);
  return typical(JournalMeasures(journal_, run_),
                 {plan_.agents[step.agents.front().value].name, measure_source(step), kTaskMeasure})
      .value_or(plan::Millis(0));
}

}  // namespace fleet::flow
