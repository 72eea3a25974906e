// Who plays a part in a plan: agents, humans, credentials and documents, each entered at its first
// use, with every inherited value resolved.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "dsl/lower/texts.h"
#include "dsl/plan/plan.h"
#include "dsl/sema/model.h"

namespace fleet::lower {

class Cast {
 public:
  // All outlive the cast; `plan` is what it enters them in.
  Cast(const SourceMap& sources, const sema::Model& model, const Texts& texts, plan::Plan& plan)
      : sources_(sources), model_(model), texts_(texts), plan_(plan) {}

  // Each takes an index of the model. A human's name is the one in the plan.
  const std::string& use_human(std::size_t index);
  plan::AgentIndex use_agent(std::size_t index);
  // Those who work unasked beside the run, once all of its own agents are entered.
  void add_colleagues();

 private:
  const std::string& use_credential(std::size_t index);
  const std::string& use_identity(std::size_t index);
  void add_identity(std::size_t index, std::vector<std::string>& order);
  const plan::Runtime& runtime_of(std::size_t index);
  plan::Agent lower_agent(const sema::Agent& agent);

  const SourceMap& sources_;
  const sema::Model& model_;
  const Texts& texts_;
  plan::Plan& plan_;
  std::map<std::size_t, std::uint32_t> agents_;  // model's agent to plan's
  std::set<std::string> agent_names_;
  std::map<std::size_t, plan::Runtime> runtimes_;  // by the model's index
  std::set<std::size_t> humans_;                   // of the model, in the plan already
  std::set<std::size_t> credentials_;
  std::set<std::size_t> identities_;
};

}  // namespace fleet::lower
