// Hashes of what nodes do. A node's hash covers its own fields, its agents and, through their
// hashes, all that it comes after; and what holds for the whole run (where the work starts, what is
// protected). It does not cover where in the text the step stands, how it is spelled there, nor at
// which index it is: an edit elsewhere in the file leaves it alone, so work that was done under a
// hash is still the work that the hash asks for. The plan's hash leaves out the same: places,
// comments, spelling and the file's name.

#include <string>
#include <vector>

#include "dsl/plan/codec.h"
#include "dsl/plan/json_writer.h"

namespace fleet::plan {
namespace {

std::string run_identity(const Plan& plan) {
  std::string text;
  JsonWriter writer(text);
  writer.write(plan.repo);
  writer.write(plan.protect);
  return sha256(text);
}

std::vector<std::string> agent_identities(const Plan& plan) {
  const Identities no_references;
  std::vector<std::string> hashes;
  hashes.reserve(plan.agents.size());
  std::string text;
  for (const Agent& agent : plan.agents) {
    text.clear();
    JsonWriter(text, no_references).write(agent);
    hashes.push_back(sha256(text));
  }
  return hashes;
}

}  // namespace

void seal(Plan& plan) {
  const std::string run = run_identity(plan);
  const std::vector<std::string> agents = agent_identities(plan);
  const Identities no_references;
  const Identities identities{&agents, &plan.nodes};
  std::string text;
  for (Node& node : plan.nodes) {
    text = run;
    JsonWriter(text, identities).write(node);
    node.hash = sha256(text);
  }
  text.clear();
  JsonWriter(text, no_references).write(plan);
  plan.hash = sha256(text);
}

}  // namespace fleet::plan
