#include "engine/journal/database.h"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <limits>
#include <system_error>
#include <vector>

#include "engine/journal/schema.h"

namespace fleet::journal {
namespace {

constexpr std::chrono::milliseconds kBusyWait{10'000};
// Above what we ever write, so that a damaged length cannot ask for all memory.
constexpr int kMaxValueBytes = 256 << 20;

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

// Resets a cached statement when its use ends, so that no read transaction stays open.
struct Reset {
  void operator()(sqlite3_stmt* statement) const {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  }
};
using Use = std::unique_ptr<sqlite3_stmt, Reset>;

Errc code_of(int extended, int system_error) {
  switch (extended & 0xFF) {
    case SQLITE_FULL: return Errc::kNoSpace;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Errc::kBusy;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return Errc::kReadOnly;
    case SQLITE_CANTOPEN: return system_error != 0 ? errc_of(system_error) : Errc::kIo;
    case SQLITE_NOMEM: return Errc::kIo;
    case SQLITE_IOERR: {
      if (extended == SQLITE_IOERR_SHORT_READ || extended == SQLITE_IOERR_CORRUPTFS)
        return Errc::kCorrupt;
      const Errc code = errc_of(system_error);
      return code == Errc::kNoSpace || code == Errc::kReadOnly ? code : Errc::kIo;
    }
    // What is left (CORRUPT, NOTADB, ERROR for a missing table, CONSTRAINT, TOOBIG, MISMATCH,
    // SCHEMA) cannot come from statements of ours on a sound file.
    default: return Errc::kCorrupt;
  }
}

void bind(sqlite3_stmt* statement, int index, std::uint64_t value) {
  sqlite3_bind_int64(statement, index, static_cast<sqlite3_int64>(value));
}

// The bytes must stay until the statement is reset.
void bind(sqlite3_stmt* statement, int index, std::string_view bytes) {
  // A null pointer would bind NULL.
  sqlite3_bind_blob64(statement, index, bytes.empty() ? "" : bytes.data(), bytes.size(),
                      SQLITE_STATIC);
}

std::uint64_t number_in(sqlite3_stmt* statement, int column) {
  return static_cast<std::uint64_t>(sqlite3_column_int64(statement, column));
}

std::string_view bytes_in(sqlite3_stmt* statement, int column) {
  const void* bytes = sqlite3_column_blob(statement, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
  return bytes != nullptr ? std::string_view(static_cast<const char*>(bytes), size)
                          : std::string_view();
}

// Every byte but the plain ones, so that no character of a path means anything.
std::string uri_of(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '/' || c == '.' || c == '-' || c == '_';
    uri += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return uri + "?immutable=1";
}

}  // namespace

struct Database::Connection {
  std::string path;
  sqlite3* handle = nullptr;
  Statement insert_batch;
  int log_pages = 0;

  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    insert_batch.reset();
    sqlite3_close_v2(handle);
  }

  Error error(int result) const {
    const int extended = handle != nullptr ? sqlite3_extended_errcode(handle) : result;
    const int system_error = handle != nullptr ? sqlite3_system_errno(handle) : 0;
    const char* text = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(result);
    const Errc code = code_of(extended, system_error);
    std::string message = fmt::format("{}: {}", path, text);
    if (system_error != 0 && code != Errc::kCorrupt)
      message += fmt::format(" ({})", std::generic_category().message(system_error));
    return Error(code, std::move(message));
  }

  Status run(const char* sql) const {
    const int result = sqlite3_exec(handle, sql, nullptr, nullptr, nullptr);
    if (result != SQLITE_OK)
      return error(result);
    return {};
  }

  Result<Statement> prepare(const char* sql) const {
    sqlite3_stmt* raw = nullptr;
    const int result = sqlite3_prepare_v2(handle, sql, -1, &raw, nullptr);
    Statement statement(raw);
    if (result != SQLITE_OK)
      return error(result);
    return statement;
  }

  // True when there is a row.
  Result<bool> step(const Statement& statement) const { return step(statement.get()); }
  Result<bool> step(sqlite3_stmt* statement) const {
    const int result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
      return true;
    if (result == SQLITE_DONE)
      return false;
    return error(result);
  }

  Result<std::uint32_t> pragma_number(const char* sql) const {
    FLEET_TRY(const Statement statement, prepare(sql));
    FLEET_TRY(const bool row, step(statement));
    return row ? static_cast<std::uint32_t>(sqlite3_column_int(statement.get(), 0)) : 0u;
  }
};

Database::Database(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(const std::string& path, Access access, const std::string& vfs) {
  auto connection = std::make_unique<Connection>();
  connection->path = path;
  // A leading "./" keeps a path that starts with "file:" from being read as an URI.
  const std::string plain = path.starts_with('/') ? path : "./" + path;
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |=
      access == Access::kWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  if (access == Access::kReadImmutable)
    flags |= SQLITE_OPEN_URI;
  const std::string name = access == Access::kReadImmutable ? uri_of(plain) : plain;
  const int result = sqlite3_open_v2(name.c_str(), &connection->handle, flags,
                                     vfs.empty() ? nullptr : vfs.c_str());
  if (result != SQLITE_OK)
    return connection->error(result);

  sqlite3* handle = connection->handle;
  sqlite3_busy_timeout(handle, static_cast<int>(kBusyWait.count()));
  sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, kMaxValueBytes);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  FLEET_CHECK(connection->run("PRAGMA cell_size_check=ON"));
  if (access != Access::kWrite) {
    FLEET_CHECK(connection->run("PRAGMA query_only=ON"));
    return Database(std::move(connection));
  }

  {
    FLEET_TRY(const Statement mode, connection->prepare("PRAGMA journal_mode=WAL"));
    FLEET_TRY(const bool row, connection->step(mode));
    if (!row || bytes_in(mode.get(), 0) != "wal")
      return Error(
          Errc::kUnsupported,
          path +
              ": this file system cannot hold a journal (no write-ahead log: is it a network "
              "file system?)");
  }
  FLEET_CHECK(connection->run("PRAGMA synchronous=FULL"));
  FLEET_CHECK(connection->run("PRAGMA wal_autocheckpoint=0"));
  FLEET_CHECK(connection->run("PRAGMA journal_size_limit=16777216"));
  sqlite3_wal_hook(
      handle,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Connection*>(self)->log_pages = pages;
        return SQLITE_OK;
      },
      connection.get());
  return Database(std::move(connection));
}

Result<SchemaState> Database::check_schema() {
  const auto foreign = [&](const char* what) {
    return Error(Errc::kCorrupt, fmt::format("{}: {}", connection_->path, what));
  };
  FLEET_TRY(const std::uint32_t application, connection_->pragma_number("PRAGMA application_id"));
  FLEET_TRY(const std::uint32_t version, connection_->pragma_number("PRAGMA user_version"));
  FLEET_TRY(const Statement tables,
            connection_->prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL "
                                 "ORDER BY name"));
  std::size_t matched = 0;
  bool differs = false;
  for (std::size_t index = 0;; ++index) {
    FLEET_TRY(const bool row, connection_->step(tables));
    if (!row)
      break;
    const bool same = index < kSchema.size() && bytes_in(tables.get(), 0) == kSchema[index].name &&
                      bytes_in(tables.get(), 1) == kSchema[index].sql;
    same ? void(++matched) : void(differs = true);
  }
  if (application == 0 && version == 0 && matched == 0 && !differs)
    return SchemaState::kEmpty;
  if (application != kApplicationId)
    return foreign("not a journal of fleetc");
  if (version != (version & 0xFF) * 0x01010101u || version == 0)
    return foreign("its version is unreadable");
  if ((version & 0xFF) > kSchemaVersion)
    return Error(
        Errc::kUnsupported,
        fmt::format("{}: written by a newer fleetc (format {}; this one knows up to {}); use "
                    "that version",
                    connection_->path, version & 0xFF, kSchemaVersion));
  if (differs || matched != kSchema.size())
    return foreign("its tables are not those of a journal");
  return SchemaState::kCurrent;
}

