// How a session or a command goes: how long, to which end, for how much.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "engine/simulate/random_model.h"

namespace fleet::simulate {
namespace {

std::optional<plan::Millis> limit_of_session(const plan::Node& node, const plan::Agent* agent) {
  std::optional<plan::Millis> limit = node.timeout;
  if (agent != nullptr && agent->timeout)
    limit = limit ? std::min(*limit, *agent->timeout) : *agent->timeout;
  return limit;
}

bool costs_money(const plan::Agent& agent) {
  return agent.runtime.adapter != plan::Adapter::kShell || agent.runtime.price || agent.budget ||
         agent.day_budget;
}

}  // namespace

std::optional<Fault> RandomModel::session_fault(run::Attempt attempt, bool can_hang) {
  // Each as often as it stands here.
  static constexpr Fault kAll[] = {
      Fault::kCrash, Fault::kCrash, Fault::kCrash,    Fault::kHang,       Fault::kLimit,
      Fault::kLimit, Fault::kLimit, Fault::kOverload, Fault::kCredential, Fault::kContext};
  if (!dice_.chance(chances_.faults))
    return std::nullopt;
  Fault fault = kAll[dice_.below(std::size(kAll))];
  if (fault == Fault::kHang && !can_hang)
    fault = Fault::kCrash;
  struck_.push_back({fault, attempt});
  return fault;
}

plan::Millis RandomModel::typical(const plan::Node& node, const plan::Agent* agent,
                                  std::optional<plan::Millis> limit) const {
  if (node.fanout && node.fanout->est)
    return *node.fanout->est;
  if (node.est)
    return *node.est;
  plan::Millis usual = chances_.command;
  if (agent != nullptr)
    usual = agent->writes                               ? chances_.writes
            : agent->returns == plan::Returns::kVerdict ? chances_.reviews
                                                        : chances_.looks;
  return limit ? std::min(usual, std::max(*limit / 3, plan::Millis{1})) : usual;
}

// `worked`: of the time that the session would have taken, how much it was at work.
void RandomModel::end_by(Fault fault, std::optional<plan::Millis> limit, Process& process,
                         double& worked) {
  const double until = dice_.unit();
  const auto cut = [&] {
    const auto full = static_cast<double>(process.end.duration.count());
    process.end.duration = plan::Millis(std::max<std::int64_t>(std::llround(full * until), 1));
    worked = until;
  };
  switch (fault) {
    case Fault::kCrash:
      process.end.how = run::ExitHow::kSignalled;
      process.end.code = 9;
      return cut();
    case Fault::kHang:
      process.end.duration = *limit + plan::Millis{1};
      worked = until;
      return;
    case Fault::kLimit: process.end.how = run::ExitHow::kLimited; return cut();
    case Fault::kOverload: process.end.how = run::ExitHow::kOverloaded; return cut();
    case Fault::kContext: process.end.how = run::ExitHow::kContextExhausted; return;
    case Fault::kCredential:
      process.end.how = run::ExitHow::kAuth;
      process.end.duration = std::min<plan::Millis>(process.end.duration, std::chrono::seconds(2));
      worked = 0;
      return;
    default: return;
  }
}

void RandomModel::say_verdict(const flow::TaskFacts& task, const plan::Node& node,
                              Process& process) {
  const double wants = chances_.changes_requested * std::pow(0.5, node.round);
  if (!dice_.chance(wants)) {
    process.says.push_back(run::VerdictGiven{task.attempt, run::Verdict::kApproved, ""});
    return;
  }
  const std::uint64_t count = 1 + dice_.below(std::max<std::uint32_t>(chances_.findings, 1));
  for (std::uint64_t i = 1; i <= count; ++i) {
    run::Finding finding;
    finding.id = fmt::format("{}-{}", task.agent, i);
    finding.title = fmt::format("finding {} of {}", i, task.agent);
    process.says.push_back(run::FindingFiled{task.attempt, std::move(finding)});
  }
  process.says.push_back(run::VerdictGiven{task.attempt, run::Verdict::kChangesRequested, ""});
}

// More than its budget it does not get: it is ended there.
void RandomModel::spend(const flow::TaskFacts& task, const plan::Agent& agent, double worked,
                        Process& process) {
  const double minutes = static_cast<double>(process.end.duration.count()) / 60'000 * worked;
  double tokens = minutes * dice_.around(chances_.tokens_a_minute, chances_.tokens_spread);
  const double price =
      static_cast<double>(agent.runtime.price.value_or(chances_.price).micros) / 1'000'000;
  if (!costs_money(agent))
    return;
  std::int64_t micros = std::llround(tokens * price);
  if (const auto left = flow::left_for(agent, task); left && micros > left->micros) {
    const double share = static_cast<double>(left->micros) / static_cast<double>(micros);
    tokens *= share;
    micros = left->micros;
    const auto full = static_cast<double>(process.end.duration.count());
    process.end.duration = plan::Millis(std::max<std::int64_t>(std::llround(full * share), 1));
    process.end.how = run::ExitHow::kBudgetSpent;
    process.end.code = 0;
  }
  process.says.push_back(
      run::Metered{task.attempt, micros, static_cast<std::uint64_t>(std::llround(tokens)), 0, 0});
}

Process RandomModel::draw(const flow::LaunchOrder& order) {
  const flow::TaskFacts& task = order.task;
  const plan::Node& node = plan_.nodes[task.node.value];
  const plan::Agent* const agent = agent_named(task.agent);
  const std::optional<plan::Millis> limit = limit_of_session(node, agent);
  Process process;
  process.end.attempt = task.attempt;
  process.end.duration = dice_.around(typical(node, agent, limit), chances_.spread);
  double worked = 1;
  if (dice_.chance(chances_.says_no))
    process.end.code = 1;
  if (agent != nullptr) {
    for (const std::string& document : agent->identity)
      process.says.push_back(run::IdentityRead{task.attempt, document, 0, ""});
    if (const auto fault = session_fault(task.attempt, limit.has_value()))
      end_by(*fault, limit, process, worked);
    else if (agent->returns == plan::Returns::kVerdict)
      say_verdict(task, node, process);
  }
  if (limit && process.end.duration > *limit) {
    const auto full = static_cast<double>(process.end.duration.count());
    worked *= std::min(1.0, static_cast<double>(limit->count()) / full);
    process.end.duration = *limit;
    process.end.how = run::ExitHow::kTimedOut;
    process.end.code = 0;
  }
  if (agent != nullptr)
    spend(task, *agent, worked, process);
  return process;
}

Process RandomModel::launch(const flow::LaunchOrder& order) {
  const auto known = processes_.find(order.task.attempt);
  if (known != processes_.end())
    return known->second;
  return processes_.emplace(order.task.attempt, draw(order)).first->second;
}

}  // namespace fleet::simulate
