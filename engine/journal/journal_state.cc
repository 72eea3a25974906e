#include "engine/journal/journal_state.h"

#include <utility>

#include "engine/journal/checksum.h"
#include "engine/journal/reader_state.h"

namespace fleet::journal {
namespace {

// How much the next opening may have to fold anew.
constexpr std::uint64_t kSnapshotEvents = 4096;

Status check_draft(const EventDraft& event, std::size_t total) {
  if (event.type >= kFirstReservedType)
    return Error(Errc::kInvalid, fmt::format("event type {} is the journal's own", event.type));
  if (event.payload.size() > kMaxPayload || total > kMaxAppend)
    return Error(Errc::kInvalid, "more bytes than one append may have; store them as a blob");
  return {};
}

}  // namespace

void Journal::State::run() {
  std::unique_lock guard(mutex);
  for (;;) {
    work.wait(guard, [&] { return closing || !queued.empty(); });
    if (queued.empty())
      return;
    const Group group = std::exchange(queued, {});
    if (phase == Phase::kDead) {
      done.notify_all();
      continue;
    }
    guard.unlock();
    const Written written = writer->write(group, due_snapshot(false));
    if (written.durable)
      publish(group, written);
    guard.lock();
    settle(group, written, guard);
  }
}

// Tells what became of a group: first on_durable, then those who flush.
void Journal::State::settle(const Group& group, const Written& written,
                            std::unique_lock<std::mutex>& guard) {
  const bool failed = !written.status;
  const bool first_failure = failed && phase == Phase::kOpen;
  if (first_failure)
    failure = written.status;
  const bool reserve_paid =
      failed && written.durable && written.status.error().code() == Errc::kNoSpace;
  if (failed)
    phase = reserve_paid ? Phase::kLastOnly : Phase::kDead;
  if (written.durable && !group.batches.empty())
    durable = group.batches.back().last();

  if (on_durable && (written.durable || first_failure)) {
    const Seq through = durable;
    const Status status = failure;
    guard.unlock();
    on_durable(through, status);
    guard.lock();
  }
  if (written.durable)
    ++durable_count;
  done.notify_all();
}

void Journal::State::publish(const Group& group, const Written& written) {
  JournalReader::State& shared = *reader->state_;
  const std::lock_guard guard(shared.projection_mutex);
  for (std::size_t i = 0; i < group.batches.size(); ++i) {
    const Batch& batch = group.batches[i];
    const Digest& chain = written.chain_after[i];
    const Status status = shared.projection.apply(
        {batch.first, batch.run, batch.count, batch.events, view_of(chain)}, chain);
    if (!status)
      FLEET_FAIL("the journal cannot read what it wrote", status.error().message());
    bytes_since_snapshot += batch.events.size();
  }
}

std::string Journal::State::due_snapshot(bool at_close) {
  JournalReader::State& shared = *reader->state_;
  const std::lock_guard guard(shared.projection_mutex);
  const std::uint64_t events = shared.projection.through().value - snapshot_through.value;
  const bool due = events >= kSnapshotEvents && bytes_since_snapshot >= snapshot_bytes;
  if (!due && !(at_close && events > 0))
    return {};
  std::string bytes = shared.projection.encode();
  snapshot_through = shared.projection.through();
  snapshot_bytes = bytes.size();
  bytes_since_snapshot = 0;
  return bytes;
}

Status Journal::State::may_queue(Urgency urgency) const {
  if (closing)
    return Error(Errc::kCancelled, "the journal is closed");
  if (phase == Phase::kOpen || (phase == Phase::kLastOnly && urgency == Urgency::kLast))
    return {};
  return failure;
}

Status Journal::State::known(RunKey run) const {
  if (run == RunKey{} || keys.contains(run))
    return {};
  return Error(Errc::kNotFound, fmt::format("the journal has no run {}", run.value));
}

Group& Journal::State::group() {
  if (queued.empty()) {
    ++queued_count;
    work.notify_one();
  }
  return queued;
}

void Journal::State::queue_event(RunKey run, std::uint32_t type, os::WallTime at,
                                 std::string_view payload) {
  std::vector<Batch>& batches = group().batches;
  if (batches.empty() || batches.back().run != run || batches.back().events.size() >= kBatchBytes)
    batches.push_back({{assigned.value + 1}, run, 0, {}});
  add_event(batches.back(), type, at, payload);
  ++assigned.value;
}

Result<Seq> Journal::State::append(RunKey run, std::span<const EventDraft> events,
                                   Urgency urgency) {
  std::size_t total = 0;
  for (const EventDraft& event : events) {
    total += event.payload.size();
    FLEET_CHECK(check_draft(event, total));
  }
  const std::lock_guard guard(mutex);
  FLEET_CHECK(may_queue(urgency));
  FLEET_CHECK(known(run));
  for (const EventDraft& event : events)
    queue_event(run, event.type, event.at, event.payload);
  return assigned;
}

Result<Seq> Journal::State::append_own(RunKey run, OwnType type, os::WallTime at,
                                       std::string_view payload, Urgency urgency) {
  if (payload.size() > kMaxPayload)
    return Error(Errc::kInvalid, "a text is too long");
  const std::lock_guard guard(mutex);
  FLEET_CHECK(may_queue(urgency));
  FLEET_CHECK(known(run));
  queue_event(run, static_cast<std::uint32_t>(type), at, payload);
  return assigned;
}

Result<RunKey> Journal::State::create_run(const NewRun& run) {
  const std::string payload = encode_run_created(run);
  if (payload.size() > kMaxPayload)
    return Error(Errc::kInvalid, "a run's description is too long");
  const std::lock_guard guard(mutex);
  FLEET_CHECK(may_queue(Urgency::kOrdinary));
  if (ids.contains(run.id))
    return Error(Errc::kExists, fmt::format("the journal has a run {} already", run.id));
  const RunKey key{assigned.value + 1};
  queue_event(key, static_cast<std::uint32_t>(OwnType::kRunCreated), run.at, payload);
  ids.emplace(run.id, key);
  keys.insert(key);
  return key;
}

Status Journal::State::queue_blob(Blob blob) {
  const std::lock_guard guard(mutex);
  FLEET_CHECK(may_queue(Urgency::kOrdinary));
  group().blobs.push_back(std::move(blob));
  return {};
}

}  // namespace fleet::journal
