#include "engine/simulate/random_model.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/flow/items.h"

namespace fleet::simulate {

using std::chrono::milliseconds;

namespace {

// Of a source that only a repository could list.
constexpr std::uint64_t kUnknownItems = 8;
constexpr std::int64_t kLate = 10;  // times as long as usual

}  // namespace

const plan::Agent* RandomModel::agent_named(const std::string& name) const {
  const auto found = std::ranges::find(plan_.agents, name, &plan::Agent::name);
  return found == plan_.agents.end() ? nullptr : &*found;
}

bool RandomModel::strikes(Fault fault, run::Attempt attempt) {
  if (!dice_.chance(chances_.faults))
    return false;
  struck_.push_back({fault, attempt});
  return true;
}

Course RandomModel::course(const flow::Order& order) {
  if (const auto* gate = std::get_if<flow::OpenGateOrder>(&order))
    return {answer_time(*gate), milliseconds{0}, false};
  if (const auto* prepare = std::get_if<flow::PrepareOrder>(&order)) {
    const plan::Node& node = plan_.nodes[prepare->task.node.value];
    const plan::Agent* const agent = agent_named(prepare->task.agent);
    if (agent == nullptr || warm_.contains(prepare->session.value))
      return {};
    const std::optional<plan::Millis> spawn =
        node.fanout && node.fanout->spawn ? node.fanout->spawn : agent->runtime.spawn;
    return {spawn ? dice_.around(*spawn, chances_.spread) : milliseconds{0}, milliseconds{0},
            false};
  }
  const auto judged = [&](const std::vector<plan::Acceptance>& accept) {
    milliseconds sum{0};
    for (const plan::Acceptance& one : accept)
      if (one.kind == plan::Acceptance::Kind::kCommand)
        sum += dice_.around(chances_.evidence, chances_.spread);
    return Course{sum, milliseconds{0}, false};
  };
  if (const auto* verify = std::get_if<flow::VerifyOrder>(&order)) {
    const plan::Agent* const agent = agent_named(verify->task.agent);
    return judged(agent == nullptr ? std::vector<plan::Acceptance>() : agent->accept);
  }
  if (const auto* merge = std::get_if<flow::MergeOrder>(&order))
    return judged(plan_.nodes[merge->task.node.value].merge->accept);
  return {};
}

plan::Millis RandomModel::answer_time(const flow::OpenGateOrder& order) {
  const auto human = std::ranges::find(plan_.humans, order.human, &plan::Human::name);
  const plan::Millis usual =
      human == plan_.humans.end() ? chances_.answers : human->answers.value_or(chances_.answers);
  const plan::Millis takes = dice_.around(usual, chances_.spread);
  return strikes(Fault::kLateHuman, order.task.attempt) ? takes * kLate : takes;
}

run::ItemsListed RandomModel::list_items(const flow::ListOrder& order) {
  const plan::Node& node = plan_.nodes[order.node.value];
  const plan::FanoutSource& source = node.fanout->source;
  std::vector<std::string> items;
  if (source.kind == plan::FanoutSource::Kind::kList) {
    items = source.list;
  } else if (source.kind == plan::FanoutSource::Kind::kRange) {
    for (std::int64_t i = source.first; i <= source.last; ++i)
      items.push_back(std::to_string(i));
  } else {
    const std::uint64_t count = 1 + dice_.below(kUnknownItems);
    for (std::uint64_t i = 1; i <= count; ++i)
      items.push_back(fmt::format("item-{}", i));
  }
  run::ItemsListed event = flow::limited(order.node, *node.fanout, items);
  if (!node.fanout->routes.empty())
    event.agents = flow::routed(plan_, node, event.items);
  return event;
}

run::Prepared RandomModel::prepare(const flow::PrepareOrder& order) {
  run::Prepared prepared;
  prepared.attempt = order.task.attempt;
  prepared.start = order.start;
  if (strikes(Fault::kWorktree, order.task.attempt)) {
    prepared.error = "no space left on device";
    return prepared;
  }
  prepared.slot = fmt::format("slot-{}", order.session.value);
  prepared.cold = warm_.insert(order.session.value).second;
  const plan::Agent* const agent = agent_named(order.task.agent);
  if (agent != nullptr && agent->writes)
    prepared.branch = flow::fill(agent->writes->branch,
                                 {order.task.task, order.task.item, order.task.agent, "simulated",
                                  std::to_string(order.task.round), "2030-01-01"});
  return prepared;
}

run::Captured RandomModel::capture(const flow::CaptureOrder& order) {
  run::Captured captured;
  captured.attempt = order.task.attempt;
  if (strikes(Fault::kWorktree, order.task.attempt)) {
    captured.how = run::CaptureHow::kError;
    captured.detail = "no space left on device";
    return captured;
  }
  captured.commit = fmt::format("c{}.{}", order.task.attempt.task.value, order.task.attempt.epoch);
  captured.files = 1;
  captured.insertions = 1;
  return captured;
}

bool RandomModel::passes(const std::vector<plan::Acceptance>& accept, double fails,
                         std::vector<run::CheckResult>& checks) {
  if (accept.empty() || !dice_.chance(fails))
    return true;
  checks.push_back({accept.front().text, false, "exit 1", {}});
  return false;
}

run::Verified RandomModel::verify(const flow::VerifyOrder& order) {
  run::Verified verified;
  verified.attempt = order.task.attempt;
  if (strikes(Fault::kWorktree, order.task.attempt)) {
    verified.error = "no space left on device";
    return verified;
  }
  const plan::Agent* const agent = agent_named(order.task.agent);
  verified.passed =
      agent == nullptr || passes(agent->accept, chances_.evidence_fails, verified.checks);
  return verified;
}

run::Published RandomModel::publish(const flow::PublishOrder& order) {
  const bool failed = strikes(Fault::kWorktree, order.task.attempt);
  return {order.task.attempt, order.branch, order.commit, failed ? "no space left on device" : ""};
}

run::Merged RandomModel::merge(const flow::MergeOrder& order) {
  const plan::Node& node = plan_.nodes[order.task.node.value];
  run::Merged merged;
  merged.attempt = order.task.attempt;
  merged.branch = !order.branch.empty()   ? order.branch
                  : node.merge->into_base ? plan_.repo.base
                                          : flow::fill(node.merge->into, {});
  if (strikes(Fault::kMerge, order.task.attempt)) {
    merged.how = run::MergeHow::kError;
    merged.detail = "no space left on device";
  } else if (order.commits.empty()) {
    merged.how = run::MergeHow::kNothing;
    merged.commit = order.start;
  } else if (dice_.chance(chances_.conflicts)) {
    merged.how = run::MergeHow::kConflict;
    merged.paths = {"a file of both"};
  } else if (!passes(node.merge->accept, chances_.merged_fails, merged.checks)) {
    merged.how = run::MergeHow::kEvidenceFailed;
  } else {
    merged.commit = fmt::format("m{}.{}", order.task.attempt.task.value, order.task.attempt.epoch);
  }
  return merged;
}

// Everybody answers in the end: who does not within the gate's time is late, and that is a fault.
std::optional<run::GateAnswered> RandomModel::open_gate(const flow::OpenGateOrder& order) {
  run::Decision decision = run::Decision::kReject;
  switch (record_.asks(order.task.attempt.task)) {
    case run::Asks::kCredential: decision = run::Decision::kApprove; break;
    case run::Asks::kDecision:
      if (!dice_.chance(chances_.rejects))
        decision = run::Decision::kApprove;
      break;
    case run::Asks::kEscalation:
      if (plan_.nodes[order.task.node.value].merge)
        decision = run::Decision::kRetry;
      else if (dice_.chance(chances_.goes_on))
        decision = run::Decision::kApprove;
      break;
  }
  return run::GateAnswered{order.task.attempt, decision, order.human, "a simulation", ""};
}

void RandomModel::end_session(const flow::EndSessionOrder& order) {
  warm_.erase(order.session.value);
}

}  // namespace fleet::simulate
