#include "engine/cli/executed.h"

#include <algorithm>

#include <fmt/format.h>

#include "dsl/plan/describe.h"
#include "dsl/plan/grants.h"
#include "dsl/plan/words.h"
#include "engine/report/words.h"

namespace fleet::cli {
namespace {

class Missing {
 public:
  Missing(const plan::Plan& plan, const sema::Model& model, const SourceMap& sources,
          Executes executes)
      : plan_(plan), model_(model), sources_(sources), executes_(executes) {}

  std::vector<std::string> take() {
    for (const plan::Node& node : plan_.nodes)
      add_node(node);
    for (const plan::Agent& agent : plan_.agents)
      add_agent(agent);
    add_fleet();
    return std::move(lines_);
  }

 private:
  // One line a word: the first place that asks for it stands for all.
  void add(bool asked, const std::string& word, const plan::Place& place) {
    if (!asked || std::ranges::find(words_, word) != words_.end())
      return;
    words_.push_back(word);
    std::string line = fmt::format("{} can't carry out `{}` yet",
                                   executes_ == Executes::kResident ? "up" : "run", word);
    const std::string file = report::printable(place.line == 0 ? plan_.file : place.file);
    line +=
        place.line == 0 ? fmt::format(" ({})", file) : fmt::format(" ({}:{})", file, place.line);
    lines_.push_back(std::move(line));
  }

  void add_node(const plan::Node& node) {
    if (node.fanout) {
      using Source = plan::FanoutSource::Kind;
      add(node.fanout->source.kind == Source::kIssues, "issues", node.place);
    }
    if (node.merge)
      add_criteria(node.merge->accept, node, node.place);
    for (const plan::AgentIndex agent : node.agents)
      add_criteria(plan_.agents[agent.value].accept, node, node.place);
  }

  // No command can tell whether they are met: whoever reviews the step's work can, or the human who
  // approves it.
  void add_criteria(const std::vector<plan::Acceptance>& accept, const plan::Node& node,
                    const plan::Place& place) {
    const auto criteria = [](const plan::Acceptance& one) {
      return one.kind == plan::Acceptance::Kind::kCriteria;
    };
    add(std::ranges::any_of(accept, criteria) && !is_judged(node),
        "task.criteria met, which nobody reviews", place);
  }

  // Whether a review or a human comes before the step or after it.
  bool is_judged(const plan::Node& node) const {
    const auto at = static_cast<std::size_t>(&node - plan_.nodes.data());
    for (std::size_t judge = 0; judge < plan_.nodes.size(); ++judge)
      if (judges(plan_.nodes[judge]) && judge != at && (needs(judge, at) || needs(at, judge)))
        return true;
    return false;
  }
  bool judges(const plan::Node& node) const {
    return node.kind == plan::NodeKind::kHuman ||
           std::ranges::any_of(node.agents, [&](const plan::AgentIndex agent) {
             return plan_.agents[agent.value].returns == plan::Returns::kVerdict;
           });
  }
  // Whether the node waits for `other`, through others too. Edges lead to smaller indices only.
  bool needs(std::size_t node, std::size_t other) const {
    std::vector<bool> reached(node + 1, false);
    reached[node] = true;
    for (std::size_t at = node; at > other; --at)
      if (reached[at])
        for (const plan::Edge& edge : plan_.nodes[at].after)
          reached[edge.from.value] = true;
    return other <= node && reached[other];
  }

  // Where the key was said last; else `otherwise`.
  plan::Place said(const sema::Origins& origins, const std::string& key,
                   const plan::Place& otherwise) const {
    const auto found = origins.find(key);
    if (found == origins.end() || found->second.empty())
      return otherwise;
    const Span span = sources_.written(found->second.back().span);
    const Source& source = sources_.get(span.source);
    const LineColumn at = source.locate(span.begin);
    return {source.name(), at.line, at.column};
  }

