#include "dsl/plan/worst.h"

#include <limits>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "dsl/plan/render.h"
#include "dsl/plan/text.h"

namespace fleet::plan {
namespace {

// "polish#2.fixes" → "fixes"
std::string without_rounds(const std::string& name) {
  const std::size_t round = name.rfind('#');
  const std::size_t dot = round == std::string::npos ? round : name.find('.', round);
  return dot == std::string::npos ? name : name.substr(dot + 1);
}

// Tasks written inside of `all(…)` are one term, under the name of the joint; else empty.
std::string joint_name(const std::unordered_set<std::string_view>& joints, const Node& node) {
  const std::size_t dot = node.name.rfind('.');
  const std::string outer = node.name.substr(0, dot == std::string::npos ? 0 : dot);
  return !node.fanout && joints.contains(outer) ? outer : "";
}

std::unordered_set<std::string_view> joints_of(const Plan& plan) {
  std::unordered_set<std::string_view> names;
  for (const Node& node : plan.nodes) {
    if (node.kind == NodeKind::kAll) {
      names.insert(node.name);
    }
  }
  return names;
}

std::optional<Money> total_of(const WorstRow& row) {
  if (!row.items || !row.each) {
    return std::nullopt;
  }
  std::int64_t micros = row.each->micros;
  if (micros == 0 || *row.items == 0) {
    return Money{0};
  }
  for (const std::uint64_t factor : {row.rounds, row.attempts, *row.items}) {
    if (__builtin_mul_overflow(micros, factor, &micros)) {
      return Money{std::numeric_limits<std::int64_t>::max()};
    }
  }
  return Money{micros};
}

std::string key_of(const WorstRow& row) {
  return fmt::format("{}\n{} {} {}", row.name, row.attempts,
                     row.items ? std::to_string(*row.items) : "?",
                     row.each ? std::to_string(row.each->micros) : "?");
}

bool costs_nothing(const Plan& plan, const WorstTerm& term) {
  const NodeKind kind = plan.nodes[term.node.value].kind;
  return !term.each && kind != NodeKind::kTask && kind != NodeKind::kFanout;
}

// One row a term, but one for all tasks of a joint that have as many attempts.
std::vector<WorstRow> single_rows(const Plan& plan) {
  std::vector<WorstRow> rows;
  std::unordered_map<std::string, std::size_t> known;
  const std::unordered_set<std::string_view> joints = joints_of(plan);
  for (const WorstTerm& term : plan.worst.terms) {
    if (costs_nothing(plan, term)) {
      continue;
    }
    const Node& node = plan.nodes[term.node.value];
    const std::string joint = term.items == 1u ? joint_name(joints, node) : "";
    WorstRow row;
    row.name = joint.empty() ? node.name : joint;
    row.attempts = term.attempts;
    row.items = term.items;
    row.each = term.each;
    const auto [place, is_new] =
        known.emplace(fmt::format("{}\n{}", row.name, row.attempts), rows.size());
    if (joint.empty() || is_new) {
      rows.push_back(std::move(row));
    } else if (std::optional<Money>& each = rows[place->second].each; each && row.each) {
      if (__builtin_add_overflow(each->micros, row.each->micros, &each->micros)) {
        each->micros = std::numeric_limits<std::int64_t>::max();
      }
    } else {
      each.reset();
    }
  }
  return rows;
}

constexpr std::int64_t kUnbounded = std::numeric_limits<std::int64_t>::max();
constexpr const char* kBeyond = "more than can be counted";

}  // namespace

bool is_cut_off(Money money) {
  return money.micros == kUnbounded;
}

std::string at_most(Money money) {
  return is_cut_off(money) ? kBeyond : "at most " + to_string(money);
}

std::string at_most(std::uint64_t sessions) {
  return sessions >= static_cast<std::uint64_t>(kUnbounded) ? kBeyond
                                                            : fmt::format("at most {}", sessions);
}

std::vector<WorstRow> worst_rows(const Plan& plan) {
  std::vector<WorstRow> rows;
  std::unordered_map<std::string, std::size_t> known;
  for (WorstRow& row : single_rows(plan)) {
    row.name = printable(without_rounds(row.name));
    const auto [place, is_new] = known.emplace(key_of(row), rows.size());
    if (is_new) {
      rows.push_back(std::move(row));
    } else {
      ++rows[place->second].rounds;
    }
  }
  for (WorstRow& row : rows) {
    row.total = total_of(row);
  }
  return rows;
}

std::string factors_of(const WorstRow& row) {
  std::string text;
  const auto factor = [&text](std::uint64_t count, const char* noun) {
    if (count != 1) {
      text += fmt::format("{} {} × ", count, noun);
    }
  };
  factor(row.rounds, "times");
  factor(row.attempts, "attempts");
  if (row.items) {
    factor(*row.items, "items");
  } else {
    text += "N items × ";
  }
  return text + (row.each ? to_string(*row.each) : "?");
}

std::string worst_sum(const Plan& plan) {
  std::string sum;
  for (const WorstRow& row : worst_rows(plan)) {
    sum += sum.empty() ? row.name : " + " + row.name;
    for (const std::uint64_t factor : {row.rounds, row.attempts}) {
      sum += factor == 1 ? "" : fmt::format(" {} ×", factor);
    }
    if (!row.items || *row.items != 1) {
      sum += row.items ? fmt::format(" {} ×", *row.items) : " N ×";
    }
    sum += row.each ? " " + to_string(*row.each) : " ?";
  }
  return sum;
}

}  // namespace fleet::plan
