#include "engine/journal/journal.h"

#include <signal.h>

#include "engine/journal/checksum.h"
#include "engine/journal/journal_state.h"
#include "engine/journal/reader_state.h"
#include "engine/journal/reserve.h"
#include "engine/os/thread.h"

namespace fleet::journal {

Journal::Journal(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Journal>> Journal::open(const std::string& dir, JournalOptions options,
                                               os::Files& files) {
  const Layout layout(dir);
  const auto attempt = [&]() -> Result<std::unique_ptr<Journal>> {
    auto state = std::make_unique<State>();
    FLEET_CHECK(files.make_dirs(dir));
    FLEET_TRY(state->lock, files.lock_file(layout.lock));
    FLEET_CHECK(hold_reserve(layout.reserve, options.reserve_bytes));

    // Read and verified before anything that could write touches it.
    auto reader = JournalReader::State::open(dir, options.lost_tail, options.sqlite_vfs);
    const bool fresh = !reader && reader.error().code() == Errc::kNotFound;
    if (!reader && !fresh)
      return std::move(reader).error();
    HeadMark mark;
    if (!fresh) {
      const Projection& projection = (*reader)->state_->projection;
      mark = {projection.through(), projection.chain()};
    }
    FLEET_TRY(HeadFile head, HeadFile::create(layout.head, mark));
    FLEET_TRY(Database database,
              Database::open(layout.database, Access::kWrite, options.sqlite_vfs));
    if (fresh) {
      FLEET_TRY(const SchemaState schema, database.check_schema());
      if (schema == SchemaState::kEmpty)
        FLEET_CHECK(database.create_schema());
      FLEET_TRY(reader, JournalReader::State::open(dir, options.lost_tail, options.sqlite_vfs));
    }
    // A killed writer's log may be in memory only, if it died after a failed fsync.
    FLEET_CHECK(database.checkpoint());

    const Projection& projection = (*reader)->state_->projection;
    state->assigned = state->durable = state->snapshot_through = projection.through();
    for (const auto& [key, run] : projection.runs()) {
      state->ids.emplace(run.id, key);
      state->keys.insert(key);
    }
    state->on_durable = std::move(options.on_durable);
    state->reader = *std::move(reader);
    state->writer =
        std::make_unique<GroupWriter>(layout, std::move(database), std::move(head), mark);
    return std::unique_ptr<Journal>(new Journal(std::move(state)));
  };
  auto journal = attempt();
  if (!journal)
    return explain(std::move(journal).error(), layout);
  // Signals are for other threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  State* state = (*journal)->state_.get();
  auto thread = os::start_thread("the journal", [state] { state->run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!thread)
    return std::move(thread).error();
  state->thread = *std::move(thread);
  return journal;
}

Journal::~Journal() {
  static_cast<void>(close());
}

Result<Seq> Journal::append(RunKey run, std::span<const EventDraft> events) {
  return state_->append(run, events, Urgency::kOrdinary);
}

Result<Seq> Journal::append_last(RunKey run, std::span<const EventDraft> events) {
  return state_->append(run, events, Urgency::kLast);
}

Result<RunKey> Journal::create_run(const NewRun& run) {
  if (run.id.empty())
    return Error(Errc::kInvalid, "a run needs an id");
  if (!run.plan.empty() && !from_hex(run.plan))
    return Error(Errc::kInvalid, run.plan + ": not the address of a blob");
  return state_->create_run(run);
}

Result<Seq> Journal::set_run_state(RunKey run, std::string_view state, bool finished,
                                   os::WallTime at) {
  if (run == RunKey{})
    return Error(Errc::kInvalid, "no run was named");
  return state_->append_own(run, OwnType::kRunState, at, encode_run_state(state, finished),
                            Urgency::kLast);
}

Result<Seq> Journal::record_measure(RunKey run, const MeasureKey& key,
                                    std::chrono::milliseconds took, os::WallTime at) {
  return state_->append_own(run, OwnType::kMeasure, at, encode_measure(key, took),
                            Urgency::kOrdinary);
}

Result<BlobId> Journal::put_blob(std::string_view bytes) {
  if (bytes.size() > kMaxAppend)
    return Error(Errc::kInvalid, "a blob is too long");
  const Digest id = sha256({bytes});
  FLEET_CHECK(state_->queue_blob({id, std::string(bytes)}));
  return to_hex(id);
}

Status Journal::flush() {
  FLEET_ASSERT(std::this_thread::get_id() != state_->thread.get_id());
  std::unique_lock guard(state_->mutex);
  const std::uint64_t target = state_->queued_count;
  state_->done.wait(
      guard, [&] { return state_->durable_count >= target || state_->phase == Phase::kDead; });
  return state_->durable_count >= target ? Status() : state_->failure;
}

Status Journal::close() {
  FLEET_ASSERT(std::this_thread::get_id() != state_->thread.get_id());
  {
    std::unique_lock guard(state_->mutex);
    if (state_->closed)
      return state_->failure;
    state_->closing = true;
    state_->work.notify_one();
  }
  if (state_->thread.joinable())
    state_->thread.join();
  Status status;
  if (state_->writer) {
    const bool room = static_cast<bool>(state_->failure);
    status = state_->writer->close(room ? state_->due_snapshot(true) : std::string());
    state_->writer.reset();
  }
  state_->lock.reset();
  const std::lock_guard guard(state_->mutex);
  state_->closed = true;
  if (state_->failure && !status)
    state_->failure = std::move(status);
  return state_->failure;
}

Status Journal::status() const {
  const std::lock_guard guard(state_->mutex);
  return state_->failure;
}

Seq Journal::durable_seq() const {
  const std::lock_guard guard(state_->mutex);
  return state_->durable;
}

Seq Journal::assigned_seq() const {
  const std::lock_guard guard(state_->mutex);
  return state_->assigned;
}

Seq Journal::last_seq(RunKey run) const {
  return state_->reader->last_seq(run);
}
Seq Journal::lost_through() const {
  return state_->reader->lost_through();
}
Status Journal::read(RunKey run, Seq from, const EventVisitor& visit) const {
  return state_->reader->read(run, from, visit);
}
Status Journal::read_all(Seq from, const EventVisitor& visit) const {
  return state_->reader->read_all(from, visit);
}
Status Journal::verify() const {
  return state_->reader->verify();
}
std::vector<RunInfo> Journal::list_runs() const {
  return state_->reader->list_runs();
}
std::optional<RunInfo> Journal::find_run(std::string_view id) const {
  return state_->reader->find_run(id);
}
std::optional<RunInfo> Journal::latest_unfinished() const {
  return state_->reader->latest_unfinished();
}
std::vector<Measure> Journal::measures(const MeasureKey& key, std::size_t limit) const {
  return state_->reader->measures(key, limit);
}
Result<std::string> Journal::get_blob(const BlobId& id) const {
  return state_->reader->get_blob(id);
}

}  // namespace fleet::journal
