// What a fleet means: names resolved, units checked, inheritance applied, each value with the
// places that it comes from. Built by `analyze`; read by checks, lower, explain and the language
// server. Whatever could not be understood was reported once and is absent (or `broken`), so that a
// later phase never reports it again.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dsl/base/source.h"
#include "dsl/plan/plan.h"
#include "dsl/plan/scenario.h"

namespace fleet::sema {

// A value and where it was written.
template <class T>
struct At {
  T value{};
  Span span;
};

// Text of a string literal: literal pieces and holes, each with its place.
struct Piece {
  bool hole = false;
  std::string text;
  Span span;
};
struct Text {
  std::vector<Piece> pieces;
  Span span;
};
// `{x}` for holes.
std::string to_string(const Text& text);

// Why a key has its value. Later layers replace or add to earlier ones.
enum class Layer { kSchema, kFleet, kDefaults, kRole, kAgent, kRuntime, kFlow, kThing };
struct Origin {
  Layer layer = Layer::kSchema;
  std::string owner;  // "role fixer"; empty for kSchema
  std::string text;   // the value as written
  Span span;          // of the value; meaningless for kSchema
  bool add = false;   // written with +=
};
// By key name, oldest layer first.
using Origins = std::map<std::string, std::vector<Origin>>;

struct Acceptance {
  plan::Acceptance::Kind kind = plan::Acceptance::Kind::kCommand;
  Text command;
  std::int64_t max_lines = 0;
  std::string written;
  Span span;
};

struct Runtime {
  std::string name;  // empty for shell("…") written in place
  Span name_span;
  plan::Adapter adapter = plan::Adapter::kShell;
  Text command;
  std::string model;
  std::optional<plan::Millis> spawn;
  std::optional<plan::Money> price;  // of a million tokens
  std::vector<std::pair<std::string, std::string>> env;
  plan::Sandbox sandbox;
  Origins origins;
};

struct Writes {
  bool none = false;  // `writes = none`
  Text branch;
  std::vector<std::string> in;
};

struct Human {
  std::string name;
  Span name_span;
  std::optional<At<plan::Millis>> answers;
  Text notify;  // no place: not said
  std::string key;
  Origins origins;
};

struct Credential {
  std::string name;
  Span name_span;
  plan::Credential::From from = plan::Credential::From::kEnv;
  std::string source;
  Text command;
  std::optional<At<std::size_t>> owner;     // into Model::humans
  std::optional<At<std::int64_t>> expires;  // days since 1970-01-01; its last day
  std::vector<std::string> scopes;
  Text probe;  // no place: not said
  plan::Credential::Mode mode = plan::Credential::Mode::kBroker;
  Origins origins;
};

// What the driver read of a document.
struct Document {
  bool found = false;
  std::string problem;  // why it could not be read
  std::string sha256;
  bool reported = false;  // that it says another version than is declared, or no history
};

struct Identity {
  std::string name;
  Span name_span;
  std::uint32_t version = 0;
  Span version_span;
  std::optional<At<std::string>> file;
  std::vector<At<std::size_t>> after;  // into Model::identities
  std::string home;                    // the file that declares it: its document lies beside that
  bool broken = false;
  Document document;
  Origins origins;
};

// `core@v4` in a list of identities.
struct IdentityUse {
  std::size_t identity = 0;  // into Model::identities
  Span span;
};

struct Dispatch {
  plan::Dispatch mode = plan::Dispatch::kEphemeral;
  std::optional<plan::Event> on;
  std::optional<plan::Millis> every;
  plan::Overlap overlap = plan::Overlap::kSkip;
  bool says_overlap = false;
};

// The keys of a role, an agent or `defaults`: one body's own, or all layers together. A key that
// nobody set is absent; lowering then uses the schema's fallback.
struct Contract {
  std::optional<At<std::size_t>> runtime;  // into Model::runtimes
  std::optional<At<Writes>> writes;
  std::optional<At<std::vector<std::string>>> keep;
  std::optional<At<std::vector<IdentityUse>>> identity;
  std::optional<At<std::vector<At<std::size_t>>>> grants;  // into Model::credentials
  std::optional<At<Dispatch>> dispatch;
  std::optional<At<plan::Reads>> reads;
  std::optional<At<plan::Returns>> returns;
  std::optional<At<plan::Money>> budget;
  std::optional<At<plan::Money>> day_budget;  // `$X/day`; replaces `budget` and is replaced by it
  std::optional<At<plan::Millis>> timeout;
  std::optional<At<std::vector<Acceptance>>> accept;
  std::optional<At<plan::SessionMode>> session;
  std::optional<At<plan::Millis>> session_max;
  std::optional<At<plan::Millis>> checkpoint;
  std::optional<At<plan::Handoff>> handoff;
  std::optional<At<plan::Restart>> restart;
  std::optional<At<plan::OnEngineCrash>> on_engine_crash;
  std::optional<At<std::string>> brief;
  Origins origins;
  std::set<std::string> broken;  // keys whose value was reported: not known, rather than absent
};

// A role or an agent with all its layers. `implicit` marks a role that a flow uses directly.
struct Agent {
  std::string name;
  std::string role;
  Span name_span;
  bool is_role = false;
  bool imported = false;
  bool used = false;    // by a flow, or as somebody's base
  bool broken = false;  // its base was wrong: say nothing of what is missing
  Contract contract;

