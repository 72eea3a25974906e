// What must have happened before each step of a flow, on every way to it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "dsl/lower/dag.h"
#include "dsl/sema/model.h"

namespace fleet::checks {

// Who waits for whom in a flow, for the functions of dsl/lower/dag.h.
std::vector<lower::Arc> arcs_of(const sema::Flow& flow);

// Whether somebody is asked when a step escalates, and may let it pass: then it has the outcome
// that it was to have.
bool asks_human(const sema::Model& model);

// The round of the loop that the step stands in, in loops within it as well; 0: in none.
std::uint32_t round_in(const sema::Flow& flow, std::size_t step, std::size_t loop);

// A step that is never started settles as well, as soon as one of its edges can't fire. So `.done`
// says only that: neither that the step ran, nor anything of what it waits for. Every other edge
// says that the step ran, and so that all its own edges fired.
//
// Space and time are quadratic in the steps of the flow.
class Needs {
 public:
  // REQUIRES: no steps wait for one another in a circle. `asks`: see asks_human.
  Needs(const sema::Flow& flow, bool asks);

  // Whether `step` can only start once `from` fired `kind`.
  bool has(std::size_t step, std::size_t from, plan::EdgeKind kind) const;
  // Whether `from` has settled, or will never run, whenever `step` starts.
  bool is_before(std::size_t from, std::size_t step) const;
  // Whether a human may let the joint pass once it failed: then it succeeds although its steps did
  // not, and is an approval of what there is at that moment, not of what they looked at.
  bool may_pass(std::size_t joint) const;
  // Whether `from` has settled, or will never run, whenever that human is asked in a run in which
  // `step` starts. REQUIRES: may_pass(joint).
  bool is_before_pass(std::size_t from, std::size_t joint, std::size_t step) const;
  // A step that would have to have two outcomes which exclude each other, with both; `other` is
  // kDone where it is only known that it was not `one`.
  struct Contradiction {
    std::size_t of = 0;
    plan::EdgeKind one = plan::EdgeKind::kDone;
    plan::EdgeKind other = plan::EdgeKind::kDone;
  };
  std::optional<Contradiction> contradiction(std::size_t step) const;
  // Whether no run starts both.
  bool exclude(std::size_t a, std::size_t b) const;
  // The edge by which `step` needs it, of the step itself or of one before it; nullptr: none says
  // it.
  const sema::Edge* edge_of(std::size_t step, std::size_t from, plan::EdgeKind kind) const;

 private:
  // By step: one bit an outcome, one for "before", and one for "wanted no changes".
  using Facts = std::vector<std::uint16_t>;
  // What holds once the edge fired.
  Facts facts_of(const sema::Edge& edge) const;
  Facts of_joint(const sema::Edge& edge) const;
  Facts of_members(const sema::Step& joint, plan::EdgeKind kind) const;
  Facts of_loop(std::size_t loop) const;
  Facts of_passed(std::size_t joint) const;
  Facts of_passed_before(std::size_t joint, std::size_t step) const;
  template <class SettledOf>
  Facts settled(std::size_t index, const Facts& told, const SettledOf& of) const;
  const Facts& settled_when(std::size_t index, const Facts& told,
                            std::map<std::size_t, Facts>& known) const;
  Facts of_run(std::size_t index) const;
  Facts settled_before(std::size_t index) const;
  // What is known of a run in which the step starts, with what that means for each `all`.
  Facts told_by(std::size_t step) const;

  // Adds that the rounds of the loop beyond that one never ran.
  void add_beyond(Facts& facts, std::size_t loop, std::size_t rounds) const;
  void find_insides();

  const sema::Flow& flow_;
  bool asks_;
  // Of edges from joints, which rest on many others: by step and outcome.
  mutable std::map<std::pair<std::size_t, plan::EdgeKind>, Facts> known_;
  mutable std::map<std::size_t, Facts> runs_;  // of joints, as of_run
  // Of joints in runs in which a step starts, as of_passed_before.
  mutable std::map<std::pair<std::size_t, std::size_t>, Facts> passes_;
  // By loop: the steps in it, in loops within it as well, and the round of each.
  std::map<std::size_t, std::vector<std::pair<std::size_t, std::uint32_t>>> inside_;
  std::vector<std::size_t> order_;  // of the steps, each after those that it waits for
  std::vector<Facts> facts_;        // when a step starts
  std::vector<Facts> settled_;      // when it has settled, started or not: what came before
};

}  // namespace fleet::checks
