#include "engine/report/money.h"

#include <fmt/format.h>

#include "dsl/plan/render.h"
#include "engine/report/words.h"

namespace fleet::report {

void add(run::Used& sum, const run::Used& more) {
  sum.money.micros += more.money.micros;
  sum.input_tokens += more.input_tokens;
  sum.cached_tokens += more.cached_tokens;
  sum.output_tokens += more.output_tokens;
}

bool is_metered(const run::Used& used) {
  return used != run::Used{};
}

run::Used used_by(const run::State& state) {
  run::Used sum;
  for (const run::Task& task : state.tasks)
    add(sum, task.used);
  return sum;
}

plan::Millis work_of(const run::State& state) {
  plan::Millis sum{0};
  for (const run::Task& task : state.tasks)
    sum += task.work;
  return sum;
}

std::string spent_text(const run::State& state) {
  const run::Used used = used_by(state);
  const std::string time = spoken(work_of(state)) + " of sessions";
  return is_metered(used) ? plan::to_string(used.money) + " and " + time : time;
}

}  // namespace fleet::report
