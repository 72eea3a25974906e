// What `fleetc plan` prints. A line is "  label  text"; labels of one section share a column.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "dsl/plan/cast.h"
#include "dsl/plan/describe.h"
#include "dsl/plan/fanout.h"
#include "dsl/plan/render.h"
#include "dsl/plan/text.h"
#include "dsl/plan/words.h"
#include "dsl/plan/worst.h"

namespace fleet::plan {
namespace {

// Appends "<indent><label padded><text>" unless there is no text.
void fact(std::string& out, std::size_t indent, std::string_view label, const std::string& text) {
  constexpr std::size_t kLabel = 9;
  if (!text.empty()) {
    out += std::string(indent, ' ') + padded(std::string(label), kLabel) + text + "\n";
  }
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::uint64_t kGibi = std::uint64_t{1} << 30;
  constexpr std::uint64_t kMebi = std::uint64_t{1} << 20;
  if (bytes % kGibi == 0) {
    return fmt::format("{}GiB", bytes / kGibi);
  }
  return bytes % kMebi == 0 ? fmt::format("{}MiB", bytes / kMebi) : fmt::format("{} bytes", bytes);
}

std::string limits_text(const Limits& limits) {
  std::vector<std::string> parts;
  if (limits.sessions)
    parts.push_back(fmt::format("{} sessions at once", *limits.sessions));
  if (limits.starts)
    parts.push_back(fmt::format("{} starts of sessions an hour", *limits.starts));
  if (limits.worktree_bytes)
    parts.push_back(bytes_text(*limits.worktree_bytes) + " of worktrees");
  if (limits.messages)
    parts.push_back(fmt::format("{} messages an hour of each agent", *limits.messages));
  return fmt::to_string(fmt::join(parts, ", "));
}

void header(std::string& out, const Plan& plan) {
  out += fmt::format("plan {}: {}\n", short_hash(plan.hash), title_of(plan));
  fact(out, 2, "file", printable(plan.file));
  fact(out, 2, "repo",
       fmt::format("{} at {}", printable(plan.repo.path), printable(plan.repo.base)));
  if (plan.budget) {
    fact(out, 2, "budget",
         fmt::format("{} a {}{}{}", to_string(plan.budget->amount), printable(plan.budget->per),
                     plan.budget->hard ? ", hard" : "",
                     plan.budget->warn_percent
                         ? fmt::format(", warns at {}%", *plan.budget->warn_percent)
                         : ""));
  }
  std::string loads;
  for (const Load& load : plan.load) {
    loads += fmt::format("{}{} {} of {}", loads.empty() ? "" : ", ", load.runs,
                         load.runs == 1 ? "run" : "runs", printable(load.flow));
  }
  fact(out, 2, "load", loads.empty() ? "" : loads + " a day");
  if (plan.on) {
    fact(out, 2, "starts", "on " + text_of(*plan.on));
  }
  fact(out, 2, "syncs", list_text(plan.sync));
  if (plan.hooks) {
    fact(out, 2, "hooks", *plan.hooks ? "on" : "off");
  }
  fact(out, 2, "forge", printable(plan.forge));
  fact(out, 2, "limits", limits_text(plan.limits));
  fact(out, 2, "protect", list_text(plan.protect));
  fact(out, 2, "accept", text_of(plan.accept));
  if (!plan.unbound.empty()) {
    fact(out, 2, "needs", "a value for " + list_text(plan.unbound) + ", before it can run");
  }
}

std::string agent_accept(const Plan& plan, const Node& node) {
  std::vector<std::string> texts;
  for (const AgentIndex agent : node.agents) {
    std::string text = text_of(plan.agents[agent.value].accept);
    if (!text.empty() && std::find(texts.begin(), texts.end(), text) == texts.end()) {
      texts.push_back(std::move(text));
    }
  }
  std::string all;
  for (const std::string& text : texts) {
    all += (all.empty() ? "" : " | ") + text;
  }
  return all;
}

void step(std::string& out, const Plan& plan, std::size_t index, std::size_t digits,
          std::size_t name_width) {
  const Node& node = plan.nodes[index];
  out += fmt::format("  {:>{}}  {}  {}\n", index + 1, digits,
                     padded(printable(node.name), name_width), action_of(plan, node));
  const std::size_t indent = digits + 4;
  fact(out, indent, "after", after_of(plan, node));
  fact(out, indent, "branch", branches_of(plan, node));
  fact(out, indent, "starts", start_of(plan, node));
  if (node.fanout) {
    fact(out, indent, "spawn", spawn_outlook(plan, node));
  }
  fact(out, indent, "accept", node.merge ? text_of(node.merge->accept) : agent_accept(plan, node));
  fact(out, indent, "bounds", bounds_of(plan, node));
}

void steps(std::string& out, const Plan& plan) {
  constexpr std::size_t kWidestName = 24;
  std::size_t name_width = 0;
  for (const Node& node : plan.nodes) {
    name_width = std::max(name_width, std::min(kWidestName, columns(printable(node.name))));
  }
  const std::size_t digits = std::to_string(plan.nodes.size()).size();
  out += fmt::format("\nsteps ({}), each after those that it needs\n", plan.nodes.size());
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    step(out, plan, i, digits, name_width);
  }
}

// Why the money is unknown, by the first thing that makes it so.
std::string unknown_money(const Plan& plan, const std::vector<WorstRow>& rows) {
  for (const Node& node : plan.nodes) {
    for (const AgentIndex agent : node.agents) {
      if (plan.agents[agent.value].day_budget) {
        return fmt::format("unknown: {} is bounded by the day alone",
                           printable(plan.agents[agent.value].name));
      }
    }
  }
  for (const WorstRow& row : rows) {
    if (!row.each) {
      return "unknown: " + row.name + " has no budget";
    }
  }
  for (const WorstRow& row : rows) {
    if (!row.items) {
      return "unknown: " + row.name + " has no limit";
    }
  }
  return "unknown";
}

std::string unknown_sessions(const std::vector<WorstRow>& rows) {
  for (const WorstRow& row : rows) {
    if (!row.items) {
      return "known only when it runs: " + row.name + " has no limit";
    }
  }
  return "known only when it runs";
}

void worst_case(std::string& out, const Plan& plan) {
  const auto rows = worst_rows(plan);
  out += "\nworst case\n";
  fact(out, 2, "money", plan.worst.money ? at_most(*plan.worst.money) : unknown_money(plan, rows));
  std::size_t name_width = 0;
  std::size_t factor_width = 0;
  for (const WorstRow& row : rows) {
    name_width = std::max(name_width, columns(row.name));
    factor_width = std::max(factor_width, columns(factors_of(row)));
  }
  for (const WorstRow& row : rows) {
    out += fmt::format("    {}  {}", padded(row.name, name_width),
                       padded(factors_of(row), row.total ? factor_width : 0));
    if (row.total) {
      out += is_cut_off(*row.total) ? "  " + at_most(*row.total)
                                    : fmt::format("  = {}", to_string(*row.total));
    }
    out += "\n";
  }
  fact(out, 2, "sessions",
       plan.worst.sessions ? at_most(*plan.worst.sessions) : unknown_sessions(rows));
}

std::string term_money(const DayTerm& term) {
  if (!term.each) {
    return "?";
  }
  if (term.count && *term.count == 1) {
    return to_string(*term.each);
  }
  return fmt::format("{} × {}", term.count ? std::to_string(*term.count) : "N",
                     to_string(*term.each));
}

void day(std::string& out, const Plan& plan) {
  if (!plan.day) {
    return;
  }
  out += "\na day\n";
  std::string unknown = "unknown";
  for (const DayTerm& term : plan.day->terms) {
    if (unknown == "unknown" && (!term.count || !term.each)) {
      unknown += ": " + printable(term.what) + (term.each ? " has no `$X/day`" : " has no budget");
    }
  }
  fact(out, 2, "money", plan.day->money ? at_most(*plan.day->money) : unknown);
  std::size_t width = 0;
  for (const DayTerm& term : plan.day->terms) {
    width = std::max(width, columns(printable(term.what)));
  }
  for (const DayTerm& term : plan.day->terms) {
    out += fmt::format("    {}  {}\n", padded(printable(term.what), width), term_money(term));
  }
}

// What the steps of the critical path take one after another, as far as the text tells.
struct PathTime {
  std::int64_t millis = 0;
  bool countable = true;  // it fits
  bool exact = true;      // no `limit` stands for a number of items
  bool complete = true;   // every step has an estimate
  std::string one_item;   // the fan-outs of which only one item is counted

