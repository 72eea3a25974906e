#include "dsl/plan/describe.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "dsl/plan/render.h"
#include "dsl/plan/text.h"
#include "dsl/plan/words.h"

namespace fleet::plan {
namespace {

template <class Range, class Text>
std::string joined(const Range& range, std::string_view separator, Text text) {
  std::string out;
  bool first = true;
  for (const auto& one : range) {
    out += first ? "" : separator;
    first = false;
    out += text(one);
  }
  return out;
}

std::string text_of(const Command& command) {
  if (!command.text.empty()) {
    return printable(command.text);
  }
  return printable(joined(command.argv, " ", [](const Template& word) { return to_string(word); }));
}

std::string agents_of(const Plan& plan, const Node& node) {
  return joined(node.agents, ", ",
                [&plan](AgentIndex agent) { return printable(plan.agents[agent.value].name); });
}

std::string names_of(const Plan& plan, const std::vector<NodeIndex>& nodes) {
  return joined(nodes, ", ",
                [&plan](NodeIndex node) { return printable(plan.nodes[node.value].name); });
}

std::string joint_of(const Plan& plan, const Node& node) {
  return joined(node.after, ", ",
                [&plan](const Edge& edge) { return printable(plan.nodes[edge.from.value].name); });
}

std::string fanout_text(const Plan& plan, const Node& node) {
  const Fanout& fanout = *node.fanout;
  std::string text = fmt::format("fan-out of {} in {} to {}", printable(fanout.variable),
                                 printable(fanout.source.text), agents_of(plan, node));
  if (fanout.width) {
    text += fmt::format(", width {}", *fanout.width);
  }
  if (fanout.limit) {
    text += fmt::format(", limit {}", *fanout.limit);
  }
  return text;
}

std::string merge_text(const Plan& plan, const Merge& merge) {
  const std::string into = printable(to_string(merge.into));
  return fmt::format("merge of {} into {}{}", names_of(plan, merge.from),
                     into.empty() ? printable(plan.repo.base) : into,
                     merge.into_base ? " (the base)" : "");
}

}  // namespace

std::string title_of(const Plan& plan) {
  std::string text = fmt::format("{} v{}, flow {}", printable(plan.fleet), plan.fleet_version,
                                 printable(plan.flow));
  if (!plan.parameters.empty()) {
    text += fmt::format("({})", joined(plan.parameters, ", ", [](const auto& parameter) {
                          return fmt::format("{} = \"{}\"", printable(parameter.first),
                                             printable(parameter.second));
                        }));
  }
  return text;
}

std::string short_hash(const std::string& hash) {
  return hash.empty() ? "unsealed" : hash.substr(0, 12);
}

std::string action_of(const Plan& plan, const Node& node) {
  switch (node.kind) {
    case NodeKind::kTask:
      return fmt::format("{}({})", agents_of(plan, node),
                         joined(node.args, ", ", [](const Template& arg) {
                           return "\"" + printable(to_string(arg)) + "\"";
                         }));
    case NodeKind::kFanout: return fanout_text(plan, node);
    case NodeKind::kRun:
      return fmt::format("run {}{}", text_of(*node.command), node.sandboxed ? "" : ", no sandbox");
    case NodeKind::kMerge: return merge_text(plan, *node.merge);
    case NodeKind::kAll: return "all of " + joint_of(plan, node);
    case NodeKind::kAny: return "the first of " + joint_of(plan, node);
    case NodeKind::kHuman: return "a human decides";
  }
  return "?";
}

std::string after_of(const Plan& plan, const Node& node) {
  return joined(node.after, " and ", [&plan](const Edge& edge) {
    return fmt::format("{}.{}", printable(plan.nodes[edge.from.value].name), to_string(edge.kind));
  });
}

std::string branches_of(const Plan& plan, const Node& node) {
  std::vector<std::string> texts;
  for (const AgentIndex index : node.agents) {
    const auto& writes = plan.agents[index.value].writes;
    if (!writes) {
      continue;
    }
    std::string text = printable(to_string(writes->branch));
    if (!writes->in.empty()) {
      text += " in " + joined(writes->in, ", ", [](const auto& glob) { return printable(glob); });
    }
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) {
      texts.push_back(std::move(text));
    }
  }
  return joined(texts, "; ", [](const std::string& text) { return text; });
}

std::string bounds_of(const Node& node) {
  std::string text = node.timeout ? fmt::format("timeout {}, ", to_string(*node.timeout)) : "";
  if (node.retries != 0) {
    text += fmt::format("retry {}, ", node.retries);
  }
  return text + fmt::format("else {}", word_of(node.otherwise));
}

std::vector<CriticalStep> critical_steps(const Plan& plan) {
  std::vector<CriticalStep> steps(plan.nodes.size());
  const auto& path = plan.critical_path;
  for (std::size_t i = 0; i < path.size(); ++i) {
    steps[path[i].value] = {true, i + 1 < path.size() ? std::optional(path[i + 1]) : std::nullopt};
  }
  return steps;
}

std::string text_of(const Acceptance& acceptance) {
  if (!acceptance.text.empty()) {
    return printable(acceptance.text);
  }
  switch (acceptance.kind) {
    case Acceptance::Kind::kCommand: return text_of(acceptance.command) + " passes";
    case Acceptance::Kind::kDiffLines: return fmt::format("diff < {} lines", acceptance.max_lines);
    case Acceptance::Kind::kCriteria: return "the task's criteria";
  }
  return "?";
}

std::string text_of(const std::vector<Acceptance>& accept) {
  return joined(accept, "; ", [](const Acceptance& one) { return text_of(one); });
}

}  // namespace fleet::plan