  bool gives_verdicts() const {
    return contract.returns && contract.returns->value == plan::Returns::kVerdict;
  }
  bool writes() const { return contract.writes && !contract.writes->value.none; }
};

enum class StepKind { kTask, kFanout, kRun, kMerge, kAll, kAny, kHuman, kLoop, kLast };
// Whether one edge of such a step's `after` is enough: `any`, a loop, the last of several rounds.
constexpr bool is_disjunction(StepKind kind) {
  return kind == StepKind::kAny || kind == StepKind::kLoop || kind == StepKind::kLast;
}
constexpr bool is_joint(StepKind kind) {
  return kind == StepKind::kAll || is_disjunction(kind);
}

// `a.accepted` in an `after`, or the edge that the use of a step's output implies.
struct Edge {
  std::size_t from = 0;  // into Flow::steps
  plan::EdgeKind kind = plan::EdgeKind::kDone;
  bool implied = false;
  Span span;
};

struct Argument {
  Text text;
  std::optional<std::size_t>
      output_of;          // `build.diff`: that step's commit is where the task starts
  bool findings = false;  // `verdict.findings`: the commit that the step reviewed is
};

struct ItemSource {
  plan::FanoutSource::Kind kind = plan::FanoutSource::Kind::kList;
  std::string path;
  Text command;
  std::vector<std::string> list;
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::optional<std::size_t> of;  // kFindings: into Flow::steps
  std::string label;              // kIssues
  std::string written;
  Span span;
  // The number of items where the text alone tells.
  std::optional<std::uint64_t> count() const;
};

struct Fanout {
  std::string variable;
  ItemSource source;
  std::optional<At<std::uint32_t>> width;
  std::optional<At<std::uint32_t>> limit;
  std::optional<At<plan::Millis>> est;
  std::optional<At<plan::Millis>> spawn;
  plan::Force force = plan::Force::kNone;
  std::string route_by;  // the item's field that chooses the agent; empty: none does
  std::vector<std::pair<std::string, std::size_t>> routes;  // its value (empty: else), into agents
};

struct Merge {
  std::vector<At<std::size_t>> from;         // into Flow::steps
  std::optional<Text> into;                  // absent, as is `into_step`: the base
  std::optional<At<std::size_t>> into_step;  // the branch of that step
  plan::MergeStyle style = plan::MergeStyle::kMerge;
};

// A step, with the rounds of loops written out: "polish#2.fixes" is `fixes` of the second round of
// `polish`, and "verdict.review" a task written inside of `verdict = all(…)`.
struct Step {
  std::string name;
  Span name_span;
  Span span;  // of the whole right side
  Span head;  // of what says which kind of step it is
  std::string doc;
  StepKind kind = StepKind::kTask;
  bool broken = false;                  // misunderstood: edges from and to it are taken on trust
  std::vector<At<std::size_t>> agents;  // into Model::agents
  std::vector<Argument> arguments;
  Fanout fanout;
  Text command;
  bool sandboxed = true;
  Merge merge;
  std::vector<At<std::size_t>> members;  // kAll, kAny, kLast: into Flow::steps
  std::optional<At<std::size_t>> human;  // kHuman: into Model::humans
  std::uint32_t rounds = 0;              // kLoop: at most
  std::uint32_t round = 0;               // of the loop around it; 0: none is
  std::uint32_t turn = 0;                // the round, counted on through the rounds of outer loops
  std::optional<std::size_t> loop;       // that loop, into Flow::steps
  std::optional<std::size_t> closes;     // kLast: the loop that binds its members
  bool inner = false;                    // written inside of `all` or `any`
  std::optional<At<std::uint32_t>> retries;
  std::optional<At<plan::Millis>> timeout;
  plan::Otherwise otherwise = plan::Otherwise::kEscalate;
  std::optional<Span> otherwise_span;
  std::vector<Edge> after;
  bool trusts = false;  // an edge to it was reported: nothing is known about its waits
};

struct Flow {
  std::string name;
  Span name_span;
  Span span;  // of the whole declaration
  std::vector<At<std::string>> parameters;
  std::optional<At<plan::Event>> on;
  std::optional<At<std::vector<Acceptance>>> accept;
  std::deque<Step> steps;  // a deque: a step keeps its place while those inside of it are added
  Origins origins;
};

// What a pattern is known by; its uses are steps of the flows that use it.
struct Pattern {
  std::string name;
  Span name_span;
  std::vector<At<std::string>> parameters;
  std::string doc;
  bool imported = false;
  bool broken = false;  // can't be used, which was reported
};

// `test "…" { given = …; expect = … }`. A step is said by its path without loops and rounds:
// "verdict.review", "ship.build".
struct Test {
  struct Assumption {
    plan::Assumption says;  // all but its nodes
    std::string step;       // where; empty: anywhere
    Span span;
  };
  struct Claim {
    plan::Claim says;  // all but its nodes
    std::string step;  // of which; empty: of the run
    Span span;
  };
  std::string name;
  Span name_span;
  std::optional<std::size_t> flow;  // into Model::flows; none: reported, or there are no flows
  std::vector<std::pair<std::string, std::string>> parameters;  // as far as they are given
  std::vector<Assumption> given;
  std::vector<Claim> expect;
};

struct Escalation {
  std::vector<At<std::string>> path;
  std::optional<std::size_t> human;  // the last of the path, into Model::humans
  std::optional<plan::Millis> within;
};

struct Load {
  std::uint32_t runs = 0;
  std::size_t flow = 0;  // into Model::flows
  Span span;             // `2 ship/day`
};

struct Fleet {
  std::string name;
  std::uint32_t version = 0;
  Span name_span;
  std::optional<At<plan::Repo>> repo;
  std::optional<At<plan::Budget>> budget;
  plan::Limits limits;
  std::optional<Span> limits_span;
  std::vector<std::string> protect;
  std::vector<Load> load;  // each flow once; what was not understood is left out
  std::optional<At<Escalation>> escalation;
  std::vector<std::string> sync;
  std::optional<bool> hooks;
  std::string forge;
  Origins origins;

  // How many runs of the flow, an index into Model::flows, a day has; nullptr: not said.
  const Load* load_of(std::size_t flow) const;
};

// A name brought in by `use`, or a declaration, that nothing refers to.
struct Unused {
  std::string what;  // "import", "role", "agent", "runtime", "parameter"
  std::string name;
  Span span;
};

struct Model {
  std::optional<Fleet> fleet;
  Contract defaults;
  std::vector<Runtime> runtimes;
  std::vector<Human> humans;
  std::vector<Credential> credentials;
  std::vector<Identity> identities;
  std::vector<Agent> agents;  // roles and agents, in order of declaration, imported ones first
  std::vector<Flow> flows;
  std::vector<Pattern> patterns;  // in order of declaration, imported ones first
  std::vector<Test> tests;
  std::vector<Unused> unused;

  const Flow* find_flow(const std::string& name) const;
};

}  // namespace fleet::sema
