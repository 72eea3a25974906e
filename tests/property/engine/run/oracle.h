// What a run must come to, worked out the naive way: each task's scripted attempts one after
// another, each step by recursion over its edges. Shares no code with the engine.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/run/policy.h"
#include "tests/support/random_plan.h"

namespace fleet::test {

// How one attempt at a task ends. After its script a task succeeds.
enum class Fate {
  kSuccess,
  kEmpty,  // nothing to change; a success
  kExit,
  kCrash,
  kTimeout,
  kFlood,
  kSpawnFailed,
  kLost,
  kPrepareError,
  kPrepareRefused,
  kOutside,
  kUncommittable,
  kCaptureError,
  kEvidence,
  kVerifyError,
  kPublishError,
  kConflict,
  kMergeEvidence,
  kMergeRefused,
  kMergeError,
  kMergeNothing,  // a success
};

enum class Cost { kNothing, kFailure, kLoss, kFatal };  // kNothing: a success
inline Cost cost_of(Fate fate) {
  switch (fate) {
    case Fate::kSuccess:
    case Fate::kEmpty:
    case Fate::kMergeNothing: return Cost::kNothing;
    case Fate::kExit:
    case Fate::kCrash:
    case Fate::kTimeout:
    case Fate::kFlood:
    case Fate::kOutside:
    case Fate::kUncommittable:
    case Fate::kEvidence: return Cost::kFailure;
    case Fate::kLost:
    case Fate::kPrepareError:
    case Fate::kCaptureError:
    case Fate::kVerifyError:
    case Fate::kMergeError: return Cost::kLoss;
    case Fate::kPrepareRefused:
    case Fate::kSpawnFailed:
    case Fate::kPublishError:
    case Fate::kConflict:
    case Fate::kMergeEvidence:
    case Fate::kMergeRefused: return Cost::kFatal;
  }
  return Cost::kFatal;
}

using Item = std::pair<std::uint32_t, std::uint32_t>;  // node, item

struct Script {
  std::map<Item, std::vector<Fate>> fates;
  std::vector<bool> listing_fails;  // by node

  Fate fate(Item item, std::size_t attempt) const {
    const auto found = fates.find(item);
    if (found == fates.end() || attempt >= found->second.size())
      return Fate::kSuccess;
    return found->second[attempt];
  }
};

// All agents of a step take part in any of its items, so a script may only hold what fits each.
inline std::vector<Fate> fates_that_fit(const plan::Plan& plan, const plan::Node& node) {
  if (node.kind == plan::NodeKind::kMerge) {
    return {Fate::kMergeError,    Fate::kMergeError,   Fate::kConflict,
            Fate::kMergeEvidence, Fate::kMergeRefused, Fate::kMergeNothing};
  }
  std::vector<Fate> fit = {Fate::kExit,    Fate::kExit,         Fate::kCrash,
                           Fate::kTimeout, Fate::kFlood,        Fate::kSpawnFailed,
                           Fate::kLost,    Fate::kPrepareError, Fate::kPrepareRefused};
  bool all_write = !node.agents.empty();
  bool all_judged = !node.agents.empty();
  for (const plan::AgentIndex agent : node.agents) {
    all_write = all_write && plan.agents[agent.value].writes.has_value();
    all_judged = all_judged && !plan.agents[agent.value].accept.empty();
  }
  const auto add = [&](std::vector<Fate> more) {
    fit.insert(fit.end(), more.begin(), more.end());
  };
  if (all_write) {
    add({Fate::kEmpty, Fate::kOutside, Fate::kUncommittable, Fate::kCaptureError,
         Fate::kPublishError});
  }
  if (all_judged)
    add({Fate::kEvidence, Fate::kEvidence, Fate::kVerifyError});
  return fit;
}

// Mostly little trouble; now and then so much bad luck that the budget of losses is spent.
inline std::vector<Fate> random_fates(Dice& dice, const std::vector<Fate>& fit) {
  std::vector<Fate> fates;
  if (dice.percent(6)) {
    const std::uint32_t losses = run::kLossBudget - 2 + dice.below(4);
    while (fates.size() < losses) {
      const Fate fate = dice.pick(fit);
      if (cost_of(fate) == Cost::kLoss)
        fates.push_back(fate);
    }
  }
  const std::uint32_t trouble = dice.percent(50) ? 0 : dice.below(5);
  for (std::uint32_t i = 0; i < trouble; ++i)
    fates.push_back(dice.pick(fit));
  return fates;
}

inline std::uint32_t count_items(const plan::Node& node) {
  if (node.kind != plan::NodeKind::kFanout)
    return 1;
  const auto items = static_cast<std::uint32_t>(node.fanout->source.list.size());
  return std::min(items, node.fanout->limit.value_or(items));
}

inline Script random_script(Dice& dice, const plan::Plan& plan) {
  Script script;
  for (std::uint32_t n = 0; n < plan.nodes.size(); ++n) {
    const plan::Node& node = plan.nodes[n];
    script.listing_fails.push_back(node.kind == plan::NodeKind::kFanout && dice.percent(5));
    const std::vector<Fate> fit = fates_that_fit(plan, node);
    for (std::uint32_t i = 0; i < count_items(node); ++i) {
      script.fates[{n, i}] = random_fates(dice, fit);
    }
  }
  return script;
}

class Oracle {
 public:
  enum class End { kAccepted, kFailed, kSkipped, kNeverStarted };