  void add(std::uint64_t rounds, Millis est) {
    std::int64_t time = 0;
    countable = countable && !__builtin_mul_overflow(est.count(), rounds, &time) &&
                !__builtin_add_overflow(millis, time, &millis);
  }
};

// "(8min)", "(8min an item, at most 3 rounds)"; empty without an estimate.
std::string path_step(const Plan& plan, const Node& node, PathTime& time) {
  const auto est = node.fanout ? item_prior(node) : node.est;
  if (!est) {
    time.complete = false;
    return "";
  }
  if (!node.fanout) {
    time.add(1, *est);
    return fmt::format(" ({})", to_string(*est));
  }
  const auto rounds = rounds_of(plan, node);
  time.add(rounds ? rounds->count : 1, *est);
  if (!rounds) {
    time.one_item += (time.one_item.empty() ? "" : ", ") + printable(node.name);
  }
  if (!rounds || rounds->count == 1) {
    return fmt::format(" ({} an item)", to_string(*est));
  }
  time.exact = time.exact && rounds->exact;
  return fmt::format(" ({} an item, {}{} rounds)", to_string(*est), rounds->exact ? "" : "at most ",
                     rounds->count);
}

void critical_path(std::string& out, const Plan& plan) {
  if (plan.critical_path.empty()) {
    return;
  }
  out += "\ncritical path\n  ";
  PathTime time;
  std::string_view arrow;
  for (const NodeIndex index : plan.critical_path) {
    const Node& node = plan.nodes[index.value];
    out += arrow;
    out += printable(node.name);
    arrow = " → ";
    out += path_step(plan, node, time);
  }
  out += "\n";
  if (!time.countable) {
    out += "  more time than can be counted\n";
  } else if (time.millis != 0) {
    out += fmt::format("  {}{} by the estimates{}{}\n", time.exact ? "" : "at most ",
                       to_string(Millis{time.millis}),
                       time.one_item.empty() ? "" : " with one item of " + time.one_item,
                       time.complete ? "" : ", and what the steps without an estimate take");
  }
}

}  // namespace

std::string to_text(const Plan& plan) {
  std::string out;
  header(out, plan);
  steps(out, plan);
  append_cast(out, plan);
  worst_case(out, plan);
  day(out, plan);
  critical_path(out, plan);
  return out;
}

}  // namespace fleet::plan
