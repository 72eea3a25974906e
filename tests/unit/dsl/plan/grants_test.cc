#include "dsl/plan/grants.h"

#include <catch2/catch.hpp>

namespace fleet::plan {
namespace {

Credential variable(const std::string& name, const std::string& source,
                    std::vector<std::string> scopes = {}) {
  Credential credential;
  credential.name = name;
  credential.source = source;
  credential.scopes = std::move(scopes);
  return credential;
}

std::vector<std::string> models(const std::vector<Credential>& credentials) {
  Plan plan;
  plan.credentials = credentials;
  plan.credentials.push_back(variable("not granted", "ANTHROPIC_API_KEY"));
  Agent agent;
  for (const Credential& each : credentials)
    agent.grants.push_back(each.name);
  std::vector<std::string> names;
  for (const Credential* each : model_credentials(plan, agent))
    names.push_back(each->name);
  return names;
}

using Names = std::vector<std::string>;

TEST_CASE("a model is asked with the credential that is named for its vendor") {
  CHECK(models({variable("gh", "GITHUB_TOKEN"), variable("llm", "ANTHROPIC_API_KEY")}) ==
        Names{"llm"});
  CHECK(models({variable("llm", "OPENAI_API_KEY", {"model.request"})}) == Names{"llm"});
}

TEST_CASE("where none is named for a vendor, a credential with scopes is not a model's") {
  CHECK(models({variable("gh", "GITHUB_TOKEN", {"contents.write"})}).empty());
  CHECK(models({variable("mine", "MY_KEY"), variable("gh", "GITHUB_TOKEN", {"contents.write"})}) ==
        Names{"mine"});
  CHECK(models({}).empty());
}

TEST_CASE("two that may both be a model's are both told") {
  CHECK(models({variable("a", "ANTHROPIC_API_KEY"), variable("b", "OPENAI_API_KEY")}) ==
        Names{"a", "b"});
  CHECK(models({variable("a", "ONE"), variable("b", "OTHER")}) == Names{"a", "b"});
}

TEST_CASE("what a session holds itself is not kept") {
  Credential own = variable("llm", "ANTHROPIC_API_KEY");
  own.mode = Credential::Mode::kEnv;
  CHECK(models({own}).empty());
}

}  // namespace
}  // namespace fleet::plan
