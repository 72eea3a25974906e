// What can stand after a step's dot: the edges that it can fire, and its outputs. Decided by what
// F708, F307 and F717 ask as well (dsl/sema/offers); of a step that is not understood, or that no
// flow uses yet, everything.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "dsl/lsp/snapshot.h"
#include "dsl/schema/schema.h"

namespace fleet::lsp {

class StepWords {
 public:
  explicit StepWords(const Snapshot& snapshot) : snapshot_(snapshot) {}

  // Those that the step can fire, the one that says it went well first.
  std::vector<const schema::Entry*> edges(const Named& step) const;
  // Those that can end a loop: of each there is one that begins another round.
  std::vector<const schema::Entry*> tests(const Named& step) const;
  // Of a call inside of a joint, as a test says it: "verdict.review".
  std::vector<const schema::Entry*> edges(const std::string& path) const;
  bool has_branch(const Named& step) const;
  // Its work is on a branch, or that of each of its items is.
  bool can_be_merged(const Named& step) const;
  bool has_findings(const Named& step) const;
  // From now on `may_wait` is asked of this step, which outlives the answers, where it is set
  // there.
  void stand_at(const Named& own, std::uint32_t offset);
  // Not for itself, not for the loop around it, and for nothing that waits for it.
  bool may_wait(const Named& other) const;

 private:
  // A step as it is written out.
  struct Placed {
    const sema::Flow* flow = nullptr;
    std::size_t index = 0;
    const sema::Step& step() const { return flow->steps[index]; }
  };
  // Of a use of a pattern, its last step.
  const Named& end_of(const Named& step) const;
  bool is_written(const Named& named, const sema::Step& step) const;
  bool is_within(const Named& use, const sema::Step& step) const;
  std::vector<Placed> placed(const Named& step) const;
  std::vector<const schema::Entry*> edges(const std::vector<Placed>& all) const;
  bool is_known(const Named& step) const;

  const Snapshot& snapshot_;
  const Named* own_ = nullptr;
  std::uint32_t own_offset_ = 0;
  std::set<const Named*> waiting_;  // for it, itself among them
};

}  // namespace fleet::lsp
