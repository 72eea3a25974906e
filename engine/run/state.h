// The state of a run, as drawn from its events. Plain data that only `step` changes; everything
// that people see (status, progress, summary) is read from here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/run/event.h"
#include "engine/run/worklists.h"

namespace fleet::run {

enum class Phase : std::uint8_t {
  kWaiting,     // for other steps
  kReady,       // may start; waits for a free place (or, with `not_before`, for a backoff)
  kAdmitted,    // has a place and an epoch
  kPreparing,   // its worktree is being made
  kRunning,     // its process was submitted (merges: the merge is under way)
  kSettling,    // its process ended; what it left is being committed
  kVerifying,   // evidence is being gathered, or waits for a free place
  kPublishing,  // its branch is being moved
  kParked,      // a gate: waits for a human, who has what `Task::gate` says to decide
  kDone,        // accepted, a verdict was given, or a human decided
  kFailed,
  kSkipped,    // an edge it needs can never fire, or `else skip`
  kCancelled,  // by a stop, or because nobody wants it any more
};
const char* name_of(Phase phase);
bool is_settled(Phase phase);

// How an attempt ended, each with a policy of its own (policy.h).
enum class Outcome : std::uint8_t {
  kNone,
  kSuccess,
  kEvidenceFailed,
  kExitCode,  // the program said no
  kCrash,     // a signal that was not ours
  kTimeout,
  kOutputLimit,
  kOutsidePaths,
  kRefused,  // what it left can't be committed
  kSpawnFailed,
  kLost,
  kCancelled,
  kWorld,       // disk, git: not the agent's fault
  kConflict,    // merges
  kNoVerdict,   // a reviewer ended without one
  kSaidFailed,  // the agent said that it can't do the task
  kAuth,
  kLimited,
  kOverloaded,
  kContextExhausted,
  kDeclined,
  kBudgetSpent,
  kRejected,    // by a human
  kUnanswered,  // no human decided in time
};
const char* name_of(Outcome outcome);

// Money and tokens, as metered.
struct Used {
  plan::Money money;
  std::uint64_t input_tokens = 0;
  std::uint64_t cached_tokens = 0;
  std::uint64_t output_tokens = 0;
  friend bool operator==(const Used&, const Used&) = default;
};

// What an open gate asks, and so what its two answers mean.
enum class Asks : std::uint8_t {
  kDecision,    // a step's own: approved, or changes are requested
  kEscalation,  // the attempts are spent: go on as if it had succeeded, or stop
  kCredential,  // one was not accepted: it was renewed, so try again; or stop
};
const char* name_of(Asks asks);
const char* name_of(Decision decision);  // "approved", "rejected", "retried"

// Kept after the answer, too. Its answer, or why there is none, is in Task::decision and ::reason.
struct Gate {
  Asks asks = Asks::kDecision;
  std::string human;            // who is asked: a name of Plan::humans
  std::string why;              // for them
  Epoch epoch = 0;              // an answer to another one is too late
  std::int64_t opened_at = 0;   // wall ms
  std::int64_t closes_at = 0;   // wall ms, unanswered; 0: never
  std::uint64_t opened_by = 0;  // State::events when it opened: what came later was not seen
  friend bool operator==(const Gate&, const Gate&) = default;
};

// Whether the answer was given after the gate's time was over.
bool is_late(const Gate& gate, const GateAnswered& answer);

struct Task {
  TaskIndex index;
  NodeIndex node;
  std::string item;  // fan-outs: the item's text
  std::uint32_t item_index = 0;
  Phase phase = Phase::kWaiting;
  std::string reason;          // why it is in this phase, for people
  std::int64_t since = 0;      // wall ms of the last change of phase
  Epoch epoch = 0;             // of the current or last attempt; 0 before the first
  std::uint32_t failures = 0;  // attempts spent of the step's own budget (1 + retries)
  std::uint32_t losses = 0;    // attempts lost to the world; a budget of its own
  SessionIndex session;        // meaningful from kAdmitted to the end of kSettling
  std::string start;           // commit
  std::string branch;
  std::vector<std::string> shares;  // PathsShared: what else may change the same files
  std::string slot;                 // of the last attempt that was prepared
  std::string commit;               // of the last capture or merge
  std::int64_t captured_at =
      0;  // wall ms of the exit: the commit's date, so that a repeat is bit-identical
  Outcome outcome = Outcome::kNone;  // of the last attempt
  std::string detail;                // of the last attempt: "exit 1", …
  std::vector<CheckResult> checks;   // of the last evidence
  std::uint32_t files = 0;
  std::uint64_t insertions = 0;
  std::uint64_t deletions = 0;
  Millis duration{0};           // of the last attempt's process
  Millis work{0};               // of all attempts' processes
  std::int64_t not_before = 0;  // kReady: wall ms when its backoff ends; 0: none
  // Said by the session of the current or last attempt.
  std::optional<Verdict> verdict;
  std::string summary;
  std::vector<Finding> findings;  // one an id, as last filed
  // State::events when its verdict, or its gate's decision, was given last, and when a finding of
  // severity major or worse was last filed by the same attempt; 0: never.
  std::uint64_t judged_by = 0;
  std::uint64_t objected_by = 0;
  std::vector<std::string> read;  // names of identity documents, in the order of reading
  bool taken = false;             // it was given its task
  std::optional<bool> said_done;
  std::string asks_human;  // why the session wants a human; empty: it does not
  std::uint32_t checkpoints = 0;
  std::uint32_t handoffs = 0;
  Used used;                              // by all attempts
  std::optional<Gate> gate;               // the one that this task is, or last was
  std::optional<GateAnswered> decision;   // of that gate
  std::optional<plan::AgentIndex> agent;  // whose item it is, where the fan-out routes them
  // Of `used`, what counts against the current attempt's budget: its own, and that of attempts
  // before it that spent none of the step's retries (lost, limited, stopped), so that what the
  // world takes away costs no more than the plan's worst case says.
  plan::Money spent;
  bool spends_anew = false;   // the last attempt did spend one: the next has a budget of its own
  bool over_budget = false;   // and is being cancelled for that
  std::uint32_t limited = 0;  // attempts in a row that met a limit: how long the next wait is
  std::vector<std::string> takes;  // merges: commits, pinned when it began
  std::string unwanted;            // why nobody waits for it any more; empty: it is wanted
  bool placed = false;             // holds one of the `jobs` places
  bool seated = false;             // holds `session`
  bool unreconciled = false;  // runs as far as is known; the engine that resumed has not looked yet
  bool stop_cancelled = false;  // a stop cancelled this attempt: its end as cancelled costs nothing
  friend bool operator==(const Task&, const Task&) = default;
};

// One session of a fan-out serves its tasks one after another in one worktree slot; a single task
// has a session of its own.
struct Session {
  SessionIndex index;
  NodeIndex node;
  plan::AgentIndex agent;  // meaningless for plain commands
  bool open = false;
  bool busy = false;  // a task of it is between kAdmitted and the end of kSettling
  std::uint32_t served = 0;
  friend bool operator==(const Session&, const Session&) = default;
};

enum class NodePhase : std::uint8_t { kWaiting, kListing, kDeciding, kOpen, kSettled };

struct NodeState {
  NodePhase phase = NodePhase::kWaiting;
  std::vector<TaskIndex> tasks;
  std::uint64_t found = 0;         // items before `limit`
  bool routed = false;             // each task has its `agent`
  std::uint32_t sessions_max = 1;  // by the spawn check
  std::uint32_t sessions_open = 0;
  std::uint32_t settled = 0;
  std::uint32_t accepted = 0;
  std::uint32_t skipped = 0;  // by `else skip`, or cancelled as no longer wanted
  std::uint32_t failed = 0;
  std::uint32_t approved = 0;           // by reviews and humans
  std::uint32_t changes_requested = 0;  // by reviews; refused by humans
  bool unreachable = false;             // settled because an edge it needs can never fire
  bool merged = false;
  std::string let_pass;  // by whom: it failed, and a human let the run go on as if it had not
  bool stopped = false;  // a human stopped it, or what it waits for: nobody is asked again
  // Of kAny, kLoop and kLast, once settled: whose outcome it has.
  std::optional<NodeIndex> stands_for;
  std::string tip;  // commit; of a single task that was accepted, and then moved by merges into it
  std::uint64_t tip_moved = 0;   // State::events when a commit of it last became a result
  std::uint64_t settled_by = 0;  // State::events when it settled
  std::string reason;
  SpawnDecided decision;  // fan-outs, once decided
  std::uint32_t unfired =
      0;  // edges of `after` that have not fired; of a disjunction, that may yet
  friend bool operator==(const NodeState&, const NodeState&) = default;
};

struct State {
  std::string run;
  std::string plan_hash;
  std::string base_commit;
  std::string version;
  std::uint32_t jobs = 1;
  std::uint32_t ahead = 0;
  bool opened = false;
  bool draining = false;  // no new attempt starts
  bool stopping = false;  // running ones are being cancelled
  bool closed = false;
  RunOutcome outcome = RunOutcome::kDone;
  std::int64_t opened_at = 0;
  std::int64_t last_at = 0;
  std::uint64_t events = 0;
  std::uint32_t busy = 0;         // places taken of `jobs` (plus `ahead` for plain commands)
  std::vector<NodeState> nodes;   // parallel to the plan's
  std::vector<Task> tasks;        // by TaskIndex
  std::vector<Session> sessions;  // by SessionIndex

