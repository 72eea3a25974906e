#include "engine/report/progress.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "engine/os/thread.h"
#include "engine/report/gate.h"
#include "engine/report/json.h"
#include "engine/report/keeping.h"
#include "engine/report/rounds.h"
#include "engine/report/words.h"

namespace fleet::report {
namespace {

using run::Phase;

bool is_live(Phase phase) {
  return phase == Phase::kPreparing || phase == Phase::kRunning || phase == Phase::kSettling ||
         phase == Phase::kVerifying || phase == Phase::kPublishing;
}

const char* mark_of(Phase phase) {
  switch (phase) {
    case Phase::kDone: return "✓";
    case Phase::kFailed: return "✗";
    case Phase::kSkipped:
    case Phase::kCancelled: return "-";
    default: return "·";
  }
}

const char* colour_of(Phase phase) {
  switch (phase) {
    case Phase::kDone: return "\x1b[32m";
    case Phase::kFailed: return "\x1b[31m";
    case Phase::kSkipped:
    case Phase::kCancelled: return "\x1b[33m";
    default: return "\x1b[36m";
  }
}

// What the session that this event ends did not keep, with its name.
std::string missed_in(Keeping& keeping, const plan::Plan& plan, const run::State& state,
                      const run::Event& event) {
  const std::string missed = keeping.saw(plan, state, event);
  if (missed.empty())
    return missed;
  const run::TaskIndex task = std::get<run::Exited>(event.body).attempt.task;
  return fmt::format("{}: {}", label(plan, state.tasks[task.value]), missed);
}

// What an event says to a person beyond its transitions; empty for most.
std::string remark_on(const plan::Plan& plan, const run::State& state, const run::Event& event) {
  if (const auto* listed = std::get_if<run::ItemsListed>(&event.body)) {
    const std::string name = printable(plan.nodes[listed->node.value].name);
    if (!listed->error.empty())
      return fmt::format("{}: {}", name, printable(listed->error));
    if (listed->found > listed->items.size())
      return fmt::format("{}: {} found, {} beyond `limit` left out", name,
                         counted(listed->found, "item"), listed->found - listed->items.size());
    return fmt::format("{}: {}", name, counted(listed->found, "item"));
  }
  if (const auto* decided = std::get_if<run::SpawnDecided>(&event.body))
    return fmt::format("{}: spawn check: {}", printable(plan.nodes[decided->node.value].name),
                       printable(decided->arithmetic));
  if (const auto* stop = std::get_if<run::StopAsked>(&event.body)) {
    if (stop->by == "--no-wait")
      return "only a human is waited for: the run stops here (--no-wait)";
    return stop->level == run::StopLevel::kDrain
               ? fmt::format("{}: no new session starts; the running ones finish (again: stop now)",
                             stop->by)
               : fmt::format("{}: stopping now", stop->by);
  }
  if (const auto* answer = std::get_if<run::GateAnswered>(&event.body))
    return fmt::format("{}: {}", label(plan, state.tasks[answer->attempt.task.value]),
                       answer_text(state.tasks[answer->attempt.task.value], *answer));
  if (const auto* shared = std::get_if<run::PathsShared>(&event.body))
    return fmt::format("{}: {}", label(plan, state.tasks[shared->attempt.task.value]),
                       shares_text(shared->with));
  if (const auto* asks = std::get_if<run::Escalated>(&event.body))
    return fmt::format("{} asks for a human: {}",
                       label(plan, state.tasks[asks->attempt.task.value]), printable(asks->why));
  if (const auto* lost = std::get_if<run::Reconciled>(&event.body)) {
    const run::Task& task = state.tasks[lost->attempt.task.value];
    if (lost->found == run::Found::kRunning)
      return label(plan, task) + ": still running, adopted";
    if (lost->found == run::Found::kLost)
      return label(plan, task) + ": lost, tried again";
  }
  return {};
}

// A gate that opened, with the commands that answer it; empty for every other change.
std::string gate_remark(const plan::Plan& plan, const run::State& state,
                        const run::Transition& change) {
  const run::Task& task = state.tasks[change.task.value];
  if (change.to != Phase::kParked || !task.gate)
    return {};
  return gate_message(plan, state.run, task.index, task.node, task.gate->human, task.gate->why);
}

class PlainProgress : public Progress {
 public:
  PlainProgress(const plan::Plan& plan, ProgressOptions options)
      : plan_(plan), options_(std::move(options)) {}

