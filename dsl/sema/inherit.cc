#include "dsl/sema/inherit.h"

#include <algorithm>
#include <utility>

#include "dsl/sema/contract.h"
#include "dsl/sema/report.h"

namespace fleet::sema {
namespace {

void say_cycle(Context& context, const std::vector<std::size_t>& cycle) {
  Model& model = context.model;
  std::string path;
  for (const std::size_t index : cycle)
    path += model.agents[index].name + " : ";
  const Agent& first = model.agents[cycle.front()];
  Diagnostic diagnostic =
      error("F102", first.name_span, "role " + ticked(first.name) + " is its own base",
            "the bases form a cycle");
  diagnostic.notes.push_back(path + first.name);
  context.sink.add(std::move(diagnostic));
  for (const std::size_t index : cycle)
    model.agents[index].broken = true;
}

// From the agent itself to its root; a cycle is cut where it closes.
std::vector<std::size_t> ancestry(const std::vector<Lineage>& lineage, std::size_t agent) {
  std::vector<std::size_t> chain{agent};
  while (lineage[chain.back()].base) {
    const std::size_t base = *lineage[chain.back()].base;
    if (std::ranges::find(chain, base) != chain.end())
      break;
    chain.push_back(base);
  }
  return chain;
}

// Each cycle is reported by its first member.
void check_cycles(Context& context, const std::vector<Lineage>& lineage) {
  for (std::size_t i = 0; i < lineage.size(); ++i) {
    const std::vector<std::size_t> chain = ancestry(lineage, i);
    const bool closes = lineage[chain.back()].base == i;
    if (closes && i == *std::ranges::min_element(chain))
      say_cycle(context, chain);
  }
}

}  // namespace

void resolve_contracts(Context& context, const std::vector<Lineage>& lineage,
                       const Contract& defaults) {
  check_cycles(context, lineage);
  std::vector<Agent>& agents = context.model.agents;
  for (std::size_t i = 0; i < agents.size(); ++i) {
    Contract contract = defaults;
    std::vector<std::size_t> chain = ancestry(lineage, i);
    std::ranges::reverse(chain);
    for (const std::size_t layer : chain) {
      lay_over(contract, lineage[layer].own);
      if (agents[layer].broken)
        agents[i].broken = true;
    }
    agents[i].contract = std::move(contract);
    if (!agents[i].is_role && lineage[i].base)
      agents[i].role = agents[*lineage[i].base].name;
  }
}

}  // namespace fleet::sema
