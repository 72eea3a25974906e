// status, log, cost: what the journal tells, without being its writer.
#include <fmt/format.h>

#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/overview.h"
#include "engine/cli/past.h"
#include "engine/cli/terminal.h"
#include "engine/os/clock.h"
#include "engine/report/bill.h"
#include "engine/report/json.h"
#include "engine/report/log.h"
#include "engine/report/summary.h"
#include "engine/report/words.h"

namespace fleet::cli {
namespace {

// Runs `tell` over the chosen run; says on stderr what went wrong.
template <class Tell>
int with_run(const QueryOptions& options, run::Observer* each, Tell&& tell) {
  auto past = open_past();
  if (!past)
    return refuse(past.error());
  const auto info = flow::choose_run(*past->reader, options.run);
  if (!info)
    return refuse(info.error());
  auto replayed = flow::replay_run(*past->reader, *info, each);
  if (!replayed)
    return refuse(replayed.error());
  tell(*past, *replayed);
  return kDone;
}

int list_runs(const QueryOptions& options) {
  auto past = open_past();
  if (!past)
    return refuse(past.error());
  std::string out;
  for (const journal::RunInfo& run : past->reader->list_runs()) {
    if (options.format == "json") {
      out += fmt::format("{}{{\"run\":{},\"flow\":{},\"state\":{},\"created\":{}}}",
                         out.empty() ? "[" : ",\n ", report::json_string(run.id),
                         report::json_string(run.meta), report::json_string(run.state),
                         run.created.time_since_epoch().count());
    } else {
      out += fmt::format("{}  {:<10} {}  {}\n", run.id, run.state, report::printable(run.meta),
                         report::timestamp(run.created.time_since_epoch().count()));
    }
  }
  if (options.format == "json")
    out += out.empty() ? "[]\n" : "]\n";
  print(out);
  return kDone;
}

// Where a fleet is up, all of it, unless one run is asked for.
std::optional<int> status_of_fleet(const QueryOptions& options) {
  const auto past = open_past();
  if (!past)
    return std::nullopt;
  const std::optional<FleetStanding> standing = standing_of(past->places);
  if (!standing)
    return std::nullopt;
  const auto text =
      options.format == "json" ? overview_json(*past, *standing) : overview_text(*past, *standing);
  if (!text)
    return refuse(text.error());
  print(*text);
  return kDone;
}

// All runs with an event within so many days, the oldest first.
Status read_since(const journal::JournalReader& reader, std::uint32_t days, report::Bill& bill) {
  constexpr std::int64_t kWholeDay = 86'400'000;
  const std::int64_t from = os::system_clock().wall().time_since_epoch().count() - days * kWholeDay;
  std::vector<journal::RunInfo> runs = reader.list_runs();
  std::erase_if(runs, [&](const journal::RunInfo& run) {
    return run.finished && run.changed.time_since_epoch().count() < from;
  });
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    bill.begin_run();
    const auto replayed = flow::replay_run(reader, *run, &bill);
    if (!replayed)
      return replayed.error();
  }
  return {};
}

}  // namespace

int status(const QueryOptions& options) {
  if (options.all)
    return list_runs(options);
  if (options.run.empty())
    if (const std::optional<int> told = status_of_fleet(options))
      return *told;
  return with_run(options, nullptr, [&](const Past& past, const flow::PastRun& run) {
    const report::Around known = around(past, run);
    print(options.format == "json" ? report::state_json(run.plan, run.state, known) + "\n"
                                   : report::status_text(run.plan, run.state, known));
  });
}

int log(const QueryOptions& options) {
  report::LogWriter writer([](std::string_view text) { print(text); }, options.format == "json");
  return with_run(options, &writer, [](const Past&, const flow::PastRun&) {});
}

int cost(const CostOptions& options) {
  const auto past = open_past();
  if (!past)
    return refuse(past.error());
  report::Bill bill(*report::by_of(options.by));
  if (report::is_over_runs(bill.by()) && options.run.empty()) {
    if (const Status read = read_since(*past->reader, options.days, bill); !read)
      return refuse(read.error());
    const std::string title =
        fmt::format("runs of the last {}", report::counted(options.days, "day"));
    print(options.format == "json" ? report::bill_json(bill, "") + "\n"
                                   : report::bill_text(bill, title));
    return kDone;
  }
  return with_run({.run = options.run}, &bill, [&](const Past&, const flow::PastRun& run) {
    const std::string title =
        fmt::format("run {} of {}.{}", run.state.run, report::printable(run.plan.fleet),
                    report::printable(run.plan.flow));
    print(options.format == "json" ? report::bill_json(bill, run.state.run) + "\n"
                                   : report::bill_text(bill, title));
  });
}

}  // namespace fleet::cli
