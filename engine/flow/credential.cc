#include "engine/flow/credential.h"

#include <algorithm>

#include <fmt/format.h>

namespace fleet::flow {

Result<std::vector<std::pair<std::string, std::string>>> granted_variables(
    const plan::Plan& plan, const plan::Agent& agent,
    const std::map<std::string, std::string>& environment) {
  std::vector<std::pair<std::string, std::string>> variables;
  for (const plan::Credential& credential : plan.credentials) {
    const bool granted = std::ranges::find(agent.grants, credential.name) != agent.grants.end();
    if (!granted || credential.mode != plan::Credential::Mode::kEnv ||
        credential.from != plan::Credential::From::kEnv)
      continue;
    const auto found = environment.find(credential.source);
    if (found == environment.end() || found->second.empty())
      return Error(Errc::kInvalid,
                   fmt::format("the credential `{}` of `{}` is not there: {} is not set where "
                               "fleetc was started; {} renews it",
                               credential.name, agent.name, credential.source, credential.owner));
    variables.emplace_back(credential.source, found->second);
  }
  return variables;
}

}  // namespace fleet::flow
