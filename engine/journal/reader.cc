#include "engine/journal/reader.h"

#include <sys/stat.h>

#include <algorithm>

#include "engine/journal/checksum.h"
#include "engine/journal/ledger.h"
#include "engine/journal/reader_state.h"
#include "engine/os/files.h"

namespace fleet::journal {
namespace {

Error no_journal(const Layout& layout) {
  return Error(Errc::kNotFound, layout.dir + " holds no journal");
}

Error lost_tail(Seq last, Seq marked) {
  return Error(Errc::kCorrupt, fmt::format("it ends at event {}, but event {} was durable",
                                           last.value, marked.value));
}

// What can be told without SQLite, which would throw a log away when the main file is empty.
Result<HeadMark> examine_files(const Layout& layout, LostTail tail) {
  os::Files& files = os::system_files();
  auto mark = read_head(layout.head);
  const bool no_mark = !mark && mark.error().code() == Errc::kNotFound;
  if (!mark && !no_mark && (mark.error().code() != Errc::kCorrupt || tail == LostTail::kRefuse))
    return std::move(mark).error();
  const HeadMark known = mark ? *mark : HeadMark{};

  FLEET_TRY(const bool there, files.exists(layout.database));
  // Not opened to see: closing it would drop the locks that SQLite holds for this process.
  struct stat status {};
  const bool empty = !there || ::stat(layout.database.c_str(), &status) != 0 || status.st_size == 0;
  if (empty && known.through != Seq{}) {
    return Error(Errc::kCorrupt, fmt::format("state.db is {}, but event {} was durable",
                                             there ? "empty" : "gone", known.through.value));
  }
  if (empty)
    return no_journal(layout);
  return known;
}

Result<Database> open_for_reading(const Layout& layout, const std::string& vfs) {
  FLEET_TRY(Database database, Database::open(layout.database, Access::kRead, vfs));
  auto schema = database.check_schema();
  if (!schema && schema.error().code() != Errc::kCorrupt &&
      schema.error().code() != Errc::kUnsupported) {
    // A directory where SQLite cannot make its side files. Without a log, the main file is
    // everything.
    FLEET_TRY(const bool log, os::system_files().exists(layout.log));
    if (log)
      return std::move(schema).error();
    FLEET_TRY(database, Database::open(layout.database, Access::kReadImmutable, vfs));
    schema = database.check_schema();
  }
  if (!schema)
    return std::move(schema).error();
  if (*schema == SchemaState::kEmpty)
    return no_journal(layout);
  return database;
}

}  // namespace

Result<std::unique_ptr<JournalReader>> JournalReader::State::open(const std::string& dir,
                                                                  LostTail tail,
                                                                  const std::string& vfs) {
  const Layout layout(dir);
  FLEET_TRY(const HeadMark mark, examine_files(layout, tail));
  auto database = open_for_reading(layout, vfs);
  if (!database && database.error().code() == Errc::kNotFound && mark.through != Seq{})
    return Error(Errc::kCorrupt, fmt::format("state.db holds no tables, but event {} was durable",
                                             mark.through.value));
  if (!database)
    return std::move(database).error();
  FLEET_TRY(Projection projection, load_projection(*database));
  FLEET_TRY(const Seq lost, missing_through(*database, projection, mark));
  if (tail == LostTail::kRefuse) {
    if (lost != Seq{})
      return lost_tail(projection.through(), lost);
    FLEET_TRY(const bool marked, os::system_files().exists(layout.head));
    if (!marked && projection.through() != Seq{})
      return Error(Errc::kCorrupt,
                   fmt::format("state.head is gone, so that nobody can tell whether event {} "
                               "is the last",
                               projection.through().value));
  }
  auto state = std::make_unique<State>(layout, *std::move(database), std::move(projection), lost);
  return std::unique_ptr<JournalReader>(new JournalReader(std::move(state)));
}

JournalReader::JournalReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
JournalReader::~JournalReader() = default;

Result<std::unique_ptr<JournalReader>> JournalReader::open(const std::string& dir, LostTail tail) {
  auto reader = State::open(dir, tail, {});
  if (!reader)
    return explain(std::move(reader).error(), Layout(dir));
  return reader;
}

Status JournalReader::refresh() {
  const std::lock_guard database_lock(state_->database_mutex);
  if (!state_->broken)
    return state_->broken;
  // The mark first: what is durable meanwhile only adds to the journal.
  auto mark = read_head(state_->layout.head);
  const std::lock_guard lock(state_->projection_mutex);
  Status status = fold_new(state_->database, state_->projection);
  if (status && mark && state_->lost_through == Seq{} &&
      mark->through > state_->projection.through())
    status = lost_tail(state_->projection.through(), mark->through);
  if (!status && status.error().code() == Errc::kCorrupt)
    state_->broken = explain(status, state_->layout);
  return explain(std::move(status), state_->layout);
}

Seq JournalReader::last_seq() const {
  const std::lock_guard lock(state_->projection_mutex);
  return state_->projection.through();
}

Seq JournalReader::last_seq(RunKey run) const {
  const std::lock_guard lock(state_->projection_mutex);
  return state_->projection.last_of(run);
}

Seq JournalReader::lost_through() const {
  return state_->lost_through;
}

Status JournalReader::State::read_range(std::optional<RunKey> only, Seq from, Seq last,
                                        const EventVisitor& visit) {
  if (from > last)
    return {};
  const std::lock_guard lock(database_mutex);
  Seq reached;
  bool stopped = false;
  const auto visit_wanted = [&](const EventView& event) {
    return event.seq < from || event.type >= kFirstReservedType || visit(event);
  };
  Status status =
      scan_verified(database, from, [&](const BatchView& batch, const Digest&) -> Result<bool> {
        reached = batch.last();
        if (!only || batch.run == *only)
          stopped = !visit_events(batch, visit_wanted);
        return !stopped && reached < last;
      });
  if (status && !stopped && reached < last)
    status = Error(Errc::kCorrupt,
                   fmt::format("events {} to {}: missing", reached.value + 1, last.value));
  return explain(std::move(status), layout);
}

Status JournalReader::read(RunKey run, Seq from, const EventVisitor& visit) const {
  Seq first{1};
  Seq last;
  {
    const std::lock_guard lock(state_->projection_mutex);
    const RunInfo* info = state_->projection.find(run);
    if (info == nullptr && run != RunKey{})
      return Error(Errc::kNotFound, fmt::format("the journal has no run {}", run.value));
    last = state_->projection.last_of(run);
    if (info != nullptr)
      first = info->first;
  }
  return state_->read_range(run, std::max(from, first), last, visit);
}

Status JournalReader::read_all(Seq from, const EventVisitor& visit) const {
  return state_->read_range(std::nullopt, std::max(from, Seq{1}), last_seq(), visit);
}

Status JournalReader::verify() const {
  const std::lock_guard lock(state_->database_mutex);
  FLEET_CHECK(explain(state_->verify(), state_->layout));
  for (const RunInfo& run : list_runs()) {
    if (run.plan.empty())
      continue;
    FLEET_TRY([[maybe_unused]] const std::string plan, get_blob(run.plan));
  }
  return {};
}

Status JournalReader::State::verify() {
  Seq last;
  {
    const std::lock_guard lock(projection_mutex);
    last = projection.through();
  }
  FLEET_CHECK(database.check_structure());
  Projection rebuilt;
  const auto rebuild = [&](const BatchView& batch, const Digest& chain) -> Result<bool> {
    FLEET_CHECK(rebuilt.apply(batch, chain));
    return batch.last() < last;
  };
  FLEET_CHECK(scan_after(database, Seq{}, Digest{}, rebuild));
  if (rebuilt.through() < last)
    return Error(Errc::kCorrupt,
                 fmt::format("events {} to {}: missing", rebuilt.through().value + 1, last.value));
  return database.scan_blobs([](std::string_view id, std::string_view bytes) -> Status {
    if (view_of(sha256({bytes})) == id)
      return {};
    return Error(Errc::kCorrupt, "a blob's bytes do not fit its address");
  });
}

std::vector<RunInfo> JournalReader::list_runs() const {
  const std::lock_guard lock(state_->projection_mutex);
  const std::map<RunKey, RunInfo>& runs = state_->projection.runs();
  std::vector<RunInfo> newest_first;
  newest_first.reserve(runs.size());
  for (auto run = runs.rbegin(); run != runs.rend(); ++run)
    newest_first.push_back(run->second);
  return newest_first;
}

std::optional<RunInfo> JournalReader::find_run(std::string_view id) const {
  const std::lock_guard lock(state_->projection_mutex);
  const RunInfo* run = state_->projection.find(id);
  return run != nullptr ? std::optional(*run) : std::nullopt;
}

std::optional<RunInfo> JournalReader::latest_unfinished() const {
  const std::lock_guard lock(state_->projection_mutex);
  const RunInfo* run = state_->projection.latest_unfinished();
  return run != nullptr ? std::optional(*run) : std::nullopt;
}

std::vector<Measure> JournalReader::measures(const MeasureKey& key, std::size_t limit) const {
  const std::lock_guard lock(state_->projection_mutex);
  return state_->projection.measures(key, limit);
}

Result<std::string> JournalReader::get_blob(const BlobId& id) const {
  const std::optional<Digest> address = from_hex(id);
  if (!address)
    return Error(Errc::kInvalid, id + ": not the address of a blob");
  const auto fail = [&](const char* what) {
    return explain(Error(Errc::kCorrupt, fmt::format("blob {}: {}", id, what)), state_->layout);
  };
  const std::lock_guard database_lock(state_->database_mutex);
  auto bytes = state_->database.blob(view_of(*address));
  if (!bytes)
    return explain(std::move(bytes).error(), state_->layout);
  if (!*bytes) {
    const std::lock_guard lock(state_->projection_mutex);
    if (state_->projection.names_plan(id))
      return fail("missing, although a run names it as its plan");
    return Error(Errc::kNotFound, fmt::format("the journal has no blob {}", id));
  }
  if (sha256({**bytes}) != *address)
    return fail("its bytes do not fit its address");
  return **std::move(bytes);
}

}  // namespace fleet::journal