Status Database::create_schema() {
  std::string sql = "BEGIN IMMEDIATE;";
  for (const TableText& table : kSchema)
    sql += std::string(table.sql) + ";";
  sql += fmt::format("PRAGMA application_id={}; PRAGMA user_version={}; COMMIT", kApplicationId,
                     kSchemaVersion * 0x01010101u);
  Status status = connection_->run(sql.c_str());
  if (!status)
    rollback();
  return status;
}

Result<std::optional<RowEnd>> Database::row_at(Seq seq) {
  FLEET_TRY(const Statement statement,
            connection_->prepare("SELECT first, count, chain FROM batch WHERE first <= ? "
                                 "ORDER BY first DESC LIMIT 1"));
  constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();
  bind(statement.get(), 1, std::min(seq.value, kLargest));
  FLEET_TRY(const bool row, connection_->step(statement));
  if (!row)
    return std::optional<RowEnd>();
  RowEnd end;
  end.first = {number_in(statement.get(), 0)};
  end.last = {end.first.value + number_in(statement.get(), 1) - 1};
  const std::string_view chain = bytes_in(statement.get(), 2);
  if (chain.size() != end.chain.size())
    return Error(Errc::kCorrupt,
                 fmt::format("event {}: its chain has a wrong length", end.first.value));
  std::memcpy(end.chain.data(), chain.data(), chain.size());
  return std::optional<RowEnd>(end);
}

