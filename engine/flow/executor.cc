#include "engine/flow/executor.h"

#include <atomic>
#include <deque>
#include <iterator>
#include <mutex>
#include <optional>

#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/task_arena.h>

#include "engine/base/check.h"

namespace fleet::flow {
namespace tf = tbb::flow;
namespace {

struct Posted {
  run::EventBody body;
  Executor::Then then = {};
};
using Message = std::shared_ptr<Posted>;
using OrderPtr = std::shared_ptr<Order>;
using Orders = std::shared_ptr<std::vector<Order>>;
using AdmitNode = tf::function_node<Message, tf::continue_msg, tf::queueing_lightweight>;
using DispatchNode =
    tf::multifunction_node<Orders, std::tuple<SpawnOrder, OrderPtr, OrderPtr, OrderPtr>,
                           tf::queueing_lightweight>;
using WorkNode = tf::async_node<OrderPtr, Message, tf::queueing_lightweight>;
// What event number `event` led to.
struct Held {
  std::uint64_t event = 0;
  std::vector<Order> orders;
  Executor::Then then;
};

}  // namespace

// Threads: `admit` is serial and alone touches the core's state; every other body only hands over.
// Bodies are noexcept and never block. Each `hold` has exactly one `let_go`: the one of the whole
// run (taken in `run`, given back when the closing is durable), one per event that is not durable
// yet and one per order in flight. In real time they keep the graph from ending; in virtual time
// they are counted, because the graph is waited for after each thing that happens.
//
// `admit` has no successor, and the orders go on from the log's thread, for a reason: oneTBB gives
// a serial node's place back before it puts the node's output, and holds the lock of the output's
// successors while lightweight ones run inside it. An answer that came back on the same stack would
// then enter `admit` again and wait for a lock that its own thread holds.
//
// Every node is lightweight, `dispatch` too: it runs on the log's thread. A node that is not makes
// a task for oneTBB's workers, which spin for the next one: at a thousand small commands a second
// that was some 180 calls of sched_yield a command, on the processors that the commands need.
class Executor::Graph {
 public:
  Graph(const plan::Plan& plan, run::State state, EventLog& log, World& world, SpawnPolicy& policy,
        run::Observer& observer, const os::Clock& clock, VirtualTime* time)
      : plan_(plan),
        state_(std::move(state)),
        log_(log),
        world_(world),
        policy_(policy),
        observer_(observer),
        clock_(clock),
        time_(time),
        admit_(graph_, tf::serial,
               [this](const Message& message) noexcept { return admit(message); }),
        dispatch_(graph_, tf::serial,
                  [this](const Orders& orders, DispatchNode::output_ports_type& ports) noexcept {
                    dispatch(orders, ports);
                  }),
        spawn_check_(graph_, tf::unlimited,
                     [this](const SpawnOrder& order) noexcept -> Message {
                       return std::make_shared<Posted>(Posted{policy_.decide(order)});
                     }),
        prepare_(graph_, tf::unlimited,
                 [this](const OrderPtr& order, WorkNode::gateway_type& gateway) noexcept {
                   carry_out(*order, gateway);
                 }),
        session_(graph_, tf::unlimited,
                 [this](const OrderPtr& order, WorkNode::gateway_type& gateway) noexcept {
                   carry_out(*order, gateway);
                 }),
        settle_(graph_, tf::unlimited,
                [this](const OrderPtr& order, WorkNode::gateway_type& gateway) noexcept {
                  carry_out(*order, gateway);
                }) {
    tf::make_edge(tf::output_port<0>(dispatch_), spawn_check_);
    tf::make_edge(tf::output_port<1>(dispatch_), prepare_);
    tf::make_edge(tf::output_port<2>(dispatch_), session_);
    tf::make_edge(tf::output_port<3>(dispatch_), settle_);
    tf::make_edge(spawn_check_, admit_);
    tf::make_edge(prepare_, admit_);
    tf::make_edge(session_, admit_);
    tf::make_edge(settle_, admit_);
  }

  Result<run::RunOutcome> run(std::vector<run::EventBody> first,
                              const std::function<void()>& started) {
    // Before the log starts, which may have failed already and then gives the hold back at once.
    hold();
    accepting_ = true;
    log_.start([this](std::uint64_t through, const Status& status) { durable(through, status); });
    for (run::EventBody& body : first)
      post(std::move(body));
    started();
    graph_.wait_for_all();
    while (holds_ > 0) {
      if (!time_->advance()) {
        log_.stop();
        accepting_ = false;
        return Error(Errc::kCancelled, "time ended before the run was closed");
      }
      graph_.wait_for_all();
    }
    log_.stop();
    accepting_ = false;
    if (failure_)
      return *std::move(failure_);
    return state_.outcome;
  }

