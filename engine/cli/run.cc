// run and resume.
#include <fmt/format.h>

#include "engine/cli/commands.h"
#include "engine/cli/executed.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/foreground.h"
#include "engine/cli/front.h"
#include "engine/cli/signals.h"
#include "engine/cli/terminal.h"

namespace fleet::cli {
namespace {

int refused(const Error& error) {
  complain(error);
  if (error.code() == Errc::kBusy)
    complain("  another fleetc is at work here: `fleetc status` shows its run\n");
  if (error.code() == Errc::kCorrupt)
    complain(
        "  `fleetc resume --accept-lost-tail` goes on from what is left of a journal that lost its "
        "end; what it had finished after that is done again\n");
  return kRunFailed;
}

// "fleetc resume ID carries on", or on a terminal the question; true: take it up.
enum class Choice { kBegin, kResume, kRefuse };
Choice choose(const journal::RunInfo& unfinished, const RunOptions& options) {
  if (options.fresh)
    return Choice::kBegin;
  const std::string what =
      fmt::format("run {} of {} is unfinished ({})", unfinished.id, unfinished.meta,
                  unfinished.state.empty() ? "just begun" : unfinished.state);
  if (ask(fmt::format("{}. Carry on with it?", what)))
    return Choice::kResume;
  complain(fmt::format(
      "fleetc: {}\n"
      "  fleetc resume {}   carries on with it{}\n"
      "  fleetc run --new …   gives it up for good, with what is in flight, and begins another; it "
      "can't be resumed then, and its branches stay\n",
      what, unfinished.id,
      unfinished.state == "waiting" ? "; `fleetc inbox` shows what it waits for" : ""));
  return Choice::kRefuse;
}

Result<std::unique_ptr<flow::Engine>> open_engine(const std::string& folder, std::uint32_t jobs,
                                                  bool accept_lost_tail, bool no_wait) {
  flow::EngineOptions options;
  options.repository = folder;
  options.environment = environment();
  options.jobs = jobs;
  options.accept_lost_tail = accept_lost_tail;
  options.no_wait = no_wait;
  return flow::Engine::open(std::move(options), os::system_clock());
}

std::string repository_of(const Front& front) {
  const std::string& path = front.plan->repo.path;
  if (!path.empty() && path.front() == '/')
    return path;
  return front.folder + "/" + path;
}

}  // namespace

int run(const RunOptions& options) {
  Front front = compile_flow(options.flow, true);
  if (!front.plan)
    return front.exit_code;
  if (const std::vector<std::string> missing =
          not_executed(*front.plan, *front.model, *front.sources);
      !missing.empty()) {
    for (const std::string& one : missing)
      complain(fmt::format("fleetc: {}\n", one));
    return kDefinitionHasErrors;
  }
  block_stop_signals();
  auto engine = open_engine(repository_of(front), options.jobs, false, options.no_wait);
  if (!engine)
    return refused(engine.error());
  if (const auto unfinished = (*engine)->unfinished()) {
    switch (choose(*unfinished, options)) {
      case Choice::kRefuse: return kUsage;
      case Choice::kResume:
        if (const Status taken = (*engine)->take_up(*unfinished); !taken)
          return refused(taken.error());
        return run_in_foreground(**engine, options.format);
      case Choice::kBegin:
        if (const Status left = (*engine)->abandon(*unfinished); !left)
          return refused(left.error());
        break;
    }
  }
  if (const Status begun = (*engine)->begin(*std::move(front.plan)); !begun)
    return refused(begun.error());
  return run_in_foreground(**engine, options.format);
}

int resume(const ResumeOptions& options) {
  block_stop_signals();
  auto engine = open_engine(".", options.jobs, options.accept_lost_tail, options.no_wait);
  if (!engine)
    return refused(engine.error());
  std::optional<journal::RunInfo> run = (*engine)->unfinished();
  if (!options.run.empty()) {
    auto found = (*engine)->find(options.run);
    if (!found) {
      complain(found.error());
      return kUsage;
    }
    run = *found;
    if (run->finished) {
      print(fmt::format("run {} is over ({}): nothing to resume\n", run->id, run->state));
      return kDone;
    }
  }
  if (!run) {
    print("nothing is unfinished\n");
    return kDone;
  }
  if (const Status taken = (*engine)->take_up(*run); !taken)
    return refused(taken.error());
  return run_in_foreground(**engine, options.format);
}

}  // namespace fleet::cli
