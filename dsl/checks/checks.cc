#include "dsl/checks/checks.h"

#include <array>
#include <set>
#include <tuple>

#include "dsl/base/stop.h"

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

// In this order.
constexpr std::array kChecks{
    check_commands,        check_holes,         check_timeouts,    check_branch_names,
    check_fanout_branches, check_branch_claims, check_base_branch, check_merge_sources,
    check_outputs,         check_reviewers,     check_findings,    check_spawn,
    check_limits,          check_paths,         check_expiry,      check_endless,
    check_prices,          check_standing,      check_runtimes,    check_cycles,
    check_triggers,        check_takers,        check_capacity,    check_merge_edges,
    check_reachable,       check_expectations,  check_approvals,   check_humans,
    check_acceptance};

}  // namespace

void run_checks(const SourceMap& sources, const sema::Model& model, DiagnosticSink& sink,
                std::optional<std::int64_t> today) {
  DiagnosticSink found;
  Subject subject{sources, model, found, today};
  for (void (*const check)(Subject&) : kChecks) {
    poll_stop();
    check(subject);
  }
  add_once(found, sink);
  Subject whole{sources, model, sink, today};
  check_unused(whole);
}

}  // namespace fleet::checks
