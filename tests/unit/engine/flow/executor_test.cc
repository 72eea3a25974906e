#include "engine/flow/executor.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include <catch2/catch.hpp>

using namespace fleet;
using namespace fleet::flow;

namespace {

// A fan-out of items to one cloned agent, gathered by a merge.
plan::Plan gather_plan() {
  plan::Plan plan;
  plan.fleet = "f";
  plan.flow = "main";
  plan::Agent agent;
  agent.name = agent.role = "fixer";
  agent.clones = true;
  agent.writes = plan::Writes{{{false, "fix/"}, {true, "item"}}, {}};
  agent.accept = {plan::Acceptance{}};
  plan.agents = {agent};
  plan::Node fan;
  fan.name = "fixes";
  fan.kind = plan::NodeKind::kFanout;
  fan.agents = {plan::AgentIndex{0}};
  fan.fanout.emplace();
  fan.fanout->width = 8;
  plan::Node merge;
  merge.name = "gather";
  merge.kind = plan::NodeKind::kMerge;
  merge.after = {{plan::NodeIndex{0}, plan::EdgeKind::kAccepted}};
  merge.merge.emplace();
  merge.merge->from = {plan::NodeIndex{0}};
  plan.nodes = {fan, merge};
  return plan;
}

// Makes events durable on a thread of its own, some at a time, after a little while; or never; or
// fails after `fail_after`.
class ThreadedLog final : public EventLog {
 public:
  explicit ThreadedLog(std::uint64_t fail_after = UINT64_MAX, bool ever = true)
      : fail_after_(fail_after), ever_(ever) {}
  ~ThreadedLog() override { stop(); }
  void stop() override {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable())
      thread_.join();
  }
  void start(Durable durable) override {
    thread_ = std::thread([this, durable = std::move(durable)] {
      std::unique_lock lock(mutex_);
      std::uint64_t told = 0;
      for (;;) {
        wake_.wait(lock, [&] { return stop_ || (ever_ && appended_ > told); });
        if (stop_)
          return;
        lock.unlock();
        std::this_thread::sleep_for(std::chrono::microseconds(200));
        lock.lock();
        told = appended_;
        durable_ = told;
        lock.unlock();
        if (told > fail_after_) {
          durable(0, Error(Errc::kNoSpace, "disk full"));
          return;
        }
        durable(told, Status());
        lock.lock();
      }
    });
  }
  std::uint64_t append(const run::Event& event) override {
    const std::lock_guard lock(mutex_);
    events.push_back(event);
    wake_.notify_all();
    return ++appended_;
  }
  std::uint64_t durable() {
    const std::lock_guard lock(mutex_);
    return durable_;
  }
  bool stopped() {
    const std::lock_guard lock(mutex_);
    return stop_;
  }
  std::vector<run::Event> events;

 private:
  const std::uint64_t fail_after_;
  const bool ever_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::uint64_t appended_ = 0, durable_ = 0;
  bool stop_ = false;
  std::thread thread_;
};

