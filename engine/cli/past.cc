#include "engine/cli/past.h"

#include <signal.h>

#include <cerrno>
#include <cstdlib>

#include "engine/cli/exit_codes.h"
#include "engine/cli/foreground.h"
#include "engine/cli/terminal.h"
#include "engine/decide/box.h"
#include "engine/flow/gates.h"
#include "engine/os/clock.h"
#include "engine/os/files.h"

namespace fleet::cli {

Result<Past> open_past() {
  Past past;
  flow::EngineOptions options;
  options.repository = ".";
  options.environment = environment();
  FLEET_TRY(past.places, flow::find_places(options));
  auto reader = journal::JournalReader::open(past.places.state_dir);
  if (!reader && reader.error().code() == Errc::kNotFound)
    return Error(Errc::kNotFound,
                 "nothing was ever run in this repository: `fleetc run FILE` begins");
  if (!reader)
    return std::move(reader).error();
  past.reader = *std::move(reader);
  return past;
}

// To try the lock would be in the way of an engine that starts just now, so that is done only while
// a process with the last engine's number lives: it may be another one by now.
bool engine_at_work(const flow::Places& places) {
  const std::string file = places.state_dir + "/state.lock";
  const std::string holder = os::lock_holder(file);
  const long pid = std::strtol(holder.c_str(), nullptr, 10);
  if (pid <= 0 || (::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH))
    return false;
  const auto lock = os::system_files().lock_file(file);
  return !lock && lock.error().code() == Errc::kBusy;
}

Result<std::vector<std::shared_ptr<const flow::PastRun>>> unfinished_runs(const Past& past) {
  std::vector<std::shared_ptr<const flow::PastRun>> runs;
  for (const journal::RunInfo& info : past.reader->list_runs()) {
    if (info.finished)
      continue;
    FLEET_TRY(flow::PastRun run, flow::replay_run(*past.reader, info, nullptr));
    runs.push_back(std::make_shared<const flow::PastRun>(std::move(run)));
  }
  return runs;
}

namespace {

// A box that is not there has nothing in it, and is not made by those who only look.
std::function<std::optional<run::GateAnswered>(run::Attempt)> left_answers(
    const std::string& state_dir, const flow::PastRun& run) {
  const auto exists = os::system_files().exists(state_dir + "/decisions/done");
  if (!exists || !*exists)
    return {};
  auto opened = decide::DecisionBox::open(state_dir);
  if (!opened)
    return {};
  const auto box = std::make_shared<decide::DecisionBox>(*std::move(opened));
  return [box, &run](run::Attempt gate) -> std::optional<run::GateAnswered> {
    const auto found = box->look({run.state.run, gate.task.value, gate.epoch});
    if (!found || !*found)
      return std::nullopt;
    const decide::Decision& decision = **found;
    const run::Task& task = run.state.tasks[gate.task.value];
    if (!flow::answers(decision, run.plan, task.node, task.gate->human))
      return std::nullopt;
    return run::GateAnswered{gate,         flow::decision_of(decision.answer),
                             decision.by,  decide::origin_of(decision),
                             decision.why, decision.at};
  };
}

}  // namespace

report::Around around(const Past& past, const flow::PastRun& run) {
  report::Around known;
  known.now = os::system_clock().wall().time_since_epoch().count();
  known.given_up = run.info.finished && run.info.state == flow::kAbandoned;
  known.live = !run.state.closed && !known.given_up && engine_at_work(past.places);
  known.left = left_answers(past.places.state_dir, run);
  return known;
}

int refuse(const Error& error) {
  complain(error);
  return error.code() == Errc::kNotFound ? kUsage : kRunFailed;
}

}  // namespace fleet::cli
