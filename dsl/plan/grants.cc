#include "dsl/plan/grants.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace fleet::plan {
namespace {

constexpr auto kVendors = std::to_array<std::string_view>(
    {"ANTHROPIC_", "CLAUDE_CODE_", "OPENAI_", "CODEX_", "GEMINI_", "GOOGLE_API_KEY"});

bool names_vendor(const Credential& credential) {
  return credential.from == Credential::From::kEnv &&
         std::ranges::any_of(kVendors, [&](std::string_view vendor) {
           return credential.source.starts_with(vendor);
         });
}

}  // namespace

bool is_granted(const Agent& agent, const Credential& credential) {
  return std::ranges::find(agent.grants, credential.name) != agent.grants.end();
}

std::vector<const Credential*> kept_for(const Plan& plan, const Agent& agent) {
  std::vector<const Credential*> kept;
  for (const Credential& credential : plan.credentials)
    if (credential.mode == Credential::Mode::kBroker && is_granted(agent, credential))
      kept.push_back(&credential);
  return kept;
}

std::vector<const Credential*> model_credentials(const Plan& plan, const Agent& agent) {
  const std::vector<const Credential*> kept = kept_for(plan, agent);
  std::vector<const Credential*> fit;
  std::ranges::copy_if(kept, std::back_inserter(fit),
                       [](const Credential* each) { return names_vendor(*each); });
  if (fit.empty())
    std::ranges::copy_if(kept, std::back_inserter(fit),
                         [](const Credential* each) { return each->scopes.empty(); });
  return fit;
}

std::string text_of(const Credential& credential) {
  if (credential.scopes.empty())
    return fmt::format("`{}`", credential.name);
  return fmt::format("`{}` (scopes {})", credential.name, fmt::join(credential.scopes, ", "));
}

}  // namespace fleet::plan
