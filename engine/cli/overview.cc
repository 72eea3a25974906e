#include "engine/cli/overview.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dsl/plan/render.h"
#include "engine/os/clock.h"
#include "engine/os/files.h"
#include "engine/report/credentials.h"
#include "engine/report/gate.h"
#include "engine/report/json.h"
#include "engine/report/money.h"
#include "engine/report/summary.h"
#include "engine/report/words.h"
#include "engine/resident/resident.h"

namespace fleet::cli {
namespace {

using report::printable;

constexpr std::int64_t kDay = 86'400'000;
constexpr std::size_t kMostLines = 12;  // of one part: it is to fit one screen

struct Run {
  std::shared_ptr<const flow::PastRun> past;
  report::Around around;
};

std::int64_t now() {
  return os::system_clock().wall().time_since_epoch().count();
}

// Unfinished, or changed within a day; newest first.
Result<std::vector<Run>> recent(const Past& past) {
  std::vector<Run> runs;
  for (const journal::RunInfo& info : past.reader->list_runs()) {
    if (info.finished && info.changed.time_since_epoch().count() + kDay < now())
      continue;
    FLEET_TRY(flow::PastRun run, flow::replay_run(*past.reader, info, nullptr));
    auto kept = std::make_shared<const flow::PastRun>(std::move(run));
    report::Around known = around(past, *kept);
    runs.push_back({std::move(kept), std::move(known)});
  }
  return runs;
}

// A part of the screen: a title and at most so many lines.
class Part {
 public:
  explicit Part(std::string title) : title_(std::move(title)) {}
  void add(std::string line) {
    ++count_;
    if (count_ <= kMostLines)
      lines_ += "  " + std::move(line) + "\n";
  }
  std::string take() const {
    if (count_ == 0)
      return {};
    const std::string more =
        count_ > kMostLines ? fmt::format("  and {} more\n", count_ - kMostLines) : "";
    return fmt::format("{}\n{}{}", title_, lines_, more);
  }