  void post(run::EventBody body, Then then = {}) {
    if (accepting_)
      admit_.try_put(std::make_shared<Posted>(Posted{std::move(body), std::move(then)}));
    else if (then)
      then(Error(Errc::kCancelled, "the run takes no more events"));
  }

  void fail(Error error) { durable(0, std::move(error)); }

  const run::State& state() const { return state_; }

 private:
  void hold() {
    if (time_ != nullptr)
      ++holds_;
    else
      graph_.reserve_wait();
  }
  void let_go() {
    if (time_ != nullptr)
      --holds_;
    else
      graph_.release_wait();
  }

  tf::continue_msg admit(const Message& message) noexcept {
    run::Event event{clock_.wall().time_since_epoch().count(), std::move(message->body)};
    effects_.commands.clear();
    effects_.transitions.clear();
    run::step(plan_, state_, event, effects_);
    observer_.saw(plan_, state_, event, effects_.transitions);
    Held held;
    held.orders.reserve(effects_.commands.size());
    for (const run::Command& command : effects_.commands)
      held.orders.push_back(make_order(plan_, state_, command));
    held.then = std::move(message->then);
    std::unique_lock lock(held_mutex_);
    // Nothing becomes durable any more, and nobody would come to release what is held.
    if (failed_) {
      lock.unlock();
      if (held.then)
        held.then(*failure_);
      return {};
    }
    held.event = log_.append(event);
    if (state_.closed && closing_event_ == 0)
      closing_event_ = held.event;
    hold();
    held_.push_back(std::move(held));
    return {};
  }

  // On the log's thread; a failure on any. The orders of all events that are durable now go on as
  // one message, in order.
  void durable(std::uint64_t through, const Status& status) {
    std::unique_lock lock(held_mutex_);
    if (!status && !failed_) {
      failed_ = true;
      failure_ = status.error();
    }
    if (status)
      durable_ = std::max(durable_, through);
    const Orders ready = std::make_shared<std::vector<Order>>();
    std::vector<Then> waiting;
    std::size_t released = 0;
    bool closed = failed_;
    while (!held_.empty() && (failed_ || held_.front().event <= durable_)) {
      closed = closed || held_.front().event == closing_event_;
      // A command whose cause is not on disk is never carried out.
      if (!failed_)
        std::move(held_.front().orders.begin(), held_.front().orders.end(),
                  std::back_inserter(*ready));
      if (held_.front().then)
        waiting.push_back(std::move(held_.front().then));
      held_.pop_front();
      ++released;
    }
    const Status told = failed_ ? Status(*failure_) : Status();
    lock.unlock();
    for (const Then& then : waiting)
      then(told);
    if (!ready->empty())
      dispatch_.try_put(ready);
    for (; released > 0; --released)
      let_go();
    if (closed)
      release_run();
  }

  // Nothing is accepted any more, and whatever still runs is not waited for longer than it takes to
  // end it.
  void release_run() {
    if (run_released_.exchange(true))
      return;
    accepting_ = false;
    world_.abandon();
    let_go();
  }

  void dispatch(const Orders& orders, DispatchNode::output_ports_type& ports) noexcept {
    for (Order& order : *orders) {
      if (auto* spawn = std::get_if<SpawnOrder>(&order)) {
        std::get<0>(ports).try_put(std::move(*spawn));
      } else if (auto* cancel = std::get_if<CancelOrder>(&order)) {
        world_.cancel(*cancel);
      } else if (auto* end = std::get_if<EndSessionOrder>(&order)) {
        world_.end_session(*end);
      } else if (auto* gate = std::get_if<OpenGateOrder>(&order)) {
        // Like a timer it does not hold the graph: a run that stops need not wait for a human.
        world_.open_gate(*gate, [this](run::EventBody body) { post(std::move(body)); });
      } else if (auto* shut = std::get_if<CloseGateOrder>(&order)) {
        world_.close_gate(*shut);
      } else if (auto* close = std::get_if<CloseOrder>(&order)) {
        post(run::RunClosed{close->outcome});
      } else if (std::holds_alternative<ListOrder>(order) ||
                 std::holds_alternative<PrepareOrder>(order)) {
        std::get<1>(ports).try_put(std::make_shared<Order>(std::move(order)));
      } else if (std::holds_alternative<LaunchOrder>(order)) {
        std::get<2>(ports).try_put(std::make_shared<Order>(std::move(order)));
      } else {
        std::get<3>(ports).try_put(std::make_shared<Order>(std::move(order)));
      }
    }
  }

