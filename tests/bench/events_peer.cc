// The peer of resume: the events of a journal as plain SQLite rows, and reading all of them.
//   events_peer make STATE_DIR FILE     writes the rows
//   events_peer read FILE               reads them; prints how many
#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/journal/reader.h"

namespace {

void require(bool holds, const std::string& what) {
  if (holds)
    return;
  std::fprintf(stderr, "events_peer: %s\n", what.c_str());
  std::exit(1);
}

void execute(sqlite3* db, const char* statement) {
  require(sqlite3_exec(db, statement, nullptr, nullptr, nullptr) == SQLITE_OK, sqlite3_errmsg(db));
}

sqlite3* open(const char* file) {
  sqlite3* db = nullptr;
  require(sqlite3_open(file, &db) == SQLITE_OK, file);
  return db;
}

void make(const char* state_dir, const char* file) {
  auto reader = fleet::journal::JournalReader::open(state_dir);
  require(static_cast<bool>(reader), reader ? "" : reader.error().message());
  sqlite3* db = open(file);
  execute(db, "PRAGMA journal_mode=WAL");
  execute(db, "CREATE TABLE event(seq INTEGER PRIMARY KEY, run, type, at, payload)");
  execute(db, "BEGIN");
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(db, "INSERT INTO event VALUES(?,?,?,?,?)", -1, &insert, nullptr);
  const auto status = (*reader)->read_all(fleet::journal::Seq{1}, [&](const auto& event) {
    sqlite3_bind_int64(insert, 1, static_cast<std::int64_t>(event.seq.value));
    sqlite3_bind_int64(insert, 2, static_cast<std::int64_t>(event.run.value));
    sqlite3_bind_int64(insert, 3, event.type);
    sqlite3_bind_int64(insert, 4, event.at.time_since_epoch().count());
    sqlite3_bind_blob(insert, 5, event.payload.data(), static_cast<int>(event.payload.size()),
                      SQLITE_STATIC);
    require(sqlite3_step(insert) == SQLITE_DONE, sqlite3_errmsg(db));
    sqlite3_reset(insert);
    return true;
  });
  require(static_cast<bool>(status), status ? "" : status.error().message());
  sqlite3_finalize(insert);
  execute(db, "COMMIT");
  sqlite3_close(db);
}

void read(const char* file) {
  sqlite3* db = open(file);
  sqlite3_stmt* rows = nullptr;
  sqlite3_prepare_v2(db, "SELECT seq, run, type, at, payload FROM event ORDER BY seq", -1, &rows,
                     nullptr);
  std::int64_t count = 0;
  std::int64_t sum = 0;
  while (sqlite3_step(rows) == SQLITE_ROW) {
    for (int column = 0; column < 4; ++column)
      sum += sqlite3_column_int64(rows, column);
    const std::string payload(static_cast<const char*>(sqlite3_column_blob(rows, 4)),
                              static_cast<std::size_t>(sqlite3_column_bytes(rows, 4)));
    sum += payload.empty() ? 0 : payload.back();
    ++count;
  }
  sqlite3_finalize(rows);
  sqlite3_close(db);
  std::printf("%lld events, sum %lld\n", static_cast<long long>(count),
              static_cast<long long>(sum));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "make" && argc == 4)
    make(argv[2], argv[3]);
  else if (mode == "read" && argc == 3)
    read(argv[2]);
  else {
    std::fprintf(stderr, "usage: events_peer make STATE_DIR FILE | read FILE\n");
    return 2;
  }
  return 0;
}
