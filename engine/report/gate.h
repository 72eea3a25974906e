// What waits for a human, told so that they can decide: what is asked, about which change, what
// reviews and evidence say of it, what it has cost, since when, and how to answer. From plan and
// state alone; what only git knows of the change is passed in.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/run/state.h"

namespace fleet::report {

// "3d8a.12": the last part of the run's id and the task's number. Stable over resumes.
std::string gate_id(std::string_view run, run::TaskIndex task);

// What FLEET_GATE_TEXT holds: a few lines with the commands that answer.
std::string gate_message(const plan::Plan& plan, std::string_view run, run::TaskIndex task,
                         plan::NodeIndex node, std::string_view human, std::string_view why);

// "continue as if it had succeeded", and so on: what each answer means.
struct AnswerMeaning {
  const char* approve;
  const char* reject;
};
AnswerMeaning meaning_of(run::Asks asks);

// Whether the gate has waited for longer than was promised: a decision than its human takes
// (`answers`), an escalation than `within`.
bool is_late(const plan::Plan& plan, const run::Task& task, std::int64_t now);

// The change that the gate decides about: the step whose commit is merged when it is approved, else
// the nearest one before it that made a commit.
struct Subject {
  plan::NodeIndex node;
  std::string branch;
  std::string commit;
};
std::optional<Subject> subject_of(const plan::Plan& plan, const run::State& state,
                                  plan::NodeIndex node);

// The size of a change from the run's base to a commit; empty: not known.
struct ChangeSize {
  std::uint32_t files = 0;
  std::uint64_t insertions = 0;
  std::uint64_t deletions = 0;
};
using Measure = std::function<std::optional<ChangeSize>(const std::string& commit)>;

// What did not work when the human was told, empty when it did.
using NotifyTrouble = std::function<std::string(run::Attempt gate)>;

struct InboxView {
  std::int64_t now = 0;
  Measure measure;               // may be empty
  NotifyTrouble notify_trouble;  // may be empty
};

// Every open gate of a run in full, one after another; empty when none is open.
std::string inbox_text(const plan::Plan& plan, const run::State& state, const InboxView& view);
// The same as the elements of a JSON array, one object a gate, without the brackets.
std::string inbox_json(const plan::Plan& plan, const run::State& state, const InboxView& view);

// Two lines a gate, for status and summary: what is asked, and the command that answers.
std::string gate_lines(const plan::Plan& plan, const run::State& state, std::int64_t now);

}  // namespace fleet::report
