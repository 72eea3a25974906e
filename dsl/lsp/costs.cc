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
    // One product for all of them, or none.
    if (cost.each != term.each || cost.attempts != term.attempts || cost.items != term.items)
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

// Steps of a plan, each with all that is within it.
struct Part {
  std::vector<std::string> names;
  bool several = false;  // a loop, or a use of a pattern

  bool has(const std::string& name) const {
    return std::ranges::any_of(names, [&](const std::string& one) {
      const bool same = name.size() == one.size();
      return name.starts_with(one) && (same || name[one.size()] == '.' || name[one.size()] == '#');
    });
  }
};

Part part_of(const Snapshot& snapshot, const Named& step) {
  Part part;
  part.several = step.uses.has_value();
  for (const sema::Step* one : step.uses ? snapshot.steps_of_use(step) : snapshot.steps(step)) {
    part.names.push_back(one->name);
    part.several = part.several || one->kind == sema::StepKind::kLoop;
  }
  return part;
}

std::vector<plan::WorstTerm> terms_of(const plan::Plan& plan, const Part& part) {
  std::vector<plan::WorstTerm> terms;
  for (const plan::WorstTerm& term : plan.worst.terms) {
    const plan::Node& node = plan.nodes[term.node.value];
    const bool works = node.kind == plan::NodeKind::kTask || node.kind == plan::NodeKind::kFanout;
    if (works && part.has(node.name))
      terms.push_back(term);
  }
  return terms;
}

std::optional<StepCost> cost_of_part(const plan::Plan& plan, const Part& part) {
  StepCost cost;
  for (const plan::WorstTerm& term : terms_of(plan, part)) {
    const plan::Node& node = plan.nodes[term.node.value];
    add(cost, term);
    if (node.kind == plan::NodeKind::kFanout && cost.spawn.empty() && !part.several)
      cost.spawn = plan::spawn_outlook(plan, node);
  }
  if (part.several)
    cost.each.reset();
  return cost.rounds == 0 ? std::nullopt : std::optional(cost);
}

// "build 2 × $3.00 + fixes 3 × 6 × $1.00", where it is more than one step.
std::string sum_of(const plan::Plan& plan, const Part& part) {
  plan::Plan alone;
  alone.nodes = plan.nodes;
  alone.worst.terms = terms_of(plan, part);
  return plan::worst_sum(alone);
}

std::string lines_of(const plan::Plan* plan, const Part& part) {
  const auto cost = plan == nullptr ? std::nullopt : cost_of_part(*plan, part);
  if (!cost)
    return {};
  const std::string money = text_of(*cost);
  const std::string sum = part.several ? sum_of(*plan, part) : std::string();
  std::string text;
  if (!money.empty())
    text = "\nCosts " + money + (sum.empty() ? "" : " = " + sum) + "\n";
  else if (!sum.empty())
    text = "\nWhat it costs is not bounded: " + sum + "\n";
  return text + (cost->spawn.empty() ? "" : "\nSpawn check: " + cost->spawn + "\n");
}

}  // namespace

std::string without_rounds(const std::string& name) {
  std::string bare;
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t end = std::min(name.find('.', at), name.size());
    const std::string part = name.substr(at, end - at);
    if (part.find('#') == std::string::npos)
      bare += (bare.empty() ? "" : ".") + part;
    at = end + 1;
  }
  return bare;
}

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
  return cost_of_part(*plan, part_of(snapshot, step));
}

std::string cost_of_member(const Snapshot& snapshot, SourceId source, std::uint32_t offset,
                           std::string_view path) {
  const sema::Flow* const flow = snapshot.flow_around(source, offset);
  const plan::Plan* const plan = flow == nullptr ? nullptr : snapshot.plan(flow->name);
  if (plan == nullptr)
    return {};
  Part part;
  for (const sema::Step& step : flow->steps) {
    if (step.kind == sema::StepKind::kLast || without_rounds(step.name) != path)
      continue;
    part.names.push_back(step.name);
    part.several = part.several || step.kind == sema::StepKind::kLoop;
  }
  return lines_of(plan, part);
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
  return lines_of(plan_around(snapshot, named), part_of(snapshot, named));
}

}  // namespace fleet::lsp
