// What steps are read with: the names in reach of a flow, and the parts that all steps share.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dsl/sema/contract.h"

namespace fleet::sema {

// While one flow is read: every step has its index already, since steps may refer to later ones. In
// the body of a loop `steps` is what the names mean in the round at hand.
struct FlowNames {
  Context& context;
  Scope& scope;
  Flow& flow;
  std::map<std::string, std::size_t> steps;

  // After a loop, a name that its body bound anew means the last round's. That is a step of its own
  // ("polish.verdict"), made when somebody asks for it: until then `steps` has kLastOf.
  static constexpr std::size_t kLastOf = static_cast<std::size_t>(-1);
  struct Last {
    std::string name;
    std::size_t loop = 0;
    std::vector<std::size_t> values;  // before the loop, then of each round
  };
  std::map<std::string, Last> lasts = {};        // by the name in `steps`
  std::map<std::string, std::size_t> made = {};  // by the name of the step

  // The steps of one round, and the edge on which it begins.
  struct Round {
    std::size_t begin = 0;
    std::size_t end = 0;
    Edge gate;
  };
  std::vector<Round> rounds = {};

  bool is_parameter(const std::string& name) const;
  // F101 with the steps of the flow as candidates.
  std::optional<std::size_t> find_step(const ast::Ident& name);
  // REQUIRES: `steps` has the name.
  std::size_t find_known(const std::string& name);
  void set_last(const std::string& name, Last last);
};

// The word of an edge, and all of them.
std::optional<plan::EdgeKind> edge_kind(std::string_view name);
std::vector<std::string> edge_names();

Step new_step(const ast::Assignment& assignment);
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
// Adds to the steps with which a round begins the edge that begins it. After `imply_edges`.
void gate_rounds(FlowNames& names);

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
// Adds the edges that the use of another step's output implies.
void imply_edges(Flow& flow);

}  // namespace fleet::sema
