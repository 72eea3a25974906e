#include "engine/report/rounds.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace fleet::report {
namespace {

// "polish#2." of "polish#2.verdict.review"; empty outside of loops.
std::string_view round_of(std::string_view name) {
  const std::size_t number = name.rfind('#');
  if (number == std::string_view::npos)
    return {};
  const std::size_t dot = name.find('.', number);
  return dot == std::string_view::npos ? std::string_view() : name.substr(0, dot + 1);
}

}  // namespace

bool is_of_unneeded_round(const plan::Plan& plan, const run::State& state, plan::NodeIndex node) {
  const std::string_view round = round_of(plan.nodes[node.value].name);
  if (round.empty() || !state.nodes[node.value].unreachable)
    return false;
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    if (plan.nodes[i].name.starts_with(round) && !state.nodes[i].unreachable)
      return false;
  }
  return true;
}

std::string rounds_text(const plan::Plan& plan, const run::State& state, plan::NodeIndex node) {
  const plan::Node& loop = plan.nodes[node.value];
  const run::NodeState& now = state.nodes[node.value];
  if (loop.kind != plan::NodeKind::kLoop || now.approved == 0 || !now.stands_for)
    return {};
  const auto test = std::ranges::find(loop.after, *now.stands_for, &plan::Edge::from);
  return fmt::format("approved after {} of {} rounds", test - loop.after.begin(),
                     loop.after.size() - 1);
}

}  // namespace fleet::report
