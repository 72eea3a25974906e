// The plan: what the compiler hands to the engine, and the only thing the two share. Plain data,
// no behaviour; knows nothing of syntax. A plan is self-contained (every inherited value is
// resolved) and is stored with the run, so that an edit of the `.fleet` file never changes a run in
// flight.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fleet::plan {

using Millis = std::chrono::milliseconds;

// Micro-dollars. $38.00 is {38'000'000}.
struct Money {
  std::int64_t micros = 0;
  friend auto operator<=>(const Money&, const Money&) = default;
};

// Where in the user's text something was said; `line` 0 means nowhere (an implicit thing).
struct Place {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

// Text with holes. A hole's `text` is its name: "item", "task", "agent", "run", "round", "date", or
// a flow parameter that got no value (a plan with such a hole can be shown but not run). Parameters
// that have a value are already literal text.
struct Segment {
  bool hole = false;
  std::string text;
  friend bool operator==(const Segment&, const Segment&) = default;
};
using Template = std::vector<Segment>;

// An argument vector. A text without shell metacharacters is split into words and executed as it
// is; one with metacharacters becomes /bin/sh -c SCRIPT sh HOLE1 HOLE2 …, and the script saves its
// parameters in variables before anything else, so that a hole is always exactly one argument (or
// a part of one), never re-parsed.
struct Command {
  std::vector<Template> argv;
  std::string text;  // as written, for people
  friend bool operator==(const Command&, const Command&) = default;
};

// One way in which a task's result is judged.
struct Acceptance {
  enum class Kind { kCommand, kDiffLines, kCriteria };
  Kind kind = Kind::kCommand;
  Command command;             // kCommand: passes when it exits 0
  std::int64_t max_lines = 0;  // kDiffLines: the diff has fewer than this many changed lines
  std::string text;            // as written
  friend bool operator==(const Acceptance&, const Acceptance&) = default;
};

enum class Adapter { kShell, kClaude, kCodex, kGemini, kOpencode };

struct Sandbox {
  bool on = true;
  bool network = true;
  std::vector<std::string> write;  // further places a session may write, absolute or ~/…
  friend bool operator==(const Sandbox&, const Sandbox&) = default;
};

struct Runtime {
  std::string name;  // empty for the short form shell("…")
  Adapter adapter = Adapter::kShell;
  Command command;
  std::string model;
  std::optional<Millis> spawn;  // prior of what a cold session costs
  std::optional<Money> price;   // of a million tokens
  std::vector<std::pair<std::string, std::string>> env;
  Sandbox sandbox;
  friend bool operator==(const Runtime&, const Runtime&) = default;
};

enum class Dispatch { kAlways, kEphemeral, kOn, kEvery };
enum class Reads { kRepo, kDiff, kNone };
enum class SessionMode { kOwn, kFresh };
enum class OnEngineCrash { kAdopt, kKill };
enum class Returns { kDone, kVerdict, kReport };

// What wakes an agent or starts a flow. `name`: the task's name, the finding's label or the glob.
struct Event {
  enum class Kind { kTask, kPrOpened, kPrUpdated, kFinding, kMessage, kFile };
  Kind kind = Kind::kTask;
  std::string name;
  friend bool operator==(const Event&, const Event&) = default;
};

// What becomes of a scheduled start while the one before still runs.
enum class Overlap { kSkip, kQueue };

// When a session leaves notes for its successor.
struct Handoff {
  bool shutdown = false;
  std::optional<std::uint32_t> context_percent;  // once more than this is used
  friend bool operator==(const Handoff&, const Handoff&) = default;
};

struct Writes {
  Template branch;
  std::vector<std::string> in;  // globs; empty: anywhere in the tree
  friend bool operator==(const Writes&, const Writes&) = default;
};

struct Restart {
  Millis backoff_min{1000};
  Millis backoff_max{60000};
  std::uint32_t max_per_hour = 5;
  bool escalate = false;  // beyond that many a human is asked; else the task fails
  friend bool operator==(const Restart&, const Restart&) = default;
};

// A resolved agent. A role used directly in a flow is an implicit ephemeral agent with the role's
// name.
struct Agent {
  std::string name;
  std::string role;
  bool clones = false;  // an implicit or ephemeral agent is cloned up to a fan-out's width; others
                        // have one session
  Runtime runtime;
  Dispatch dispatch = Dispatch::kEphemeral;
  std::optional<Event> on;      // kOn
  std::optional<Millis> every;  // kEvery
  Overlap overlap = Overlap::kSkip;
  std::vector<std::string> identity;  // names of Plan::identities, in the order of reading
  std::vector<std::string> grants;    // names of Plan::credentials
  Reads reads = Reads::kRepo;
  std::optional<Writes> writes;
  std::vector<std::string> keep;
  std::optional<Money> budget;      // caps one attempt at one task
  std::optional<Money> day_budget;  // caps all that the agent does in a day
  std::optional<Millis> timeout;
  std::vector<Acceptance> accept;
  SessionMode session = SessionMode::kFresh;
  std::optional<Millis> session_max;  // how old a session may grow
  std::optional<Millis> checkpoint;   // how often its state is saved
  Handoff handoff;
  Restart restart;
  OnEngineCrash on_engine_crash = OnEngineCrash::kAdopt;
  Returns returns = Returns::kDone;
  std::string brief;
  Place place;
  friend bool operator==(const Agent&, const Agent&) = default;
};

struct AgentIndex {
  std::uint32_t value = 0;
  friend auto operator<=>(AgentIndex, AgentIndex) = default;
};
struct NodeIndex {
  std::uint32_t value = 0;
  friend auto operator<=>(NodeIndex, NodeIndex) = default;
};

// What of a step another step waits for. `kAccepted` of a fan-out means every item; `kSomeAccepted`
// fires once all items settled and at least one was accepted.
enum class EdgeKind {
  kDone,
  kAccepted,
  kApproved,
  kChangesRequested,
  kFailed,
  kMerged,
  kSomeAccepted
};

// Node `from` must fire `kind` before the node that holds this edge may start.
struct Edge {
  NodeIndex from;
  EdgeKind kind = EdgeKind::kDone;
  friend bool operator==(const Edge&, const Edge&) = default;
};

// Joints have no work of their own: kAll waits for every node of its `after`, whatever became of
// it, and unites their outcomes. The `after` of kAny, kLoop and kLast is a disjunction: kAny
// settles with the first that succeeds; kLoop fires `approved` with the first of its edges (its
// `until`, as it stands before each round and after the last), and `failed` when none fired; kLast
// has the outcome of the latest round that ran.
enum class NodeKind { kTask, kFanout, kRun, kMerge, kAll, kAny, kHuman, kLoop, kLast };
// What happens once the attempts are spent.
enum class Otherwise { kEscalate, kFail, kSkip };
enum class Force { kNone, kParallel, kInline };

struct FanoutSource {
  enum class Kind { kFiles, kLines, kCommandLines, kJson, kList, kRange, kFindings, kIssues };
  Kind kind = Kind::kList;
  std::string path;               // kFiles: glob over the start commit; kLines, kJson: file in it
  Command command;                // kCommandLines
  std::vector<std::string> list;  // kList
  std::int64_t first = 0;         // kRange, inclusive
  std::int64_t last = 0;
  std::optional<NodeIndex> of;  // kFindings: whose
  std::string label;            // kIssues
  std::string text;             // as written
  friend bool operator==(const FanoutSource&, const FanoutSource&) = default;
};

struct Fanout {
  std::string variable;
  FanoutSource source;
  std::optional<std::uint32_t> width;
  std::optional<std::uint32_t> limit;
  std::optional<Millis> est;
  std::optional<Millis> spawn;
  Force force = Force::kNone;
  // Which agent an item goes to: by this field of the item ("label"), the value and the name of the
  // agent; the empty value is any other. Empty: any of the node's agents.
  std::string route_by;
  std::vector<std::pair<std::string, std::string>> routes;
  friend bool operator==(const Fanout&, const Fanout&) = default;
};

// How a merge shows in the history: a commit that has both sides as parents; one commit on top; the
// commits of each step again, on top. The tree is the same.
enum class MergeStyle { kMerge, kSquash, kRebase };

struct Merge {
  std::vector<NodeIndex> from;         // the steps whose accepted commits are merged, in this order
  Template into;                       // the branch that receives them; empty with `into_step`
  std::optional<NodeIndex> into_step;  // the branch of that step, which hands over its lease
  bool into_base = false;
  std::vector<Acceptance>
      accept;  // the flow's `accept`: judges the merged tree before the branch moves
  MergeStyle style = MergeStyle::kMerge;
  friend bool operator==(const Merge&, const Merge&) = default;
};

// One step. Fields of other kinds than `kind` are empty. `after` is a conjunction (but see
// NodeKind); it includes the edges that a use of another step's output implies, and of the steps of
// a loop's round the edge on which the round begins.
struct Node {
  std::string name;  // unique: "fixes", "verdict.review", "polish#2.fixes"
  NodeKind kind = NodeKind::kTask;
  std::vector<Edge> after;
  std::vector<AgentIndex> agents;  // kTask: one; kFanout: one or more
  std::vector<Template> args;      // kTask: the call's arguments; the first one is the task's text
  std::optional<NodeIndex> start;  // start at that step's commit (of a review: at the commit
                                   // reviewed) instead of the pinned base
  std::uint32_t retries = 0;       // further attempts after the first
  std::optional<Millis> timeout;   // of one attempt, from session start
  Otherwise otherwise = Otherwise::kEscalate;
  std::optional<Fanout> fanout;
  std::optional<Command> command;  // kRun
  bool sandboxed = true;           // kRun
  std::optional<Merge> merge;
  std::string human;          // kHuman: a name of Plan::humans
  std::uint32_t round = 0;    // of the loop around the step; 0: none is
  std::optional<Millis> est;  // prior of one task's duration, for the critical path
  std::string doc;
  Place place;
  std::string hash;  // of everything that decides what this step does, its predecessors included
  friend bool operator==(const Node&, const Node&) = default;
};

struct Repo {
  std::string path;  // as written, relative to the fleet file's folder
  std::string base;  // branch name
  friend bool operator==(const Repo&, const Repo&) = default;
};

struct Limits {
  std::optional<std::uint32_t> sessions;  // at once
  std::optional<std::uint32_t> starts;    // of sessions, within any hour
  std::optional<std::uint32_t> messages;  // of each agent, within any hour
  std::optional<std::uint64_t> worktree_bytes;
  friend bool operator==(const Limits&, const Limits&) = default;
};

struct Budget {
  Money amount;
  std::string per;  // "day", "run"
  bool hard = false;
  std::optional<std::uint32_t> warn_percent;
  friend bool operator==(const Budget&, const Budget&) = default;
};

struct Human {
  std::string name;
  std::optional<Millis> answers;  // how long an answer takes
  std::optional<Command> notify;
  std::string key;  // signs their decisions
  friend bool operator==(const Human&, const Human&) = default;
};

// A secret's life, never its value.
struct Credential {
  enum class From { kEnv, kFile, kCommand };
  enum class Mode { kBroker, kEnv };
  std::string name;
  From from = From::kEnv;
  std::string source;                   // kEnv: the variable; kFile: the path
  std::optional<Command> command;       // kCommand
  std::string owner;                    // a name of Plan::humans
  std::optional<std::int64_t> expires;  // its last day, in days since 1970-01-01
  std::vector<std::string> scopes;
  std::optional<Command> probe;
  Mode mode = Mode::kBroker;
  friend bool operator==(const Credential&, const Credential&) = default;
};

// A versioned document that agents read before any work.
struct Identity {
  std::string name;
  std::uint32_t version = 0;
  std::string file;                // as written, relative to the fleet file's folder
  std::vector<std::string> after;  // names of those that are read before it
  std::string sha256;              // of the document as it was compiled; empty: it was not there
  friend bool operator==(const Identity&, const Identity&) = default;
};

// The way from a stuck thing to a human: names of agents, then of a human.
struct Escalation {
  std::vector<std::string> path;
  std::optional<Millis> within;  // after which it is passed on
  friend bool operator==(const Escalation&, const Escalation&) = default;
};

// How many runs of which flow a day has.
struct Load {
  std::uint32_t runs = 0;
  std::string flow;
  friend bool operator==(const Load&, const Load&) = default;
};

// One addend of a day's worst case: the runs that `load` says, an agent that is always on or wakes
// by the clock, or what an event wakes.
struct DayTerm {
  std::string what;                    // "ship" for its runs, "lead (always on)"
  std::optional<std::uint64_t> count;  // a day; empty: nothing bounds it
  std::optional<Money> each;           // empty: unknown
  friend bool operator==(const DayTerm&, const DayTerm&) = default;
};

struct DayCase {
  std::vector<DayTerm> terms;
  std::optional<Money> money;  // empty: unknown
  friend bool operator==(const DayCase&, const DayCase&) = default;
};

// One addend of the worst case: attempts × items × rounds of one step. `items` is empty when only
// the run can tell (an unbounded fan-out), and then `money` is a lower bound.
struct WorstTerm {
  NodeIndex node;
  std::uint64_t attempts = 1;
  std::optional<std::uint64_t> items;
  std::optional<Money> each;  // money of one attempt at one task; empty: unknown
  friend bool operator==(const WorstTerm&, const WorstTerm&) = default;
};

struct WorstCase {
  std::vector<WorstTerm> terms;
  std::optional<std::uint64_t> sessions;  // empty: bounded only at run time
  std::optional<Money> money;             // empty: some step has no budget
  friend bool operator==(const WorstCase&, const WorstCase&) = default;
};

struct Plan {
  std::uint32_t format = 1;  // of this structure; a reader refuses one that it does not know
  std::string fleet;
  std::uint32_t fleet_version = 0;
  std::string file;  // the fleet file as named by the user
  std::string flow;
  std::optional<Event> on;  // what starts the flow
  std::vector<std::pair<std::string, std::string>>
      parameters;                    // with value, in order of declaration
  std::vector<std::string> unbound;  // parameters without a value
  // Of a run that something which happened began: the commit that it is about, at which its work
  // starts instead of at the base, and what was written beforehand of how the result is judged.
  std::string subject;
  std::string criteria;
  Repo repo;
  std::optional<Budget> budget;
  Limits limits;
  std::vector<std::string> protect;  // globs
  std::optional<Escalation> escalation;
  std::vector<Load> load;         // each flow once
  std::vector<std::string> sync;  // what an agent is told has changed
  std::optional<bool> hooks;      // whether the repository's own run in sessions
  std::string forge;
  std::vector<Human> humans;
  std::vector<Credential> credentials;
  std::vector<Identity> identities;
  std::vector<Acceptance> accept;  // the flow's
  std::vector<Agent> agents;       // those the flow can use
  // Others of the fleet, which work unasked and read messages: names.
  std::vector<std::string> colleagues;
  std::vector<Node> nodes;  // in topological order: an edge's `from` is always smaller
  std::vector<NodeIndex> critical_path;
  WorstCase worst;
  std::optional<DayCase> day;  // when the fleet says what a day has
  std::string hash;            // of what all the above asks for, not of its layout in the text
  friend bool operator==(const Plan&, const Plan&) = default;
};

}  // namespace fleet::plan
