// The waiting half of LocalWorld: gates, where a human decides, and timers.
#include <fmt/format.h>

#include "engine/base/check.h"
#include "engine/bus/mailbox.h"
#include "engine/flow/gates.h"
#include "engine/flow/local_world.h"
#include "engine/report/gate.h"
#include "engine/report/words.h"

namespace fleet::flow {

void LocalWorld::use_gates(Gates* gates) {
  gates_ = gates;
}

void LocalWorld::open_gate(const OpenGateOrder& order, Post post) {
  FLEET_ASSERT(gates_ != nullptr, order.human);
  const std::int64_t now = os::system_clock().wall().time_since_epoch().count();
  const bool told_later = gates_->open(order, now, std::move(post));
  if (!order.first.empty())
    git_.add([this, order](worktree::Repository&) { tell_agents(order); });
  if (told_later)
    timers_.add(order.tell_at, [this, order] { gates_->tell(order); });
}

// A message to each agent that an escalation goes by. Repeated after a crash it is the same one.
void LocalWorld::tell_agents(const OpenGateOrder& order) const {
  const std::string gate = report::gate_id(site_.run, order.task.attempt.task);
  bus::Message message;
  message.id = fmt::format("{}.{}.{}-stuck", site_.run, order.task.attempt.task.value,
                           order.task.attempt.epoch);
  message.from = "fleetc";
  message.subject =
      fmt::format("{} is stuck", report::printable(plan_.nodes[order.task.node.value].name))
          .substr(0, bus::kMaxSubject);
  message.sent = os::system_clock().wall().time_since_epoch().count() * 1'000'000;
  message.text = fmt::format(
      "`{}` of {}.{} (run {}) is stuck: {}\n\nIt waits for {} ({}), who is told of it {}, if it is "
      "still open then. Only a human can decide it. What keeps it you may be able to mend, or to "
      "ask "
      "other agents for.\n",
      plan_.nodes[order.task.node.value].name, plan_.fleet, plan_.flow, site_.run, order.reason,
      order.human, gate, order.tell_at > 0 ? "at " + report::timestamp(order.tell_at) : "now");
  for (const std::string& agent : order.first) {
    message.to = agent;
    auto box = bus::Mailbox::open(site_.state_dir + "/bus", agent);
    // Its human hears of it whether or not the agent does.
    if (box && bus::check_message(message))
      (void)box->deliver({&message, 1});
  }
}

void LocalWorld::close_gate(const CloseGateOrder& order) {
  FLEET_ASSERT(gates_ != nullptr, order.why);
  gates_->close(order);
}

void LocalWorld::start_timer(const TimerOrder& order, Post post) {
  timers_.add(order.at, [this, attempt = order.attempt, post = std::move(post)] {
    // Of a gate: a decision that was made in time counts, though nobody has seen it yet.
    if (gates_ != nullptr)
      gates_->look(attempt);
    post(run::TimerFired{attempt});
  });
}

}  // namespace fleet::flow
