// What a flow is made of: steps, their clauses, sources of a fan-out, edges, and holes.
#include <algorithm>
#include <array>

#include "dsl/schema/schema.h"

namespace fleet::schema {
namespace {

constexpr std::array kSteps{
    StepForm{"", "AGENT(ARGUMENT, …)", "One task for one agent."},
    StepForm{"fanout", "fanout X in SOURCE to AGENT, [AGENT, …] or route(…)",
             "One task for each item."},
    StepForm{"run", "run(\"command\" [, sandbox: off])", "A plain command, no agent."},
    StepForm{"repo.merge", "repo.merge(STEP, … [, into: \"branch\" or STEP.branch])",
             "Takes the accepted commits of steps into one branch."},
    StepForm{"all", "all(STEP, …)", "Every step, findings united."},
    StepForm{"any", "any(STEP, …)", "The first step, the rest cancelled."},
    StepForm{"loop", "loop until EDGE max N [else …] { … }", "Steps again until an edge fires."},
    StepForm{"human", "human(NAME) timeout D", "A decision of a human."},
};

constexpr std::array kClauses{
    Clause{"retry", {}, "retry N", "Further attempts after the first, 0 to 100."},
    Clause{"timeout", {}, "timeout D", "Bounds one attempt from session start."},
    Clause{"after", {}, "after STEP.EDGE & …", "What must have happened before."},
    Clause{"else", {}, "else escalate | skip | fail", "What happens once attempts are spent."},
    Clause{"width", "fanout", "width N", "Sessions at once."},
    Clause{"limit", "fanout", "limit N", "Items at most; what exceeds it is reported."},
    Clause{"est", "fanout", "est D", "How long one item takes; a prior until it was measured."},
    Clause{"spawn", "fanout", "spawn D", "What one cold session costs; a prior as well."},
    Clause{"force", "fanout", "force parallel | inline", "Overrides the spawn check, visibly."},
    Clause{"until", "loop", "until STEP.EDGE", "What ends the loop; tested before each round."},
    Clause{"max", "loop", "max N", "Rounds at most, 1 to 100."},
};

constexpr std::array kEdges{
    Entry{"done", "STEP.done", "It settled, whatever the outcome."},
    Entry{"accepted", "STEP.accepted", "Its evidence passed; of a fan-out, every item's."},
    Entry{"some_accepted", "FANOUT.some_accepted",
          "All items settled and at least one was accepted."},
    Entry{"failed", "STEP.failed", "Its attempts are spent."},
    Entry{"merged", "MERGE.merged", "The branch holds the result."},
    Entry{"approved", "REVIEW.approved", "A review or a human approved."},
    Entry{"changes_requested", "REVIEW.changes_requested", "A review wants changes."},
};

constexpr std::array kSources{
    Entry{"files", "files(\"glob\")", "Files of the pinned commit."},
    Entry{"lines", "lines(\"file\") or lines(run(\"command\"))",
          "Lines of a file of the pinned commit, or of what a command prints."},
    Entry{"json", "json(\"file\")", "Elements of a JSON array in a file of the pinned commit."},
    Entry{"issues", "issues(label: \"…\")", "Issues of the forge."},
};

constexpr std::array kHoles{
    Entry{"item", "{item}", "The item of the fan-out."},
    Entry{"task", "{task}",
          "The flow's parameter `task`; without one the task's first argument, or else its step's "
          "name."},
    Entry{"agent", "{agent}", "The agent's name."},
    Entry{"run", "{run}", "The run's id."},
    Entry{"date", "{date}", "The day on which the run began."},
    Entry{"round", "{round}", "The round of the loop around the step."},
};

template <class Table, class Field>
auto* find_in(const Table& table, std::string_view name, Field field) {
  const auto found = std::ranges::find(table, name, field);
  return found == table.end() ? nullptr : &*found;
}

}  // namespace

std::span<const StepForm> steps() {
  return kSteps;
}
std::span<const Clause> clauses() {
  return kClauses;
}
std::span<const Entry> edges() {
  return kEdges;
}
std::span<const Entry> sources() {
  return kSources;
}
std::span<const Entry> holes() {
  return kHoles;
}

const StepForm* find_step(std::string_view word) {
  return find_in(kSteps, word, &StepForm::word);
}
const Clause* find_clause(std::string_view word) {
  return find_in(kClauses, word, &Clause::word);
}
const Entry* find_edge(std::string_view name) {
  return find_in(kEdges, name, &Entry::name);
}
const Entry* find_source(std::string_view name) {
  return find_in(kSources, name, &Entry::name);
}
const Entry* find_hole(std::string_view name) {
  return find_in(kHoles, name, &Entry::name);
}

}  // namespace fleet::schema