Status Database::scan(Seq from, const BatchVisitor& visit) {
  FLEET_TRY(const Statement statement,
            connection_->prepare("SELECT first, run, count, events, chain FROM batch "
                                 "WHERE first >= ? ORDER BY first"));
  bind(statement.get(), 1, from.value);
  for (;;) {
    FLEET_TRY(const bool row, connection_->step(statement));
    if (!row)
      return {};
    BatchView batch;
    batch.first = {number_in(statement.get(), 0)};
    batch.run = {number_in(statement.get(), 1)};
    batch.count = number_in(statement.get(), 2);
    batch.events = bytes_in(statement.get(), 3);
    batch.chain = bytes_in(statement.get(), 4);
    FLEET_TRY(const bool go_on, visit(batch));
    if (!go_on)
      return {};
  }
}

Result<std::optional<std::string>> Database::snapshot() {
  FLEET_TRY(const Statement statement,
            connection_->prepare("SELECT bytes FROM snapshot WHERE slot = 1"));
  FLEET_TRY(const bool row, connection_->step(statement));
  if (!row)
    return std::optional<std::string>();
  return std::optional<std::string>(bytes_in(statement.get(), 0));
}

Result<std::optional<std::string>> Database::blob(std::string_view id) {
  FLEET_TRY(const Statement statement, connection_->prepare("SELECT bytes FROM blob WHERE id = ?"));
  bind(statement.get(), 1, id);
  FLEET_TRY(const bool row, connection_->step(statement));
  if (!row)
    return std::optional<std::string>();
  return std::optional<std::string>(bytes_in(statement.get(), 0));
}

Status Database::scan_blobs(const BlobVisitor& visit) {
  FLEET_TRY(const Statement statement, connection_->prepare("SELECT id, bytes FROM blob"));
  for (;;) {
    FLEET_TRY(const bool row, connection_->step(statement));
    if (!row)
      return {};
    FLEET_CHECK(visit(bytes_in(statement.get(), 0), bytes_in(statement.get(), 1)));
  }
}

Status Database::check_structure() {
  FLEET_TRY(const Statement statement, connection_->prepare("PRAGMA integrity_check(1)"));
  FLEET_TRY(const bool row, connection_->step(statement));
  const std::string_view answer = row ? bytes_in(statement.get(), 0) : "no answer";
  if (answer == "ok")
    return {};
  return Error(Errc::kCorrupt, fmt::format("{}: {}", connection_->path, answer));
}

Status Database::begin() {
  return connection_->run("BEGIN IMMEDIATE");
}
Status Database::commit() {
  return connection_->run("COMMIT");
}

Status Database::insert(const BatchView& batch) {
  if (!connection_->insert_batch) {
    FLEET_TRY(connection_->insert_batch,
              connection_->prepare("INSERT INTO batch VALUES(?,?,?,?,?)"));
  }
  const Use use(connection_->insert_batch.get());
  bind(use.get(), 1, batch.first.value);
  bind(use.get(), 2, batch.run.value);
  bind(use.get(), 3, batch.count);
  bind(use.get(), 4, batch.events);
  bind(use.get(), 5, batch.chain);
  FLEET_TRY([[maybe_unused]] const bool row, connection_->step(use.get()));
  return {};
}

Status Database::insert_blob(std::string_view id, std::string_view bytes) {
  FLEET_TRY(const Statement statement,
            connection_->prepare("INSERT OR IGNORE INTO blob VALUES(?,?)"));
  bind(statement.get(), 1, id);
  bind(statement.get(), 2, bytes);
  FLEET_TRY([[maybe_unused]] const bool row, connection_->step(statement));
  return {};
}

Status Database::put_snapshot(std::string_view bytes) {
  FLEET_TRY(const Statement statement,
            connection_->prepare("INSERT OR REPLACE INTO snapshot VALUES(1,?)"));
  bind(statement.get(), 1, bytes);
  FLEET_TRY([[maybe_unused]] const bool row, connection_->step(statement));
  return {};
}

void Database::rollback() {
  // Some failures have rolled back already; an error here changes nothing any more.
  if (sqlite3_get_autocommit(connection_->handle) == 0)
    sqlite3_exec(connection_->handle, "ROLLBACK", nullptr, nullptr, nullptr);
}

int Database::log_pages() const {
  return connection_->log_pages;
}

Status Database::checkpoint() {
  const int result = sqlite3_wal_checkpoint_v2(connection_->handle, "main",
                                               SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (result != SQLITE_OK)
    return connection_->error(result);
  return {};
}

Status Database::close() {
  sqlite3* handle = connection_->handle;
  sqlite3_busy_timeout(handle, 0);
  const int result =
      sqlite3_wal_checkpoint_v2(handle, "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  Status status;
  // Busy: a reader is inside. The log stays for the next one, complete and durable as it is.
  if ((result & 0xFF) != SQLITE_OK && (result & 0xFF) != SQLITE_BUSY)
    status = connection_->error(result);
  if (status)
    sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  connection_.reset();
  return status;
}

}  // namespace fleet::journal
