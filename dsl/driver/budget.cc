#include "dsl/driver/budget.h"

#include <algorithm>
#include <limits>

#include "dsl/lower/day.h"
#include "dsl/lower/lower.h"
#include "dsl/lower/price.h"
#include "dsl/plan/render.h"
#include "dsl/plan/worst.h"
#include "dsl/sema/report.h"

namespace fleet {
namespace {

using plan::Money;
using sema::ticked;

void add(Money& sum, Money more) {
  if (__builtin_add_overflow(sum.micros, more.micros, &sum.micros))
    sum.micros = std::numeric_limits<std::int64_t>::max();
}

// A term that nothing counts, or whose agent has no budget, is left out.
Money known_of(const plan::DayCase& day) {
  Money sum;
  for (const plan::DayTerm& term : day.terms) {
    Money money = term.each.value_or(Money{});
    if (__builtin_mul_overflow(money.micros, term.count.value_or(0), &money.micros))
      money.micros = std::numeric_limits<std::int64_t>::max();
    add(sum, money);
  }
  return sum;
}

std::string sum_of(const plan::DayCase& day) {
  std::string sum;
  for (const plan::DayTerm& term : day.terms) {
    const std::string count =
        !term.count ? "N × " : *term.count == 1 ? "" : std::to_string(*term.count) + " × ";
    sum += (sum.empty() ? "" : " + ") + term.what + " " + count +
           (term.each ? plan::to_string(*term.each) : "?");
  }
  return sum;
}

class BudgetCheck {
 public:
  BudgetCheck(const SourceMap& sources, const sema::Model& model, DiagnosticSink& sink)
      : sources_(sources),
        model_(model),
        sink_(sink),
        budget_(*model.fleet->budget),
        limit_(budget_.value.amount) {}

  void run() {
    const bool by_day = budget_.value.per == "day";
    const std::optional<plan::DayCase> day = by_day ? lower::day_case(model_) : std::nullopt;
    const bool day_fits = !day || known_of(*day) <= limit_;
    if (!day_fits)
      say_day(*day);
    for (std::size_t i = 0; i < model_.flows.size(); ++i) {
      const bool in_day = by_day && lower::runs_a_day(model_, i).has_value();
      if (!(in_day && !day_fits) && run_of(model_.flows[i], by_day) > limit_)
        say_run(model_.flows[i], by_day);
      if (by_day && budget_.value.hard && model_.flows[i].on && !in_day)
        say_uncounted(model_.flows[i]);
    }
  }

 private:
  // The known part of one run, in a day that has no other.
  Money run_of(const sema::Flow& flow, bool by_day) const {
    const lower::Price price = lower::price_of(model_, flow);
    Money sum = price.money;
    for (const std::size_t agent : price.capped) {
      if (by_day)
        add(sum, model_.agents[agent].contract.day_budget->value);
    }
    return sum;
  }

  Diagnostic too_little() const {
    return sema::error("F501", budget_.span, "budget cannot cover the worst case",
                       "the limit is " + plan::to_string(limit_) + " a " + budget_.value.per);
  }

  // "one `ship` costs at most $38.00 = …"
  std::string costs(const sema::Flow& flow) const {
    const plan::Plan plan = lower::lower(sources_, model_, flow, {});
    const std::string one = "one " + ticked(flow.name) + " costs ";
    if (plan.worst.money)
      return one + plan::at_most(*plan.worst.money) + " = " + plan::worst_sum(plan);
    const lower::Price price = lower::price_of(model_, flow);
    return "the steps of " + ticked(flow.name) +
           (price.complete ? " that no day bounds cost " : " that have a budget cost ") +
           plan::at_most(price.money) + ": " + plan::worst_sum(plan);
  }

