// The keeper's end of one connection: frames in, frames out, never waiting. Knows nothing of jobs.
#pragma once

#include <functional>
#include <string>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/process/protocol.h"

namespace fleet::process {

class Connection {
 public:
  // REQUIRES: non-blocking.
  explicit Connection(UniqueFd fd) : fd_(std::move(fd)) {}

  int fd() const { return fd_.get(); }

  // Hands over every whole message that has arrived. An error, kCancelled for a closed connection:
  // drop it.
  Status receive(const std::function<Status(Message)>& take);

  void send(const Message& message) { out_ += encode_frame(message); }
  // Gives the system what it takes now. kNoSpace: the peer has not read for too long.
  Status flush();
  bool wants_to_write() const { return !out_.empty(); }

 private:
  UniqueFd fd_;
  FrameBuffer in_;
  std::string out_;
};

}  // namespace fleet::process
