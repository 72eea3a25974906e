#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_set>

#include <fmt/format.h>

#include "dsl/plan/codec.h"
#include "dsl/plan/render.h"
#include "dsl/plan/text.h"

namespace fleet::plan {
namespace {

constexpr std::uint32_t kFormat = 1;

bool is_hash(std::string_view text) {
  return text.empty() || (text.size() == 64 &&
                          text.find_first_not_of("0123456789abcdef") == std::string_view::npos);
}

bool negative(const std::optional<Millis>& duration) {
  return duration && duration->count() < 0;
}
bool negative(const std::optional<Money>& money) {
  return money && money->micros < 0;
}

// The first breach of a list of judged commands; empty when there is none.
std::string breach_of(const std::vector<Acceptance>& accept) {
  for (const Acceptance& one : accept) {
    if (one.kind == Acceptance::Kind::kCommand && one.command.argv.empty()) {
      return "has an acceptance command without words";
    }
    if (one.max_lines < 0) {
      return "accepts fewer than no lines";
    }
  }
  return {};
}

std::string breach_of(const Agent& agent) {
  if (negative(agent.budget)) {
    return "has a negative budget";
  }
  if (negative(agent.timeout) || negative(agent.runtime.spawn) ||
      agent.restart.backoff_min.count() < 0 ||
      agent.restart.backoff_max < agent.restart.backoff_min) {
    return "has a negative duration or a back-off that shrinks";
  }
  return breach_of(agent.accept);
}

std::string breach_of(const Fanout& fanout) {
  if (fanout.width == 0u || fanout.limit == 0u) {
    return "has a width or limit of 0";
  }
  return negative(fanout.est) || negative(fanout.spawn) ? "has a negative duration" : "";
}

// The fields that belong to one kind only.
std::string kind_breach(const Node& node) {
  const NodeKind kind = node.kind;
  const std::size_t agents = node.agents.size();
  if (kind == NodeKind::kTask     ? agents != 1
      : kind == NodeKind::kFanout ? agents == 0
                                  : agents != 0) {
    return kind == NodeKind::kTask     ? "must have one agent"
           : kind == NodeKind::kFanout ? "must have an agent"
                                       : "may have no agent";
  }
  if (!node.args.empty() && kind != NodeKind::kTask) {
    return "may have no arguments";
  }
  if (node.fanout.has_value() != (kind == NodeKind::kFanout)) {
    return node.fanout ? "may have no fan-out" : "has no fan-out";
  }
  if (node.command.has_value() != (kind == NodeKind::kRun)) {
    return node.command ? "may have no command" : "has no command";
  }
  if (node.command && node.command->argv.empty()) {
    return "has a command without words";
  }
  if (node.merge.has_value() != (kind == NodeKind::kMerge)) {
    return node.merge ? "may have no merge" : "has no merge";
  }
  if (node.merge && node.merge->from.empty()) {
    return "merges nothing";
  }
  if (node.human.empty() != (kind != NodeKind::kHuman)) {
    return node.human.empty() ? "asks nobody" : "may ask nobody";
  }
  if (node.fanout && node.fanout->source.of.has_value() !=
                         (node.fanout->source.kind == FanoutSource::Kind::kFindings)) {
    return "has items of findings that are nobody's";
  }
  if (!node.sandboxed && kind != NodeKind::kRun) {
    return "has no sandbox of its own to switch off";
  }
  return {};
}

// References of the node at `index`, all of which go backwards: that is the topological order.
std::string reference_breach(const Plan& plan, const Node& node, std::size_t index) {
  const auto later = [index](NodeIndex other) {
    return other.value >= index;
  };
  for (const AgentIndex agent : node.agents) {
    if (agent.value >= plan.agents.size()) {
      return fmt::format("uses agent {}, of {}", agent.value, plan.agents.size());
    }
  }
  for (const Edge& edge : node.after) {
    if (later(edge.from)) {
      return fmt::format("comes after node {}, which does not come before it", edge.from.value);
    }
  }
  if (node.start && later(*node.start)) {
    return fmt::format("starts at node {}, which does not come before it", node.start->value);
  }
  if (node.merge && std::any_of(node.merge->from.begin(), node.merge->from.end(), later)) {
    return "merges a node that does not come before it";
  }
  if (node.merge && node.merge->into_step && later(*node.merge->into_step)) {
    return "merges into the branch of a node that does not come before it";
  }
  if (node.fanout && node.fanout->source.of && later(*node.fanout->source.of)) {
    return "takes the findings of a node that does not come before it";
  }
  return {};
}

// Names that a node or an agent says are those of things that the plan has.
template <class Things>
bool has_name(const Things& things, const std::string& name) {
  return std::any_of(things.begin(), things.end(),
                     [&name](const auto& thing) { return thing.name == name; });
}

std::string breach_of(const Plan& plan, const Node& node, std::size_t index) {
  if (!node.human.empty() && !has_name(plan.humans, node.human)) {
    return "asks a human who is not in the plan";
  }
  if (std::string breach = kind_breach(node); !breach.empty()) {
    return fmt::format("is a {} and {}", to_string(node.kind), breach);
  }
  if (std::string breach = reference_breach(plan, node, index); !breach.empty()) {
    return breach;
  }
  if (negative(node.timeout) || negative(node.est)) {
    return "has a negative duration";
  }
  if (!is_hash(node.hash)) {
    return "has a hash that is no SHA-256";
  }
  if (node.fanout) {
    return breach_of(*node.fanout);
  }
  return node.merge ? breach_of(node.merge->accept) : "";
}

std::string agents_breach(const Plan& plan) {
  std::unordered_set<std::string_view> names;
  names.reserve(plan.agents.size());
  for (std::size_t i = 0; i < plan.agents.size(); ++i) {
    const Agent& agent = plan.agents[i];
    std::string breach = agent.name.empty()                 ? "has no name"
                         : !names.insert(agent.name).second ? "has the name of another"
                                                            : breach_of(agent);
    if (!breach.empty()) {
      return fmt::format("$.agents[{}] \"{}\" {}", i, printable(agent.name), breach);
    }
  }
  return {};
}

std::string nodes_breach(const Plan& plan) {
  std::unordered_set<std::string_view> names;
  names.reserve(plan.nodes.size());
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    const Node& node = plan.nodes[i];
    std::string breach = node.name.empty()                 ? "has no name"
                         : !names.insert(node.name).second ? "has the name of another"
                                                           : breach_of(plan, node, i);
    if (!breach.empty()) {
      return fmt::format("$.nodes[{}] \"{}\" {}", i, printable(node.name), breach);
    }
  }
  return {};
}

std::string summary_breach(const Plan& plan) {
  const auto outside = [&plan](NodeIndex index) {
    return index.value >= plan.nodes.size();
  };
  const auto& path = plan.critical_path;
  if (std::any_of(path.begin(), path.end(), outside) ||
      std::adjacent_find(path.begin(), path.end(), std::greater_equal<>()) != path.end()) {
    return "$.critical_path is not a forward path of nodes";
  }
  for (const WorstTerm& term : plan.worst.terms) {
    if (outside(term.node) || negative(term.each)) {
      return "$.worst.terms has a term of no node or of negative money";
    }
  }
  return negative(plan.worst.money) ? "$.worst.money_micros is negative" : "";
}

}  // namespace

std::string validate(const Plan& plan) {
  for (const Identity& identity : plan.identities) {
    if (!is_hash(identity.sha256)) {
      return fmt::format("$.identities \"{}\" has a hash that is no SHA-256",
                         printable(identity.name));
    }
  }
  if (plan.format != kFormat) {
    return fmt::format("$.format: this is format {}, and only {} is known", plan.format, kFormat);
  }
  if (plan.budget && plan.budget->amount.micros < 0) {
    return "$.budget.amount_micros is negative";
  }
  if (!is_hash(plan.hash)) {
    return "$.hash is no SHA-256";
  }
  if (std::string breach = breach_of(plan.accept); !breach.empty()) {
    return "$.accept " + breach;
  }
  for (auto* check : {agents_breach, nodes_breach, summary_breach}) {
    if (std::string breach = check(plan); !breach.empty()) {
      return breach;
    }
  }
  return {};
}

}  // namespace fleet::plan
