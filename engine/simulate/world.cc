#include "engine/simulate/world.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

namespace fleet::simulate {

void SimulatedWorld::later(std::chrono::milliseconds wait, std::uint64_t id,
                           std::function<void()> what) {
  agenda_.in(wait, [this, id, what = std::move(what), alive = std::weak_ptr<int>(alive_)] {
    if (!alive.expired() && pending_.count(id) > 0)
      what();
  });
}

template <class Order, class Answer>
void SimulatedWorld::carry_out(const Order& order, flow::Post post, Answer answer) {
  const Course course = model_.course(order);
  if (course.at_once)
    return post(answer(order));
  const std::uint64_t id = next_id_++;
  pending_.emplace(id, Pending{order, std::move(post)});
  later(course.before, id, [this, id, course, answer] {
    Pending& pending = pending_.at(id);
    pending.stands = true;
    later(course.after, id, [this, id, event = answer(std::get<Order>(pending.order))] {
      pending_.extract(id).mapped().post(event);
    });
  });
}

void SimulatedWorld::list_items(const flow::ListOrder& order, flow::Post post) {
  carry_out(order, std::move(post),
            [this](const flow::ListOrder& o) { return model_.list_items(o); });
}
void SimulatedWorld::prepare(const flow::PrepareOrder& order, flow::Post post) {
  carry_out(order, std::move(post),
            [this](const flow::PrepareOrder& o) { return model_.prepare(o); });
}
void SimulatedWorld::capture(const flow::CaptureOrder& order, flow::Post post) {
  carry_out(order, std::move(post),
            [this](const flow::CaptureOrder& o) { return model_.capture(o); });
}
void SimulatedWorld::verify(const flow::VerifyOrder& order, flow::Post post) {
  carry_out(order, std::move(post),
            [this](const flow::VerifyOrder& o) { return model_.verify(o); });
}
void SimulatedWorld::publish(const flow::PublishOrder& order, flow::Post post) {
  carry_out(order, std::move(post),
            [this](const flow::PublishOrder& o) { return model_.publish(o); });
}
void SimulatedWorld::merge(const flow::MergeOrder& order, flow::Post post) {
  carry_out(order, std::move(post), [this](const flow::MergeOrder& o) { return model_.merge(o); });
}

void SimulatedWorld::launch(const flow::LaunchOrder& order, flow::Post post) {
  running_[order.task.attempt] = std::move(post);
  keeper_.submit(model_.launch(order));
}

void SimulatedWorld::start_timer(const flow::TimerOrder& order, flow::Post post) {
  wait_for(order, std::move(post));
}

// The time of day may have been set while it waited.
void SimulatedWorld::wait_for(const flow::TimerOrder& order, flow::Post post) {
  const std::chrono::milliseconds left{order.at - agenda_.wall().time_since_epoch().count()};
  agenda_.in(std::max(left, std::chrono::milliseconds{0}),
             [this, order, post = std::move(post), alive = std::weak_ptr<int>(alive_)] {
               if (alive.expired())
                 return;
               if (agenda_.wall().time_since_epoch().count() < order.at)
                 return wait_for(order, post);
               post(run::TimerFired{order.attempt});
             });
}

void SimulatedWorld::cancel(const flow::CancelOrder& order) {
  keeper_.cancel(order.attempt, model_.grace(order.attempt));
}

void SimulatedWorld::end_session(const flow::EndSessionOrder& order) {
  model_.end_session(order);
}

void SimulatedWorld::open_gate(const flow::OpenGateOrder& order, flow::Post post) {
  gates_.insert(order.task.attempt);
  const Course course = model_.course(order);
  agenda_.in(course.before + course.after,
             [this, order, post = std::move(post), alive = std::weak_ptr<int>(alive_)] {
               if (alive.expired() || gates_.erase(order.task.attempt) == 0)
                 return;
               if (std::optional<run::GateAnswered> answer = model_.open_gate(order))
                 post(*std::move(answer));
             });
}

void SimulatedWorld::close_gate(const flow::CloseGateOrder& order) {
  gates_.erase(order.attempt);
}

void SimulatedWorld::abandon() {
  for (const run::Attempt attempt : keeper_.unfinished())
    keeper_.cancel(attempt, model_.grace(attempt));
}

void SimulatedWorld::adopt(const run::Task& task, flow::Post post) {
  const bool merge = plan_.nodes[task.node.value].kind == plan::NodeKind::kMerge;
  if (task.phase == run::Phase::kRunning && !merge)
    running_[{task.index, task.epoch}] = std::move(post);
}

void SimulatedWorld::watch(flow::Post hear) {
  keeper_.watch([this, hear = std::move(hear)](const run::Exited& exit) {
    auto waiting = running_.extract(exit.attempt);
    if (!waiting)
      return;
    // A session is heard before its end is, again by a new engine that was not told.
    for (run::EventBody& body : keeper_.said(exit.attempt))
      hear(std::move(body));
    waiting.mapped()(exit);
  });
}

void SimulatedWorld::stop_now() {
  std::vector<Pending> stopped;
  for (auto it = pending_.begin(); it != pending_.end();) {
    const auto* order = std::get_if<flow::MergeOrder>(&it->second.order);
    const bool judged = order != nullptr && !it->second.stands &&
                        !plan_.nodes[order->task.node.value].merge->accept.empty();
    const auto next = std::next(it);
    if (judged)
      stopped.push_back(std::move(pending_.extract(it).mapped()));
    it = next;
  }
  for (const Pending& merge : stopped)
    merge.post(model_.merge_stopped(std::get<flow::MergeOrder>(merge.order)));
}

}  // namespace fleet::simulate
