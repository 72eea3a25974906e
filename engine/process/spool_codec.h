// The keeper's durable memory as bytes: a file of framed records, each with its own CRC32C, so that
// a record is believed or not by itself. Pure; spool.h has the file.
//
//   frame   = length u32, crc32c(length and payload) u32, payload
//   payload = kind u8, fields (wire.h)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/process/job.h"

namespace fleet::process {

// One life of a keeper, enough for its successor to be sure that it and its jobs are gone.
struct InstanceRecord {
  std::uint64_t next_sequence = 1;  // every sequence of this file's later records is at least this
  std::uint64_t generation = 0;     // of the engine that was accepted last
  std::uint32_t mark = 0;           // JobMark's keeper half
  std::int32_t pid = 0;             // in the namespace of whoever started it
  std::uint64_t start_ticks = 0;    // field 22 of /proc/PID/stat: tells a reused pid
  std::string boot;                 // /proc/sys/kernel/random/boot_id
  bool namespaced = false;
};
struct GenerationRecord {
  std::uint64_t generation = 0;
};
// kStarted: written before the process exists. kEnded: synced before anybody learns of it.
struct ReportRecord {
  JobReport report;
};
// The ended jobs of the run up to here are forgotten.
struct ReleaseRecord {
  std::string run;
};
using SpoolRecord = std::variant<InstanceRecord, GenerationRecord, ReportRecord, ReleaseRecord>;

std::string encode_record(const SpoolRecord& record);

struct SpoolContents {
  std::vector<SpoolRecord> records;
  // Bytes in the middle that are no records, though records follow: damage. Those records are kept:
  // each vouches for itself, and what stood in the hole becomes lost, never repeated.
  std::uint64_t damaged_bytes = 0;
  std::uint64_t damaged_at = 0;  // offset of the first
  std::uint64_t torn_bytes = 0;  // at the end: a write that a crash cut short
};
SpoolContents decode_spool(std::string_view bytes);

}  // namespace fleet::process