  void saw(const plan::Plan&, const run::State& state, const run::Event& event,
           const std::vector<run::Transition>& transitions) override {
    std::string text;
    const std::string time = timestamp(event.at).substr(11);
    if (const std::string remark = remark_on(plan_, state, event); !remark.empty())
      text += fmt::format("{} {}\n", time, remark);
    if (const std::string missed = missed_in(keeping_, plan_, state, event); !missed.empty())
      text += fmt::format("{} {}\n", time, missed);
    for (const run::Transition& change : transitions) {
      text += line_of(state, change, time);
      if (const std::string gate = gate_remark(plan_, state, change); !gate.empty())
        text += time + " " + gate;
    }
    // What a stop left open is asked again; whoever looks now has not seen it.
    if (std::holds_alternative<run::Resumed>(event.body))
      for (const run::TaskIndex task : run::open_gates(state))
        text +=
            time + " " + gate_remark(plan_, state, {task, 0, Phase::kParked, Phase::kParked, {}});
    if (!text.empty())
      options_.write(text);
  }

  void finish() override {}

 private:
  // Ends, and attempts that failed and are tried again; the steps between are for `fleetc log`.
  std::string line_of(const run::State& state, const run::Transition& change,
                      const std::string& time) const {
    const run::Task& task = state.tasks[change.task.value];
    const bool again = change.to == Phase::kReady && is_live(change.from) && !change.reason.empty();
    if ((!run::is_settled(change.to) && !again) || is_of_unneeded_round(plan_, state, task.node))
      return {};
    std::string tail = result_of(task);
    if (again)
      tail = printable(change.reason);
    if (change.to == Phase::kSkipped)
      tail = printable(task.reason);
    return fmt::format("{} {} {} {}{}{}\n", time, mark_of(change.to), label(plan_, task),
                       again ? "again" : run::name_of(change.to), tail.empty() ? "" : ": ", tail);
  }

  const plan::Plan& plan_;
  const ProgressOptions options_;
  Keeping keeping_;
};

class JsonProgress : public Progress {
 public:
  explicit JsonProgress(ProgressOptions options) : options_(std::move(options)) {}

  void saw(const plan::Plan& plan, const run::State& state, const run::Event& event,
           const std::vector<run::Transition>& transitions) override {
    options_.write(event_json(plan, state, event, transitions) + "\n");
  }

  void finish() override {}

 private:
  const ProgressOptions options_;
};

// Keeps a small model under a mutex and redraws it from a thread of its own, at most ten times a
// second and only when something is running.
class TerminalProgress : public Progress {
 public:
  TerminalProgress(const plan::Plan& plan, ProgressOptions options, const os::Clock& clock)
      : plan_(plan), options_(std::move(options)), clock_(clock) {}

  ~TerminalProgress() override { finish(); }

  Status start() {
    FLEET_TRY(painter_, os::start_thread("the progress display", [this] { paint_loop(); }));
    return {};
  }

  void saw(const plan::Plan&, const run::State& state, const run::Event& event,
           const std::vector<run::Transition>& transitions) override {
    const std::lock_guard lock(mutex_);
    if (opened_at_ == 0)
      opened_at_ = event.at;
    if (const std::string remark = remark_on(plan_, state, event); !remark.empty())
      pending_ += dim(remark) + "\n";
    if (const std::string missed = missed_in(keeping_, plan_, state, event); !missed.empty())
      pending_ += dim(missed) + "\n";
    for (const run::Transition& change : transitions)
      take(state, change, event.at);
    draining_ = state.draining;
    gates_ = state.parked;
    if (std::holds_alternative<run::Resumed>(event.body))
      for (const run::TaskIndex task : run::open_gates(state))
        pending_ += gate_remark(plan_, state, {task, 0, Phase::kParked, Phase::kParked, {}});
    const bool reshaped = std::holds_alternative<run::RunOpened>(event.body) ||
                          std::holds_alternative<run::Resumed>(event.body) ||
                          std::holds_alternative<run::ItemsListed>(event.body);
    if (reshaped)
      take_stock(state);
    changed_ = true;
    if (asleep_)
      wake_.notify_all();
  }

