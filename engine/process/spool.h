// The keeper's spool file: append-only, one writer, which holds the state directory's keeper lock.
// Each keeper writes a fresh file from what it still believed of its predecessor's, so it never
// grows without end. Knows nothing of processes or sockets.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/process/spool_codec.h"

namespace fleet::process {

// What a spool says when it is read.
struct SpoolState {
  std::uint64_t next_sequence = 1;
  std::uint64_t generation = 0;
  std::vector<InstanceRecord> instances;       // keepers that may have left processes
  std::map<std::uint64_t, JobReport> reports;  // by sequence; released ones left out
  std::vector<std::string> notices;            // for people: damage, a torn tail
  bool damaged = false;
};
SpoolState replay_spool(const SpoolContents& contents);

class Spool {
 public:
  // A missing file is an empty one.
  static Result<SpoolState> read(const std::filesystem::path& file);

  // Durably replaces the file by one that holds just this. A damaged predecessor is kept beside it
  // as FILE.damaged.
  static Result<Spool> create(const std::filesystem::path& file, const InstanceRecord& instance,
                              const std::map<std::uint64_t, JobReport>& reports, bool keep_old);

  void append(const SpoolRecord& record) { pending_ += encode_record(record); }
  // Hands what was appended to the system: it survives this process, not the machine. kNoSpace:
  // nothing is lost, call again later. Any other error is final.
  Status write();
  // write() and fdatasync. After an error of the sync nothing is known of the file: final.
  Status sync();

  std::uint64_t size() const { return size_ + pending_.size(); }

 private:
  Spool(UniqueFd fd, std::uint64_t size) : fd_(std::move(fd)), size_(size) {}

  UniqueFd fd_;
  std::uint64_t size_ = 0;  // of what the system has
  std::string pending_;
};

}  // namespace fleet::process
