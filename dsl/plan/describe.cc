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

// What a joint joins, without what merely holds it back.
std::string joint_of(const Plan& plan, const Node& node) {
  return joined(node.after, ", ",
                [&plan](const Edge& edge) { return printable(plan.nodes[edge.from.value].name); });
}

// The edges of a loop are its test before the first round, and the one after each.
std::string loop_text(const Node& node) {
  const std::size_t rounds = node.after.empty() ? 0 : node.after.size() - 1;
  return fmt::format("loop of at most {} {}", rounds, rounds == 1 ? "round" : "rounds");
}

std::string fanout_text(const Plan& plan, const Node& node) {
  const Fanout& fanout = *node.fanout;
  std::string text = fmt::format("fan-out of {} in {} to {}", printable(fanout.variable),
                                 printable(fanout.source.text), agents_of(plan, node));
  if (!fanout.route_by.empty()) {
    text += fmt::format(" by its {}", printable(fanout.route_by));
  }
  if (fanout.width) {
    text += fmt::format(", width {}", *fanout.width);
  }
  if (fanout.limit) {
    text += fmt::format(", limit {}", *fanout.limit);
  }
  return text;
}

std::string merge_text(const Plan& plan, const Merge& merge) {
  const std::string into =
      merge.into_step ? "the branch of " + printable(plan.nodes[merge.into_step->value].name)
                      : printable(to_string(merge.into));
  const std::string_view style = merge.style == MergeStyle::kSquash   ? ", as one commit"
                                 : merge.style == MergeStyle::kRebase ? ", rebased"
                                                                      : "";
  return fmt::format("merge of {} into {}{}{}", names_of(plan, merge.from),
                     into.empty() ? printable(plan.repo.base) : into,
                     merge.into_base ? " (the base)" : "", style);
}

}  // namespace

bool is_disjunction(NodeKind kind) {
  return kind == NodeKind::kAny || kind == NodeKind::kLoop || kind == NodeKind::kLast;
}

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
    case NodeKind::kHuman: return printable(node.human) + " decides";
    case NodeKind::kLoop: return loop_text(node);
    case NodeKind::kLast: return "the last of " + joint_of(plan, node);
  }
  return "?";
}

std::string after_of(const Plan& plan, const Node& node) {
  const char* const between = is_disjunction(node.kind) ? " or " : " and ";
  return joined(node.after, between, [&plan](const Edge& edge) {
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

std::string text_of(const Escalation& escalation) {
  std::string text =
      joined(escalation.path, " -> ", [](const auto& name) { return printable(name); });
  if (escalation.within) {
    text += fmt::format(" within {}", to_string(*escalation.within));
  }
  return text;
}

std::string text_of(const Event& event) {
  switch (event.kind) {
    case Event::Kind::kTask: return "task." + printable(event.name);
    case Event::Kind::kPrOpened: return "pr.opened";
    case Event::Kind::kPrUpdated: return "pr.updated";
    case Event::Kind::kFinding: return "finding." + printable(event.name);
    case Event::Kind::kMessage: return "message";
    case Event::Kind::kFile: return "file(\"" + printable(event.name) + "\")";
  }
  return "?";
}

std::string list_text(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& one : list) {
    text += (text.empty() ? "" : ", ") + printable(one);
  }
  return text;
}

// Days to a date of the Gregorian calendar: eras of 400 years, each beginning in March.
std::string date_text(std::int64_t days) {
  constexpr std::int64_t kEraDays = 146'097;
  const std::int64_t shifted = days + 719'468;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - (kEraDays - 1)) / kEraDays;
  const std::int64_t day_of_era = shifted - era * kEraDays;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t from_march = (5 * day_of_year + 2) / 153;
  const std::int64_t day = day_of_year - (153 * from_march + 2) / 5 + 1;
  const std::int64_t month = from_march < 10 ? from_march + 3 : from_march - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  return fmt::format("{:04}-{:02}-{:02}", year, month, day);
}

std::string start_of(const Plan& plan, const Node& node) {
  if (!node.start) {
    return {};
  }
  const Node& from = plan.nodes[node.start->value];
  const std::string name = printable(from.name);
  const auto reviews = [&plan](AgentIndex agent) {
    return plan.agents[agent.value].returns == Returns::kVerdict;
  };
  const bool review = from.kind == NodeKind::kAll || is_disjunction(from.kind) ||
                      std::any_of(from.agents.begin(), from.agents.end(), reviews);
  return review ? "at the commit that " + name + " reviewed" : "at the commit of " + name;
}

std::string bounds_of(const Plan& plan, const Node& node) {
  std::string text = node.timeout ? fmt::format("timeout {}, ", to_string(*node.timeout)) : "";
  if (node.retries != 0) {
    text += fmt::format("retry {}, ", node.retries);
  }
  text += fmt::format("else {}", word_of(node.otherwise));
  const bool asks = node.otherwise == Otherwise::kEscalate && plan.escalation.has_value();
  return asks ? text + " to " + text_of(*plan.escalation) : text;
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
