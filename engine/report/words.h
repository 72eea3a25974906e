// How things of a run are named to a person. Text from agents, items and paths is made printable
// first: a session must not be able to drive the terminal of whoever watches it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/run/state.h"

namespace fleet::report {

// Control characters and invalid UTF-8 as \xNN, so that the text stays on one line and inert.
std::string printable(std::string_view text);

// At most `width` columns (code points), the middle left out with "…".
std::string shortened(std::string_view text, std::size_t width);

// "build", "fixes[notes/01.txt]"
std::string label(const plan::Plan& plan, const run::Task& task);

// "0.4s", "12s", "3min 5s", "2h 10min": two figures, for people.
std::string spoken(plan::Millis duration);

// "2026-11-21 10:42:07" in UTC.
std::string timestamp(std::int64_t wall_ms);

// "1 file", "2 files"
std::string counted(std::uint64_t n, std::string_view noun);

// What a command does: "approve", "reject", "retry".
const char* verb_of(run::Decision decision);
// Whether an answer was given after its gate's time, and did not count for that. `task` is as the
// answer left it.
bool came_late(const run::Task& task, const run::GateAnswered& answer);
// "approved by ann: looks fine", with a word on one that came late.
std::string answer_text(const run::Task& task, const run::GateAnswered& answer);

// Of run::PathsShared: "may change the same files as `docs` (src/**): …", one line.
std::string shares_text(const std::vector<std::string>& with);

// One line on how the last attempt ended: "1 file, +2 -1", "exit 1", "nothing to change",
// "changes requested: 2 findings".
std::string result_of(const run::Task& task);

}  // namespace fleet::report
