// F702 against brute force: a fleet is refused exactly when, in some order of events, something
// waits for a place that nobody ever gives back.
#include <rapidcheck.h>

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

// Somebody who needs a place: an agent that is always on and keeps it, a task that gives it back, or
// a task of an agent that is always on, which needs that agent's session and no place.
struct Actor {
  enum class Kind { kStanding, kTask, kGuest };
  Kind kind = Kind::kTask;
  std::size_t host = 0;    // kGuest: into the actors
  std::ptrdiff_t after = -1;  // the actor that has to end before; negative: none
};

class RandomFleet {
 public:
  explicit RandomFleet(std::uint32_t seed) : random_(seed) {
    places = 1 + below(3);
    std::string agents;
    for (int i = below(4); i > 0; --i) {
      actors.push_back({Actor::Kind::kStanding, 0, -1});
      agents += "  agent a" + std::to_string(actors.size() - 1) +
                " : any_of { dispatch = always; budget = $1/day }\n";
    }
    const std::size_t standing = actors.size();
    for (int i = below(2); i > 0; --i) {
      actors.push_back({Actor::Kind::kTask, 0, -1});
      agents += "  agent w" + std::to_string(i) +
                (below(2) == 0 ? " : any_of { dispatch = every 1h }\n"
                               : " : any_of { dispatch = on task.x }\n");
    }
    std::string steps;
    const std::size_t first = actors.size();
    for (int i = below(3); i > 0; --i) {
      Actor actor;
      std::string who = "any_of";
      if (standing > 0 && below(2) == 0) {
        actor.kind = Actor::Kind::kGuest;
        actor.host = std::size_t(below(static_cast<int>(standing)));
        who = "a" + std::to_string(actor.host);
      }
      const std::string name = "s" + std::to_string(actors.size());
      steps += "    " + name + " = " + who + "(\"x\")";
      if (actors.size() > first && below(2) == 0) {
        actor.after = static_cast<std::ptrdiff_t>(actors.size() - 1);
        steps += " after s" + std::to_string(actors.size() - 1) + ".done";
      }
      steps += "\n";
      actors.push_back(actor);
    }
    text = "fleet t v1 {\n  repo = git(\".\", base: main)\n  limits = sessions " +
           std::to_string(places) + "\n  defaults { runtime = shell(\"true\") }\n" +
           "  role any_of {}\n" + agents + "  flow main {\n    zero = run(\"true\")\n" + steps +
           "  }\n}\n";
  }

  int places = 1;
  std::vector<Actor> actors;
  std::string text;

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  std::mt19937 random_;
};

enum class Phase : std::uint8_t { kWaits, kRuns, kEnded };
using World = std::vector<Phase>;

class BruteForce {
 public:
  explicit BruteForce(const RandomFleet& fleet) : fleet_(fleet) {}
  // Whether somebody can wait for ever.
  bool gets_stuck() { return search(World(fleet_.actors.size(), Phase::kWaits)); }

 private:
  int taken(const World& world) const {
    int taken = 0;
    for (std::size_t i = 0; i < world.size(); ++i)
      taken += world[i] == Phase::kRuns && fleet_.actors[i].kind != Actor::Kind::kGuest ? 1 : 0;
    return taken;
  }

  bool may_start(const World& world, std::size_t index) const {
    const Actor& actor = fleet_.actors[index];
    if (actor.after >= 0 && world[std::size_t(actor.after)] != Phase::kEnded)
      return false;
    if (actor.kind != Actor::Kind::kGuest)
      return taken(world) < fleet_.places;
    for (std::size_t i = 0; i < world.size(); ++i) {
      const Actor& other = fleet_.actors[i];
      if (other.kind == Actor::Kind::kGuest && other.host == actor.host &&
          world[i] == Phase::kRuns)
        return false;
    }
    return world[actor.host] == Phase::kRuns;
  }

  bool search(const World& world) {
    if (!known_.insert(world).second)
      return false;
    bool moved = false;
    bool waits = false;
    for (std::size_t i = 0; i < world.size(); ++i) {
      const bool ends =
          world[i] == Phase::kRuns && fleet_.actors[i].kind != Actor::Kind::kStanding;
      const bool starts = world[i] == Phase::kWaits && may_start(world, i);
      waits = waits || world[i] == Phase::kWaits;
      if (!ends && !starts)
        continue;
      moved = true;
      World next = world;
      next[i] = ends ? Phase::kEnded : Phase::kRuns;
      if (search(next))
        return true;
    }
    return waits && !moved;
  }

  const RandomFleet& fleet_;
  std::set<World> known_;
};

}  // namespace

TEST_CASE("a fleet is refused exactly when somebody can wait for a place for ever") {
  int refused = 0, accepted = 0;
  CHECK(rc::check([&](std::uint32_t seed) {
    const RandomFleet fleet(seed);
    testing::Analyzed analyzed(fleet.text);
    RC_ASSERT(!analyzed.sink.has_errors());
    Subject subject{analyzed.sources, analyzed.model, analyzed.sink, {}};
    check_capacity(subject);
    const bool refuses = !analyzed.sink.all().empty();
    (refuses ? refused : accepted) += 1;
    if (refuses != BruteForce(fleet).gets_stuck())
      RC_FAIL((refuses ? "refused, but nobody waits for ever:\n"
                       : "accepted, but somebody waits for ever:\n") +
              fleet.text + render_text(analyzed.sink.sorted(), analyzed.sources));
  }));
  CHECK(refused > 0);
  CHECK(accepted > 0);
}

}  // namespace fleet::checks
