// Orders: the core's commands, made self-contained. The admit node fills in from plan and state all
// that a command needs, so that what carries it out shares no state with the core.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dsl/plan/plan.h"
#include "engine/run/step.h"

namespace fleet::flow {

struct ListOrder {
  plan::NodeIndex node;
  std::string start;  // commit whose files are listed
};

struct SpawnOrder {
  plan::NodeIndex node;
  std::vector<std::string> items;
  std::uint32_t jobs = 1;
};

// What of a task ends up in branch names, commands and environments.
struct TaskFacts {
  run::Attempt attempt;
  plan::NodeIndex node;
  std::string agent;  // name; empty for plain commands and merges
  std::string item;
  std::string text;  // what is to be done: the call's first argument, or the item; of a finding all
                     // that it says
  std::string task;  // the flow's parameter `task`; without one, the call's first argument or item
  std::uint32_t round = 1;  // of the loop around the step; 1 outside of loops
  std::string last = {};  // how the attempt before it ended; empty: it went well, or there is none
  // Of a review: who let what it reads go on without its checks; empty: it passed them.
  std::string let_pass = {};
  // Of the agent's budget for one attempt, by attempts before it that count as the same one.
  plan::Money spent = {};
};

struct PrepareOrder {
  TaskFacts task;
  run::SessionIndex session;
  std::string start;
};

struct LaunchOrder {
  TaskFacts task;
  run::SessionIndex session;
  std::string slot;
  std::string start;
};

struct CaptureOrder {
  TaskFacts task;
  run::SessionIndex session;
  std::string slot;
  std::string start;
  std::int64_t at = 0;  // wall ms: the commit's date
};

struct VerifyOrder {
  TaskFacts task;
  std::string start;
  std::string commit;
  std::uint64_t changed_lines = 0;
};

struct PublishOrder {
  TaskFacts task;
  std::string branch;
  std::string commit;
};

struct MergeOrder {
  TaskFacts task;
  std::string start;
  std::vector<std::string> commits;
  std::vector<std::string> names;  // of the tasks that made them, parallel
  // What they are about, and whose they are: one line each, empty where unknown; parallel.
  std::vector<std::string> titles = {};
  std::vector<std::string> agents = {};
  std::vector<std::string> reviewers = {};  // agents that approved one of the commits, none twice
  std::vector<std::string> approvers = {};  // humans that approved on the way to this merge
  std::int64_t at = 0;
  // Of a merge into a step's branch, which hands over its lease: the branch, and the commit that it
  // has if nobody else moved it.
  std::string branch = {};
  std::string tip = {};
  // Of a merge into a branch by name: the branches that other tasks of the run have.
  std::map<std::string, run::TaskIndex> leased = {};
};

struct TimerOrder {
  run::Attempt attempt;
  std::int64_t at = 0;
};

struct CancelOrder {
  run::Attempt attempt;
};

struct EndSessionOrder {
  run::SessionIndex session;
};

struct OpenGateOrder {
  TaskFacts task;
  std::string human;   // who is asked: a name of Plan::humans
  std::string reason;  // why, for people
  // Of an escalation that goes by way of agents: who hears of it first, and when the human is told
  // if it is still open then (wall ms; 0: at once).
  std::vector<std::string> first = {};
  std::int64_t tell_at = 0;
};

struct CloseGateOrder {
  run::Attempt attempt;
  std::string why;
};

struct CloseOrder {
  run::RunOutcome outcome = run::RunOutcome::kDone;
};

using Order = std::variant<ListOrder, SpawnOrder, PrepareOrder, LaunchOrder, CaptureOrder,
                           VerifyOrder, PublishOrder, MergeOrder, TimerOrder, CancelOrder,
                           EndSessionOrder, OpenGateOrder, CloseGateOrder, CloseOrder>;

// REQUIRES: the attempt is its task's current one.
TaskFacts task_facts(const plan::Plan& plan, const run::State& state, run::Attempt attempt);

Order make_order(const plan::Plan& plan, const run::State& state, const run::Command& command);

// The values of holes for one task.
struct HoleValues {
  std::string task, item, agent, run, round, date;
};
HoleValues hole_values(const run::State& state, const TaskFacts& task);

// The facts of a task that does not exist yet: of an item, by the agent of that name.
TaskFacts facts_of_item(const plan::Plan& plan, plan::NodeIndex node, std::string item,
                        std::string agent);

// What a session at the task may spend; empty: nothing bounds it.
std::optional<plan::Money> left_for(const plan::Agent& agent, const TaskFacts& task);

// Whether its items are findings.
bool mends_findings(const plan::Node& node);

// A finding as the one who mends it reads it: "major: src/a.c:12: title", then its label and
// detail.
std::string text_of(const run::Finding& finding);

// What a task is about, for subjects and lists: one line of at most 60 bytes; may be empty.
std::string title_of(const TaskFacts& task);

// Text with its holes filled. A hole without a value becomes "{name}" (a plan with unbound
// parameters is refused before it runs).
std::string fill(const plan::Template& text, const HoleValues& values);

}  // namespace fleet::flow
