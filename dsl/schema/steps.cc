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
    StepForm{"repo.merge",
             "repo.merge(STEP, … [, into: \"branch\" or STEP.branch] [, as: squash or rebase])",
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

constexpr std::array kMergeStyles{
    Word{"merge", "A merge commit, from which each step's commits can be reached."},
    Word{"squash", "One commit with all of it."},
    Word{"rebase", "Each step's commits made anew on top, in a straight line."},
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

constexpr std::array kOutputs{
    Entry{
        "diff", "STEP.diff",
        "Everything that a merge of the step would bring into the base; work goes on from there."},
    Entry{"branch", "STEP.branch", "The step's branch, at the commit that it made."},
    Entry{"findings", "REVIEW.findings", "What the review wants changed, each an item."},
};

constexpr std::array kEvents{
    Entry{"task", "task.NAME", "Somebody asked for it: `fleetc task add NAME`."},
    Entry{"pr.opened", "pr.opened", "A pull request was opened."},
    Entry{"pr.updated", "pr.updated", "A pull request was changed."},
    Entry{"finding", "finding.LABEL", "A review filed a finding with that label."},
    Entry{"message", "message", "A message came."},
    Entry{"file", "file(\"glob\")", "A file that the glob names was changed."},
};

constexpr std::array kForms{
    Entry{"use", "use std.MODULE (NAME, …)   use \"./FILE\" (NAME, …)   use std.MODULE as NAME",
          "Takes declarations from another file, or from the standard library."},
    Entry{"on", "on EVENT", "What starts it, beside being asked for by name."},
    Entry{"version", "vN", "The version: a new one is declared when what it stands for changes."},
    Entry{"route", "route(x.FIELD, VALUE: AGENT, …, else: AGENT)",
          "Chooses the agent by a field of the item: findings and issues have a `label`, elements "
          "of a JSON file what the file gives them."},
};

constexpr std::array kUnits{
    Entry{"duration", "300ms 90s 15min 4h 2d", "A duration."},
    Entry{"money", "$3 $1.50", "Money, in dollars."},
    Entry{"tokens", "500tok 200ktok 2Mtok", "Tokens."},
    Entry{"size", "200MB 5GiB", "A size on the disk."},
    Entry{"percent", "80%", "A share of a hundred."},
    Entry{"date", "2031-01-31", "A day."},
    Entry{"version", "v7", "A version."},
    Entry{"number", "8", "A number."},
};

constexpr std::array kPers{
    Entry{"task", "/task", "For one attempt at one task."},
    Entry{"run", "/run", "For one run of a flow."},
    Entry{"day", "/day", "For a day."},
    Entry{"h", "/h", "For an hour."},
    Entry{"Mtok", "/Mtok", "For a million tokens."},
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view unit_name(std::string_view literal) {
  if (literal.starts_with('$'))
    return "money";
  if (literal.size() > 1 && literal.front() == 'v' && is_digit(literal[1]))
    return "version";
  if (literal.empty() || !is_digit(literal.front()))
    return {};
  const std::size_t end = literal.find_first_not_of("0123456789._");
  const std::string_view unit = end == literal.npos ? std::string_view() : literal.substr(end);
  if (unit.empty())
    return "number";
  if (unit.front() == '-')
    return "date";
  if (unit == "%")
    return "percent";
  if (unit.ends_with("tok"))
    return "tokens";
  return unit.ends_with('B') ? "size" : "duration";
}

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
std::span<const Word> merge_styles() {
  return kMergeStyles;
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

std::span<const Entry> outputs() {
  return kOutputs;
}
std::span<const Entry> events() {
  return kEvents;
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

const Entry* find_output(std::string_view name) {
  return find_in(kOutputs, name, &Entry::name);
}
const Entry* find_event(std::string_view name) {
  return find_in(kEvents, name, &Entry::name);
}
const Entry* find_form(std::string_view name) {
  return find_in(kForms, name, &Entry::name);
}
const Entry* find_unit(std::string_view literal) {
  return find_in(kUnits, unit_name(literal), &Entry::name);
}
const Entry* find_per(std::string_view word) {
  return find_in(kPers, word, &Entry::name);
}

}  // namespace fleet::schema
