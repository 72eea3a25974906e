// What a task costs the engine itself: the executor, the core and the real journal on disk, with a
// world that answers at once and starts nothing. Prints one JSON object.
//   task_bench own TASKS ROUNDS       time and CPU of a task, beside one posix_spawn + wait
//   task_bench memory TASKS           bytes of a task, waiting and in flight
#include <malloc.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/flow/executor.h"
#include "engine/flow/journal_log.h"
#include "engine/journal/journal.h"
#include "tests/support/scratch_dir.h"

extern char** environ;

namespace fleet::flow {
namespace {

constexpr std::uint32_t kAhead = 64;  // as the engine does
const char* const kCommit = "0123456789012345678901234567890123456789";

void require(const Status& status) {
  if (status)
    return;
  std::fprintf(stderr, "%s\n", status.error().message().c_str());
  std::exit(1);
}

// Plain commands, independent of one another.
plan::Plan plan_of(std::uint32_t tasks) {
  plan::Plan plan;
  plan.fleet = "bench";
  plan.flow = "main";
  plan.repo = {".", "main"};
  plan.nodes.resize(tasks);
  for (std::uint32_t i = 0; i < tasks; ++i) {
    plan::Node& node = plan.nodes[i];
    node.name = "s" + std::to_string(i);
    node.kind = plan::NodeKind::kRun;
    node.sandboxed = false;
    node.command.emplace();
    node.command->argv = {{{false, "true"}}};
    node.command->text = "true";
  }
  return plan;
}

// Answers at once; or, told to hold, keeps what it launched until everything was.
class NoWorld final : public World {
 public:
  explicit NoWorld(std::size_t hold = 0, std::function<void()> all_held = nullptr)
      : hold_(hold), all_held_(std::move(all_held)) {}

  void list_items(const ListOrder&, Post) override { std::abort(); }
  void capture(const CaptureOrder&, Post) override { std::abort(); }
  void verify(const VerifyOrder&, Post) override { std::abort(); }
  void publish(const PublishOrder&, Post) override { std::abort(); }
  void merge(const MergeOrder&, Post) override { std::abort(); }
  void start_timer(const TimerOrder&, Post) override { std::abort(); }
  void cancel(const CancelOrder&) override {}
  void end_session(const EndSessionOrder&) override {}
  void open_gate(const OpenGateOrder&, Post) override {}
  void close_gate(const CloseGateOrder&) override {}
  void abandon() override {}

  void prepare(const PrepareOrder& order, Post post) override {
    run::Prepared event;
    event.attempt = order.task.attempt;
    event.start = order.start;
    event.slot = "1";
    event.cold = false;
    post(std::move(event));
  }

  void launch(const LaunchOrder& order, Post post) override {
    run::Exited event;
    event.attempt = order.task.attempt;
    event.how = run::ExitHow::kExited;
    event.duration = plan::Millis(1);
    event.max_rss_kb = 1'000;
    event.detail = "exit 0";
    if (hold_ == 0)
      return post(std::move(event));
    std::vector<std::pair<run::Exited, Post>> ready;
    {
      const std::lock_guard lock(mutex_);
      held_.emplace_back(std::move(event), std::move(post));
      if (held_.size() < hold_)
        return;
      ready.swap(held_);
    }
    all_held_();
    hold_ = 0;
    for (auto& [exited, answer] : ready)
      answer(std::move(exited));
  }

