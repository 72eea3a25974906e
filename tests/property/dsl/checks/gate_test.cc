// F704 and F719 against brute force: a fleet is refused when some run of it would merge a commit
// into the base that nothing approved. Every order and every outcome of every step is tried.
#include <rapidcheck.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dsl/base/render.h"
#include "dsl/checks/checks.h"
#include "tests/support/analyzed.h"

namespace fleet::checks {
namespace {

using plan::EdgeKind;
using sema::Step;
using sema::StepKind;

// A flow of a build, reviews and humans that look at it, joints of these, and merges that move it.
class RandomFlow {
 public:
  explicit RandomFlow(std::uint32_t seed) : random_(seed) {}

  std::string text() {
    std::string out = R"(fleet t v1 {
  repo = git(".", base: main)
  escalation = h within 1h
  human h { answers = 1h }
  defaults { runtime = shell("true"); accept = ["true" passes] }
  role b { writes = worktree("b/{task}") }
  role c { writes = worktree("c/{task}") }
  role r { returns = verdict; accept = [] }
  flow main {
    build = b("x")
    other = c("y")
)";
    judges_.clear();
    workers_ = {"build", "other"};
    for (int i = 0, steps = 1 + below(4); i < steps; ++i)
      out += "    " + step("s" + std::to_string(i)) + "\n";
    out += "    merge = repo.merge(build)" + after(2, 3) + "\n  }\n}\n";
    return out;
  }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  const std::string& any_of(const std::vector<std::string>& names) {
    return names[static_cast<std::size_t>(below(static_cast<int>(names.size())))];
  }

  std::string edge(int approving) {
    if (!judges_.empty() && below(4) < approving)
      return any_of(judges_) + (below(5) == 0 ? ".changes_requested" : ".approved");
    if (!judges_.empty() && below(3) == 0)
      return any_of(judges_) + ".done";
    const std::string& name = any_of(workers_);
    const bool merge = name.starts_with("s");
    return name + (below(3) == 0 ? ".done" : merge ? ".merged" : ".accepted");
  }
  std::string after(int most, int approving) {
    std::string text;
    for (int i = below(most + 1); i > 0; --i)
      text += (text.empty() ? " after " : " & ") + edge(approving);
    return text;
  }

  std::string step(const std::string& name) {
    std::string what;
    bool judge = true;
    switch (below(5)) {
      case 0: what = "human(h)" + after(1, 2) + " timeout 1h"; break;
      case 1:
        judge = false;
        what = "repo.merge(other, into: build.branch)" + after(1, 2);
        break;
      case 2:
        if (judges_.size() >= 2 && judges_[0] != judges_.back()) {
          what = std::string(below(2) == 0 ? "all(" : "any(") + judges_[0] + ", " + judges_.back() +
                 ")";
          break;
        }
        [[fallthrough]];
      default: what = "r(" + any_of(workers_) + ".diff)" + after(1, 1); break;
    }
    (judge ? judges_ : workers_).push_back(name);
    return name + " = " + what;
  }

  std::mt19937 random_;
  std::vector<std::string> judges_;
  std::vector<std::string> workers_;
};

enum class Phase : std::uint8_t { kWaiting, kRunning, kSettled };
enum class Outcome : std::uint8_t { kNone, kSuccess, kChanges, kFailed, kUnreachable };

// Where one step stands; `seen`: which version of `build` it looked at, or was made from.
struct Stand {
  Phase phase = Phase::kWaiting;
  Outcome outcome = Outcome::kNone;
  std::uint8_t seen = 0;
  friend auto operator<=>(const Stand&, const Stand&) = default;
};
// `version` 0: there is no build yet.
struct World {
  std::vector<Stand> steps;
  std::uint8_t version = 0;
  friend auto operator<=>(const World&, const World&) = default;
};

class BruteForce {
 public:
  explicit BruteForce(const sema::Flow& flow) : flow_(flow) {}

  // Whether some run merges what nothing approved.
  bool finds_unapproved() {
    World world;
    world.steps.resize(flow_.steps.size());
    return search(world);
  }
  // Whether some of the runs that were looked at merges at all.
  bool merges() const { return merges_; }

 private:
  enum class Fired { kNotYet, kYes, kNever };

  Fired fired(const World& world, const sema::Edge& edge) const {
    const Stand& from = world.steps[edge.from];
    if (from.phase != Phase::kSettled)
      return Fired::kNotYet;
    bool yes = false;
    switch (edge.kind) {
      case EdgeKind::kDone: yes = true; break;
      case EdgeKind::kFailed: yes = from.outcome == Outcome::kFailed; break;
      case EdgeKind::kChangesRequested: yes = from.outcome == Outcome::kChanges; break;
      default: yes = from.outcome == Outcome::kSuccess; break;
    }
    return yes ? Fired::kYes : Fired::kNever;
  }

  Fired all_fired(const World& world, const Step& step) const {
    Fired result = Fired::kYes;
    for (const sema::Edge& edge : step.after) {
      const Fired one = fired(world, edge);
      if (one == Fired::kNever)
        return one;
      if (one == Fired::kNotYet)
        result = one;
    }
    return result;
  }

