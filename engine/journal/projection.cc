#include "engine/journal/projection.h"

#include <algorithm>

#include "engine/journal/checksum.h"

namespace fleet::journal {
namespace {

using std::chrono::milliseconds;

os::WallTime wall(std::int64_t millis) {
  return os::WallTime(milliseconds(millis));
}
std::int64_t millis_of(os::WallTime at) {
  return at.time_since_epoch().count();
}

Error senseless(const EventView& event, const char* what) {
  return Error(Errc::kCorrupt, fmt::format("event {}: {}", event.seq.value, what));
}

void write_run(ByteWriter& writer, const RunInfo& run) {
  writer.number(run.key.value);
  writer.text(run.id);
  writer.text(run.plan);
  writer.text(run.meta);
  writer.signed64(millis_of(run.created));
  writer.text(run.state);
  writer.number(static_cast<std::uint8_t>(run.finished));
  writer.signed64(millis_of(run.changed));
  writer.number(run.first.value);
  writer.number(run.last.value);
}

RunInfo read_run(ByteReader& reader) {
  RunInfo run;
  run.key = {reader.number<std::uint64_t>()};
  run.id = reader.text();
  run.plan = reader.text();
  run.meta = reader.text();
  run.created = wall(reader.signed64());
  run.state = reader.text();
  run.finished = reader.number<std::uint8_t>() != 0;
  run.changed = wall(reader.signed64());
  run.first = {reader.number<std::uint64_t>()};
  run.last = {reader.number<std::uint64_t>()};
  return run;
}

MeasureKey read_key(ByteReader& reader) {
  MeasureKey key;
  key.agent = reader.text();
  key.source = reader.text();
  key.kind = reader.text();
  return key;
}

void write_key(ByteWriter& writer, const MeasureKey& key) {
  writer.text(key.agent);
  writer.text(key.source);
  writer.text(key.kind);
}

}  // namespace

std::string encode_run_created(const NewRun& run) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.text(run.id);
  writer.text(run.plan);
  writer.text(run.meta);
  return bytes;
}

std::string encode_run_state(std::string_view state, bool finished) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.text(state);
  writer.number(static_cast<std::uint8_t>(finished));
  return bytes;
}

std::string encode_measure(const MeasureKey& key, milliseconds took) {
  std::string bytes;
  ByteWriter writer(bytes);
  write_key(writer, key);
  writer.signed64(took.count());
  return bytes;
}

Status Projection::apply(const BatchView& batch, const Digest& chain) {
  FLEET_ASSERT(batch.first.value == through_.value + 1, batch.first.value, through_.value);
  Status status;
  visit_events(batch, [&](const EventView& event) {
    if (event.type < kFirstReservedType)
      return true;
    status = apply_own(event);
    return static_cast<bool>(status);
  });
  FLEET_CHECK(std::move(status));
  if (batch.run == RunKey{}) {
    last_without_run_ = batch.last();
  } else {
    const auto run = runs_.find(batch.run);
    if (run == runs_.end())
      return Error(Errc::kCorrupt,
                   fmt::format("event {}: it belongs to run {}, which was not created",
                               batch.first.value, batch.run.value));
    run->second.last = batch.last();
  }
  through_ = batch.last();
  chain_ = chain;
  return {};
}

Status Projection::apply_own(const EventView& event) {
  ByteReader reader(event.payload);
  switch (static_cast<OwnType>(event.type)) {
    case OwnType::kRunCreated: {
      RunInfo run;
      run.id = reader.text();
      run.plan = reader.text();
      run.meta = reader.text();
      run.key = event.run;
      run.created = run.changed = event.at;
      run.first = run.last = event.seq;
      const bool fresh = event.run.value == event.seq.value && !by_id_.contains(run.id);
      if (!reader.ok() || !fresh)
        return senseless(event, "a run is created in a wrong way");
      by_id_.emplace(run.id, run.key);
      runs_.emplace(run.key, std::move(run));
      return {};
    }
    case OwnType::kRunState: {
      const auto run = runs_.find(event.run);
      const std::string_view state = reader.text();
      const bool finished = reader.number<std::uint8_t>() != 0;
      if (!reader.ok() || run == runs_.end())
        return senseless(event, "the state of no run");
      run->second.state = state;
      run->second.finished = finished;
      run->second.changed = event.at;
      return {};
    }
    case OwnType::kMeasure: {
      MeasureKey key = read_key(reader);
      const milliseconds took(reader.signed64());
      if (!reader.ok())
        return senseless(event, "an unreadable measurement");
      std::deque<Measure>& kept = measures_[std::move(key)];
      kept.push_back({event.seq, event.at, took});
      if (kept.size() > kMeasuresKept)
        kept.pop_front();
      return {};
    }
  }
  return senseless(event, "a type that this fleetc does not know");
}

