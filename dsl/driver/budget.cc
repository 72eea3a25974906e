#include "dsl/driver/budget.h"

#include "dsl/lower/lower.h"
#include "dsl/plan/render.h"
#include "dsl/plan/worst.h"
#include "dsl/sema/report.h"

namespace fleet {

namespace {

std::string costs(const plan::Plan& plan) {
  return "costs " + plan::at_most(*plan.worst.money) + " = " + plan::worst_sum(plan);
}

// "raise the budget", or with a load of N the greatest that the budget has room for.
Help how_to_fit(const sema::Model& model, const plan::Plan& plan, plan::Money limit) {
  const auto& load = model.fleet->load;
  const bool loaded = load && plan.load->flow == plan.flow && plan.day && plan.day->money;
  if (!loaded || !plan.worst.money || plan.worst.money->micros <= 0)
    return {"raise the budget, or lower `limit`, `retry` or the agents' budgets", {}, false};
  const std::int64_t others =
      plan.day->money->micros - plan.worst.money->micros * std::int64_t{load->value.runs};
  const std::int64_t runs = (limit.micros - others) / plan.worst.money->micros;
  if (runs < 1 || runs >= load->value.runs)
    return {"raise the budget, or lower `limit`, `retry` or the agents' budgets", {}, false};
  const std::string text = std::to_string(runs) + " " + plan.load->flow + "/day";
  return {"lower `load` to `" + text + "`", {{load->span, text}}, false};
}

// Whether the steps whose money is known fit, those without a budget left out.
bool known_fits(const plan::Plan& plan, plan::Money limit) {
  std::int64_t left = limit.micros;
  for (const plan::WorstRow& row : plan::worst_rows(plan)) {
    if (row.total && row.total->micros > left)
      return false;
    left -= row.total ? row.total->micros : 0;
  }
  return true;
}

void say_too_little(const sema::Model& model, const sema::Flow& flow, const plan::Plan& plan,
                    bool by_day, DiagnosticSink& sink) {
  const auto& budget = *model.fleet->budget;
  Diagnostic diagnostic = sema::error(
      "F501", budget.span, "budget cannot cover the worst case",
      "the limit is " + plan::to_string(budget.value.amount) + " a " + budget.value.per);
  if (by_day && model.fleet->load) {
    diagnostic.secondary.push_back(
        {model.fleet->load->span, std::to_string(plan.load->runs) + " " +
                                      (plan.load->runs == 1 ? "run" : "runs") + " of `" +
                                      flow.name + "` a day"});
  } else {
    diagnostic.secondary.push_back({flow.name_span, "what one run of this may cost"});
  }
  if (plan.worst.money)
    diagnostic.notes.push_back("one `" + flow.name + "` " + costs(plan));
  else if (!by_day)
    diagnostic.notes.push_back(
        "the steps of `" + flow.name +
        "` that have a budget are above it by themselves: " + plan::worst_sum(plan));
  if (by_day) {
    std::string sum;
    for (const plan::DayTerm& term : plan.day->terms) {
      sum += (sum.empty() ? "" : " + ") + term.what + " " +
             (*term.count == 1 ? "" : std::to_string(*term.count) + " × ") +
             plan::to_string(*term.each);
    }
    diagnostic.notes.push_back("a day costs " + plan::at_most(*plan.day->money) + " = " + sum);
  }
  diagnostic.helps.push_back(how_to_fit(model, plan, budget.value.amount));
  sink.add(std::move(diagnostic));
}

}  // namespace

void check_budget(const SourceMap& sources, const sema::Model& model, DiagnosticSink& sink) {
  if (!model.fleet || !model.fleet->repo || !model.fleet->budget)
    return;
  const auto& budget = *model.fleet->budget;
  for (const sema::Flow& flow : model.flows) {
    const plan::Plan plan = lower::lower(sources, model, flow, {});
    const bool loaded = plan.load && plan.load->flow == plan.flow;
    const bool by_day =
        budget.value.per == "day" && plan.day && plan.day->money && (loaded || !model.fleet->load);
    const bool day_fits = !by_day || *plan.day->money <= budget.value.amount;
    const bool run_fits = plan.worst.money ? *plan.worst.money <= budget.value.amount
                                           : known_fits(plan, budget.value.amount);
    if (!day_fits || !run_fits)
      say_too_little(model, flow, plan, !day_fits, sink);
  }
}

}  // namespace fleet
