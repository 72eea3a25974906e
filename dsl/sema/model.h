// What a fleet means: names resolved, units checked, inheritance applied, each value with the
// places that it comes from. Built by `analyze`; read by checks, lower, explain and the language
// server. Whatever could not be understood was reported once and is absent (or `broken`), so that a
// later phase never reports it again.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dsl/base/source.h"
#include "dsl/plan/plan.h"

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
enum class Layer { kSchema, kFleet, kDefaults, kRole, kAgent, kRuntime, kFlow };
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
  Text command;
  std::optional<plan::Millis> spawn;
  std::vector<std::pair<std::string, std::string>> env;
  plan::Sandbox sandbox;
  Origins origins;
};

struct Writes {
  bool none = false;  // `writes = none`
  Text branch;
  std::vector<std::string> in;
};

// The keys of a role, an agent or `defaults`: one body's own, or all layers together. A key that
// nobody set is absent; lowering then uses the schema's fallback.
struct Contract {
  std::optional<At<std::size_t>> runtime;  // into Model::runtimes
  std::optional<At<Writes>> writes;
  std::optional<At<std::vector<std::string>>> keep;
  std::optional<At<plan::Money>> budget;
  std::optional<At<plan::Millis>> timeout;
  std::optional<At<std::vector<Acceptance>>> accept;
  std::optional<At<plan::SessionMode>> session;
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
};

enum class StepKind { kTask, kFanout, kRun, kMerge };

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
      output_of;  // `build.diff`: that step's commit is where the task starts
};

struct ItemSource {
  plan::FanoutSource::Kind kind = plan::FanoutSource::Kind::kList;
  std::string path;
  Text command;
  std::vector<std::string> list;
  std::int64_t first = 0;
  std::int64_t last = 0;
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
};

struct Merge {
  std::vector<At<std::size_t>> from;  // into Flow::steps
  std::optional<Text> into;           // absent: the base
};

struct Step {
  std::string name;
  Span name_span;
  Span span;  // of the whole right side
  Span head;  // of what says which kind of step it is
  std::string doc;
  StepKind kind = StepKind::kTask;
  bool broken = false;  // misunderstood or not supported: edges from and to it are taken on trust
  std::vector<At<std::size_t>> agents;  // into Model::agents
  std::vector<Argument> arguments;
  Fanout fanout;
  Text command;
  bool sandboxed = true;
  Merge merge;
  std::optional<At<std::uint32_t>> retries;
  std::optional<At<plan::Millis>> timeout;
  plan::Otherwise otherwise = plan::Otherwise::kEscalate;
  std::vector<Edge> after;
  bool trusts = false;  // an edge of its `after` was reported: nothing is known about its waits
};

struct Flow {
  std::string name;
  Span name_span;
  std::vector<At<std::string>> parameters;
  std::optional<At<std::vector<Acceptance>>> accept;
  std::vector<Step> steps;
  Origins origins;
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
  Origins origins;
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
  std::vector<Agent> agents;  // roles and agents, in order of declaration, imported ones first
  std::vector<Flow> flows;
  std::vector<Unused> unused;

  const Flow* find_flow(const std::string& name) const;
};

}  // namespace fleet::sema
