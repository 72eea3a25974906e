// The tables, as they must stand in the database. Described in FORMAT.md. Private to
// engine/journal.
#pragma once

#include <array>
#include <cstdint>

namespace fleet::journal {

inline constexpr std::uint32_t kApplicationId = 0x666C7431;
inline constexpr std::uint32_t kSchemaVersion = 1;

struct TableText {
  const char* name;
  const char* sql;  // exactly as SQLite keeps it
};

inline constexpr std::array kSchema = {
    TableText{"batch",
              "CREATE TABLE batch(first INTEGER PRIMARY KEY, run INTEGER NOT NULL, "
              "count INTEGER NOT NULL, events BLOB NOT NULL, chain BLOB NOT NULL) STRICT"},
    TableText{"blob", "CREATE TABLE blob(id BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT"},
    TableText{"snapshot",
              "CREATE TABLE snapshot(slot INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT"},
};

}  // namespace fleet::journal
