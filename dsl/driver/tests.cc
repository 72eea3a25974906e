#include "dsl/driver/tests.h"

#include <algorithm>
#include <map>
#include <utility>

#include "dsl/lower/lower.h"
#include "dsl/lower/scenario.h"

namespace fleet {
namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

Parameters all_parameters(const sema::Flow& flow, const Parameters& given) {
  Parameters all;
  for (const sema::At<std::string>& parameter : flow.parameters) {
    const auto known = std::ranges::find(given, parameter.value, &Parameters::value_type::first);
    all.emplace_back(parameter.value, known == given.end() ? parameter.value : known->second);
  }
  return all;
}

}  // namespace

std::vector<TestCase> tests_of(const Compilation& compilation, const std::string& path) {
  const sema::Model& model = *compilation.model;
  std::map<std::pair<std::size_t, Parameters>, std::shared_ptr<const plan::Plan>> plans;
  std::vector<TestCase> cases;
  for (const sema::Test& test : model.tests) {
    if (!test.flow)
      continue;
    const sema::Flow& flow = model.flows[*test.flow];
    const Parameters parameters = all_parameters(flow, test.parameters);
    std::shared_ptr<const plan::Plan>& plan = plans[{*test.flow, parameters}];
    if (!plan)
      plan = std::make_shared<const plan::Plan>(
          lower::lower(*compilation.sources, model, flow, {path, parameters}));
    TestCase one{test.name, test.name_span, plan, lower::lower_test(test, flow, *plan), {}, {}};
    for (const sema::Test::Assumption& assumption : test.given)
      one.given.push_back(assumption.span);
    for (const sema::Test::Claim& claim : test.expect)
      one.expect.push_back(claim.span);
    cases.push_back(std::move(one));
  }
  return cases;
}

}  // namespace fleet
