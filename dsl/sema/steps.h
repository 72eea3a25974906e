// What steps are read with: the names in reach of a flow, and the parts that all steps share.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dsl/sema/contract.h"

namespace fleet::sema {

// Where the steps at hand stand: what their names begin with, and the round around them.
struct Place {
  std::string prefix;
  std::uint32_t round = 0;
  std::uint32_t turn = 0;  // as Step::turn
  std::optional<std::size_t> loop;
};

// Steps that begin on edges of what they are in: a round of a loop, or a use of a pattern.
struct Gated {
  std::vector<std::pair<std::size_t, std::size_t>> steps;  // half-open ranges of Flow::steps
  std::vector<Edge> gates;
};

// While one flow is read: every step has its index already, since steps may refer to later ones. In
// the body of a loop `steps` is what the names mean in the round at hand. A use of a pattern has
// names of its own, and what its arguments say means what it means where the use stands.
struct FlowNames {
  Context& context;
  Scope& scope;
  Flow& flow;
  std::map<std::string, std::size_t> steps = {};  // "build"; of a use of a pattern "ship.build" too
  FlowNames* outer = nullptr;                     // where the use stands
  SourceId source = {};                           // the use's expansion; without `outer`: none
  Place place = {};

  // After a loop, a name that its body bound anew means the last round's. That is a step of its own
  // ("polish.verdict"), made when somebody asks for it: until then `steps` has kLastOf.
  static constexpr std::size_t kLastOf = static_cast<std::size_t>(-1);
  struct Last {
    std::string name;
    std::size_t loop = 0;
    std::vector<std::size_t> values;  // before the loop, then of each round
  };
  std::map<std::string, Last> lasts = {};        // by the name in `steps`
  std::map<std::string, std::size_t> made = {};  // by the name of the step; of the outermost alone
  std::vector<Gated> gated = {};
  std::size_t uses = 0;  // of patterns, in the whole flow; of the outermost alone

  // The names that those written at `span` are among.
  FlowNames& frame_of(const Span& span);
  FlowNames& outermost();
  bool is_parameter(const ast::Ident& name);
  bool has_step(const ast::Ident& name) { return frame_of(name.span).steps.contains(name.text); }
  // A step's name that reads as a version, which was reported where the step is set.
  bool is_misnamed(const ast::Atom& atom) {
    return atom.kind == ast::Atom::Kind::kVersion && !atom.path.empty() &&
           has_step(atom.path.front());
  }
  // The longest part of a dotted name that is a step, and what is left of it. nullopt: F101, with
  // the steps as candidates.
  struct Reach {
    std::size_t step = 0;
    std::vector<ast::Ident> rest;
  };
  std::optional<Reach> reach(const ast::Atom& atom);
  // REQUIRES: `steps` has the name.
  std::size_t find_known(const std::string& name);
  void set_last(const std::string& name, Last last);
  const Symbol* resolve(const std::vector<ast::Ident>& path, Span span,
                        const std::vector<Symbol::Kind>& wanted);
};

struct PatternUse;
// A line of a flow, of a loop or of a pattern, once its steps have their places.
struct Statement {
  const ast::Assignment* assignment = nullptr;
  std::size_t step = 0;             // what its name means
  std::shared_ptr<PatternUse> use;  // nullptr: a step
};
Statement declare_statement(FlowNames& names, const ast::Assignment& assignment);
void bind_statement(FlowNames& names, const Statement& statement);
void read_statement(FlowNames& names, const Statement& statement);
bool is_broken(const Flow& flow, const Statement& statement);

// A flow with all rounds and all uses written out; beyond it nobody could look at the plan.
inline constexpr std::size_t kMostSteps = 2'000;

// The word of an edge, and all of them.
std::optional<plan::EdgeKind> edge_kind(std::string_view name);
std::vector<std::string> edge_names();

// With its name and its place.
Step new_step(const FlowNames& names, const ast::Assignment& assignment);
// F107 for a name that means something else in a flow.
void check_step_name(FlowNames& names, const ast::Ident& name);
void say_set_twice(FlowNames& names, const ast::Ident& name, Span first);
void read_step(FlowNames& names, const ast::Assignment& assignment, Step& step);
// What stands before the clauses: which kind of step it is.
void read_head(FlowNames& names, Reader& reader, Step& step);

// `all(…)`, `any(…)`; once the clauses are read, `join_members` hands them to the calls inside.
void read_joint(FlowNames& names, Reader& reader, Step& step);
void join_members(FlowNames& names, Step& step);
// `human(NAME)`.
void read_gate(FlowNames& names, Reader& reader, Step& step);
// `loop until EDGE max N [else …] { … }`, clauses included.
void read_loop(FlowNames& names, Reader& reader, Step& step);
// Adds to the steps with which a round or a use begins the edges that begin it. After
// `imply_edges`.
void add_gates(FlowNames& names);

// `agent(args)`. The reader stands at the call.
void read_task(FlowNames& names, Reader& reader, Step& step);
// `run("command" [, sandbox: off])`.
void read_run(FlowNames& names, Reader& reader, Step& step);
// `repo.merge(…)`.
void read_merge(FlowNames& names, Reader& reader, Step& step);
// `fanout x in SOURCE to AGENTS`.
void read_fanout(FlowNames& names, Reader& reader, Step& step);
// What a fan-out runs over; nullopt: reported.
std::optional<ItemSource> read_source(FlowNames& names, Reader& reader);
// The clauses after a step's head, each at most once, in any order.
void read_clauses(FlowNames& names, Reader& reader, Step& step);
void read_else(Reader& reader, const Want& want, Step& step);
// One `step.edge`, added to the step's `after`; false: reported.
bool read_edge(FlowNames& names, const ast::Atom& atom, Step& step);
// What follows the word `after`.
void read_after(FlowNames& names, Reader& reader, const Want& want, Step& step);
// Adds the edges that the use of another step's output implies.
void imply_edges(Flow& flow);

}  // namespace fleet::sema