  // The reservation is given back by the answer, which comes exactly once (World's contract).
  void carry_out(const Order& order, WorkNode::gateway_type& gateway) noexcept {
    // A timer does not hold the graph: a run that stops need not wait for a backoff to end.
    if (const auto* timer = std::get_if<TimerOrder>(&order)) {
      world_.start_timer(*timer, [this](run::EventBody body) { post(std::move(body)); });
      return;
    }
    hold();
    // What still comes after the run was closed (evidence that a stop did not wait for) is no part
    // of it.
    Post answer = [this, &gateway](run::EventBody body) {
      if (accepting_)
        gateway.try_put(std::make_shared<Posted>(Posted{std::move(body)}));
      let_go();
    };
    if (const auto* list = std::get_if<ListOrder>(&order))
      world_.list_items(*list, std::move(answer));
    else if (const auto* prepare = std::get_if<PrepareOrder>(&order))
      world_.prepare(*prepare, std::move(answer));
    else if (const auto* launch = std::get_if<LaunchOrder>(&order))
      world_.launch(*launch, std::move(answer));
    else if (const auto* capture = std::get_if<CaptureOrder>(&order))
      world_.capture(*capture, std::move(answer));
    else if (const auto* verify = std::get_if<VerifyOrder>(&order))
      world_.verify(*verify, std::move(answer));
    else if (const auto* publish = std::get_if<PublishOrder>(&order))
      world_.publish(*publish, std::move(answer));
    else if (const auto* merge = std::get_if<MergeOrder>(&order))
      world_.merge(*merge, std::move(answer));
    else
      FLEET_FAIL("an order that no node carries out", order.index());
  }

  // Constant after construction.
  const plan::Plan& plan_;
  // Touched by `admit` only (and by readers after `run`).
  run::State state_;
  run::Effects effects_;

  EventLog& log_;
  World& world_;
  SpawnPolicy& policy_;
  run::Observer& observer_;
  const os::Clock& clock_;
  VirtualTime* const time_;  // null in real time
  std::size_t holds_ = 0;    // in virtual time

  std::atomic<bool> accepting_{false};
  std::atomic<bool> run_released_{false};

  std::mutex held_mutex_;  // guards the five below
  std::deque<Held> held_;
  std::uint64_t durable_ = 0;
  std::uint64_t closing_event_ = 0;  // 0: not closed yet
  bool failed_ = false;
  std::optional<Error> failure_;

  tf::graph graph_;
  AdmitNode admit_;
  DispatchNode dispatch_;
  tf::function_node<SpawnOrder, Message, tf::queueing_lightweight> spawn_check_;
  WorkNode prepare_;
  WorkNode session_;
  WorkNode settle_;
};

// A place for the one thread and none for workers: what the graph spawns waits until that thread
// waits for the graph.
struct Executor::OneThread {
  tbb::task_arena arena{1, 1};
};

Executor::Executor(const plan::Plan& plan, run::State state, EventLog& log, World& world,
                   SpawnPolicy& policy, run::Observer& observer, const os::Clock& clock,
                   VirtualTime* time) {
  const auto make = [&] {
    graph_ =
        std::make_unique<Graph>(plan, std::move(state), log, world, policy, observer, clock, time);
  };
  if (time == nullptr) {
    make();
  } else {
    one_thread_ = std::make_unique<OneThread>();
    one_thread_->arena.execute(make);
  }
}
Executor::~Executor() = default;

Result<run::RunOutcome> Executor::run(std::vector<run::EventBody> first,
                                      const std::function<void()>& started) {
  if (!one_thread_)
    return graph_->run(std::move(first), started);
  return one_thread_->arena.execute([&] { return graph_->run(std::move(first), started); });
}
void Executor::post(run::EventBody body, Then then) {
  graph_->post(std::move(body), std::move(then));
}
void Executor::fail(Error error) {
  graph_->fail(std::move(error));
}
const run::State& Executor::state() const {
  return graph_->state();
}

}  // namespace fleet::flow
