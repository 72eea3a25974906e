#include "dsl/lsp/inlays.h"

#include <algorithm>

#include "dsl/lsp/costs.h"
#include "dsl/lsp/hover.h"
#include "dsl/plan/worst.h"
#include "dsl/sema/explain.h"

namespace fleet::lsp {
namespace {

// Longer values, and more keys, are in the tooltip.
constexpr std::size_t kLongestValue = 24;
constexpr std::size_t kMostKeys = 3;

std::string fit(const std::string& text) {
  return text.size() > kLongestValue || text.find('\n') != std::string::npos ? "…" : text;
}

class Inlays {
 public:
  Inlays(const Snapshot& snapshot, SourceId source) : snapshot_(snapshot), source_(source) {}

  std::vector<Inlay> run(std::uint32_t begin, std::uint32_t end) {
    for (const Named& named : snapshot_.names().all()) {
      const Span& whole = named.whole();
      if (whole.source == source_ && whole.begin <= end && begin <= whole.end)
        one(named);
    }
    std::ranges::stable_sort(found_, {}, &Inlay::offset);
    return std::move(found_);
  }

 private:
  void one(const Named& named) {
    switch (named.kind) {
      case NameKind::kAgent: inherited(named); break;
      case NameKind::kFlow: flow(named); break;
      case NameKind::kFleet: fleet(named); break;
      case NameKind::kStep: step(named); break;
      default: break;
    }
  }

  // Values that the agent has from elsewhere, behind the brace that begins what it says itself.
  void inherited(const Named& named) {
    const bool first = named.block->names.front().span == named.definitions.front();
    if (!named.block->has_body || !first)
      return;
    std::vector<std::string> values;
    const std::string path = named.block->kind.text + "." + named.name;
    for (const sema::Explained& one : sema::explain_value(snapshot_.model(), path)) {
      const sema::Origin& last = one.origins.back();
      const bool own = last.layer == sema::Layer::kAgent;
      if (own || last.layer == sema::Layer::kSchema)
        continue;
      const std::string key = one.name.substr(one.name.find_last_of('.') + 1);
      if (key != "brief")
        values.push_back(key + " = " + fit(last.text));
    }
    std::string label;
    for (std::size_t i = 0; i < values.size() && i < kMostKeys; ++i)
      label += (i == 0 ? "" : " · ") + values[i];
    if (values.size() > kMostKeys)
      label += " · +" + std::to_string(values.size() - kMostKeys);
    if (!label.empty())
      add(named.block->body.span.begin + 1, label, describe(snapshot_, named));
  }

  void flow(const Named& named) {
    const plan::Plan* const plan = snapshot_.plan(named.name);
    if (plan == nullptr || !named.block->has_body || !plan->worst.money)
      return;
    add(named.block->header.end, plan::at_most(*plan->worst.money) + " a run",
        describe(snapshot_, named));
  }

  void fleet(const Named& named) {
    const plan::Plan* const plan = plan_with_day(snapshot_);
    if (plan == nullptr || !plan->day->money)
      return;
    const auto& budget = snapshot_.model().fleet->budget;
    const std::uint32_t at = budget ? budget->span.end : named.block->header.end;
    add(at, plan::at_most(*plan->day->money) + " a day", cost_of_day(snapshot_));
  }

  void step(const Named& named) {
    const std::optional<StepCost> cost = step_cost(snapshot_, named);
    std::string label = cost ? text_of(*cost) : std::string();
    if (cost && !cost->spawn.empty())
      label += (label.empty() ? "" : " · ") + cost->spawn;
    // Beside the last definition: what is bound again by a loop is counted with all rounds.
    const ast::Assignment& written = *named.step;
    if (!label.empty())
      add(end_of_head(written), label, describe(snapshot_, named));
  }

  // A loop's cost stands before its body.
  static std::uint32_t end_of_head(const ast::Assignment& step) {
    std::uint32_t end = step.value.span.end;
    for (const ast::Atom& atom : step.value.atoms) {
      if (atom.block && atom.span.begin > 0)
        end = std::min(end, atom.span.begin - 1);
    }
    return end;
  }

  void add(std::uint32_t offset, std::string label, std::string tooltip) {
    found_.push_back({offset, std::move(label), std::move(tooltip)});
  }

  const Snapshot& snapshot_;
  SourceId source_;
  std::vector<Inlay> found_;
};

}  // namespace

std::vector<Inlay> inlays(const Snapshot& snapshot, SourceId source, std::uint32_t begin,
                          std::uint32_t end) {
  std::vector<Inlay> found = Inlays(snapshot, source).run(begin, end);
  std::erase_if(found, [&](const Inlay& one) { return one.offset < begin || one.offset > end; });
  return found;
}

}  // namespace fleet::lsp
