// F603: a credential that is no longer good, or soon will not be. F605: one that never ends. F202:
// a price of tokens that nobody counts.
#include <algorithm>
#include <string>
#include <utility>

#include "dsl/checks/checks.h"
#include "dsl/plan/describe.h"
#include "dsl/sema/report.h"

namespace fleet::checks {
namespace {

using sema::ticked;

// Renewing takes a human, and a human takes days.
constexpr std::int64_t kSoon = 30;

// Whether the engine asks a model for the agent's sessions, as far as its grants tell.
bool may_ask_broker(const sema::Model& model, const sema::Agent& agent) {
  if (agent.contract.broken.contains("grants"))
    return true;
  return agent.contract.grants &&
         std::ranges::any_of(agent.contract.grants->value, [&](const sema::At<std::size_t>& grant) {
           return model.credentials[grant.value].mode == plan::Credential::Mode::kBroker;
         });
}

std::string days_text(std::int64_t days) {
  return std::to_string(days) + (days == 1 ? " day" : " days");
}

}  // namespace

void check_endless(Subject& subject) {
  for (const sema::Credential& credential : subject.model.credentials) {
    if (credential.origins.contains("expires"))
      continue;
    Diagnostic diagnostic = sema::warning(
        "F605", credential.name_span,
        "credential " + ticked(credential.name) + " does not say when it ends", "no `expires`");
    diagnostic.helps.push_back(
        {"write its last day, `expires = 2031-03-01`, so that it is renewed before a run needs it",
         {},
         false});
    subject.sink.add(std::move(diagnostic));
  }
}

// A program says nothing of its tokens: where no broker counts them, a price has no effect.
void check_prices(Subject& subject) {
  for (std::size_t i = 0; i < subject.model.runtimes.size(); ++i) {
    const sema::Runtime& runtime = subject.model.runtimes[i];
    if (runtime.adapter != plan::Adapter::kShell || !runtime.price)
      continue;
    bool used = false, counted = false;
    for (const sema::Agent& agent : subject.model.agents) {
      if (!agent.contract.runtime || agent.contract.runtime->value != i)
        continue;
      used = true;
      counted = counted || may_ask_broker(subject.model, agent);
    }
    if (!used || counted)
      continue;
    Diagnostic diagnostic = sema::error(
        "F202", runtime.origins.at("price").back().span,
        "nobody counts the tokens of the `shell` runtime " + ticked(runtime.name), "of no effect");
    diagnostic.helps.push_back(
        {"grant one of its agents the `credential` of its model, which the broker keeps; or name "
         "the adapter that speaks with a model, such as `adapter = claude`",
         {},
         false});
    subject.sink.add(std::move(diagnostic));
  }
}

void check_expiry(Subject& subject) {
  if (!subject.today)
    return;
  for (const sema::Credential& credential : subject.model.credentials) {
    if (!credential.expires)
      continue;
    const std::int64_t left = credential.expires->value - *subject.today;
    if (left > kSoon)
      continue;
    const Span at = credential.expires->span;
    const std::string name = "credential " + ticked(credential.name);
    const std::string today = "today is " + plan::date_text(*subject.today);
    Diagnostic diagnostic =
        left < 0    ? sema::error("F603", at, name + " has expired", today)
        : left == 0 ? sema::warning("F603", at, name + " is good for the last day", today)
                    : sema::warning("F603", at, name + " expires in " + days_text(left), today);
    if (credential.owner) {
      diagnostic.helps.push_back(
          {subject.model.humans[credential.owner->value].name + " renews it; then set the new date",
           {},
           false});
    }
    subject.sink.add(std::move(diagnostic));
  }
}

}  // namespace fleet::checks