  void say_day(const plan::DayCase& day) {
    Diagnostic diagnostic = too_little();
    for (const sema::Load& load : model_.fleet->load) {
      const sema::Flow& flow = model_.flows[load.flow];
      diagnostic.secondary.push_back(
          {load.span, std::to_string(load.runs) + (load.runs == 1 ? " run" : " runs") + " of " +
                          ticked(flow.name) + " a day"});
    }
    for (std::size_t i = 0; i < model_.flows.size(); ++i) {
      if (lower::runs_a_day(model_, i))
        diagnostic.notes.push_back(costs(model_.flows[i]));
    }
    diagnostic.notes.push_back((day.money ? "a day costs " : "what is known of a day costs ") +
                               plan::at_most(known_of(day)) + " = " + sum_of(day));
    diagnostic.helps.push_back(how_to_fit(day));
    sink_.add(std::move(diagnostic));
  }

  // The load that has room for most of what it asks, at the greatest that the budget allows.
  Help how_to_fit(const plan::DayCase& day) const {
    const sema::Load* best = nullptr;
    std::int64_t most = 0;
    for (const sema::Load& load : model_.fleet->load) {
      const lower::Price price = lower::price_of(model_, model_.flows[load.flow]);
      const bool counted = lower::runs_a_day(model_, load.flow) == load.runs;
      const std::int64_t each = price.money.micros;
      std::int64_t all = 0;
      if (!counted || each <= 0 || __builtin_mul_overflow(each, std::int64_t{load.runs}, &all) ||
          plan::is_cut_off(known_of(day)))
        continue;
      const std::int64_t runs = (limit_.micros - (known_of(day).micros - all)) / each;
      if (runs >= 1 && runs < load.runs && (best == nullptr || runs * best->runs > most * load.runs)) {
        best = &load;
        most = runs;
      }
    }
    if (best == nullptr)
      return {"raise the budget, or lower `limit`, `retry` or the agents' budgets", {}, false};
    const std::string text =
        std::to_string(most) + " " + model_.flows[best->flow].name + "/day";
    return {"lower `load` to " + ticked(text), {{best->span, text}}, false};
  }

  void say_run(const sema::Flow& flow, bool by_day) {
    Diagnostic diagnostic = too_little();
    diagnostic.secondary.push_back({flow.name_span, "what one run of this may cost"});
    diagnostic.notes.push_back(costs(flow));
    std::string capped;
    for (const std::size_t index : lower::price_of(model_, flow).capped) {
      const sema::Agent& agent = model_.agents[index];
      capped += " + " + agent.name + " " + plan::to_string(agent.contract.day_budget->value);
    }
    if (by_day && !capped.empty())
      diagnostic.notes.push_back("and by the day: " + capped.substr(3));
    diagnostic.helps.push_back(
        {"raise the budget, or lower `limit`, `retry` or the agents' budgets", {}, false});
    sink_.add(std::move(diagnostic));
  }

  void say_uncounted(const sema::Flow& flow) {
    Diagnostic diagnostic =
        sema::error("F501", flow.on->span, "nothing bounds what runs of " + ticked(flow.name) +
                                               " cost a day", "starts as often as this happens");
    diagnostic.secondary.push_back({budget_.span, "no more than this may be spent a day"});
    std::string loads;
    for (const sema::Load& load : model_.fleet->load)
      loads += std::to_string(load.runs) + " " + model_.flows[load.flow].name + "/day, ";
    const std::string one = "N " + flow.name + "/day";
    diagnostic.helps.push_back({"say for how many a day the budget is: `load = " +
                                    (loads.empty() ? one : "[" + loads + one + "]") + "`",
                                {},
                                false});
    sink_.add(std::move(diagnostic));
  }

  const SourceMap& sources_;
  const sema::Model& model_;
  DiagnosticSink& sink_;
  const sema::At<plan::Budget>& budget_;
  Money limit_;
};

}  // namespace

void check_budget(const SourceMap& sources, const sema::Model& model, DiagnosticSink& sink) {
  if (model.fleet && model.fleet->repo && model.fleet->budget)
    BudgetCheck(sources, model, sink).run();
}

}  // namespace fleet
