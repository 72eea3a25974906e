// Events, runs and summaries as JSON for programs. One record an event; keys are the words of the
// language.
#pragma once

#include <string>

#include "engine/report/gate.h"
#include "engine/run/observer.h"

namespace fleet::report {

// {"at":…,"event":"exited",…,"transitions":[…]} on one line.
std::string event_json(const plan::Plan& plan, const run::State& state, const run::Event& event,
                       const std::vector<run::Transition>& transitions);

// A JSON string literal, quotes included; bytes that are no UTF-8 as in printable().
std::string json_string(std::string_view text);

// The whole state for `status --format json`: run, outcome, counts, steps, tasks.
std::string state_json(const plan::Plan& plan, const run::State& state, const Around& around = {});

// The same on one line, as the last record of `run --format json`: {"event":"summary","state":{…}}.
std::string summary_json(const plan::Plan& plan, const run::State& state);

}  // namespace fleet::report
