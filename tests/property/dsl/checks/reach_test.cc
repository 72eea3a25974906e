// F708 against brute force: a step is refused exactly when no run starts it. Every order, every
// outcome, every answer of a human and every race of an `any` is tried.
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

// Commands, reviews and joints of these, that wait for any outcomes of one another.
class RandomFlow {
 public:
  explicit RandomFlow(std::uint32_t seed) : random_(seed) {}

  std::string text() {
    std::string out = R"(fleet t v1 {
  repo = git(".", base: main)
  escalation = h within 1h
  human h { answers = 1h }
  defaults { runtime = shell("true") }
  role r { returns = verdict }
  flow main {
)";
    for (int i = 0, steps = 3 + below(4); i < steps; ++i)
      out += "    " + step("s" + std::to_string(i)) + "\n";
    return out + "  }\n}\n";
  }

 private:
  enum class Kind { kCommand, kJudge, kJoint };
  struct Known {
    std::string name;
    bool judges = false;
  };

  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

  std::string edge() {
    const Known& from = known_[std::size_t(below(static_cast<int>(known_.size())))];
    switch (below(from.judges ? 6 : 5)) {
      case 0: return from.name + ".done";
      case 1:
      case 2: return from.name + ".failed";
      case 5: return from.name + ".changes_requested";
      default: return from.name + (from.judges ? ".approved" : ".accepted");
    }
  }

  std::string after() {
    std::string text;
    for (int i = known_.empty() ? 0 : below(4); i > 0; --i) {
      const std::string one = edge();
      if (text.find(one) == std::string::npos)
        text += (text.empty() ? " after " : " & ") + one;
    }
    return text;
  }

  std::string otherwise() {
    return std::vector<std::string>{"", " else escalate", " else fail"}[std::size_t(below(3))];
  }

  std::string step(const std::string& name) {
    const bool judges = below(2) == 0;
    std::vector<std::string> members;
    for (const Known& one : known_) {
      if (one.judges == judges && below(3) > 0)
        members.push_back(one.name);
    }
    if (members.size() >= 2 && below(2) == 0) {
      std::string text = name + (below(2) == 0 ? " = all(" : " = any(");
      for (std::size_t i = 0; i < members.size(); ++i)
        text += (i == 0 ? "" : ", ") + members[i];
      known_.push_back({name, judges});
      return text + ")" + otherwise();
    }
    const std::string text = name + (judges ? " = r(\"x\")" : " = run(\"true\")") + after();
    known_.push_back({name, judges});
    return text + " else fail";
  }

  std::mt19937 random_;
  std::vector<Known> known_;
};

enum class Outcome : std::uint8_t { kOpen, kNone, kSuccess, kChanges, kFailed };

// Where a step stands. kOpen and started: it runs, or of a joint, a human is being asked.
struct Stand {
  bool started = false;
  Outcome outcome = Outcome::kOpen;
  friend auto operator<=>(const Stand&, const Stand&) = default;
};
using World = std::vector<Stand>;

class BruteForce {
 public:
  explicit BruteForce(const sema::Flow& flow) : flow_(flow), started_(flow.steps.size()) {
    search(World(flow.steps.size()));
  }
  // Whether some run starts it; joints are left out.
  bool starts(std::size_t step) const {
    return started_[step] || sema::is_joint(flow_.steps[step].kind);
  }

 private:
  enum class Fired { kNotYet, kYes, kNever };

  static Fired fired(const World& world, const sema::Edge& edge) {
    const Outcome outcome = world[edge.from].outcome;
    if (outcome == Outcome::kOpen)
      return Fired::kNotYet;
    bool yes = edge.kind == EdgeKind::kDone;
    yes = yes || (edge.kind == EdgeKind::kFailed && outcome == Outcome::kFailed);
    yes = yes || (edge.kind == EdgeKind::kChangesRequested && outcome == Outcome::kChanges);
    yes = yes || ((edge.kind == EdgeKind::kAccepted || edge.kind == EdgeKind::kApproved) &&
                  outcome == Outcome::kSuccess);
    return yes ? Fired::kYes : Fired::kNever;
  }