  // Of a joint, once it is decided.
  std::optional<Outcome> joined(const World& world, const Step& step) const {
    std::size_t settled = 0, succeeded = 0, changes = 0;
    for (const sema::At<std::size_t>& member : step.members) {
      const Stand& one = world.steps[member.value];
      settled += one.phase == Phase::kSettled ? 1 : 0;
      succeeded += one.outcome == Outcome::kSuccess ? 1 : 0;
      changes += one.outcome == Outcome::kChanges ? 1 : 0;
    }
    if (step.kind == StepKind::kAny && succeeded > 0)
      return Outcome::kSuccess;
    if (settled < step.members.size())
      return std::nullopt;
    if (succeeded == settled)
      return Outcome::kSuccess;
    return changes > 0 ? Outcome::kChanges : Outcome::kFailed;
  }

  bool approved(const World& world, std::size_t judge) const {
    const Step& step = flow_.steps[judge];
    const Stand& stand = world.steps[judge];
    const auto looked = [&] {
      return stand.seen == world.version;
    };
    if (stand.outcome != Outcome::kSuccess)
      return false;
    if (step.kind == StepKind::kHuman)
      return looked();
    for (const sema::Argument& argument : step.arguments) {
      std::size_t of = argument.output_of.value_or(judge);
      while (flow_.steps[of].merge.into_step)
        of = flow_.steps[of].merge.into_step->value;
      if (flow_.steps[of].name == "build")
        return step.agents.size() == 1 && looked();
    }
    return false;
  }

  bool search(const World& world) {
    if (!known_.insert(world).second)
      return false;
    for (std::size_t i = 0; i < flow_.steps.size(); ++i) {
      if (advance(world, i))
        return true;
    }
    return false;
  }

  bool advance(const World& world, std::size_t index) {
    const Step& step = flow_.steps[index];
    World next = world;
    Stand& stand = next.steps[index];
    if (stand.phase == Phase::kSettled)
      return false;
    if (sema::is_joint(step.kind)) {
      const auto outcome = joined(world, step);
      if (!outcome)
        return false;
      stand = {Phase::kSettled, *outcome, 0};
      return search(next);
    }
    if (stand.phase == Phase::kWaiting) {
      const Fired ready = all_fired(world, step);
      if (ready == Fired::kNotYet)
        return false;
      stand.phase = ready == Fired::kYes ? Phase::kRunning : Phase::kSettled;
      stand.outcome = ready == Fired::kYes ? Outcome::kNone : Outcome::kUnreachable;
      stand.seen = world.version;
      if (step.name == "merge" && ready == Fired::kYes) {
        merges_ = true;
        return !any_approved(world);
      }
      return search(next);
    }
    for (const Outcome outcome : {Outcome::kSuccess, Outcome::kChanges, Outcome::kFailed}) {
      const bool judges = step.kind == StepKind::kHuman || step.agents.size() == 1;
      if (outcome == Outcome::kChanges && !judges)
        continue;
      World after = next;
      after.steps[index].phase = Phase::kSettled;
      after.steps[index].outcome = outcome;
      const bool moves = step.name == "build" || step.merge.into_step.has_value();
      if (moves && outcome == Outcome::kSuccess)
        ++after.version;
      if (search(after))
        return true;
    }
    return false;
  }

  bool any_approved(const World& world) const {
    for (std::size_t i = 0; i < flow_.steps.size(); ++i) {
      if (approved(world, i))
        return true;
    }
    return false;
  }

  const sema::Flow& flow_;
  std::set<World> known_;
  bool merges_ = false;
};

}  // namespace

TEST_CASE("a merge into the base is refused when some run would merge what nothing approved") {
  int refused = 0, accepted = 0;
  CHECK(rc::check([&](std::uint32_t seed) {
    const std::string text = RandomFlow(seed).text();
    testing::Analyzed analyzed(text);
    RC_PRE(!analyzed.sink.has_errors());
    run_checks(analyzed.sources, analyzed.model, analyzed.sink);
    bool refused_by_check = false;
    for (const Diagnostic& one : analyzed.sink.all()) {
      const bool gate = one.code == "F704" || one.code == "F719";
      RC_PRE(gate || one.severity != Severity::kError);
      refused_by_check = refused_by_check || gate;
    }
    BruteForce brute_force(analyzed.model.flows.front());
    const bool found = brute_force.finds_unapproved();
    RC_PRE(brute_force.merges());  // else it is F708's affair
    (refused_by_check ? refused : accepted) += 1;
    if (found && !refused_by_check)
      RC_FAIL("accepted, but a run merges what nothing approved:\n" + text);
    // Where `.done` of a step that may never start, or the first of several, is waited for, or
    // where only two approvals together cover two merges, the check may refuse what happens to be
    // sound.
    const std::string into = "into: build.branch";
    const bool exact = text.find(".done") == std::string::npos &&
                       text.find("any(") == std::string::npos &&
                       text.find(into) == text.rfind(into);
    if (exact && refused_by_check && !found)
      RC_FAIL("refused, but every run merges what was approved:\n" + text +
              render_text(analyzed.sink.sorted(), analyzed.sources));
  }));
  CHECK(refused > 0);
  CHECK(accepted > 0);
}

}  // namespace fleet::checks