  void finish() override {
    {
      const std::lock_guard lock(mutex_);
      if (finished_)
        return;
      finished_ = true;
    }
    wake_.notify_all();
    if (painter_.joinable())
      painter_.join();
    const std::lock_guard lock(mutex_);
    std::string last = erase();
    last += std::exchange(pending_, {});
    options_.write(last);
  }

 private:
  struct Row {
    std::string name;
    Phase phase = Phase::kRunning;
    std::int64_t since = 0;
    plan::NodeIndex node;
  };

  // Looks at every step: only when the run's shape changed, or when this engine first sees it.
  void take_stock(const run::State& state) {
    jobs_ = state.jobs;
    total_ = state.tasks.size();
    settled_ = failed_ = 0;
    open_ended_ = false;
    for (std::size_t i = 0; i < state.nodes.size(); ++i) {
      settled_ += state.nodes[i].settled;
      failed_ += state.nodes[i].failed;
      if (plan_.nodes[i].kind == plan::NodeKind::kFanout &&
          state.nodes[i].phase < run::NodePhase::kDeciding)
        open_ended_ = true;
    }
  }

  void take(const run::State& state, const run::Transition& change, std::int64_t at) {
    const run::Task& task = state.tasks[change.task.value];
    if (is_live(change.to)) {
      Row& row = rows_[change.task.value];
      if (row.name.empty())
        row = {label(plan_, task), change.to, at, task.node};
      row.phase = change.to;
      return;
    }
    rows_.erase(change.task.value);
    pending_ += gate_remark(plan_, state, change);
    if (!run::is_settled(change.to)) {
      if (is_live(change.from) && !change.reason.empty())
        pending_ += fmt::format("{} {} again: {}\n", paint(change.to, mark_of(change.to)),
                                label(plan_, task), printable(change.reason));
      return;
    }
    ++settled_;
    if (change.to == Phase::kFailed)
      ++failed_;
    if (change.to == Phase::kDone) {
      work_ += task.duration;
      ++worked_;
    }
    if (is_of_unneeded_round(plan_, state, task.node))
      return;
    const std::string tail =
        change.to == Phase::kSkipped ? printable(task.reason) : result_of(task);
    pending_ += fmt::format("{} {}{}\n", paint(change.to, mark_of(change.to)), label(plan_, task),
                            tail.empty() ? "" : "  " + dim(tail));
  }

  void paint_loop() {
    std::unique_lock lock(mutex_);
    while (!finished_) {
      std::string frame = erase();
      frame += std::exchange(pending_, {});
      frame += draw();
      lock.unlock();
      options_.write(frame);
      lock.lock();
      wake_.wait_for(lock, std::chrono::milliseconds(100), [this] { return finished_; });
      // While only humans are waited for nothing moves, and nothing is drawn.
      asleep_ = true;
      wake_.wait(lock, [this] { return finished_ || changed_ || !rows_.empty() || gates_ == 0; });
      asleep_ = false;
      changed_ = false;
    }
  }

  std::string erase() {
    const std::string text = drawn_ > 0 ? fmt::format("\x1b[{}A\x1b[J", drawn_) : "";
    drawn_ = 0;
    return text;
  }