  bool closing = false;         // CloseRun{outcome} was asked for
  std::uint32_t in_flight = 0;  // tasks from kAdmitted to kPublishing, nodes listing or deciding
  std::uint32_t unspent = 0;    // of these, what a stop does not wait for: tasks in kVerifying,
                                // nodes listing
  std::uint32_t ready = 0;      // tasks in kReady, backoffs included
  std::uint32_t parked = 0;     // open gates
  std::uint32_t nodes_settled = 0;
  std::uint32_t nodes_failed = 0;
  std::uint32_t sessions_open = 0;  // of agents: what `limits.sessions` bounds

  std::map<std::string, TaskIndex> leases;  // branches that a task has, or had, by name

  Schedule schedule;
  WorkLists queue;
  friend bool operator==(const State&, const State&) = default;
};

// A branch that keeps another from being: the same, or one that git can't hold beside it.
struct Held {
  std::string branch;
  TaskIndex by;
};
// What keeps `task` from having the branch; nullopt: nothing. O(depth × log(leases)).
std::optional<Held> held_against(const std::map<std::string, TaskIndex>& leases, TaskIndex task,
                                 const std::string& branch);
// In words, for whoever wanted `branch`.
std::string why_held(const plan::Plan& plan, const State& state, const std::string& branch,
                     const Held& held);

// Whether `node` has fired edge `kind`, and whether it still can.
bool fired(const plan::Plan& plan, const State& state, NodeIndex node, plan::EdgeKind kind);
bool can_fire(const plan::Plan& plan, const State& state, NodeIndex node, plan::EdgeKind kind);

// The tasks that are open gates, in order; each has its `gate`. O(tasks).
std::vector<TaskIndex> open_gates(const State& state);
// Whether gates are open and nothing else goes on, now or by a timer of its own: without an answer
// the run comes no further until a gate closes by itself, if one does.
bool waits_for_human(const State& state);

// Whether a human who is asked about a step that is stuck may have it tried again: a merge, which
// costs no session. Whatever else is tried again would exceed what its plan says it may cost.
bool may_retry(const plan::Plan& plan, NodeIndex node);

// What the review `node` wants changed; of a joint or loop, what the reviews that it stands for
// want, united. One an id (the most severe of those filed), the most severe first.
std::vector<Finding> findings_of(const plan::Plan& plan, const State& state, NodeIndex node);

// The commit that a node starts from now: the tip of the step that its plan names (of reviews, the
// commit reviewed), of a merge into a step's branch that step's tip, else the base. A task keeps in
// `start` what it was when it began.
// REQUIRES: that step is settled.
std::string start_commit(const plan::Plan& plan, const State& state, NodeIndex node);

}  // namespace fleet::run
