// F5xx: fan-outs that can't pay, and those whose cost has no bound.
#include <algorithm>
#include <limits>

#include "dsl/checks/checks.h"
#include "dsl/plan/render.h"
#include "dsl/plan/spawn.h"
#include "dsl/sema/report.h"

namespace fleet::checks {
namespace {

using sema::ticked;

// What the text alone says of a fan-out; each figure may be unknown.
struct Figures {
  std::optional<std::uint64_t> items;  // exactly
  std::optional<std::uint64_t> most;   // items at most
  std::uint32_t width = std::numeric_limits<std::uint32_t>::max();
  std::optional<Span> width_from;
  std::optional<plan::Millis> each;
  std::optional<plan::Millis> spawn;
};

// The least that a cold session of this step costs, where every agent's cost is declared.
std::optional<plan::Millis> least_spawn(const sema::Model& model, const sema::Step& step) {
  if (step.fanout.spawn)
    return step.fanout.spawn->value;
  std::optional<plan::Millis> least;
  for (const sema::At<std::size_t>& use : step.agents) {
    const sema::Contract& contract = model.agents[use.value].contract;
    if (!contract.runtime)
      return std::nullopt;
    const std::optional<plan::Millis>& spawn = model.runtimes[contract.runtime->value].spawn;
    if (!spawn)
      return std::nullopt;
    if (!least || *spawn < *least)
      least = spawn;
  }
  return least;
}

Figures figures_of(const sema::Model& model, const sema::Step& step) {
  Figures figures;
  figures.items = step.fanout.source.count();
  figures.most = figures.items;
  if (step.fanout.limit && (!figures.most || *figures.most > step.fanout.limit->value)) {
    figures.most = step.fanout.limit->value;
    if (figures.items)
      figures.items = figures.most;
  }
  if (step.fanout.width) {
    figures.width = step.fanout.width->value;
    figures.width_from = step.fanout.width->span;
  }
  if (model.fleet && model.fleet->limits.sessions &&
      *model.fleet->limits.sessions < figures.width) {
    figures.width = *model.fleet->limits.sessions;
    figures.width_from = model.fleet->limits_span;
  }
  if (step.fanout.est)
    figures.each = step.fanout.est->value;
  figures.spawn = least_spawn(model, step);
  return figures;
}

// ceil(items / width) without overflow.
std::uint64_t rounds(std::uint64_t items, std::uint32_t width) {
  return items / width + (items % width != 0 ? 1 : 0);
}

// The time that `items` in parallel save, as the rule's left side.
plan::Millis saved(std::uint64_t items, std::uint32_t width, plan::Millis each) {
  const std::uint64_t fewer = items - rounds(items, width);
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max() / 2;
  const auto t = static_cast<std::uint64_t>(each.count());
  const std::uint64_t total = t != 0 && fewer > kMost / t ? kMost : fewer * t;
  return plan::Millis(static_cast<std::int64_t>(total));
}

// Whether the rule fails for every number of items that the text allows.
bool can_never_pay(const Figures& figures) {
  if (figures.width == 1 || (figures.most && *figures.most <= 1))
    return true;
  if (!figures.each || !figures.spawn)
    return false;
  if (!figures.most)
    return !plan::break_even(*figures.each, *figures.spawn, figures.width);
  return saved(*figures.most, figures.width, *figures.each) <= *figures.spawn;
}

std::string arithmetic(const Figures& figures) {
  const std::uint64_t items = *figures.most;
  const std::string t = plan::to_string(*figures.each);
  const std::uint64_t turns = rounds(items, figures.width);
  return std::to_string(items) + " × " + t + " - " + std::to_string(turns) + " × " + t + " = " +
         plan::to_string(saved(items, figures.width, *figures.each)) +
         " saved, which is not more than the " + plan::to_string(*figures.spawn) +
         " that a cold session costs";
}

void add_reasons(Diagnostic& diagnostic, const sema::Step& step, const Figures& figures) {
  if (figures.width == 1) {
    if (figures.width_from) {
      diagnostic.secondary.push_back({*figures.width_from, "one session at once"});
    }
    diagnostic.notes.push_back("with one session nothing runs beside anything else");
    return;
  }
  if (figures.most && *figures.most <= 1) {
    diagnostic.notes.push_back("there is at most one item");
    return;
  }
  if (step.fanout.est)
    diagnostic.secondary.push_back({step.fanout.est->span, "one item"});
  if (step.fanout.spawn)
    diagnostic.secondary.push_back({step.fanout.spawn->span, "one cold session"});
  if (figures.most)
    diagnostic.notes.push_back(arithmetic(figures));
  const std::optional<std::uint64_t> least =
      plan::break_even(*figures.each, *figures.spawn, figures.width);
  diagnostic.notes.push_back(least ? "it pays from " + std::to_string(*least) + " items"
                                   : "no number of items pays: an item takes no time");
}

Help add_clause(const sema::Step& step, const std::string& clause, const std::string& text) {
  Help help{text, {}, false};
  help.edits.push_back({{step.span.source, step.span.end, step.span.end}, " " + clause});
  return help;
}

}  // namespace

void check_spawn(Subject& subject) {
  for (const sema::Flow& flow : subject.model.flows) {
    for (const sema::Step& step : flow.steps) {
      if (step.broken || step.kind != sema::StepKind::kFanout)
        continue;
      if (step.fanout.force != plan::Force::kNone)
        continue;
      const Figures figures = figures_of(subject.model, step);
      if (!can_never_pay(figures))
        continue;
      Diagnostic diagnostic = sema::error(
          "F503", step.head, "fan-out " + ticked(step.name) + " can't pay for its sessions");
      add_reasons(diagnostic, step, figures);
      diagnostic.helps.push_back(add_clause(
          step, "force inline", "write `force inline` to serve all items in one session"));
      subject.sink.add(std::move(diagnostic));
    }
  }
}

void check_limits(Subject& subject) {
  if (!subject.model.fleet || !subject.model.fleet->budget)
    return;
  for (const sema::Flow& flow : subject.model.flows) {
    for (const sema::Step& step : flow.steps) {
      if (step.broken || step.kind != sema::StepKind::kFanout)
        continue;
      if (step.fanout.limit || step.fanout.source.count())
        continue;
      Diagnostic diagnostic =
          sema::error("F504", step.head,
                      "fan-out " + ticked(step.name) + " has no limit, and the fleet a budget",
                      "nothing bounds the number of items");
      diagnostic.secondary.push_back(
          {subject.model.fleet->budget->span, "the budget can't be held against it"});
      diagnostic.helps.push_back(add_clause(
          step, "limit 20", "write `limit N`; what exceeds it is reported, never dropped"));
      subject.sink.add(std::move(diagnostic));
    }
  }
}

}  // namespace fleet::checks
