#include "dsl/plan/fanout.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "dsl/plan/render.h"
#include "dsl/plan/spawn.h"

namespace fleet::plan {
namespace {

// More items than this are not listed in memory for a line of text.
constexpr std::uint64_t kMostDecided = 1'000'000;

std::string decided(std::uint64_t items, Millis each, Millis spawn, const Plan& plan,
                    const Node& node) {
  SpawnQuestion question;
  question.items = items;
  question.each = {each};
  question.spawn = spawn;
  const auto widest = static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(items, 1, std::numeric_limits<std::uint32_t>::max()));
  question.width = std::max(1u, session_bound(plan, node).value_or(widest));
  question.force = node.fanout->force;
  return decide_spawn(question).arithmetic;
}

std::string undecided(const Fanout& fanout, Millis each, Millis spawn,
                      std::optional<std::uint32_t> bound) {
  const std::uint32_t width = bound.value_or(std::numeric_limits<std::uint32_t>::max());
  const auto least = break_even(each, spawn, width);
  if (!least) {
    return width <= 1 ? "one session serves all: only one at a time is allowed"
                      : "one session serves all: items that take no time never pay";
  }
  if (fanout.limit && *fanout.limit < *least) {
    return fmt::format("one session serves all: pays from {} items on, and limit is {}", *least,
                       *fanout.limit);
  }
  return fmt::format(
      "pays from {} items on ({} each against {} a session); decided when N is known", *least,
      to_string(each), to_string(spawn));
}

}  // namespace

std::optional<std::uint64_t> declared_items(const FanoutSource& source) {
  if (source.kind == FanoutSource::Kind::kList) {
    return source.list.size();
  }
  if (source.kind != FanoutSource::Kind::kRange) {
    return std::nullopt;
  }
  if (source.last < source.first) {
    return 0;
  }
  const std::uint64_t span =
      static_cast<std::uint64_t>(source.last) - static_cast<std::uint64_t>(source.first);
  return span == std::numeric_limits<std::uint64_t>::max() ? span : span + 1;
}

std::optional<std::uint32_t> session_bound(const Plan& plan, const Node& node) {
  std::optional<std::uint32_t> bound = plan.limits.sessions;
  const auto at_most = [&bound](std::uint32_t sessions) {
    bound = bound ? std::min(*bound, sessions) : sessions;
  };
  if (node.fanout->width) {
    at_most(*node.fanout->width);
  }
  const bool cloned =
      std::any_of(node.agents.begin(), node.agents.end(),
                  [&plan](AgentIndex agent) { return plan.agents[agent.value].clones; });
  if (!cloned) {
    at_most(static_cast<std::uint32_t>(node.agents.size()));
  }
  return bound;
}

std::optional<Rounds> rounds_of(const Plan& plan, const Node& node) {
  const Fanout& fanout = *node.fanout;
  const auto declared = declared_items(fanout.source);
  if (!declared && !fanout.limit) {
    return std::nullopt;
  }
  const std::uint64_t items = std::min<std::uint64_t>(
      declared.value_or(std::numeric_limits<std::uint64_t>::max()),
      fanout.limit ? *fanout.limit : std::numeric_limits<std::uint64_t>::max());
  std::uint64_t sessions =
      session_bound(plan, node).value_or(std::numeric_limits<std::uint32_t>::max());
  if (fanout.force == Force::kInline || sessions == 0) {
    sessions = 1;
  }
  return Rounds{items / sessions + (items % sessions == 0 ? 0 : 1), declared.has_value()};
}

std::optional<Millis> spawn_prior(const Plan& plan, const Node& node) {
  if (node.fanout->spawn) {
    return node.fanout->spawn;
  }
  std::optional<Millis> dearest;
  for (const AgentIndex agent : node.agents) {
    const auto& spawn = plan.agents[agent.value].runtime.spawn;
    if (spawn && (!dearest || *dearest < *spawn)) {
      dearest = spawn;
    }
  }
  return dearest;
}

std::optional<Millis> item_prior(const Node& node) {
  return node.fanout->est ? node.fanout->est : node.est;
}

std::string spawn_outlook(const Plan& plan, const Node& node) {
  const Fanout& fanout = *node.fanout;
  const auto each = item_prior(node);
  const auto spawn = spawn_prior(plan, node);
  auto items = declared_items(fanout.source);
  if (items && fanout.limit) {
    items = std::min<std::uint64_t>(*items, *fanout.limit);
  }
  if (items && each && spawn && *items <= kMostDecided) {
    return decided(*items, *each, *spawn, plan, node);
  }
  std::string line;
  if (fanout.force == Force::kInline) {
    line = "forced inline: one session serves all";
  } else if (!each || !spawn) {
    line = fmt::format("no {} in the text: decided when N is known, with what was measured",
                       each    ? "spawn"
                       : spawn ? "est"
                               : "est and no spawn");
  } else {
    line = undecided(fanout, *each, *spawn, session_bound(plan, node));
  }
  return fanout.force == Force::kParallel ? "forced parallel; else: " + line : line;
}

}  // namespace fleet::plan