  // What became of the joint's steps; nullopt: it can't be told yet.
  std::optional<Outcome> joined(const World& world, const Step& joint) const {
    std::size_t settled = 0, succeeded = 0, changes = 0, ran = 0;
    for (const sema::At<std::size_t>& member : joint.members) {
      const Stand& one = world[member.value];
      settled += one.outcome != Outcome::kOpen ? 1 : 0;
      succeeded += one.outcome == Outcome::kSuccess ? 1 : 0;
      changes += one.outcome == Outcome::kChanges ? 1 : 0;
      ran += one.started ? 1 : 0;
    }
    if (joint.kind == StepKind::kAny && succeeded > 0)
      return Outcome::kSuccess;
    if (settled < joint.members.size())
      return std::nullopt;
    if (ran == 0)
      return Outcome::kNone;
    if (succeeded == settled)
      return Outcome::kSuccess;
    const bool wants = joint.kind == StepKind::kAny ? changes > 0 : succeeded + changes == settled;
    return wants ? Outcome::kChanges : Outcome::kFailed;
  }

  void search(const World& world) {
    if (!known_.insert(world).second)
      return;
    for (std::size_t i = 0; i < flow_.steps.size(); ++i) {
      if (world[i].outcome == Outcome::kOpen)
        advance(world, i);
    }
  }

  void settle(World world, std::size_t index, Outcome outcome) {
    decide(world, index, outcome);
    search(world);
  }

  // Whatever decides an `any` decides it at once, and all that it is a member of: nothing happens
  // between its first success and its end.
  void decide(World& world, std::size_t index, Outcome outcome) {
    world[index].outcome = outcome;
    for (std::size_t i = 0; i < flow_.steps.size(); ++i) {
      const Step& joint = flow_.steps[i];
      const auto is_it = [&](const sema::At<std::size_t>& one) {
        return one.value == index;
      };
      if (outcome != Outcome::kSuccess || joint.kind != StepKind::kAny ||
          world[i].outcome != Outcome::kOpen || std::ranges::none_of(joint.members, is_it))
        continue;
      for (const sema::At<std::size_t>& member : joint.members) {
        if (world[member.value].outcome == Outcome::kOpen)
          world[member.value].outcome = Outcome::kNone;
      }
      world[i].started = true;
      decide(world, i, Outcome::kSuccess);
    }
  }

  void advance(const World& world, std::size_t index) {
    const Step& step = flow_.steps[index];
    const bool joint = sema::is_joint(step.kind);
    if (world[index].started) {
      settle(world, index, Outcome::kSuccess);
      if (!joint && !step.agents.empty())
        settle(world, index, Outcome::kChanges);
      settle(world, index, Outcome::kFailed);
      return;
    }
    World next = world;
    if (joint) {
      const std::optional<Outcome> outcome = joined(world, step);
      if (!outcome)
        return;
      next[index].started = *outcome != Outcome::kNone;
      if (*outcome == Outcome::kFailed && step.otherwise == plan::Otherwise::kEscalate)
        search(next);
      else
        settle(next, index, *outcome);
      return;
    }
    Fired ready = Fired::kYes;
    for (const sema::Edge& edge : step.after) {
      const Fired one = fired(world, edge);
      if (one == Fired::kNever || ready == Fired::kYes)
        ready = one;
      if (one == Fired::kNever)
        break;
    }
    if (ready == Fired::kNotYet)
      return;
    if (ready == Fired::kNever) {
      settle(next, index, Outcome::kNone);
      return;
    }
    next[index].started = true;
    started_[index] = true;
    search(next);
  }

  const sema::Flow& flow_;
  std::set<World> known_;
  std::vector<bool> started_;
};

}  // namespace

TEST_CASE("a flow is refused exactly when it has a step that no run starts") {
  int refused = 0, accepted = 0;
  CHECK(rc::check([&](std::uint32_t seed) {
    const std::string text = RandomFlow(seed).text();
    testing::Analyzed analyzed(text);
    RC_PRE(!analyzed.sink.has_errors());
    Subject subject{analyzed.sources, analyzed.model, analyzed.sink, {}};
    check_reachable(subject);
    std::set<std::uint32_t> said;
    for (const Diagnostic& one : analyzed.sink.all())
      said.insert(one.primary.span.begin);
    const sema::Flow& flow = analyzed.model.flows.front();
    const BruteForce brute_force(flow);
    std::string never;
    for (std::size_t i = 0; i < flow.steps.size(); ++i) {
      const bool refuses = said.contains(flow.steps[i].name_span.begin);
      if (!brute_force.starts(i))
        never += " " + flow.steps[i].name;
      if (refuses && brute_force.starts(i))
        RC_FAIL("refused, but a run starts " + flow.steps[i].name + ":\n" + text +
                render_text(analyzed.sink.sorted(), analyzed.sources));
    }
    (said.empty() ? accepted : refused) += 1;
    if (!never.empty() && said.empty())
      RC_FAIL("accepted, but no run starts" + never + ":\n" + text);
  }));
  CHECK(refused > 0);
  CHECK(accepted > 0);
}

}  // namespace fleet::checks
