// What steps are read with: the names in reach of a flow, and the parts that all steps share.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dsl/sema/contract.h"

namespace fleet::sema {

// While one flow is read: every step has its index already, since steps may refer to later ones.
struct FlowNames {
  Context& context;
  Scope& scope;
  Flow& flow;
  std::map<std::string, std::size_t> steps;

  bool is_parameter(const std::string& name) const;
  // F101 with the steps of the flow as candidates.
  std::optional<std::size_t> find_step(const ast::Ident& name);
};

// `agent(args)`. The reader stands at the call.
void read_task(FlowNames& names, Reader& reader, Step& step);
// `run("command" [, sandbox: off])`.
void read_run(FlowNames& names, Reader& reader, Step& step);
// `repo.merge(…)`.
void read_merge(FlowNames& names, Reader& reader, Step& step);
// `fanout x in SOURCE to AGENTS`.
void read_fanout(FlowNames& names, Reader& reader, Step& step);
// What a fan-out runs over; nullopt: reported.
std::optional<ItemSource> read_source(Context& context, Reader& reader);
// The clauses after a step's head, each at most once, in any order.
void read_clauses(FlowNames& names, Reader& reader, Step& step);
// Adds the edges that the use of another step's output implies.
void imply_edges(Flow& flow);

}  // namespace fleet::sema