 private:
  std::size_t hold_;
  std::function<void()> all_held_;
  std::mutex mutex_;
  std::vector<std::pair<run::Exited, Post>> held_;
};

class NoPolicy final : public SpawnPolicy {
 public:
  run::SpawnDecided decide(const SpawnOrder&) override { std::abort(); }
};

class NoObserver final : public run::Observer {
 public:
  void saw(const plan::Plan&, const run::State&, const run::Event&,
           const std::vector<run::Transition>&) override {}
};

void run_once(
    const plan::Plan& plan, World& world, std::uint32_t jobs,
    const std::function<void()>& begun = [] {}) {
  const testing::ScratchDir dir;
  JournalLog log;
  journal::JournalOptions options;
  options.on_durable = log.on_durable();
  auto journal = journal::Journal::open(dir.path(), std::move(options));
  require(journal ? Status() : Status(journal.error()));
  const auto run = (*journal)->create_run({"bench", {}, {}, {}});
  require(run ? Status() : Status(run.error()));
  log.bind(**journal, *run);
  NoPolicy policy;
  NoObserver observer;
  Executor executor(plan, {}, log, world, policy, observer, os::system_clock());
  begun();
  const auto outcome =
      executor.run({run::RunOpened{"bench", "hash", kCommit, jobs, kAhead, "0"}}, [] {});
  require(outcome ? Status() : Status(outcome.error()));
  if (*outcome != run::RunOutcome::kDone) {
    std::fprintf(stderr, "the run did not end well\n");
    std::exit(1);
  }
  require((*journal)->close());
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void spawn_and_wait() {
  char name[] = "true";
  char* const arguments[] = {name, nullptr};
  pid_t child = 0;
  if (::posix_spawn(&child, "/bin/true", nullptr, nullptr, arguments, environ) != 0)
    std::exit(1);
  ::waitpid(child, nullptr, 0);
}

void print_list(const char* name, const std::vector<double>& values) {
  std::printf(", \"%s\": [", name);
  for (std::size_t i = 0; i < values.size(); ++i)
    std::printf("%s%.3f", i == 0 ? "" : ", ", values[i]);
  std::printf("]");
}

int own(std::uint32_t tasks, int rounds) {
  constexpr int kSpawns = 300;
  const plan::Plan plan = plan_of(tasks);
  std::vector<double> wall;
  std::vector<double> cpu;
  std::vector<double> spawn;
  for (int round = 0; round < rounds; ++round) {
    NoWorld world;
    double started = 0;
    double started_cpu = 0;
    run_once(plan, world, 8, [&] {
      started = wall_seconds();
      started_cpu = cpu_seconds();
    });
    wall.push_back((wall_seconds() - started) * 1e6 / tasks);
    cpu.push_back((cpu_seconds() - started_cpu) * 1e6 / tasks);
    started = wall_seconds();
    for (int i = 0; i < kSpawns; ++i)
      spawn_and_wait();
    spawn.push_back((wall_seconds() - started) * 1e6 / kSpawns);
  }
  std::printf("{\"tasks\": %u", tasks);
  print_list("task_us", wall);
  print_list("task_cpu_us", cpu);
  print_list("spawn_us", spawn);
  std::printf("}\n");
  return 0;
}

std::size_t heap_bytes() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

// The plan counts too: a task of a flat DAG is a step of it.
int memory(std::uint32_t tasks) {
  const std::size_t before = heap_bytes();
  const plan::Plan plan = plan_of(tasks);
  const std::size_t planned = heap_bytes();
  const auto measure = [&](std::uint32_t jobs) {
    std::size_t bytes = 0;
    const std::size_t held = std::min(jobs + kAhead, tasks);
    NoWorld world(held, [&] { bytes = heap_bytes() - before; });
    run_once(plan, world, jobs);
    return static_cast<double>(bytes) / tasks;
  };
  const double waiting = measure(8);
  const double in_flight = measure(tasks);
  std::printf(
      "{\"tasks\": %u, \"plan_bytes\": %.0f, \"waiting_bytes\": %.0f, "
      "\"in_flight_bytes\": %.0f}\n",
      tasks, static_cast<double>(planned - before) / tasks, waiting, in_flight);
  return 0;
}

}  // namespace
}  // namespace fleet::flow

int main(int argc, char** argv) {
  const std::string_view mode = argc > 2 ? argv[1] : "";
  const auto tasks = static_cast<std::uint32_t>(argc > 2 ? std::atoi(argv[2]) : 0);
  if (mode == "own" && argc == 4 && tasks > 0)
    return fleet::flow::own(tasks, std::atoi(argv[3]));
  if (mode == "memory" && argc == 3 && tasks > 0)
    return fleet::flow::memory(tasks);
  std::fprintf(stderr, "usage: task_bench own TASKS ROUNDS | memory TASKS\n");
  return 2;
}
