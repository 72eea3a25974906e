// What carries orders out: the local machine, or a simulation of it. Knows neither the journal nor
// the core; the flow graph calls it only with orders whose causes are durable.
#pragma once

#include <functional>

#include "engine/flow/order.h"

namespace fleet::flow {

// Hands an event to the core. Callable from any thread, also from within the call that received it.
using Post = std::function<void(run::EventBody)>;

// Every method returns at once. Each but `cancel`, `end_session` and those of gates is answered by
// exactly one event, from any thread. Repeating an order after a crash is harmless.
class World {
 public:
  virtual ~World() = default;

  virtual void list_items(const ListOrder& order, Post post) = 0;
  virtual void prepare(const PrepareOrder& order, Post post) = 0;
  virtual void launch(const LaunchOrder& order, Post post) = 0;
  virtual void capture(const CaptureOrder& order, Post post) = 0;
  virtual void verify(const VerifyOrder& order, Post post) = 0;
  virtual void publish(const PublishOrder& order, Post post) = 0;
  virtual void merge(const MergeOrder& order, Post post) = 0;
  virtual void start_timer(const TimerOrder& order, Post post) = 0;
  virtual void cancel(const CancelOrder& order) = 0;
  virtual void end_session(const EndSessionOrder& order) = 0;
  // Answered by at most one event: nobody may ever decide.
  virtual void open_gate(const OpenGateOrder& order, Post post) = 0;
  virtual void close_gate(const CloseGateOrder& order) = 0;
  // The run is closed, or its journal failed: nothing that happens from now on is recorded, so
  // whatever still runs is cancelled and its answer comes soon.
  virtual void abandon() = 0;
};

// The spawn check's answer from declared and measured figures. Pure but for what it has been given.
class SpawnPolicy {
 public:
  virtual ~SpawnPolicy() = default;
  virtual run::SpawnDecided decide(const SpawnOrder& order) = 0;
};

}  // namespace fleet::flow