 private:
  std::string title_;
  std::string lines_;
  std::size_t count_ = 0;
};

std::string ago(std::int64_t at) {
  return report::spoken(plan::Millis(std::max<std::int64_t>(0, now() - at)));
}

std::string name_of(const Run& run) {
  return fmt::format("{} (run {})", printable(run.past->plan.flow), run.past->state.run);
}

void add_stuck(const FleetStanding& standing, const std::vector<Run>& runs, Part& part) {
  for (const FleetStanding::Duty& duty : standing.duties)
    if (duty.stuck)
      part.add(fmt::format("{}: {}", printable(duty.name), printable(duty.why)));
  for (const Run& run : runs)
    for (const run::Task& task : run.past->state.tasks)
      if (task.phase == run::Phase::kParked && task.gate &&
          report::is_late(run.past->plan, task, now()))
        part.add(fmt::format("{} of {} has waited {} for {}", report::label(run.past->plan, task),
                             name_of(run), ago(task.gate->opened_at), printable(task.gate->human)));
}

void add_failed(const std::vector<Run>& runs, Part& part) {
  for (const Run& run : runs)
    if (run.past->state.closed && run.past->state.outcome == run::RunOutcome::kFailed)
      part.add(fmt::format("{} {} ago; fleetc log {}", name_of(run), ago(run.past->state.last_at),
                           run.past->state.run));
}

void add_under_way(const std::vector<Run>& runs, Part& part) {
  for (const Run& run : runs)
    for (const run::Task& task : run.past->state.tasks)
      if (!run::is_settled(task.phase) && task.phase != run::Phase::kParked &&
          task.phase != run::Phase::kWaiting && !run.past->info.finished)
        part.add(fmt::format("{} of {}: {} for {}{}", report::label(run.past->plan, task),
                             name_of(run), run::name_of(task.phase), ago(task.since),
                             task.reason.empty() ? "" : ", " + printable(task.reason)));
}

void add_next(const FleetStanding& standing, Part& part) {
  for (const FleetStanding::Duty& duty : standing.duties) {
    if (duty.waiting > 0)
      part.add(fmt::format("{}: {} waiting{}", printable(duty.name), duty.waiting,
                           duty.why.empty() ? "" : ", " + printable(duty.why)));
    else if (!duty.why.empty() && !duty.stuck)
      part.add(fmt::format("{}: {}", printable(duty.name), printable(duty.why)));
    if (duty.due)
      part.add(fmt::format("{} at {}", printable(duty.name), report::timestamp(*duty.due)));
  }
}

// Of the last day: what was merged, and pull requests by run.
void add_changed(const std::vector<Run>& runs, Part& part) {
  for (const Run& run : runs) {
    std::size_t pulls = 0;
    std::uint64_t insertions = 0, deletions = 0;
    std::string merged;
    for (const run::Task& task : run.past->state.tasks) {
      if (task.phase != run::Phase::kDone || task.branch.empty())
        continue;
      if (run.past->plan.nodes[task.node.value].kind == plan::NodeKind::kMerge) {
        merged = fmt::format(", merged into `{}`", printable(task.branch));
      } else if (task.files > 0) {
        ++pulls;
        insertions += task.insertions;
        deletions += task.deletions;
      }
    }
    if (pulls > 0 || !merged.empty())
      part.add(fmt::format("{}: {}, +{} -{}{}", name_of(run),
                           report::counted(pulls, "pull request"), insertions, deletions, merged));
  }
}

// As the newest run has them, since a later edit of the fleet is in its plan. Where nothing ran for a
// day that is an older one.
Result<std::vector<plan::Credential>> credentials(const Past& past, const std::vector<Run>& runs) {
  if (!runs.empty())
    return runs.front().past->plan.credentials;
  const std::vector<journal::RunInfo> all = past.reader->list_runs();
  if (all.empty())
    return std::vector<plan::Credential>();
  FLEET_TRY(flow::PastRun newest, flow::replay_run(*past.reader, all.front(), nullptr));
  return std::move(newest.plan.credentials);
}

std::string spent(const std::vector<Run>& runs) {
  run::Used used;
  plan::Millis work{0};
  std::size_t done = 0, failed = 0;
  for (const Run& run : runs) {
    report::add(used, report::used_by(run.past->state));
    work += report::work_of(run.past->state);
    if (run.past->state.closed) {
      done += run.past->state.outcome == run::RunOutcome::kDone ? 1 : 0;
      failed += run.past->state.outcome == run::RunOutcome::kFailed ? 1 : 0;
    }
  }
  return fmt::format("{} done, {} failed; {}{} of sessions", report::counted(done, "run"), failed,
                     report::is_metered(used) ? plan::to_string(used.money) + " and " : "",
                     report::spoken(work));
}

}  // namespace

std::optional<FleetStanding> standing_of(const flow::Places& places) {
  const auto text =
      os::system_files().read_file(resident::standing_path(places.state_dir), std::size_t{1} << 24);
  if (!text || !engine_at_work(places))
    return std::nullopt;
  const auto in = nlohmann::json::parse(*text, nullptr, false);
  if (!in.is_object() || !in.contains("duties") || !in["duties"].is_array())
    return std::nullopt;
  FleetStanding standing;
  standing.fleet = in.value("fleet", "");
  standing.file = in.value("file", "");
  standing.since = in.value("since", std::int64_t{0});
  standing.stopping = in.value("stopping", false);
  for (const auto& one : in["duties"]) {
    if (!one.is_object())
      continue;
    FleetStanding::Duty duty;
    duty.name = one.value("name", "");
    duty.is_flow = one.value("flow", false);
    duty.under_way = one.value("under_way", std::uint64_t{0});
    duty.waiting = one.value("waiting", std::uint64_t{0});
    duty.why = one.value("why", "");
    duty.stuck = one.value("stuck", false);
    if (one.contains("due") && one["due"].is_number_integer())
      duty.due = one["due"].get<std::int64_t>();
    standing.duties.push_back(std::move(duty));
  }
  return standing;
}

Result<std::string> overview_text(const Past& past, const FleetStanding& standing) {
  FLEET_TRY(const std::vector<Run> runs, recent(past));
  Part stuck("stuck"), failed("failed in the last day"), under_way("under way"), next("next"),
      changed("changed in the last day"), ending("credentials that end soon");
  add_stuck(standing, runs, stuck);
  add_failed(runs, failed);
  add_under_way(runs, under_way);
  add_next(standing, next);
  add_changed(runs, changed);
  FLEET_TRY(const std::vector<plan::Credential> known, credentials(past, runs));
  for (std::string& line : report::ending_credentials(known, now()))
    ending.add(std::move(line));
  std::string out = fmt::format(
      "fleet {} ({}) is {} since {}\n", printable(standing.fleet), printable(standing.file),
      standing.stopping ? "going down, up" : "up", report::timestamp(standing.since));
  out += stuck.take();
  std::string gates;
  for (const Run& run : runs) {
    const std::string lines =
        run.past->info.finished
            ? std::string()
            : report::gate_lines(run.past->plan, run.past->state, run.around);
    // Each run's has the title.
    gates += gates.empty() ? lines : lines.substr(std::min(lines.find('\n'), lines.size() - 1) + 1);
  }
  out += gates;
  out += ending.take();
  out += failed.take() + under_way.take() + next.take() + changed.take();
  return out + "cost of the last day\n  " + spent(runs) + "\n";
}

Result<std::string> overview_json(const Past& past, const FleetStanding& standing) {
  FLEET_TRY(const std::vector<Run> runs, recent(past));
  std::string out =
      fmt::format("{{\"fleet\":{},\"file\":{},\"since\":{},\"stopping\":{},\"duties\":[",
                  report::json_string(standing.fleet), report::json_string(standing.file),
                  standing.since, standing.stopping);
  for (std::size_t i = 0; i < standing.duties.size(); ++i) {
    const FleetStanding::Duty& duty = standing.duties[i];
    out += fmt::format(
        "{}{{\"name\":{},\"kind\":\"{}\",\"under_way\":{},\"waiting\":{},\"due\":{},\"why\":{},"
        "\"stuck\":{}}}",
        i == 0 ? "" : ",", report::json_string(duty.name), duty.is_flow ? "flow" : "agent",
        duty.under_way, duty.waiting, duty.due ? std::to_string(*duty.due) : "null",
        report::json_string(duty.why), duty.stuck);
  }
  out += "],\"runs\":[";
  for (std::size_t i = 0; i < runs.size(); ++i)
    out += fmt::format("{}\n{}", i == 0 ? "" : ",",
                       report::state_json(runs[i].past->plan, runs[i].past->state, runs[i].around));
  return out + "]}\n";
}

}  // namespace fleet::cli
