// Runs a plan: events into the journal, the core's step over them, its commands out to the world
// once they are durable. The oneTBB flow graph lives in executor.cc and has a small fixed shape:
//
//   post ─► admit ═ journal ═► dispatch ─┬─► spawn check ─┐
//             ▲   (its thread)           ├─► prepare ─────┤
//             │                          ├─► session ─────┤   (async nodes: no thread waits)
//             │                          └─► settle ──────┤
//             └───────────────────────────────────────────┘
//
// One node per DAG task was rejected: retries and late edges break the counting of continue_node.
#pragma once

#include <functional>
#include <memory>

#include "engine/base/result.h"
#include "engine/flow/world.h"
#include "engine/os/clock.h"
#include "engine/run/observer.h"

namespace fleet::flow {

// Where events become durable. `append` is called by one thread at a time and only queues; it
// returns the event's rising sequence number and never calls `durable` itself. `durable` is called
// on a thread of the log's own each time that more is on disk, with the last number that is, or
// with the first failure (nothing later is durable).
class EventLog {
 public:
  using Durable = std::function<void(std::uint64_t through, const Status& status)>;
  virtual ~EventLog() = default;
  virtual void start(Durable durable) = 0;
  // Once it has returned, `durable` is not called any more, and no call of it is under way: the log
  // may outlive its executor. Not from within `durable`.
  virtual void stop() = 0;
  virtual std::uint64_t append(const run::Event& event) = 0;
};

// Time that passes only when an executor has nothing left to do.
class VirtualTime {
 public:
  virtual ~VirtualTime() = default;
  // Goes on to the next thing that happens (an answer of the world, a write of the log) and lets it
  // happen, on the calling thread. False: nothing will happen any more.
  virtual bool advance() = 0;
};

class Executor {
 public:
  // Called once, on any thread and perhaps before `post` returns: the event is durable, or never
  // will be. Must not block.
  using Then = std::function<void(const Status& durable)>;

  // All referenced objects must outlive the executor. `state` may come from a replay. With `time`
  // everything runs on the thread that calls `run`, which is then the log's and the world's too, so
  // that the same answers at the same times give the same events.
  Executor(const plan::Plan& plan, run::State state, EventLog& log, World& world,
           SpawnPolicy& policy, run::Observer& observer, const os::Clock& clock,
           VirtualTime* time = nullptr);
  ~Executor();

  // Posts `first` in order, calls `started`, then runs until the run is closed and its closing is
  // durable. An error means that the journal failed, or what `fail` was told: nothing more is
  // started or recorded, live attempts are cancelled. Or, kCancelled, that `time` came to its end
  // first; then all is left as it is.
  Result<run::RunOutcome> run(std::vector<run::EventBody> first,
                              const std::function<void()>& started);

  // From any thread, while `run` is under way; ignored afterwards, which `then` is told.
  void post(run::EventBody body, Then then = {});
  // From any thread: as if the journal had failed, for what else a run cannot go on without. The
  // world must answer what it was asked.
  void fail(Error error);

  // After `run` returned.
  const run::State& state() const;

 private:
  class Graph;
  struct OneThread;
  std::unique_ptr<OneThread> one_thread_;  // empty in real time
  std::unique_ptr<Graph> graph_;
};

}  // namespace fleet::flow
