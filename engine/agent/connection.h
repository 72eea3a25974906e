// The bytes of one connection: lines in, lines out, never waiting, with bounds. Knows no JSON.
// Private to the room.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace fleet::agent {

class Connection {
 public:
  // REQUIRES: non-blocking. Lines of more than `max_line` bytes are not taken.
  Connection(UniqueFd fd, std::size_t max_line) : fd_(std::move(fd)), max_line_(max_line) {}

  int fd() const { return fd_.get(); }

  // Takes what has arrived, a little at a time. kCancelled: the peer will send no more; what came
  // before is still there. Any other error: drop the connection.
  Status receive();
  // The next whole line, without its end; kInvalid: there will be none, it is too long.
  Result<std::optional<std::string>> next_line();

  void send_line(std::string_view line);
  // Gives the system what it takes now.
  Status flush();
  bool unsent() const { return sent_ < out_.size(); }

 private:
  UniqueFd fd_;
  std::size_t max_line_;
  std::string in_;
  std::size_t searched_ = 0;  // of `in_`: no line's end before it
  std::string out_;
  std::size_t sent_ = 0;
};

}  // namespace fleet::agent