Seq Projection::last_of(RunKey run) const {
  if (run == RunKey{})
    return last_without_run_;
  const RunInfo* info = find(run);
  return info != nullptr ? info->last : Seq{};
}

const RunInfo* Projection::find(RunKey run) const {
  const auto found = runs_.find(run);
  return found != runs_.end() ? &found->second : nullptr;
}

const RunInfo* Projection::find(std::string_view id) const {
  const auto found = by_id_.find(id);
  return found != by_id_.end() ? find(found->second) : nullptr;
}

const RunInfo* Projection::latest_unfinished() const {
  const auto found = std::find_if(runs_.rbegin(), runs_.rend(),
                                  [](const auto& entry) { return !entry.second.finished; });
  return found != runs_.rend() ? &found->second : nullptr;
}

std::vector<Measure> Projection::measures(const MeasureKey& key, std::size_t limit) const {
  const auto found = measures_.find(key);
  if (found == measures_.end())
    return {};
  const auto newest = found->second.rbegin();
  return {newest, newest + static_cast<std::ptrdiff_t>(std::min(limit, found->second.size()))};
}

bool Projection::names_plan(const BlobId& blob) const {
  return std::ranges::any_of(runs_, [&](const auto& entry) { return entry.second.plan == blob; });
}

std::string Projection::encode() const {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.number(through_.value);
  writer.digest(chain_);
  writer.number(last_without_run_.value);
  writer.number(std::uint64_t{runs_.size()});
  for (const auto& [key, run] : runs_)
    write_run(writer, run);
  writer.number(std::uint64_t{measures_.size()});
  for (const auto& [key, kept] : measures_) {
    write_key(writer, key);
    writer.number(std::uint64_t{kept.size()});
    for (const Measure& measure : kept) {
      writer.number(measure.seq.value);
      writer.signed64(millis_of(measure.at));
      writer.signed64(measure.took.count());
    }
  }
  writer.number(crc32c(bytes));
  return bytes;
}

std::optional<Projection> Projection::decode(std::string_view bytes) {
  if (bytes.size() < 4)
    return std::nullopt;
  const std::string_view body = bytes.substr(0, bytes.size() - 4);
  if (load_number<std::uint32_t>(body.data() + body.size()) != crc32c(body))
    return std::nullopt;
  ByteReader reader(body);
  Projection projection;
  projection.through_ = {reader.number<std::uint64_t>()};
  projection.chain_ = reader.digest();
  projection.last_without_run_ = {reader.number<std::uint64_t>()};
  for (auto left = reader.number<std::uint64_t>(); left > 0 && reader.ok(); --left) {
    RunInfo run = read_run(reader);
    projection.by_id_.emplace(run.id, run.key);
    projection.runs_.emplace(run.key, std::move(run));
  }
  for (auto left = reader.number<std::uint64_t>(); left > 0 && reader.ok(); --left) {
    std::deque<Measure>& kept = projection.measures_[read_key(reader)];
    for (auto more = reader.number<std::uint64_t>(); more > 0 && reader.ok(); --more) {
      Measure measure;
      measure.seq = {reader.number<std::uint64_t>()};
      measure.at = wall(reader.signed64());
      measure.took = milliseconds(reader.signed64());
      kept.push_back(measure);
    }
  }
  if (!reader.ok() || !reader.at_end())
    return std::nullopt;
  return projection;
}

}  // namespace fleet::journal
