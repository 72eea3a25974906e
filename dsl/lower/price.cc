#include "dsl/lower/price.h"

#include <algorithm>
#include <limits>

namespace fleet::lower {
namespace {

std::uint64_t items_of(const sema::Step& step) {
  if (step.kind != sema::StepKind::kFanout)
    return 1;
  std::optional<std::uint64_t> items = step.fanout.source.count();
  if (step.fanout.limit && (!items || *items > step.fanout.limit->value))
    items = step.fanout.limit->value;
  return items.value_or(1);  // F504 asks for the limit
}

void add(Price& price, plan::Money each, std::uint64_t attempts, std::uint64_t items) {
  std::int64_t money = each.micros;
  const bool cut_off = __builtin_mul_overflow(money, attempts, &money) ||
                       __builtin_mul_overflow(money, items, &money) ||
                       __builtin_add_overflow(price.money.micros, money, &money);
  price.money.micros = cut_off ? std::numeric_limits<std::int64_t>::max() : money;
}

}  // namespace

Price price_of(const sema::Model& model, const sema::Flow& flow) {
  Price price;
  for (const sema::Step& step : flow.steps) {
    plan::Money dearest;
    for (const sema::At<std::size_t>& use : step.agents) {
      const sema::Contract& contract = model.agents[use.value].contract;
      if (contract.budget)
        dearest = std::max(dearest, contract.budget->value);
      else if (!contract.day_budget)
        price.complete = false;
      else if (std::ranges::find(price.capped, use.value) == price.capped.end())
        price.capped.push_back(use.value);
    }
    add(price, dearest, std::uint64_t{step.retries ? step.retries->value : 0} + 1, items_of(step));
  }
  return price;
}

}  // namespace fleet::lower
