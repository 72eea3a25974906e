#include "dsl/checks/checks.h"

namespace fleet::checks {

void run_checks(const SourceMap& sources, const sema::Model& model, DiagnosticSink& sink,
                std::optional<std::int64_t> today) {
  Subject subject{sources, model, sink, today};
  check_commands(subject);
  check_holes(subject);
  check_timeouts(subject);
  check_branch_names(subject);
  check_fanout_branches(subject);
  check_branch_claims(subject);
  check_base_branch(subject);
  check_merge_sources(subject);
  check_outputs(subject);
  check_reviewers(subject);
  check_findings(subject);
  check_spawn(subject);
  check_limits(subject);
  check_expiry(subject);
  check_runtimes(subject);
  check_cycles(subject);
  check_triggers(subject);
  check_merge_edges(subject);
  check_reachable(subject);
  check_approvals(subject);
  check_humans(subject);
  check_acceptance(subject);
  check_unused(subject);
}

}  // namespace fleet::checks
