// Arbitrary sound plans: every kind of node, every optional field there or not, any bytes in texts.
#pragma once

#include <rapidcheck.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dsl/plan/codec.h"
#include "dsl/plan/plan.h"

namespace fleet::plan::any {

inline std::uint32_t below(std::uint32_t bound) {
  return *rc::gen::inRange<std::uint32_t>(0, bound);
}
inline bool coin() {
  return below(2) == 1;
}
inline std::string bytes() {
  return *rc::gen::arbitrary<std::string>();
}
// UTF-8, rich in what formats must escape.
inline std::string text() {
  static const std::vector<std::string> kPieces = {"a",      "Z",
                                                   "0",      " ",
                                                   "\"",     "\\",
                                                   "/",      "\n",
                                                   "\t",     "\x01",
                                                   "\x7f",   "&",
                                                   "<",      ">",
                                                   "{",      "}",
                                                   "#",      ";",
                                                   "%",      "`",
                                                   "'",      "é",
                                                   "日",     "😀",
                                                   "$",      "\r",
                                                   "\u2028", "\u202e",
                                                   "\uffff", "\u00ad",
                                                   "--",     "[",
                                                   "]",      std::string(1, 0)};
  std::string text;
  for (std::uint32_t count = below(4); count > 0; --count) {
    text += kPieces[below(static_cast<std::uint32_t>(kPieces.size()))];
  }
  return text;
}
inline std::string name(const char* stem, std::size_t index) {
  return stem + std::to_string(index) + text();
}
inline Millis millis() {
  return Millis{*rc::gen::inRange<std::int64_t>(0, 100'000'000)};
}
inline Money money() {
  return Money{*rc::gen::inRange<std::int64_t>(0, 100'000'000)};
}

template <class Enum>
Enum one_of(std::uint32_t count) {
  return static_cast<Enum>(below(count));
}

template <class Make>
auto maybe(Make make) -> std::optional<decltype(make())> {
  return coin() ? std::optional(make()) : std::nullopt;
}

template <class Make>
auto some(std::uint32_t least, Make make) -> std::vector<decltype(make())> {
  std::vector<decltype(make())> all;
  for (std::uint32_t i = least + below(3); i > 0; --i) {
    all.push_back(make());
  }
  return all;
}

inline Template holes() {
  return some(0, [] { return Segment{coin(), text()}; });
}
inline Command command() {
  return {some(1, holes), text()};
}
inline Acceptance acceptance() {
  Acceptance accept;
  accept.kind = one_of<Acceptance::Kind>(3);
  accept.command = command();
  accept.max_lines = below(1000);
  accept.text = text();
  return accept;
}
inline Place place() {
  return {text(), below(100), below(100)};
}

inline Event event() {
  return {one_of<Event::Kind>(6), text()};
}

inline Agent agent(std::size_t index) {
  Agent agent;
  agent.name = name("agent", index);
  agent.role = text();
  agent.clones = coin();
  agent.runtime.name = text();
  agent.runtime.adapter = one_of<Adapter>(5);
  agent.runtime.command = coin() ? command() : Command{};
  agent.runtime.model = text();
  agent.runtime.spawn = maybe(millis);
  agent.runtime.env = some(0, [] { return std::pair(text(), text()); });
  agent.runtime.sandbox = {coin(), coin(), some(0, text)};
  agent.runtime.price = maybe(money);
  agent.dispatch = one_of<Dispatch>(4);
  agent.on = maybe(event);
  agent.every = maybe(millis);
  agent.overlap = one_of<Overlap>(2);
  agent.identity = some(0, text);
  agent.grants = some(0, text);
  agent.day_budget = maybe(money);
  agent.session_max = maybe(millis);
  agent.checkpoint = maybe(millis);
  agent.handoff = {coin(), maybe([] { return below(100); })};
  agent.reads = one_of<Reads>(3);
  agent.writes = maybe([] { return Writes{holes(), some(0, text)}; });
  agent.keep = some(0, text);
  agent.budget = maybe(money);
  agent.timeout = maybe(millis);
  agent.accept = some(0, acceptance);
  agent.session = one_of<SessionMode>(2);
  agent.restart = {Millis{below(100)}, Millis{100 + below(100)}, below(10), coin()};
  agent.on_engine_crash = one_of<OnEngineCrash>(2);
  agent.returns = one_of<Returns>(3);
  agent.brief = bytes();
  agent.place = place();
  return agent;
}

inline constexpr const char* kHuman = "human";

inline Credential credential() {
  Credential credential;
  credential.name = text();
  credential.from = one_of<Credential::From>(3);
  credential.source = text();
  credential.command = maybe(command);
  credential.owner = text();
  credential.expires = maybe([] { return *rc::gen::arbitrary<std::int64_t>(); });
  credential.scopes = some(0, text);
  credential.probe = maybe(command);
  credential.mode = one_of<Credential::Mode>(2);
  return credential;
}

inline Fanout fanout() {
  Fanout fanout;
  fanout.variable = text();
  fanout.source.kind = one_of<FanoutSource::Kind>(6);
  fanout.source.path = text();
  fanout.source.command = coin() ? command() : Command{};
  fanout.source.list = some(0, text);
  fanout.source.first = *rc::gen::arbitrary<std::int64_t>();
  fanout.source.last = *rc::gen::arbitrary<std::int64_t>();
  fanout.source.text = text();
  fanout.width = maybe([] { return 1 + below(100); });
  fanout.limit = maybe([] { return 1 + below(100); });
  fanout.est = maybe(millis);
  fanout.spawn = maybe(millis);
  fanout.force = one_of<Force>(3);
  fanout.source.label = text();
  fanout.route_by = text();
  fanout.routes = some(0, [] { return std::pair(text(), text()); });
  return fanout;
}

// A node whose references go to the `index` nodes before it and to `agents` agents.
inline Node node(std::uint32_t index, std::uint32_t agents) {
  const auto earlier = [index] {
    return NodeIndex{below(index)};
  };
  const auto any_agent = [agents] {
    return AgentIndex{below(agents)};
  };
  Node node;
  node.name = name("node", index);
  node.kind = one_of<NodeKind>(9);
  if (index == 0 && node.kind == NodeKind::kMerge) {
    node.kind = NodeKind::kHuman;
  }
  if (node.kind == NodeKind::kHuman) {
    node.human = kHuman;
  }
  if (node.kind == NodeKind::kTask) {
    node.agents = {any_agent()};
    node.args = some(0, holes);
  } else if (node.kind == NodeKind::kFanout) {
    node.agents = some(1, any_agent);
    node.fanout = fanout();
    if (index > 0 && coin()) {
      node.fanout->source.kind = FanoutSource::Kind::kFindings;
      node.fanout->source.of = earlier();
    }
  } else if (node.kind == NodeKind::kRun) {
    node.command = command();
    node.sandboxed = coin();
  } else if (node.kind == NodeKind::kMerge) {
    node.merge = Merge{some(1, earlier),     holes(), maybe(earlier), coin(), some(0, acceptance),
                       one_of<MergeStyle>(3)};
  }
  if (index > 0) {
    node.after = some(0, [&] { return Edge{earlier(), one_of<EdgeKind>(7)}; });
    node.start = maybe(earlier);
  }
  node.round = below(3);
  node.retries = below(5);
  node.timeout = maybe(millis);
  node.otherwise = one_of<Otherwise>(3);
  node.est = maybe(millis);
  node.doc = bytes();
  node.place = place();
  return node;
}

inline Plan plan() {
  Plan plan;
  plan.fleet = text();
  plan.fleet_version = below(100);
  plan.file = text();
  plan.flow = text();
  plan.parameters = some(0, [] { return std::pair(text(), text()); });
  plan.unbound = some(0, text);
  plan.repo = {text(), text()};
  plan.budget = maybe([] {
    return Budget{money(), text(), coin(), maybe([] { return below(100); })};
  });
  plan.on = maybe(event);
  plan.load = some(0, [] { return Load{below(9), text()}; });
  plan.sync = some(0, text);
  plan.hooks = maybe(coin);
  plan.forge = text();
  plan.escalation = maybe([] { return Escalation{some(1, text), maybe(millis)}; });
  plan.humans = {{kHuman, maybe(millis), maybe(command), text()}};
  plan.credentials = some(0, credential);
  plan.identities = some(0, [] {
    return Identity{text(), below(100), text(), some(0, text), coin() ? sha256(text()) : ""};
  });
  plan.day = maybe([] {
    const auto term = [] {
      return DayTerm{text(), maybe([] { return std::uint64_t{below(9)}; }), maybe(money)};
    };
    return DayCase{some(0, term), maybe(money)};
  });
  plan.limits.sessions = maybe([] { return below(100); });
  plan.limits.starts = maybe([] { return below(100); });
  plan.limits.messages = maybe([] { return below(100); });
  plan.limits.worktree_bytes = maybe([] { return *rc::gen::arbitrary<std::uint64_t>(); });
  plan.protect = some(0, text);
  plan.accept = some(0, acceptance);
  const std::uint32_t agents = 1 + below(3);
  for (std::uint32_t i = 0; i < agents; ++i) {
    plan.agents.push_back(agent(i));
  }
  const std::uint32_t nodes = below(6);
  for (std::uint32_t i = 0; i < nodes; ++i) {
    plan.nodes.push_back(node(i, agents));
    if (coin()) {
      plan.critical_path.push_back(NodeIndex{i});
    }
    if (coin()) {
      plan.worst.terms.push_back(
          {NodeIndex{i}, below(4), maybe([] { return std::uint64_t{below(9)}; }), maybe(money)});
    }
  }
  plan.worst.sessions = maybe([] { return std::uint64_t{below(100)}; });
  plan.worst.money = maybe(money);
  return plan;
}

}  // namespace fleet::plan::any
