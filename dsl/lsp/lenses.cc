#include "dsl/lsp/lenses.h"

#include <algorithm>
#include <map>

#include "dsl/lsp/navigate.h"
#include "dsl/plan/worst.h"

namespace fleet::lsp {
namespace {

bool counts_uses(NameKind kind) {
  return kind == NameKind::kRole || kind == NameKind::kAgent || kind == NameKind::kRuntime ||
         kind == NameKind::kHuman || kind == NameKind::kCredential || kind == NameKind::kIdentity ||
         kind == NameKind::kPattern;
}

}  // namespace

std::vector<Lens> lenses(Workspace& workspace, const Snapshot& snapshot, SourceId source) {
  std::vector<Lens> found;
  // How often each place's name is said, in all fleets that read this file.
  std::map<FileSpan, std::map<FileSpan, bool>> uses;
  const std::string& path = snapshot.path_of(source);
  for (const auto& other : workspace.containing(path)) {
    for (const Mention& one : other->names().mentions()) {
      const Named& named = other->names().at(one.named);
      if (!one.defines && counts_uses(named.kind))
        uses[file_span(*other, named.definitions.front())][file_span(*other, one.span)] = true;
    }
  }
  for (const Named& named : snapshot.names().all()) {
    const Span at = named.definitions.front();
    if (at.source != source)
      continue;
    if (named.kind == NameKind::kFlow) {
      const plan::Plan* const plan = snapshot.plan(named.name);
      const bool priced = plan != nullptr && plan->worst.money;
      found.push_back({at, "graph", "fleet.showGraph", named.name});
      found.push_back({at, "plan", "fleet.showPlan", named.name});
      found.push_back({at, priced ? plan::at_most(*plan->worst.money) + " a run" : "cost",
                       "fleet.showCost", named.name});
    } else if (named.kind == NameKind::kTest) {
      found.push_back({at, "run test", "fleet.runTest", named.name});
    } else if (counts_uses(named.kind)) {
      const std::size_t count = uses[file_span(snapshot, at)].size();
      found.push_back({at, std::to_string(count) + (count == 1 ? " use" : " uses"),
                       "fleet.showReferences", named.name});
    }
  }
  std::ranges::stable_sort(found, {}, [](const Lens& one) { return one.span.begin; });
  return found;
}

}  // namespace fleet::lsp