  std::string draw() {
    const std::size_t width = std::max(20U, options_.columns ? options_.columns() : 80U) - 1;
    const std::int64_t now = clock_.wall().time_since_epoch().count();
    std::string text;
    constexpr std::size_t kRows = 12;
    for (const auto& [task, row] : rows_) {
      if (drawn_ == kRows)
        break;
      const std::string tail =
          fmt::format("  {} {}", name_of(row.phase), spoken(plan::Millis(now - row.since)));
      text += fmt::format(
          "{} {}{}\n", paint(row.phase, mark_of(row.phase)),
          shortened(row.name, width > tail.size() + 4 ? width - tail.size() - 2 : 4), dim(tail));
      ++drawn_;
    }
    if (rows_.size() > kRows) {
      text += dim(fmt::format("  and {} more", rows_.size() - kRows)) + "\n";
      ++drawn_;
    }
    text += shortened(count_line(now), width) + "\n";
    ++drawn_;
    return text;
  }

  std::string count_line(std::int64_t now) const {
    std::string line = fmt::format("{} of {}{} settled", settled_, total_, open_ended_ ? "+" : "");
    if (failed_ > 0)
      line += fmt::format(", {} failed", failed_);
    line += fmt::format(", {} running", rows_.size());
    if (gates_ > 0)
      line += fmt::format(", {} for you to decide (fleetc inbox)", gates_);
    if (opened_at_ != 0)
      line +=
          fmt::format(" · {}", spoken(plan::Millis(std::max<std::int64_t>(0, now - opened_at_))));
    if (const plan::Millis left = remaining(); left.count() > 0 && !draining_)
      line += fmt::format(" · about {} to go", spoken(left));
    if (draining_)
      line += " · stopping when these are done";
    return line;
  }

  // Tasks left times the typical duration (this run's mean, else earlier runs'), spread over what
  // runs.
  plan::Millis remaining() const {
    if (open_ended_ || total_ <= settled_)
      return {};
    plan::Millis each{0};
    if (worked_ > 0)
      each = work_ / static_cast<std::int64_t>(worked_);
    else if (options_.history && !rows_.empty())
      each = options_.history(rows_.begin()->second.node);
    const auto wide = std::max<std::size_t>(
        1, std::min<std::size_t>(jobs_, std::max<std::size_t>(1, rows_.size())));
    return each * static_cast<std::int64_t>((total_ - settled_ + wide - 1) / wide);
  }

  std::string paint(Phase phase, std::string_view text) const {
    return options_.colour ? fmt::format("{}{}\x1b[0m", colour_of(phase), text) : std::string(text);
  }
  std::string dim(std::string_view text) const {
    return options_.colour ? fmt::format("\x1b[2m{}\x1b[0m", text) : std::string(text);
  }

  const plan::Plan& plan_;
  Keeping keeping_;
  const ProgressOptions options_;
  const os::Clock& clock_;

  std::mutex mutex_;  // guards all below but painter_
  std::condition_variable wake_;
  std::map<std::uint32_t, Row> rows_;  // live tasks, by task
  std::string pending_;                // lines to print above the redrawn ones
  std::size_t drawn_ = 0;              // lines on the screen to be redrawn
  std::size_t total_ = 0, settled_ = 0, failed_ = 0, worked_ = 0;
  plan::Millis work_{0};
  std::uint32_t jobs_ = 1;
  std::int64_t opened_at_ = 0;
  bool open_ended_ = false, draining_ = false, finished_ = false;
  std::uint32_t gates_ = 0;                // open ones
  bool changed_ = false, asleep_ = false;  // since the last frame; the painter waits for a change

  std::thread painter_;
};

}  // namespace

std::unique_ptr<Progress> make_progress(const plan::Plan& plan, ProgressOptions options,
                                        const os::Clock& clock) {
  switch (options.style) {
    case ProgressStyle::kTerminal: {
      auto painted = std::make_unique<TerminalProgress>(plan, options, clock);
      if (painted->start())
        return painted;
      break;
    }
    case ProgressStyle::kJson: return std::make_unique<JsonProgress>(std::move(options));
    case ProgressStyle::kPlain: break;
  }
  return std::make_unique<PlainProgress>(plan, std::move(options));
}

}  // namespace fleet::report
