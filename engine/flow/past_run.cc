#include "engine/flow/past_run.h"

#include <fmt/format.h>

#include "dsl/plan/codec.h"

namespace fleet::flow {

Result<PastRun> replay_run(const journal::JournalReader& reader, const journal::RunInfo& info,
                           run::Observer* each) {
  PastRun past;
  past.info = info;
  FLEET_TRY(const std::string bytes, reader.get_blob(info.plan));
  plan::DecodedPlan decoded = plan::from_json(bytes);
  if (!decoded.plan)
    return Error(Errc::kCorrupt,
                 fmt::format("the plan of run {} cannot be read: {}", info.id, decoded.error));
  past.plan = *std::move(decoded.plan);
  run::Effects effects;
  std::string bad;
  FLEET_CHECK(reader.read(info.key, journal::Seq{1}, [&](const journal::EventView& view) {
    run::DecodedEvent decoded_event = run::decode(view.type, view.payload);
    if (!decoded_event.ok) {
      bad = fmt::format("event {} of run {}: {}", view.seq.value, info.id, decoded_event.error);
      return false;
    }
    effects.commands.clear();
    effects.transitions.clear();
    const run::Event event{view.at.time_since_epoch().count(), std::move(decoded_event.body)};
    run::step(past.plan, past.state, event, effects);
    if (each != nullptr)
      each->saw(past.plan, past.state, event, effects.transitions);
    return true;
  }));
  if (!bad.empty())
    return Error(Errc::kCorrupt, bad);
  return past;
}

Result<journal::RunInfo> choose_run(const journal::JournalReader& reader, const std::string& id) {
  const std::vector<journal::RunInfo> runs = reader.list_runs();
  if (runs.empty())
    return Error(Errc::kNotFound,
                 "nothing was ever run in this repository: `fleetc run FILE` begins");
  if (id.empty())
    return runs.front();
  std::vector<journal::RunInfo> fitting;
  for (const journal::RunInfo& run : runs) {
    if (run.id == id)
      return run;
    if (run.id.compare(0, id.size(), id) == 0)
      fitting.push_back(run);
  }
  if (fitting.size() == 1)
    return fitting.front();
  return Error(
      Errc::kNotFound,
      fmt::format("{} run is called `{}`; the newest is {} (`fleetc status --all` lists them)",
                  fitting.empty() ? "no" : "more than one", id, runs.front().id));
}

std::string meta_of(const RunMeta& meta) {
  return meta.cause.empty() ? meta.flow : meta.flow + " " + meta.cause;
}

RunMeta read_meta(const std::string& meta) {
  const std::size_t space = meta.find(' ');
  if (space == std::string::npos)
    return {meta, {}};
  return {meta.substr(0, space), meta.substr(space + 1)};
}

}  // namespace fleet::flow
