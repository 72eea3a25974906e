#include "dsl/checks/checks.h"

#include <set>
#include <tuple>

namespace fleet::checks {
namespace {

// "polish#2.fixes" -> "polish.fixes"
std::string without_rounds(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '#') {
      out += text[i];
      continue;
    }
    while (i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9')
      ++i;
  }
  return out;
}

// What holds of one round of a loop holds of the others as well: it is said of the first.
void add_once(const DiagnosticSink& found, DiagnosticSink& sink) {
  std::set<std::tuple<std::string, std::uint32_t, std::uint32_t, std::string>> said;
  for (const Diagnostic& one : found.all()) {
    const Span at = one.primary.span;
    if (said.emplace(one.code, at.source.value, at.begin, without_rounds(one.message)).second)
      sink.add(one);
  }
}

}  // namespace

void run_checks(const SourceMap& sources, const sema::Model& model, DiagnosticSink& sink,
                std::optional<std::int64_t> today) {
  DiagnosticSink found;
  Subject subject{sources, model, found, today};
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
  check_takers(subject);
  check_capacity(subject);
  check_merge_edges(subject);
  check_reachable(subject);
  check_approvals(subject);
  check_humans(subject);
  check_acceptance(subject);
  add_once(found, sink);
  Subject whole{sources, model, sink, today};
  check_unused(whole);
}

}  // namespace fleet::checks
