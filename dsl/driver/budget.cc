#include "dsl/driver/budget.h"

#include "dsl/lower/lower.h"
#include "dsl/plan/render.h"
#include "dsl/plan/worst.h"
#include "dsl/sema/report.h"

namespace fleet {

void check_budget(const SourceMap& sources, const sema::Model& model, DiagnosticSink& sink) {
  if (!model.fleet || !model.fleet->repo || !model.fleet->budget)
    return;
  const auto& budget = *model.fleet->budget;
  for (const sema::Flow& flow : model.flows) {
    const plan::Plan plan = lower::lower(sources, model, flow, {});
    if (!plan.worst.money || *plan.worst.money <= budget.value.amount)
      continue;
    Diagnostic diagnostic = sema::error(
        "F501", budget.span, "budget cannot cover the worst case",
        "the limit is " + plan::to_string(budget.value.amount) + " a " + budget.value.per);
    diagnostic.secondary.push_back({flow.name_span, "what one run of this may cost"});
    diagnostic.notes.push_back("one `" + flow.name + "` costs " + plan::at_most(*plan.worst.money) +
                               " = " + plan::worst_sum(plan));
    diagnostic.helps.push_back(
        {"raise the budget, or lower `limit`, `retry` or the agents' budgets", {}, false});
    sink.add(std::move(diagnostic));
  }
}

}  // namespace fleet
