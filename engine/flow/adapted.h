// Sessions of agent CLIs: how their jobs differ from a program's, and what their output makes of an
// exit, whose code says little. Ties engine/adapter to plans, slots and jobs. Threads: any.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dsl/plan/plan.h"
#include "engine/base/result.h"
#include "engine/process/job.h"
#include "engine/run/event.h"
#include "engine/worktree/slot.h"

namespace fleet::flow {

struct DeskPlace;

// Whether the agent is a CLI that engine/adapter knows; a shell runtime runs its command as it is.
bool is_adapted(const plan::Agent& agent);

// Gives the job of an adapted agent its command line, its variables and, in the slot's HOME, its
// configuration. `fleetc`: the program that serves the session's tools; `desk`: where they speak.
// `models`: the base URL of the broker that stands for the model's service; empty: none does.
// What an earlier session planted in HOME is replaced, never followed. REQUIRES: is_adapted.
Status adapt(process::JobSpec& job, const plan::Agent& agent, const worktree::Slot& slot,
             const std::string& fleetc, const DeskPlace& desk, const std::string& models = {});
// Sets the variable, whatever it was.
void set_variable(std::vector<std::string>& env, const std::string& name, const std::string& value);

// What the session was told at its start: it asks for all else. `review`: the folder that holds the
// change it judges, as it sees it; empty: it judges none.
std::string first_words(const plan::Agent& agent, const std::string& review);

// The exit as the CLI's own stream tells it, and what the attempt used; none where it does not say.
struct AdaptedEnd {
  run::Exited exited;
  std::optional<run::Metered> metered;
};
// `output`: all that the session wrote. Pure. REQUIRES: is_adapted.
AdaptedEnd read_end(run::Exited exited, const plan::Agent& agent, const std::string& output);

}  // namespace fleet::flow
