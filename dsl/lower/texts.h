// Texts of the model as they stand in a plan: parameters with a value filled in, all other holes
// left for the engine.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "dsl/plan/plan.h"
#include "dsl/sema/model.h"

namespace fleet::lower {

class Texts {
 public:
  void set(const std::string& parameter, std::string value) {
    values_[parameter] = std::move(value);
  }

  plan::Template text(const sema::Text& written) const;
  // A value becomes a part of the branch's name, as `branch_part` says.
  plan::Template branch(const sema::Text& written) const;
  // Words are cut before parameters are filled in: a value is never split or read as shell.
  plan::Command command(const sema::Text& written) const;
  std::vector<plan::Acceptance> acceptances(const std::vector<sema::Acceptance>& all) const;

 private:
  plan::Template fill(const plan::Template& written) const;

  std::map<std::string, std::string> values_;
};

}  // namespace fleet::lower