  // nullptr: an alias gave the plan another name for it.
  const sema::Agent* find(const plan::Agent& agent) const {
    const auto found = std::ranges::find(model_.agents.rbegin(), model_.agents.rend(), agent.name,
                                         &sema::Agent::name);
    return found == model_.agents.rend() ? nullptr : &*found;
  }

  void add_agent(const plan::Agent& agent) {
    const sema::Agent* known = find(agent);
    const auto at = [&](const char* key) {
      return known == nullptr ? agent.place : said(known->contract.origins, key, agent.place);
    };
    add(agent.returns == plan::Returns::kReport, "returns = report", at("returns"));
    add(agent.reads != plan::Reads::kRepo && agent.writes.has_value(),
        fmt::format("reads = {} of an agent that writes", plan::word_of(agent.reads)), at("reads"));
    add(is_duty(agent) && agent.on && agent.on->kind == plan::Event::Kind::kFile,
        "dispatch = on file", at("dispatch"));
    add_grants(agent, at("grants"));
    // Only the broker knows what an agent's steps cost before they have cost it.
    add(agent.day_budget.has_value() && !is_duty(agent) &&
            plan::model_credentials(plan_, agent).empty(),
        "budget a day of one agent whose model the broker does not ask", at("budget"));
    add(!is_duty(agent) && most_retries(agent) > agent.restart.max_per_hour,
        "max of restart, which is less than a step's `retry`", at("restart"));
  }

  // Of the steps that call it: only beyond `max` of its `restart` does that bound anything.
  std::uint32_t most_retries(const plan::Agent& agent) const {
    std::uint32_t most = 0;
    for (const plan::Node& node : plan_.nodes)
      for (const plan::AgentIndex index : node.agents)
        if (plan_.agents[index.value].name == agent.name)
          most = std::max(most, node.retries);
    return most;
  }

  // Whether the plan is one of the agent's own turns.
  bool is_duty(const plan::Agent& agent) const {
    return executes_ == Executes::kResident && plan_.flow == agent.name;
  }

  void add_grants(const plan::Agent& agent, const plan::Place& place) {
    for (const plan::Credential& credential : plan_.credentials) {
      if (std::ranges::find(agent.grants, credential.name) == agent.grants.end())
        continue;
      const bool in_session = credential.mode == plan::Credential::Mode::kEnv;
      add(in_session && credential.from != plan::Credential::From::kEnv,
          "mode = env of a credential that is no variable", place);
    }
  }

  void add_fleet() {
    const plan::Place nowhere;
    const auto at = [&](const char* key) {
      return model_.fleet ? said(model_.fleet->origins, key, nowhere) : nowhere;
    };
    if (executes_ == Executes::kResident && plan_.on)
      add(plan_.on->kind == plan::Event::Kind::kFile ||
              plan_.on->kind == plan::Event::Kind::kMessage,
          fmt::format("on {} of a flow", plan::text_of(*plan_.on)), place_of_event());
    add(executes_ == Executes::kRun && plan_.budget && plan_.budget->warn_percent, "warn of budget",
        at("budget"));
    add(plan_.hooks.has_value(), "hooks", at("hooks"));
    add(!plan_.forge.empty(), "forge", at("forge"));
  }

  plan::Place place_of_event() const {
    const sema::Flow* flow = model_.find_flow(plan_.flow);
    if (flow == nullptr || !flow->on)
      return {};
    const Source& source = sources_.get(flow->on->span.source);
    const LineColumn at = source.locate(flow->on->span.begin);
    return {source.name(), at.line, at.column};
  }

  const plan::Plan& plan_;
  const sema::Model& model_;
  const SourceMap& sources_;
  const Executes executes_;
  std::vector<std::string> words_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> not_executed(const plan::Plan& plan, const sema::Model& model,
                                      const SourceMap& sources, Executes executes) {
  return Missing(plan, model, sources, executes).take();
}

}  // namespace fleet::cli
