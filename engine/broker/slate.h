// What is reserved and not settled yet, kept where the next engine finds it: an empty file for each
// request under way, whose name says whose it is and how much. Made before the request is passed on
// and taken away once what it cost is durable, so that a killed engine forgets no money; one that
// is killed between the two counts it twice. Not synced: a machine that goes down takes the
// sessions with it. Threads: one at a time, but for `strike`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace fleet::broker {

class Slate {
 public:
  struct Entry {
    std::string file;     // its path
    std::string session;  // as `Session::name`
    std::int64_t micros = 0;
  };

  // Makes the folder. What an engine before left there is in `left()`.
  static Result<Slate> open(std::string folder);

  const std::vector<Entry>& left() const { return left_; }
  // REQUIRES: `session` has no '/' and no '~'.
  // Answers the file's path.
  Result<std::string> note(const std::string& session, std::int64_t micros);
  // From any thread. What can't be removed counts once more.
  static void strike(const std::string& file);

 private:
  explicit Slate(std::string folder) : folder_(std::move(folder)) {}

  std::string folder_;
  std::vector<Entry> left_;
  std::uint64_t next_ = 0;
};

}  // namespace fleet::broker
