#include "engine/cli/foreground.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include <fmt/format.h>

#include "engine/cli/exit_codes.h"
#include "engine/cli/signals.h"
#include "engine/cli/terminal.h"
#include "engine/report/json.h"
#include "engine/report/progress.h"
#include "engine/report/summary.h"

namespace fleet::cli {
namespace {

const char* name_of_signal(int number) {
  switch (number) {
    case SIGINT: return "Ctrl-C";
    case SIGTERM: return "SIGTERM";
    case SIGHUP: return "SIGHUP";
    default: return "a signal";
  }
}

report::ProgressOptions progress_options(const flow::Engine& engine, const std::string& format) {
  report::ProgressOptions options;
  options.style = format == "json"       ? report::ProgressStyle::kJson
                  : output_is_terminal() ? report::ProgressStyle::kTerminal
                                         : report::ProgressStyle::kPlain;
  options.colour = output_has_colour();
  options.write = [](std::string_view text) {
    print(text);
  };
  options.columns = terminal_columns;
  options.history = [&engine](plan::NodeIndex node) {
    return engine.history(node);
  };
  return options;
}

}  // namespace

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const char* equals = std::strchr(*entry, '=');
    if (equals != nullptr)
      all.emplace(std::string(*entry, static_cast<std::size_t>(equals - *entry)), equals + 1);
  }
  return all;
}

int run_in_foreground(flow::Engine& engine, const std::string& format) {
  std::atomic<int> stopped_by{0};
  auto progress =
      report::make_progress(engine.plan(), progress_options(engine, format), os::system_clock());
  Result<run::RunOutcome> outcome = [&]() -> Result<run::RunOutcome> {
    // A first request drains, a second one stops at once. SIGTERM leaves little time: it stops at
    // once.
    FLEET_TRY(const auto watch, SignalWatch::start([&](int number, int count) {
                stopped_by = number;
                // Whoever asks a third time gets it, whatever is under way: a killed run can be
                // resumed.
                if (count > 2) {
                  complain(fmt::format("\nfleetc: left as it is; `fleetc resume {}` carries on\n",
                                       engine.site().run));
                  ::_exit(128 + number);
                }
                const bool drain = number == SIGINT && count == 1;
                engine.ask_stop(drain ? run::StopLevel::kDrain : run::StopLevel::kNow,
                                name_of_signal(number));
              }));
    return engine.carry_on(*progress);
  }();
  progress->finish();
  if (!outcome) {
    complain(std::move(outcome).error().in("the run stopped"));
    complain(fmt::format("fleetc: what finished is recorded; `fleetc resume {}` carries on\n",
                         engine.site().run));
    return kRunFailed;
  }
  if (format == "json") {
    print(report::summary_json(engine.plan(), engine.state()) + "\n");
  } else {
    print(report::summary_text(engine.plan(), engine.state(),
                               {engine.site().run_dir() + "/logs", output_has_colour()}));
  }
  switch (*outcome) {
    case run::RunOutcome::kDone:
      return report::ended_unmerged(engine.plan(), engine.state()) ? kRunFailed : kDone;
    case run::RunOutcome::kFailed: return kRunFailed;
    case run::RunOutcome::kStopped:
      if (stopped_by != 0)
        return kSignalBase + stopped_by;
      return engine.left_waiting() ? kWaitingForHuman : kRunFailed;
  }
  return kOurBug;
}

}  // namespace fleet::cli