// Answers every order with success, from two threads in random order.
class ObligingWorld final : public World {
 public:
  ObligingWorld() {
    for (int i = 0; i < 2; ++i)
      threads_.emplace_back([this, i] { serve(static_cast<unsigned>(i)); });
  }
  ~ObligingWorld() override {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_)
      thread.join();
  }

  void list_items(const ListOrder& o, Post post) override {
    run::ItemsListed event;
    event.node = o.node;
    for (std::size_t i = 0; i < items; ++i)
      event.items.push_back("item-" + std::to_string(i));
    event.found = items;
    later(event, std::move(post));
  }
  void prepare(const PrepareOrder& o, Post post) override {
    run::Prepared event;
    event.attempt = o.task.attempt;
    event.start = o.start;
    event.branch = "fix/" + o.task.item;
    event.slot = "1";
    later(event, std::move(post));
  }
  void launch(const LaunchOrder& o, Post post) override {
    const int now = ++live;
    int seen = most_live;
    while (now > seen && !most_live.compare_exchange_weak(seen, now)) {
    }
    run::Exited event;
    event.attempt = o.task.attempt;
    later(event, [this, post = std::move(post)](run::EventBody body) {
      --live;
      post(std::move(body));
    });
  }
  void capture(const CaptureOrder& o, Post post) override {
    run::Captured event;
    event.attempt = o.task.attempt;
    event.commit = std::string(40, 'a');
    event.files = 1;
    later(event, std::move(post));
  }
  void verify(const VerifyOrder& o, Post post) override {
    run::Verified event;
    event.attempt = o.task.attempt;
    event.passed = true;
    later(event, std::move(post));
  }
  void publish(const PublishOrder& o, Post post) override {
    {
      const std::lock_guard lock(mutex_);
      published.insert(o.task.item);
    }
    later(run::Published{o.task.attempt, o.branch, o.commit, {}}, std::move(post));
  }
  void merge(const MergeOrder& o, Post post) override {
    ++merges;
    run::Merged event;
    event.attempt = o.task.attempt;
    event.commit = std::string(40, 'b');
    later(event, std::move(post));
  }
  void start_timer(const TimerOrder& o, Post post) override {
    later(run::TimerFired{o.attempt}, std::move(post));
  }
  void cancel(const CancelOrder&) override { ++cancels; }
  void end_session(const EndSessionOrder&) override { ++ended; }
  void open_gate(const OpenGateOrder&, Post) override {}
  void close_gate(const CloseGateOrder&) override {}
  void abandon() override { ++abandoned; }

  std::size_t items = 100;
  std::atomic<int> live{0}, most_live{0}, merges{0}, cancels{0}, ended{0}, abandoned{0};
  std::set<std::string> published;

 private:
  void later(run::EventBody body, Post post) {
    const std::lock_guard lock(mutex_);
    queue_.emplace_back(std::move(body), std::move(post));
    wake_.notify_one();
  }
  void serve(unsigned seed) {
    std::minstd_rand random(seed + 1);
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return stop_ || !queue_.empty(); });
      if (queue_.empty())
        return;
      const std::size_t at = random() % queue_.size();
      auto [body, post] = std::move(queue_[at]);
      queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(at));
      lock.unlock();
      post(std::move(body));
      lock.lock();
    }
  }
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::pair<run::EventBody, Post>> queue_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

class FixedPolicy final : public SpawnPolicy {
 public:
  run::SpawnDecided decide(const SpawnOrder& order) override {
    run::SpawnDecided event;
    event.node = order.node;
    event.items = order.items.size();
    event.sessions = 4;
    for (std::uint32_t i = 0; i < order.items.size(); ++i)
      event.order.push_back(i);
    return event;
  }
};

class Blind final : public run::Observer {
 public:
  void saw(const plan::Plan&, const run::State&, const run::Event&,
           const std::vector<run::Transition>&) override {}
};

run::RunOpened opened() {
  run::RunOpened event;
  event.run = "r";
  event.base_commit = std::string(40, 'c');
  event.jobs = 3;
  return event;
}

}  // namespace

TEST_CASE("a fan-out is served by several sessions at once and gathered once") {
  const plan::Plan plan = gather_plan();
  ThreadedLog log;
  ObligingWorld world;
  FixedPolicy policy;
  Blind blind;
  Executor executor(plan, {}, log, world, policy, blind, os::system_clock());
  const auto outcome = executor.run({opened()}, [] {});
  REQUIRE(outcome);
  CHECK(*outcome == run::RunOutcome::kDone);
  CHECK(world.published.size() == 100);
  CHECK(world.merges == 1);
  CHECK(world.most_live <= 3);
  CHECK(world.ended == 3);
  CHECK(executor.state().closed);
}

TEST_CASE("replaying what was logged gives the state that the run ended in") {
  const plan::Plan plan = gather_plan();
  ThreadedLog log;
  ObligingWorld world;
  FixedPolicy policy;
  Blind blind;
  Executor executor(plan, {}, log, world, policy, blind, os::system_clock());
  REQUIRE(executor.run({opened()}, [] {}));
  run::State again;
  run::Effects effects;
  for (const run::Event& event : log.events)
    run::step(plan, again, event, effects);
  REQUIRE(again.tasks.size() == executor.state().tasks.size());
  for (std::size_t i = 0; i < again.tasks.size(); ++i) {
    CHECK(again.tasks[i].phase == executor.state().tasks[i].phase);
    CHECK(again.tasks[i].epoch == executor.state().tasks[i].epoch);
  }
  CHECK(again.outcome == run::RunOutcome::kDone);
}

TEST_CASE("a run that has returned has taken its ear from the log, which may live on") {
  const plan::Plan plan = gather_plan();
  ThreadedLog log(GENERATE(UINT64_MAX, std::uint64_t{20}));
  ObligingWorld world;
  FixedPolicy policy;
  Blind blind;
  Executor executor(plan, {}, log, world, policy, blind, os::system_clock());
  (void)executor.run({opened()}, [] {});
  CHECK(log.stopped());
}