  struct TaskEnd {
    End end = End::kAccepted;
    std::uint32_t attempts = 0;  // those that cost something or succeeded
    Fate last = Fate::kSuccess;
  };
  struct NodeEnd {
    bool started = false;
    bool listing_failed = false;
    std::vector<TaskEnd> tasks;

    std::uint32_t count(End end) const {
      std::uint32_t n = 0;
      for (const TaskEnd& task : tasks)
        n += task.end == end ? 1 : 0;
      return n;
    }
    std::uint32_t failures() const { return listing_failed ? 1 : count(End::kFailed); }
  };

  Oracle(const plan::Plan& plan, const Script& script) : plan_(plan), script_(script) {}

  const NodeEnd& node(std::uint32_t n) {
    const auto known = nodes_.find(n);
    if (known != nodes_.end())
      return known->second;
    NodeEnd end;
    end.started = true;
    for (const plan::Edge& edge : plan_.nodes[n].after)
      end.started = fires(edge) && end.started;
    end.listing_failed = end.started && script_.listing_fails[n];
    const bool fanout = plan_.nodes[n].kind == plan::NodeKind::kFanout;
    const bool has_tasks = !fanout || (end.started && !end.listing_failed);
    for (std::uint32_t i = 0; has_tasks && i < count_items(plan_.nodes[n]); ++i) {
      end.tasks.push_back(end.started ? walk(n, i)
                                      : TaskEnd{End::kNeverStarted, 0, Fate::kSuccess});
    }
    return nodes_[n] = end;
  }

  bool fires(const plan::Edge& edge) {
    const NodeEnd& from = node(edge.from.value);
    const std::uint32_t accepted = from.count(End::kAccepted);
    switch (edge.kind) {
      case plan::EdgeKind::kDone: return true;
      case plan::EdgeKind::kFailed: return from.failures() > 0;
      case plan::EdgeKind::kSomeAccepted: return accepted > 0;
      case plan::EdgeKind::kAccepted:
        return from.started && from.failures() == 0 && (accepted > 0 || from.tasks.empty());
      case plan::EdgeKind::kMerged:
        return plan_.nodes[edge.from.value].kind == plan::NodeKind::kMerge && accepted > 0;
      case plan::EdgeKind::kApproved:
      case plan::EdgeKind::kChangesRequested: return false;
    }
    return false;
  }

  bool run_fails() {
    bool fails = false;
    for (std::uint32_t n = 0; n < plan_.nodes.size(); ++n)
      fails = fails || node(n).failures() > 0;
    return fails;
  }

 private:
  TaskEnd walk(std::uint32_t n, std::uint32_t item) const {
    const plan::Node& node = plan_.nodes[n];
    const End given_up = node.otherwise == plan::Otherwise::kSkip ? End::kSkipped : End::kFailed;
    std::uint32_t failures = 0;
    std::uint32_t losses = 0;
    for (std::uint32_t attempt = 0;; ++attempt) {
      const Fate fate = script_.fate({n, item}, attempt);
      const Cost cost = cost_of(fate);
      if (cost == Cost::kNothing)
        return {End::kAccepted, attempt + 1, fate};
      if (cost == Cost::kFailure)
        ++failures;
      if (cost == Cost::kLoss)
        ++losses;
      if (cost == Cost::kFatal || failures > node.retries || losses == run::kLossBudget) {
        return {given_up, attempt + 1, fate};
      }
    }
  }

  const plan::Plan& plan_;
  const Script& script_;
  std::map<std::uint32_t, NodeEnd> nodes_;
};

}  // namespace fleet::test
