// Which steps of a flow some run starts: a search over what may become of the steps before each,
// over what humans answer, and over which of several is first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dsl/checks/needs.h"
#include "dsl/sema/model.h"

namespace fleet::checks {

class Outcomes {
 public:
  // REQUIRES: no steps wait for one another in a circle; `needs` is of this flow. All three outlive
  // it.
  Outcomes(const sema::Model& model, const sema::Flow& flow, const Needs& needs);

  // False only when no run starts the step. Exact but where the search grows beyond its bound,
  // which small flows never reach: then true. Of a joint: true.
  bool can_start(std::size_t step);

 private:
  // What a step came to. kNone: never started, skipped, or cancelled as another was first.
  // kAnything: it was not understood.
  enum class Outcome : std::uint8_t { kNone, kSuccess, kEmpty, kPartly, kChanges, kFailed, kAnything };
  using Steps = std::vector<std::uint64_t>;  // a bit each

  static bool fires(Outcome outcome, plan::EdgeKind kind);
  static bool is_success(Outcome outcome);
  bool fires(const sema::Edge& edge) const { return fires(outcome_[edge.from], edge.kind); }

  void clear();
  void find_siblings();
  std::vector<std::size_t> cone_of(std::size_t step) const;
  bool starts(std::size_t step) const;
  bool comes_too_late(std::size_t step) const;
  bool succeeds_with_another(const sema::Step& step) const;
  bool another_succeeded(std::size_t step) const;
  std::vector<Outcome> options(std::size_t step) const;
  std::vector<Outcome> options_of_work(const sema::Step& step) const;
  std::vector<Outcome> options_of_joint(const sema::Step& step) const;
  bool has_begun(const sema::Step& joint) const;
  Outcome joined(const sema::Step& step) const;
  Outcome of_latest(const sema::Step& step) const;
  void settle(std::size_t step, Outcome outcome);
  Steps no_steps() const { return Steps((flow_.steps.size() + 63) / 64); }
  Steps known_before(std::size_t step) const;
  Steps known_when_settled(std::size_t step) const;
  bool is_wanted(std::size_t target, std::size_t step, Outcome outcome) const;
  bool search(const std::vector<std::size_t>& cone, std::size_t at, std::size_t target);
  void sample(const std::vector<Outcome>& preferred);

  const sema::Model& model_;
  const sema::Flow& flow_;
  const Needs& needs_;
  bool asks_ = false;   // somebody is asked when a step escalates
  bool races_ = false;  // there is an `any`: who is first matters
  std::vector<std::size_t> order_;
  std::vector<std::vector<std::size_t>> siblings_;  // the other members of each `any` that it is in
  std::vector<bool> started_;                       // by some run that was found
  // Of the run at hand.
  std::vector<Outcome> outcome_;
  std::vector<bool> ran_;
  std::vector<Steps> before_;  // what has settled once the step has; only with `races_`
  std::size_t tries_ = 0;      // what is left of the search's bound
};

}  // namespace fleet::checks
