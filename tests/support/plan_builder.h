// Small plans by hand, for tests. A node's edges are given as {node, kind}.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "dsl/plan/plan.h"

namespace fleet::test {

inline plan::Edge accepted(plan::NodeIndex node) {
  return {node, plan::EdgeKind::kAccepted};
}
inline plan::Edge edge(plan::NodeIndex node, plan::EdgeKind kind) {
  return {node, kind};
}

class PlanBuilder {
 public:
  using Edges = std::vector<plan::Edge>;

  PlanBuilder() {
    plan.fleet = "tests";
    plan.flow = "main";
    plan.file = "tests.fleet";
    plan.hash = "hash";
    plan.repo = {".", "main"};
  }

  // An agent that writes and is judged, unless said otherwise; a clone can have many sessions.
  plan::AgentIndex agent(std::string name, bool clones = true, bool writes = true,
                         bool judged = true) {
    plan::Agent agent;
    agent.name = agent.role = std::move(name);
    agent.clones = clones;
    if (writes)
      agent.writes = plan::Writes{{{false, agent.name + "/"}, {true, "task"}}, {}};
    if (judged) {
      plan::Acceptance acceptance;
      acceptance.text = "true";
      acceptance.command = command("true");
      agent.accept.push_back(acceptance);
    }
    plan.agents.push_back(std::move(agent));
    return {static_cast<std::uint32_t>(plan.agents.size() - 1)};
  }

  plan::NodeIndex task(std::string name, plan::AgentIndex agent, Edges after = {}) {
    plan::Node& node = add(std::move(name), plan::NodeKind::kTask, std::move(after));
    node.agents = {agent};
    return last();
  }

  plan::NodeIndex fanout(std::string name, std::vector<plan::AgentIndex> agents,
                         std::vector<std::string> items, Edges after = {}) {
    plan::Node& node = add(std::move(name), plan::NodeKind::kFanout, std::move(after));
    node.agents = std::move(agents);
    node.fanout.emplace();
    node.fanout->variable = "x";
    node.fanout->source.list = std::move(items);
    return last();
  }

  plan::NodeIndex run(std::string name, Edges after = {}) {
    plan::Node& node = add(std::move(name), plan::NodeKind::kRun, std::move(after));
    node.command = command("true");
    return last();
  }

  plan::NodeIndex merge(std::string name, std::vector<plan::NodeIndex> from, Edges after) {
    plan::Node& node = add(std::move(name), plan::NodeKind::kMerge, std::move(after));
    node.merge.emplace();
    node.merge->from = std::move(from);
    node.merge->into = {{false, "merged/" + node.name}};
    return last();
  }

  plan::AgentIndex reviewer(std::string name) {
    const plan::AgentIndex index = agent(std::move(name), true, false, false);
    plan.agents[index.value].returns = plan::Returns::kVerdict;
    plan.agents[index.value].reads = plan::Reads::kDiff;
    return index;
  }

  // Of what `of` made, waiting for its acceptance and for nothing else.
  plan::NodeIndex review(std::string name, plan::AgentIndex reviewer, plan::NodeIndex of,
                         Edges after = {}) {
    after.push_back(accepted(of));
    const plan::NodeIndex node = task(std::move(name), reviewer, std::move(after));
    plan.nodes[node.value].start = of;
    return node;
  }

  plan::NodeIndex joint(std::string name, plan::NodeKind kind,
                        const std::vector<plan::NodeIndex>& of,
                        plan::EdgeKind edge = plan::EdgeKind::kDone) {
    Edges after;
    for (const plan::NodeIndex node : of)
      after.push_back({node, edge});
    add(std::move(name), kind, std::move(after));
    return last();
  }

  plan::NodeIndex human(std::string name, Edges after, std::int64_t timeout_ms = 1000) {
    plan::Node& node = add(std::move(name), plan::NodeKind::kHuman, std::move(after));
    node.human = "ann";
    node.timeout = plan::Millis{timeout_ms};
    know_human();
    return last();
  }

  // Whoever is stuck asks ann.
  void escalates_to_human() {
    know_human();
    plan.escalation = plan::Escalation{{"lead", "ann"}, std::nullopt};
  }

  plan::Node& operator[](plan::NodeIndex node) { return plan.nodes[node.value]; }

  plan::Plan plan;

 private:
  void know_human() {
    if (plan.humans.empty())
      plan.humans.push_back({"ann", std::nullopt, std::nullopt, ""});
  }

  static plan::Command command(const std::string& text) { return {{{{false, text}}}, text}; }

  plan::NodeIndex last() const { return {static_cast<std::uint32_t>(plan.nodes.size() - 1)}; }

  plan::Node& add(std::string name, plan::NodeKind kind, Edges after) {
    plan::Node& node = plan.nodes.emplace_back();
    node.name = std::move(name);
    node.kind = kind;
    node.after = std::move(after);
    return node;
  }
};

}  // namespace fleet::test
