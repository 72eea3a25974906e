// task add, list, cancel, retry: what people ask a resident fleet for.
#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/foreground.h"
#include "engine/cli/past.h"
#include "engine/cli/terminal.h"
#include "engine/os/clock.h"
#include "engine/process/descent.h"
#include "engine/report/words.h"
#include "engine/resident/task_box.h"

namespace fleet::cli {
namespace {

using Json = nlohmann::ordered_json;
using resident::TaskBox;
using resident::Wake;

constexpr std::string_view kPrefix = "task:";

struct Here {
  flow::Places places;
  std::unique_ptr<journal::JournalReader> reader;  // null: nothing ever ran
  std::optional<TaskBox> box;
};

Result<Here> open_here() {
  const auto inside = process::descends_from_keeper();
  if (!inside)
    return inside.error();
  if (*inside)
    return Error(Errc::kInvalid, "a session of a fleet adds no tasks; it can send messages");
  Here here;
  flow::EngineOptions where;
  where.repository = ".";
  where.environment = environment();
  FLEET_TRY(here.places, flow::find_places(where));
  auto reader = journal::JournalReader::open(here.places.state_dir);
  if (reader)
    here.reader = *std::move(reader);
  else if (reader.error().code() != Errc::kNotFound)
    return std::move(reader).error();
  FLEET_TRY(TaskBox box, TaskBox::open(here.places.state_dir));
  here.box.emplace(std::move(box));
  return here;
}

std::string full_id(const std::string& id) {
  return id.starts_with(kPrefix) ? id : std::string(kPrefix) + id;
}
std::string short_id(const std::string& id) {
  return id.starts_with(kPrefix) ? id.substr(kPrefix.size()) : id;
}

// The newest run that was begun for it, by whichever duty.
std::vector<journal::RunInfo> runs_of(const Here& here, const std::string& id) {
  std::vector<journal::RunInfo> runs;
  if (here.reader)
    for (const journal::RunInfo& info : here.reader->list_runs())
      if (const std::string cause = flow::read_meta(info.meta).cause;
          !cause.empty() && resident::wake_of(cause) == id)
        runs.push_back(info);
  // Several may have begun for it: one that still goes on counts.
  std::ranges::stable_partition(runs, [](const journal::RunInfo& run) { return !run.finished; });
  return runs;
}

std::string state_of(const Here& here, const std::string& id, bool is_new, bool cancelled) {
  const std::vector<journal::RunInfo> runs = runs_of(here, id);
  if (!runs.empty())
    return fmt::format("{} (run {})", runs.front().state.empty() ? "running" : runs.front().state,
                       runs.front().id);
  if (cancelled)
    return "cancelled";
  return is_new ? "waits" : "done";
}

int no_engine(const Here& here) {
  if (!engine_at_work(here.places))
    print("  no fleet is up here: `fleetc up FILE` begins it\n");
  return kDone;
}

}  // namespace

int task_add(const TaskOptions& options) {
  auto here = open_here();
  if (!here)
    return refuse(here.error());
  Wake wake;
  wake.event = {plan::Event::Kind::kTask, options.name};
  wake.text = options.text;
  wake.criteria = options.criteria;
  wake.at = os::system_clock().wall().time_since_epoch().count();
  if (wake.text.empty() || wake.text.size() > resident::kMaxText ||
      wake.criteria.size() > resident::kMaxText) {
    complain(fmt::format("fleetc: what is to be done, and the criteria, have 1 to {} bytes each\n",
                         resident::kMaxText));
    return kUsage;
  }
  for (;;) {
    wake.id = resident::new_task_id();
    const auto put = here->box->put(wake);
    if (!put)
      return refuse(put.error());
    if (*put)
      break;
  }
  print(fmt::format("{} added for task.{}\n", short_id(wake.id), report::printable(options.name)));
  return no_engine(*here);
}

int task_list(const TaskOptions& options) {
  auto here = open_here();
  if (!here)
    return refuse(here.error());
  struct Row {
    Wake wake;
    std::string state;
  };
  std::vector<Row> rows;
  const auto listed = here->box->list();
  if (!listed)
    return refuse(listed.error());
  std::set<std::string> seen;
  for (const Wake& wake : listed->wakes) {
    seen.insert(wake.id);
    rows.push_back({wake, state_of(*here, wake.id, true, false)});
  }
  const auto all = here->box->list_done();
  if (!all)
    return refuse(all.error());
  for (const TaskBox::Found& found : *all) {
    if (!found.wake.id.starts_with(kPrefix) || !seen.insert(found.wake.id).second)
      continue;
    const std::vector<journal::RunInfo> runs = runs_of(*here, found.wake.id);
    const bool over = runs.empty() || runs.front().finished;
    if (options.all || !over)
      rows.push_back({found.wake, state_of(*here, found.wake.id, false, found.cancelled)});
  }
  std::ranges::stable_sort(rows, {}, [](const Row& row) { return row.wake.at; });
  if (options.format == "json") {
    Json out = Json::array();
    for (const Row& row : rows)
      out.push_back({{"id", short_id(row.wake.id)},
                     {"event", row.wake.event.kind == plan::Event::Kind::kTask
                                   ? "task." + row.wake.event.name
                                   : row.wake.id.substr(0, row.wake.id.find(':'))},
                     {"state", row.state},
                     {"text", row.wake.text},
                     {"criteria", row.wake.criteria},
                     {"at", row.wake.at}});
    print(out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
    return kDone;
  }
  for (const Row& row : rows)
    print(fmt::format("{:<8} {}  {}: {}\n", report::printable(short_id(row.wake.id)), row.state,
                      report::printable(row.wake.event.name),
                      report::printable(row.wake.text.substr(0, row.wake.text.find('\n')))));
  if (rows.empty())
    print(options.all ? "no task was ever added\n" : "no task waits or is under way\n");
  return kDone;
}

int task_cancel(const TaskOptions& options) {
  auto here = open_here();
  if (!here)
    return refuse(here.error());
  const std::string id = full_id(options.id);
  const auto found = here->box->find(id);
  if (!found)
    return refuse(found.error());
  const std::vector<journal::RunInfo> runs = runs_of(*here, id);
  if (found->cancelled || (!found->is_new && (runs.empty() || runs.front().finished))) {
    complain(fmt::format("fleetc: {} is over: {}\n", short_id(id),
                         state_of(*here, id, found->is_new, found->cancelled)));
    return kRunFailed;
  }
  if (!engine_at_work(here->places) && runs.empty()) {
    if (const Status finished = here->box->finish(id, true); !finished)
      return refuse(finished.error());
    print(fmt::format("{} is cancelled\n", short_id(id)));
    return kDone;
  }
  if (const Status asked = here->box->ask_cancel(id); !asked)
    return refuse(asked.error());
  print(fmt::format("{} will be cancelled{}\n", short_id(id),
                    engine_at_work(here->places) ? "" : " when the fleet is up again"));
  return kDone;
}

int task_retry(const TaskOptions& options) {
  auto here = open_here();
  if (!here)
    return refuse(here.error());
  const std::string id = full_id(options.id);
  const auto found = here->box->find(id);
  if (!found)
    return refuse(found.error());
  const std::vector<journal::RunInfo> runs = runs_of(*here, id);
  if (found->is_new || (!runs.empty() && !runs.front().finished)) {
    complain(fmt::format("fleetc: {} is not over: {}\n", short_id(id),
                         state_of(*here, id, found->is_new, found->cancelled)));
    return kRunFailed;
  }
  Wake wake = found->wake;
  wake.at = os::system_clock().wall().time_since_epoch().count();
  const std::string first = id.substr(0, id.find('~'));
  for (int again = 2;; ++again) {
    wake.id = fmt::format("{}~{}", first, again);
    const auto put = here->box->put(wake);
    if (!put)
      return refuse(put.error());
    if (*put)
      break;
  }
  print(fmt::format("{} is added once more as {}\n", short_id(id), short_id(wake.id)));
  return no_engine(*here);
}

}  // namespace fleet::cli
