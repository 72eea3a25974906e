// Gates as people are told of them: what they are called, what each answer means, how they stand,
// and which change they are about. From plan and state alone; what only the decision box and the
// list of runs know is passed in.
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

// "go on as if the step had succeeded", and so on: what each answer means. REQUIRES: a gate.
struct AnswerMeaning {
  const char* approve;
  const char* reject;
  const char* retry;  // empty: it is not offered
};
AnswerMeaning meaning_of(const plan::Plan& plan, const run::Task& task);

// What a run's events don't tell.
struct Around {
  std::int64_t now = 0;   // wall ms
  bool live = false;      // an engine is at work on it
  bool given_up = false;  // `run --new` began another one in its place
  // The answer that was left for an open gate and that no engine has taken; may be empty.
  std::function<std::optional<run::GateAnswered>(run::Attempt gate)> left = {};
};

// How an open gate stands, and in words what follows from it where nobody is asked any more.
struct Standing {
  enum What { kOpen, kAnswered, kOver } what;
  std::string text;
};
Standing standing_of(const run::State& state, const run::Task& gate, const Around& around);

// The gates that a human is still to decide.
std::vector<run::TaskIndex> undecided(const run::State& state, const Around& around);

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

// "ann (2h 10min, closes in 5h, late)"
std::string waiting_text(const plan::Plan& plan, const run::Task& gate, std::int64_t now);

// For status and summary, under a title: two lines for each that waits, with the commands that
// answer, and one for each that is decided and not taken up yet.
std::string gate_lines(const plan::Plan& plan, const run::State& state, const Around& around);

// A line for each open gate that nobody needs to decide any more, and why.
std::string decided_lines(const plan::Plan& plan, const run::State& state, const Around& around,
                          std::string_view indent);

}  // namespace fleet::report
