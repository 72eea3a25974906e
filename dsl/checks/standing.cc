// F414: an agent that is always on, with a session that grows old. F716: a clock that is faster
// than the work.
#include <utility>

#include "dsl/checks/branches.h"
#include "dsl/checks/checks.h"
#include "dsl/plan/render.h"
#include "dsl/sema/report.h"

namespace fleet::checks {
namespace {

using sema::ticked;

// Whether its sessions are of a model, which drifts from what it read long ago; a program does not.
bool is_model(const sema::Model& model, const sema::Agent& agent) {
  const auto& runtime = agent.contract.runtime;
  return runtime && model.runtimes[runtime->value].adapter != plan::Adapter::kShell;
}

bool says(const sema::Agent& agent, const std::string& key) {
  return agent.contract.origins.contains(key) || agent.contract.broken.contains(key);
}

void say_endless(Subject& subject, const sema::Agent& agent) {
  Diagnostic diagnostic = sema::warning(
      "F414", agent.name_span, "the session of " + ticked(agent.name) + " never begins anew",
      "no `session_max`");
  diagnostic.secondary.push_back({agent.contract.dispatch->span, "it is always on"});
  diagnostic.notes.push_back(
      "a model drifts from its identity documents: a new session reads them "
      "again");
  diagnostic.helps.push_back({"say how old a session may grow, `session_max = 12h`", {}, false});
  subject.sink.add(std::move(diagnostic));
}

void say_overtaken(Subject& subject, const sema::Agent& agent) {
  const sema::At<sema::Dispatch>& dispatch = *agent.contract.dispatch;
  Diagnostic diagnostic = sema::warning(
      "F716", dispatch.span, ticked(agent.name) + " is started again while it may still run",
      "every " + plan::to_string(*dispatch.value.every));
  diagnostic.secondary.push_back(
      {agent.contract.timeout->span,
       "may take " + plan::to_string(agent.contract.timeout->value)});
  diagnostic.helps.push_back(
      {"say what becomes of a start that comes too early, `overlap skip` or `overlap queue`",
       {},
       false});
  subject.sink.add(std::move(diagnostic));
}

}  // namespace

void check_standing(Subject& subject) {
  for (const sema::Agent& agent : subject.model.agents) {
    if (!has_own_tasks(agent) || agent.imported)
      continue;
    const sema::Dispatch& dispatch = agent.contract.dispatch->value;
    if (dispatch.mode == plan::Dispatch::kAlways && is_model(subject.model, agent) &&
        !says(agent, "session_max"))
      say_endless(subject, agent);
    const auto& timeout = agent.contract.timeout;
    if (dispatch.every && !dispatch.says_overlap && timeout && timeout->value > *dispatch.every)
      say_overtaken(subject, agent);
  }
}

}  // namespace fleet::checks
