// What must hold of a whole fleet before a cent is spent. One file a family, one function a check.
// A check reports only what is provable from the text, and nothing that follows from a mistake
// which was reported already.
#pragma once

#include <cstdint>
#include <optional>

#include "dsl/base/diagnostic.h"
#include "dsl/sema/model.h"

namespace fleet::checks {

struct Subject {
  const SourceMap& sources;
  const sema::Model& model;
  DiagnosticSink& sink;
  std::optional<std::int64_t>
      today;  // days since 1970-01-01; empty: what depends on it is left out
};

// All checks below, in order.
void run_checks(const SourceMap& sources, const sema::Model& model, DiagnosticSink& sink,
                std::optional<std::int64_t> today = std::nullopt);

// names.cc: F105, only when nothing is wrong (what is unused may be what a mistake kept from use).
void check_unused(Subject& subject);

// holes.cc: F203, F202 of commands.
void check_holes(Subject& subject);
void check_commands(Subject& subject);
void check_timeouts(Subject& subject);

// isolation.cc: F202, F304, F307. branch_claims.cc: F302. base_branch.cc: F305.
void check_branch_names(Subject& subject);
void check_fanout_branches(Subject& subject);
void check_branch_claims(Subject& subject);
void check_base_branch(Subject& subject);
void check_merge_sources(Subject& subject);
void check_outputs(Subject& subject);

// paths.cc: F306.
void check_paths(Subject& subject);

// fanout.cc: F503, F504.
void check_spawn(Subject& subject);
void check_limits(Subject& subject);

// review.cc: F401, F402, F405, F607, F717.
void check_reviewers(Subject& subject);
void check_findings(Subject& subject);

// secrets.cc: F603, F605, and F202 of a price.
void check_expiry(Subject& subject);
void check_endless(Subject& subject);
void check_prices(Subject& subject);

// standing.cc: F414, F716.
void check_standing(Subject& subject);

// gates.cc: F703, F704, F719.
void check_approvals(Subject& subject);
// Whether what the step merges ends up in the base, said or meant. REQUIRES: a merge.
bool is_into_base(const sema::Model& model, const sema::Flow& flow, std::size_t merge);

// humans.cc: F108 of gates, F705, F707.
void check_humans(Subject& subject);

// triggers.cc: F701 of agents that wake one another; F708 of what waits for an event that a flow
// takes.
void check_triggers(Subject& subject);
void check_takers(Subject& subject);

// capacity.cc: F702.
void check_capacity(Subject& subject);

// flow.cc: F108 of used agents, F701, F703 of gathering, F708, F709.
void check_runtimes(Subject& subject);
void check_cycles(Subject& subject);
void check_merge_edges(Subject& subject);
void check_reachable(Subject& subject);
void check_expectations(Subject& subject);
void check_acceptance(Subject& subject);

}  // namespace fleet::checks
