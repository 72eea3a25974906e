#include "engine/resident/resident.h"

#include <unistd.h>

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "dsl/plan/render.h"
#include "engine/bus/mailbox.h"
#include "engine/flow/past_run.h"
#include "engine/os/files.h"
#include "engine/os/thread.h"
#include "engine/report/bill.h"
#include "engine/report/json.h"
#include "engine/report/money.h"
#include "engine/report/words.h"
#include "engine/resident/wake_observer.h"

namespace fleet::resident {
namespace {

// A clock that is set, or a machine that slept, is noticed within this.
constexpr std::chrono::minutes kLongestSleep{10};
constexpr std::int64_t kLookAgain = 10'000;  // ms

Ended ended_of(run::RunOutcome outcome) {
  switch (outcome) {
    case run::RunOutcome::kDone: return Ended::kDone;
    case run::RunOutcome::kFailed: return Ended::kFailed;
    case run::RunOutcome::kStopped: return Ended::kStopped;
  }
  return Ended::kFailed;
}

const char* word_of(run::RunOutcome outcome) {
  switch (outcome) {
    case run::RunOutcome::kDone: return "done";
    case run::RunOutcome::kFailed: return "failed";
    case run::RunOutcome::kStopped: return "stopped";
  }
  return "?";
}

constexpr std::int64_t kWholeDay = 86'400'000;  // in UTC, of the wall's milliseconds

bool reads_mail(const Duty& duty) {
  return duty.how == plan::Dispatch::kAlways ||
         (duty.on && duty.on->kind == plan::Event::Kind::kMessage && !duty.is_flow);
}

}  // namespace

std::string standing_path(const std::string& state_dir) {
  return state_dir + "/up.json";
}

Resident::Resident(std::shared_ptr<flow::Workshop> workshop, Fleet fleet, Voice voice,
                   const os::Clock& clock, TaskBox box)
    : workshop_(std::move(workshop)),
      clock_(clock),
      voice_(std::move(voice)),
      box_(std::move(box)),
      fleet_(std::move(fleet)),
      rota_(fleet_.duties, fleet_.limits),
      day_(std::make_shared<flow::DayPurses>(fleet_.limits.day)),
      today_(now() / kWholeDay) {
  workshop_->share(day_);
  for (const Duty& duty : fleet_.duties)
    if (duty.on)
      wanted_.push_back(*duty.on);
}

Result<std::unique_ptr<Resident>> Resident::open(std::shared_ptr<flow::Workshop> workshop,
                                                 Fleet fleet, Voice voice, const os::Clock& clock) {
  FLEET_TRY(TaskBox box, TaskBox::open(workshop->site().state_dir));
  FLEET_CHECK(workshop->equip());
  std::unique_ptr<Resident> resident(
      new Resident(std::move(workshop), std::move(fleet), std::move(voice), clock, std::move(box)));
  resident->since_ = resident->now();
  FLEET_CHECK(resident->recall());
  FLEET_CHECK(resident->watch_folders());
  return resident;
}

Resident::~Resident() {
  watch_.reset();
  for (auto& [key, running] : running_)
    if (running.thread.joinable())
      running.thread.join();
}

void Resident::post(Message message) {
  {
    const std::lock_guard lock(mutex_);
    inbox_.push_back(std::move(message));
  }
  woken_.notify_one();
}

void Resident::say(const std::string& line) {
  const std::lock_guard lock(voice_mutex_);
  voice_.say(line);
}

void Resident::stop(run::StopLevel level, const std::string& by) {
  post(Stop{level, by});
}

void Resident::change(Fleet fleet) {
  post(std::make_shared<Fleet>(std::move(fleet)));
}

bool Resident::is_wanted(const plan::Event& event) {
  const std::lock_guard lock(wanted_mutex_);
  return std::ranges::find(wanted_, event) != wanted_.end();
}

// What earlier engines began: what is over counts, what is not is taken up, all of it before any of
// it goes on, so that no session's end is told to nobody.
Status Resident::recall() {
  FLEET_TRY(const auto reader, journal::JournalReader::open(workshop_->site().state_dir));
  std::vector<journal::RunInfo> runs = reader->list_runs();
  std::ranges::reverse(runs);
  for (const journal::RunInfo& info : runs) {
    const std::string cause = flow::read_meta(info.meta).cause;
    const std::int64_t created = info.created.time_since_epoch().count();
    if (!cause.empty() && info.finished) {
      rota_.remember(cause, created);
      if (info.state == "failed")
        rota_.remember_failure(cause, info.changed.time_since_epoch().count(), now());
    }
    if (info.finished && info.changed.time_since_epoch().count() / kWholeDay == today_) {
      FLEET_TRY(const flow::PastRun past, flow::replay_run(*reader, info, nullptr));
      const plan::Money money = report::used_by(past.state).money;
      rota_.charge(duty_of(cause), money, now());
      day_->charge(report::money_by_agent(past.plan, past.state));
    }
    if (info.finished)
      continue;
    FLEET_TRY(auto engine, flow::Engine::join(workshop_, false, clock_));
    const std::string name = duty_of(cause);
    auto wakes = watch_for_wakes(name);
    FLEET_CHECK(engine->take_up(info, wakes.get()));
    rota_.take_up(cause, created);
    // What of it was spent on another day counts too: nothing says when.
    day_->charge(report::money_by_agent(engine->plan(), engine->state()));
    launch(std::move(engine), name.empty() ? info.id : name, cause, std::move(wakes));
  }
  FLEET_TRY(const TaskBox::Listed listed, box_.list());
  for (const std::string& broken : listed.broken)
    say(fmt::format("{} is no task and is left alone", broken));
  return Status();
}

const Duty* Resident::find(const std::string& duty) const {
  const auto found = std::ranges::find(fleet_.duties, duty, &Duty::name);
  return found == fleet_.duties.end() ? nullptr : &*found;
}

std::unique_ptr<run::Observer> Resident::watch_for_wakes(const std::string& duty) {
  return std::make_unique<WakeObserver>(
      box_, duty, [this](const plan::Event& event) { return is_wanted(event); },
      [this](const Wake& wake) { post(Woken{wake}); },
      [this](const std::string& except) { post(News{except}); });
}

Status Resident::watch_folders() {
  std::vector<std::string> folders{box_.new_path(), box_.cancel_path()};
  for (const Duty& duty : fleet_.duties) {
    if (!reads_mail(duty))
      continue;
    FLEET_TRY(const auto box, bus::Mailbox::open(workshop_->site().state_dir + "/bus", duty.name));
    folders.push_back(box.new_path());
  }
  FLEET_TRY(watch_, os::FolderWatch::start(folders, [this] { post(Look{}); }));
  return Status();
}

// What people and sessions have left. A folder that can't be read now is read later: a disk that
// fails for a moment must not end a fleet that works.
void Resident::look() {
  Status looked = look_for_tasks();
  for (const Duty& duty : fleet_.duties)
    if (const Status read = reads_mail(duty) ? look_for_mail(duty) : Status(); !read && looked)
      looked = read;
  const std::string problem = looked ? "" : looked.error().message();
  look_again_at_ = looked ? std::nullopt : std::optional(now() + kLookAgain);
  if (problem != std::exchange(blind_, problem))
    say(looked ? "tasks and messages are read again"
               : fmt::format("not all tasks and messages can be read: {}; this is tried again "
                             "every {}",
                             problem, report::spoken(plan::Millis(kLookAgain))));
}

Status Resident::look_for_tasks() {
  FLEET_TRY(const TaskBox::Listed listed, box_.list());
  Status put_away;
  for (const Wake& wake : listed.wakes)
    if (rota_.woke(wake) && rota_.is_spent(wake.id))
      if (const Status done = box_.finish(wake.id); !done)
        put_away = done;
  FLEET_TRY(const auto cancels, box_.list_cancels());
  for (const std::string& wake : cancels)
    cancel(wake);
  return put_away;
}

Status Resident::look_for_mail(const Duty& duty) {
  FLEET_TRY(const auto box, bus::Mailbox::open(workshop_->site().state_dir + "/bus", duty.name));
  FLEET_TRY(const auto entries, box.list());
  std::set<std::string> unread;
  for (const bus::Mailbox::Entry& entry : entries)
    if (entry.place == bus::Place::kNew)
      unread.insert(entry.id);
  rota_.mail(duty.name, std::move(unread));
  return Status();
}

void Resident::cancel(const std::string& wake) {
  if (rota_.drop(wake))
    say(fmt::format("{} is cancelled before it began", wake));
  (void)box_.finish(wake, true);
  bool runs = false;
  for (auto& [key, running] : running_) {
    if (wake_of(running.cause) != wake)
      continue;
    runs = true;
    if (!std::exchange(running.cancelled, true))
      stop_run(running, run::StopLevel::kNow, "task cancel");
  }
  // The request stays until its runs are given up: an engine that dies before leaves it to the
  // next.
  if (!runs)
    (void)box_.end_cancel(wake);
}

Status Resident::begin_due() {
  if (stopping_)
    return Status();
  for (const Start& start : rota_.take(now())) {
    if (const Status begun = begin(start); !begun) {
      // The journal or the keeper: nothing else can begin either.
      if (!workshop_->journal().status())
        return begun;
      rota_.refused(start, now());
      std::string& said = complaints_[start.duty];
      if (said != begun.error().message())
        say(fmt::format("{} can't begin: {}", start.duty, begun.error().message()));
      said = begun.error().message();
      continue;
    }
    complaints_.erase(start.duty);
  }
  return Status();
}

Status Resident::begin(const Start& start) {
  FLEET_TRY(plan::Plan plan, fleet_.plan(start));
  FLEET_TRY(auto engine, flow::Engine::join(workshop_, false, clock_));
  FLEET_CHECK(engine->begin(std::move(plan), start.cause));
  say(fmt::format("{} begins (run {}): {}", start.duty, engine->site().run, start.wake.text));
  launch(std::move(engine), start.duty, start.cause, watch_for_wakes(start.duty));
  // What can't be put away now is found again, and known by its run.
  if (rota_.is_spent(start.wake.id) && !box_.finish(start.wake.id))
    look_again_at_ = now() + kLookAgain;
  return Status();
}

void Resident::launch(std::unique_ptr<flow::Engine> engine, std::string label, std::string cause,
                      std::unique_ptr<run::Observer> wakes) {
  const Duty* duty = find(duty_of(cause));
  const std::uint64_t key = ++last_key_;
  Running& running = running_[key];
  running.label = std::move(label);
  running.cause = std::move(cause);
  running.always_on = duty != nullptr && duty->how == plan::Dispatch::kAlways;
  running.engine = std::move(engine);
  running.progress = voice_.watch(running.label, *running.engine);
  running.wakes = std::move(wakes);
}

void Resident::stop_run(Running& running, run::StopLevel level, const std::string& by) {
  running.engine->ask_stop(running.always_on ? run::StopLevel::kNow : level, by);
}

Ended Resident::how_ended(const Running& running, run::RunOutcome outcome) const {
  const Duty* duty = find(duty_of(running.cause));
  const run::State& state = running.engine->state();
  const bool aged = outcome == run::RunOutcome::kDone && duty != nullptr && duty->session_max &&
                    !state.tasks.empty() && state.tasks.front().duration >= *duty->session_max;
  const bool broke = outcome == run::RunOutcome::kFailed && duty != nullptr &&
                     (duty->day_budget || fleet_.limits.day) && !state.tasks.empty() &&
                     state.tasks.front().outcome == run::Outcome::kBudgetSpent;
  return aged ? Ended::kAged : broke ? Ended::kBroke : ended_of(outcome);
}

Status Resident::take_left(const Left& left) {
  const auto it = running_.find(left.key);
  Running& running = it->second;
  running.thread.join();
  running.progress->finish();
  const std::string run = running.engine->site().run;
  if (!left.outcome) {
    const Error error = left.outcome.error();
    running_.erase(it);
    return Error(error.code(), error.message()).in(fmt::format("run {} stopped", run));
  }
  const run::State& state = running.engine->state();
  if (running.cancelled && *left.outcome == run::RunOutcome::kStopped) {
    FLEET_TRY(const journal::RunInfo info, running.engine->find(run));
    FLEET_CHECK(running.engine->abandon(info));
    say(fmt::format("{} is cancelled (run {})", running.label, run));
  } else {
    say(fmt::format("{} {} (run {}; {})", running.label, word_of(*left.outcome), run,
                    report::spent_text(state)));
  }
  rota_.ended(running.cause, how_ended(running, *left.outcome), report::used_by(state).money,
              now());
  if (const auto spent = rota_.take_warning())
    say(fmt::format("{} of today are spent, of a budget of {}", plan::to_string(*spent),
                    fleet_.limits.day ? plan::to_string(*fleet_.limits.day) : "no hard limit"));
  running_.erase(it);
  look();  // what it has read of its mail is unread no more
  return Status();
}

void Resident::take_fleet(Fleet fleet) {
  fleet_ = std::move(fleet);
  complaints_.clear();
  {
    const std::lock_guard lock(wanted_mutex_);
    wanted_.clear();
    for (const Duty& duty : fleet_.duties)
      if (duty.on)
        wanted_.push_back(*duty.on);
  }
  rota_.replace(fleet_.duties, fleet_.limits);
  day_->limit_to(fleet_.limits.day);
  rota_.news({}, now());
  if (const Status watching = watch_folders(); !watching)
    say(fmt::format("messages are not watched for: {}", watching.error().message()));
}

Status Resident::take(Message message) {
  if (const auto* left = std::get_if<Left>(&message))
    return take_left(*left);
  if (const auto* woken = std::get_if<Woken>(&message)) {
    if (!rota_.woke(woken->wake) && !box_.finish(woken->wake.id))
      look_again_at_ = now() + kLookAgain;
    return Status();
  }
  if (const auto* news = std::get_if<News>(&message)) {
    rota_.news(news->except, now());
    return Status();
  }
  if (std::holds_alternative<Look>(message)) {
    look();
    return Status();
  }
  if (const auto* stop = std::get_if<Stop>(&message)) {
    stopping_ = *stop;
    for (auto& [key, running] : running_)
      stop_run(running, stop->level, stop->by);
    return Status();
  }
  take_fleet(std::move(*std::get<std::shared_ptr<Fleet>>(message)));
  look();
  return Status();
}

Status Resident::serve() {
  look();
  Status failed;
  for (;;) {
    if (look_again_at_ && *look_again_at_ <= now())
      look();
    roll_day();
    if (failed && !stopping_)
      failed = begin_due();
    for (auto& [key, running] : running_) {
      if (running.thread.joinable())
        continue;
      auto started = os::start_thread("a run of the fleet", [this, key = key, &running = running] {
        run::BothObservers observers(*running.progress, *running.wakes);
        post(Left{key, running.engine->carry_on(observers)});
      });
      if (started)
        running.thread = *std::move(started);
      else if (failed)
        failed = started.error();
      if (stopping_)
        stop_run(running, stopping_->level, stopping_->by);
    }
    // What can't be recorded can't go on; what runs is left to the next engine.
    if (!failed && !stopping_) {
      stopping_ = Stop{run::StopLevel::kNow, "a failure"};
      for (auto& [key, running] : running_)
        stop_run(running, run::StopLevel::kNow, "a failure");
    }
    if (stopping_ && std::ranges::none_of(
                         running_, [](const auto& one) { return one.second.thread.joinable(); })) {
      (void)os::system_files().remove_tree(standing_path(workshop_->site().state_dir));
      return failed;
    }
    show_standing();
    std::deque<Message> messages;
    {
      std::unique_lock lock(mutex_);
      std::optional<std::int64_t> due = stopping_ ? std::nullopt : rota_.next(now());
      if (look_again_at_)
        due = std::min(due.value_or(*look_again_at_), *look_again_at_);
      std::chrono::milliseconds wait = longest_wait();
      if (due)
        wait = std::min<std::chrono::milliseconds>(
            wait, std::chrono::milliseconds(std::max<std::int64_t>(*due - now(), 0)));
      woken_.wait_for(lock, wait, [this] { return !inbox_.empty(); });
      messages.swap(inbox_);
    }
    for (Message& message : messages)
      if (const Status taken = take(std::move(message)); !taken && failed)
        failed = taken;
  }
}

void Resident::roll_day() {
  if (now() / kWholeDay <= today_)
    return;
  today_ = now() / kWholeDay;
  day_->begin_anew();
}

// The next day's money is there when the day begins.
std::chrono::milliseconds Resident::longest_wait() const {
  const std::chrono::milliseconds midnight((today_ + 1) * kWholeDay - now());
  return std::clamp<std::chrono::milliseconds>(midnight, std::chrono::milliseconds(0),
                                               kLongestSleep);
}

// Only what has changed is written, so that a fleet that waits writes nothing.
void Resident::show_standing() {
  std::string out = fmt::format(
      "{{\"pid\":{},\"fleet\":{},\"file\":{},\"since\":{},\"stopping\":{},\n"
      " \"duties\":[",
      ::getpid(), report::json_string(fleet_.name), report::json_string(fleet_.file), since_,
      stopping_.has_value());
  bool first = true;
  for (const Rota::Standing& one : rota_.standing(now())) {
    out += fmt::format(
        "{}\n  {{\"name\":{},\"flow\":{},\"under_way\":{},\"waiting\":{},\"due\":{},\"why\":{},"
        "\"stuck\":{}}}",
        first ? "" : ",", report::json_string(one.duty), one.is_flow, one.under_way, one.waiting,
        one.due ? std::to_string(*one.due) : "null", report::json_string(one.why), one.stuck);
    first = false;
  }
  out += "]}\n";
  if (out == shown_)
    return;
  // Nobody's work depends on it.
  (void)os::system_files().write_atomic(standing_path(workshop_->site().state_dir), out);
  shown_ = std::move(out);
}

}  // namespace fleet::resident
