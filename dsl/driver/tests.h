// The tests of a fleet, each with the plan of its flow.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dsl/driver/compile.h"
#include "dsl/plan/scenario.h"

namespace fleet {

struct TestCase {
  std::string name;
  Span span;                               // of the name
  std::shared_ptr<const plan::Plan> plan;  // tests of one flow with the same parameters share it
  plan::Scenario scenario;
  std::vector<Span> given;   // of the assumptions, parallel to the scenario's
  std::vector<Span> expect;  // of the claims
};

// In the order of the text. A parameter that a test does not give has its own name as its value.
// REQUIRES: the compilation has no errors and no `usage`; `path` is what it was made of.
std::vector<TestCase> tests_of(const Compilation& compilation, const std::string& path);

}  // namespace fleet