TEST_CASE("a closing that nobody asked for does not end the run") {
  const plan::Plan plan = gather_plan();
  ThreadedLog log;
  ObligingWorld world;
  FixedPolicy policy;
  Blind blind;
  Executor executor(plan, {}, log, world, policy, blind, os::system_clock());
  const auto outcome = executor.run({opened(), run::RunClosed{run::RunOutcome::kStopped}}, [] {});
  REQUIRE(outcome);
  CHECK(*outcome == run::RunOutcome::kDone);
  CHECK(executor.state().closed);
  CHECK(world.merges == 1);
}

TEST_CASE("when the journal fails nothing more is started and the run says so") {
  const plan::Plan plan = gather_plan();
  // Wherever it fails, answers that come after must not be waited for.
  const std::uint64_t good_events = GENERATE(range(std::uint64_t{1}, std::uint64_t{100}));
  ThreadedLog log(good_events);
  ObligingWorld world;
  FixedPolicy policy;
  Blind blind;
  Executor executor(plan, {}, log, world, policy, blind, os::system_clock());
  const auto outcome = executor.run({opened()}, [] {});
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code() == Errc::kNoSpace);
  CHECK(world.abandoned >= 1);
  CHECK(world.merges == 0);
}

TEST_CASE("whoever posts an event is told once whether it is durable, however the run ends") {
  const plan::Plan plan = gather_plan();
  const bool fails = GENERATE(false, true);
  ThreadedLog log(fails ? 20 : UINT64_MAX);
  ObligingWorld world;
  FixedPolicy policy;
  Blind blind;
  std::atomic<int> kept{0};
  std::atomic<int> lost{0};
  Executor executor(plan, {}, log, world, policy, blind, os::system_clock());
  const auto say = [&](run::EventBody body) {
    executor.post(std::move(body), [&](const Status& durable) { ++(durable ? kept : lost); });
  };
  const run::Attempt nobody{{9'999}, 1};
  const auto outcome = executor.run({opened()}, [&] {
    for (int i = 0; i < 100; ++i)
      say(run::TaskTaken{nobody});
  });
  CHECK(static_cast<bool>(outcome) != fails);
  CHECK(kept + lost == 100);
  CHECK((lost > 0) == fails);
  say(run::TaskTaken{nobody});
  CHECK(lost > 0);
  CHECK(kept + lost == 101);
}

TEST_CASE("no order reaches the world before the event that caused it is durable") {
  const plan::Plan plan = gather_plan();
  ThreadedLog log(UINT64_MAX, false);
  // Never durable: the run can't end by itself, so it is ended from outside by a failing log.
  class NeverWorld final : public World {
   public:
    std::atomic<int> calls{0};
    void list_items(const ListOrder&, Post) override { ++calls; }
    void prepare(const PrepareOrder&, Post) override { ++calls; }
    void launch(const LaunchOrder&, Post) override { ++calls; }
    void capture(const CaptureOrder&, Post) override { ++calls; }
    void verify(const VerifyOrder&, Post) override { ++calls; }
    void publish(const PublishOrder&, Post) override { ++calls; }
    void merge(const MergeOrder&, Post) override { ++calls; }
    void start_timer(const TimerOrder&, Post) override { ++calls; }
    void cancel(const CancelOrder&) override {}
    void end_session(const EndSessionOrder&) override {}
    void open_gate(const OpenGateOrder&, Post) override {}
    void close_gate(const CloseGateOrder&) override {}
    void abandon() override {}
  } world;
  class LateFailure final : public EventLog {
   public:
    void start(Durable durable) override { durable_ = std::move(durable); }
    std::uint64_t append(const run::Event&) override {
      thread_ = std::thread([this] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        durable_(0, Error(Errc::kIo, "fsync"));
      });
      return 1;
    }
    void stop() override { thread_.join(); }

   private:
    Durable durable_;
    std::thread thread_;
  } late;
  FixedPolicy policy;
  Blind blind;
  Executor executor(plan, {}, late, world, policy, blind, os::system_clock());
  CHECK_FALSE(executor.run({opened()}, [] {}));
  CHECK(world.calls == 0);
}

namespace {

// Time, log and world of one thread: each thing that is put here happens in its turn.
struct Turns final : VirtualTime, EventLog {
  bool advance() override {
    if (things.empty())
      return false;
    const auto thing = std::move(things.front());
    things.pop_front();
    threads.insert(std::this_thread::get_id());
    thing();
    return true;
  }
  void start(Durable told) override { durable = std::move(told); }
  void stop() override { durable = nullptr; }
  std::uint64_t append(const run::Event& event) override {
    threads.insert(std::this_thread::get_id());
    events.push_back(event);
    things.push_back([this, through = events.size()] { durable(through, Status()); });
    return events.size();
  }
  std::deque<std::function<void()>> things;
  Durable durable;
  std::vector<run::Event> events;
  std::set<std::thread::id> threads;
};

class TurningWorld final : public World {
 public:
  explicit TurningWorld(Turns& turns) : turns_(turns) {}
  void list_items(const ListOrder& o, Post post) override {
    run::ItemsListed listed;
    listed.node = o.node;
    listed.items = {"a", "b", "c"};
    later(listed, std::move(post));
  }
  void prepare(const PrepareOrder& o, Post post) override {
    run::Prepared prepared;
    prepared.attempt = o.task.attempt;
    post(prepared);  // within the call
  }
  void launch(const LaunchOrder& o, Post post) override {
    run::Exited exited;
    exited.attempt = o.task.attempt;
    later(exited, std::move(post));
  }
  void capture(const CaptureOrder& o, Post post) override {
    run::Captured captured;
    captured.attempt = o.task.attempt;
    captured.commit = "c";
    later(captured, std::move(post));
  }
  void verify(const VerifyOrder& o, Post post) override {
    later(run::Verified{o.task.attempt, true, {}, ""}, std::move(post));
  }
  void publish(const PublishOrder& o, Post post) override {
    later(run::Published{o.task.attempt, "b", o.commit, ""}, std::move(post));
  }
  void merge(const MergeOrder& o, Post post) override {
    run::Merged merged;
    merged.attempt = o.task.attempt;
    merged.commit = "m";
    later(merged, std::move(post));
  }
  void start_timer(const TimerOrder&, Post) override {}
  void cancel(const CancelOrder&) override {}
  void end_session(const EndSessionOrder&) override {}
  void open_gate(const OpenGateOrder&, Post) override {}
  void close_gate(const CloseGateOrder&) override {}
  void abandon() override {}

 private:
  void later(run::EventBody body, Post post) {
    turns_.threads.insert(std::this_thread::get_id());
    turns_.things.push_back([body = std::move(body), post = std::move(post)] { post(body); });
  }
  Turns& turns_;
};

struct Stopped final : os::Clock {
  os::WallTime wall() const override { return {}; }
  os::MonoTime mono() const override { return {}; }
};

}  // namespace

TEST_CASE("in virtual time everything happens on the caller's thread, and again the same") {
  const plan::Plan plan = gather_plan();
  std::vector<run::Event> before;
  for (int round = 0; round < 3; ++round) {
    Turns turns;
    TurningWorld world(turns);
    FixedPolicy policy;
    Blind blind;
    Stopped clock;
    Executor executor(plan, {}, turns, world, policy, blind, clock, &turns);
    const auto outcome = executor.run({opened()}, [] {});
    REQUIRE(outcome);
    CHECK(*outcome == run::RunOutcome::kDone);
    CHECK(turns.threads == std::set{std::this_thread::get_id()});
    CHECK((round == 0 || turns.events == before));
    before = turns.events;
  }
}

TEST_CASE("when virtual time ends before the run, the engine does, and leaves all as it is") {
  const plan::Plan plan = gather_plan();
  Turns turns;
  class SilentWorld final : public World {
    void list_items(const ListOrder&, Post) override {}
    void prepare(const PrepareOrder&, Post) override {}
    void launch(const LaunchOrder&, Post) override {}
    void capture(const CaptureOrder&, Post) override {}
    void verify(const VerifyOrder&, Post) override {}
    void publish(const PublishOrder&, Post) override {}
    void merge(const MergeOrder&, Post) override {}
    void start_timer(const TimerOrder&, Post) override {}
    void cancel(const CancelOrder&) override { FAIL("nothing is cancelled"); }
    void end_session(const EndSessionOrder&) override {}
    void open_gate(const OpenGateOrder&, Post) override {}
    void close_gate(const CloseGateOrder&) override {}
    void abandon() override { FAIL("nothing is abandoned"); }
  } world;
  FixedPolicy policy;
  Blind blind;
  Stopped clock;
  Executor executor(plan, {}, turns, world, policy, blind, clock, &turns);
  const auto outcome = executor.run({opened()}, [] {});
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code() == Errc::kCancelled);
  CHECK_FALSE(executor.state().closed);
}
