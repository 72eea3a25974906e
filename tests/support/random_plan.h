// Random plans that the engine can run, and the random numbers they are made of: the same seed
// gives the same plan on every platform.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/plan_builder.h"

namespace fleet::test {

// splitmix64. The distributions of <random> differ between libraries.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  // 0 … bound - 1. REQUIRES: bound > 0.
  std::uint32_t below(std::size_t bound) { return static_cast<std::uint32_t>(next() % bound); }
  bool percent(std::uint32_t chance) { return below(100) < chance; }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

 private:
  std::uint64_t state_;
};

class RandomPlan {
 public:
  RandomPlan(Dice& dice, std::uint32_t max_nodes) : dice_(dice) {
    add_agents();
    const std::uint32_t nodes = 1 + dice_.below(max_nodes);
    shape_ = static_cast<Shape>(dice_.below(4));
    for (std::uint32_t i = 0; i < nodes; ++i)
      add_node(i);
    if (dice_.percent(30))
      builder_.plan.limits.sessions = 1 + dice_.below(3);
  }

  plan::Plan take() { return std::move(builder_.plan); }

 private:
  enum class Shape { kChain, kLayers, kDiamonds, kLoose };

  void add_agents() {
    const std::uint32_t agents = 1 + dice_.below(4);
    for (std::uint32_t i = 0; i < agents; ++i) {
      const plan::AgentIndex agent = builder_.agent("agent" + std::to_string(i), dice_.percent(60),
                                                    dice_.percent(75), dice_.percent(70));
      if (dice_.percent(20))
        builder_.plan.agents[agent.value].restart.backoff_min = plan::Millis{0};
    }
  }

  // Which earlier nodes this one hangs on.
  std::vector<std::uint32_t> predecessors(std::uint32_t i) {
    std::vector<std::uint32_t> before;
    const auto add = [&](std::uint32_t node) {
      before.push_back(node);
    };
    switch (shape_) {
      case Shape::kChain:
        if (i > 0)
          add(i - 1);
        break;
      case Shape::kLayers: {
        const std::uint32_t layer = i / 3;
        for (std::uint32_t k = 0; layer > 0 && k < 3; ++k) {
          if (dice_.percent(60))
            add((layer - 1) * 3 + k);
        }
        break;
      }
      case Shape::kDiamonds:  // 0 -> 1, 2 -> 3 -> 4, 5 -> 6 …
        if (i % 3 == 0 && i > 0)
          add(i - 2);
        if (i > 0)
          add(i % 3 == 2 ? i - 2 : i - 1);
        break;
      case Shape::kLoose:
        for (std::uint32_t k = 0; k < i; ++k) {
          if (dice_.percent(25))
            add(k);
        }
        break;
    }
    return before;
  }

  plan::Edge edge_from(std::uint32_t node) {
    using plan::EdgeKind;
    std::vector<EdgeKind> kinds(6, EdgeKind::kAccepted);
    kinds.push_back(EdgeKind::kDone);
    kinds.push_back(EdgeKind::kSomeAccepted);
    if (dice_.percent(40))
      kinds.push_back(EdgeKind::kFailed);
    if (builder_.plan.nodes[node].kind == plan::NodeKind::kMerge)
      kinds.push_back(EdgeKind::kMerged);
    return {{node}, dice_.pick(kinds)};
  }

  std::vector<std::string> items() {
    std::vector<std::string> list;
    const std::uint32_t count = dice_.percent(10) ? 0 : 1 + dice_.below(6);
    for (std::uint32_t i = 0; i < count; ++i)
      list.push_back("item" + std::to_string(i));
    return list;
  }

  plan::AgentIndex agent() { return {dice_.below(builder_.plan.agents.size())}; }

  std::vector<plan::AgentIndex> some_agents() {
    std::vector<plan::AgentIndex> some = {agent()};
    while (some.size() < builder_.plan.agents.size() && dice_.percent(20)) {
      const plan::AgentIndex more = agent();
      bool repeated = false;
      for (const plan::AgentIndex one : some)
        repeated = repeated || one == more;
      if (!repeated)
        some.push_back(more);
    }
    return some;
  }

  void add_node(std::uint32_t i) {
    std::vector<plan::Edge> after;
    for (const std::uint32_t node : predecessors(i))
      after.push_back(edge_from(node));
    const std::string name = "n" + std::to_string(i);
    const std::uint32_t kind = dice_.below(100);
    plan::NodeIndex node;
    if (kind < 30) {
      node = builder_.fanout(name, some_agents(), items(), after);
    } else if (kind < 60) {
      node = builder_.task(name, agent(), after);
    } else if (kind < 80 || after.empty()) {
      node = builder_.run(name, after);
    } else {
      std::vector<plan::NodeIndex> from;
      for (const plan::Edge& edge : after)
        from.push_back(edge.from);
      node = builder_.merge(name, from, after);
    }
    finish(builder_[node]);
  }

  void finish(plan::Node& node) {
    node.retries = dice_.below(3);
    node.otherwise = static_cast<plan::Otherwise>(dice_.below(3));
    if (dice_.percent(50))
      node.est = plan::Millis{dice_.below(10'000)};
    for (const plan::Edge& edge : node.after) {
      const bool one_task = builder_[edge.from].kind != plan::NodeKind::kFanout;
      if (one_task && edge.kind == plan::EdgeKind::kAccepted && dice_.percent(40)) {
        node.start = edge.from;
      }
    }
  }

  Dice& dice_;
  PlanBuilder builder_;
  Shape shape_ = Shape::kLoose;
};

inline plan::Plan random_plan(Dice& dice, std::uint32_t max_nodes) {
  return RandomPlan(dice, max_nodes).take();
}

}  // namespace fleet::test
