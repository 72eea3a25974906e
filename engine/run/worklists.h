// What makes `step` cost O(changes) and not O(tasks): the plan turned round, and who waits for
// what. Derived from events like all of the state, and of no use to anyone but `step`.
#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <vector>

#include "engine/run/event.h"

namespace fleet::run {

struct SessionIndex {
  std::uint32_t value = 0;
  friend auto operator<=>(SessionIndex, SessionIndex) = default;
};

// Drawn from the plan once, when the run opens.
struct Schedule {
  struct Dependent {
    NodeIndex node;
    plan::EdgeKind kind = plan::EdgeKind::kDone;
    friend bool operator==(const Dependent&, const Dependent&) = default;
  };
  std::vector<std::uint32_t> rank;  // by node; 0 is the most urgent
  std::vector<NodeIndex> by_rank;
  std::vector<std::uint32_t> first;  // by node, and one more: where its dependents begin
  std::vector<Dependent> dependents;
  friend bool operator==(const Schedule&, const Schedule&) = default;
};

// Sets hold ranks of nodes that have something in `ready`. Such a node is in one of the sets, in
// several of `for_agent`, or in none while all the sessions that it may have are busy.
struct WorkLists {
  std::vector<std::vector<TaskIndex>> ready;  // by node: tasks that may be admitted, next one last
  std::vector<std::vector<TaskIndex>>
      later;  // by node: taken once `ready` is empty, next one first
  // Of nodes that route their items instead of both: by node and place in its `agents`, next first.
  std::vector<std::vector<std::deque<TaskIndex>>> routed;
  std::vector<std::vector<SessionIndex>> idle;     // by node: open sessions without a task
  std::vector<TaskIndex> verify;                   // waiting for a place to gather evidence
  std::set<std::uint32_t> candidates;              // may be admitted as far as is known
  std::set<std::uint32_t> commands;                // the same, of plain commands
  std::set<std::uint32_t> for_session;             // wait until fewer sessions are open
  std::vector<std::set<std::uint32_t>> for_agent;  // by agent: wait for its one session
  std::set<std::uint32_t> awake;             // agents with somebody in `for_agent` that may be free
  std::vector<bool> agent_open;              // by agent; of those that have one session
  std::vector<std::uint32_t> sessions_ever;  // by node
  friend bool operator==(const WorkLists&, const WorkLists&) = default;
};

}  // namespace fleet::run
