#include "dsl/lsp/costs.h"

#include <algorithm>

#include "dsl/plan/fanout.h"
#include "dsl/plan/render.h"
#include "dsl/plan/worst.h"

namespace fleet::lsp {
namespace {

constexpr std::int64_t kMostMicros = std::int64_t{1} << 60;

std::optional<plan::Money> times(const plan::WorstTerm& term) {
  if (!term.each || !term.items)
    return std::nullopt;
  std::int64_t sum = term.each->micros;
  for (const std::uint64_t factor : {term.attempts, *term.items}) {
    const auto most = static_cast<std::uint64_t>(kMostMicros / std::max<std::int64_t>(sum, 1));
    if (factor > most)
      return std::nullopt;
    sum *= static_cast<std::int64_t>(factor);
  }
  return plan::Money{sum};
}

void add(StepCost& cost, const plan::WorstTerm& term) {
  const std::optional<plan::Money> money = times(term);
  if (cost.rounds == 0) {
    cost.attempts = term.attempts;
    cost.items = term.items;
    cost.each = term.each;
    cost.total = money;
  } else if (cost.total && money && cost.total->micros < kMostMicros) {
    cost.total->micros += money->micros;
    if (cost.each != term.each)
      cost.each.reset();
  } else {
    cost.total.reset();
  }
  ++cost.rounds;
}

std::string flow_cost(const Snapshot& snapshot, const Named& named) {
  const plan::Plan* const plan = snapshot.plan(named.name);
  if (plan == nullptr)
    return {};
  std::string text;
  if (plan->worst.money)
    text += "\nOne run costs " + plan::at_most(*plan->worst.money) + " = " +
            plan::worst_sum(*plan) + "\n";
  else if (!plan->worst.terms.empty())
    text += "\nWhat one run costs is not bounded: " + plan::worst_sum(*plan) + "\n";
  if (plan->worst.sessions)
    text += "\nSessions: " + plan::at_most(*plan->worst.sessions) + "\n";
  return text;
}

}  // namespace

const plan::Plan* plan_around(const Snapshot& snapshot, const Named& named) {
  std::optional<std::size_t> around = named.inside;
  while (around && snapshot.names().at(*around).kind == NameKind::kStep)
    around = snapshot.names().at(*around).inside;
  return around ? snapshot.plan(snapshot.names().at(*around).name) : nullptr;
}

std::optional<StepCost> step_cost(const Snapshot& snapshot, const Named& step) {
  const plan::Plan* const plan = plan_around(snapshot, step);
  if (plan == nullptr)
    return std::nullopt;
  std::vector<std::string> names;
  for (const sema::Step* one : snapshot.steps(step))
    names.push_back(one->name);
  StepCost cost;
  for (const plan::WorstTerm& term : plan->worst.terms) {
    const plan::Node& node = plan->nodes[term.node.value];
    const bool ours = std::ranges::any_of(names, [&](const std::string& name) {
      return node.name == name || node.name.starts_with(name + ".");
    });
    const bool works = node.kind == plan::NodeKind::kTask || node.kind == plan::NodeKind::kFanout;
    if (!ours || !works)
      continue;
    add(cost, term);
    if (node.kind == plan::NodeKind::kFanout && cost.spawn.empty())
      cost.spawn = plan::spawn_outlook(*plan, node);
  }
  return cost.rounds == 0 ? std::nullopt : std::optional(cost);
}

std::string text_of(const StepCost& cost) {
  if (!cost.total)
    return {};
  std::string factors;
  for (const std::uint64_t factor : {cost.rounds, cost.attempts, cost.items.value_or(1)}) {
    if (factor != 1)
      factors += std::to_string(factor) + " × ";
  }
  std::string text = plan::at_most(*cost.total);
  if (!factors.empty() && cost.each)
    text += " = " + factors + plan::to_string(*cost.each);
  return text;
}

const plan::Plan* plan_with_day(const Snapshot& snapshot) {
  const plan::Plan* found = nullptr;
  for (const sema::Flow& flow : snapshot.model().flows) {
    const plan::Plan* const plan = snapshot.plan(flow.name);
    if (plan != nullptr && plan->day && found == nullptr)
      found = plan;
  }
  return found;
}

std::string cost_of_day(const Snapshot& snapshot) {
  const plan::Plan* const plan = plan_with_day(snapshot);
  if (plan == nullptr || !plan->day->money)
    return {};
  std::string sum;
  for (const plan::DayTerm& term : plan->day->terms) {
    if (!term.count || !term.each)
      continue;
    sum += (sum.empty() ? "" : " + ") + term.what + " " +
           (*term.count == 1 ? "" : std::to_string(*term.count) + " × ") +
           plan::to_string(*term.each);
  }
  return "\nA day costs " + plan::at_most(*plan->day->money) + " = " + sum + "\n";
}

std::string cost_of(const Snapshot& snapshot, const Named& named) {
  if (named.kind == NameKind::kFlow)
    return flow_cost(snapshot, named);
  if (named.kind == NameKind::kFleet)
    return cost_of_day(snapshot);
  if (named.kind != NameKind::kStep)
    return {};
  const std::optional<StepCost> cost = step_cost(snapshot, named);
  if (!cost)
    return {};
  const std::string money = text_of(*cost);
  return (money.empty() ? "" : "\nCosts " + money + "\n") +
         (cost->spawn.empty() ? "" : "\nSpawn check: " + cost->spawn + "\n");
}

}  // namespace fleet::lsp
