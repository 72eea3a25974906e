#include "engine/agent/connection.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace fleet::agent {

Status Connection::receive() {
  std::array<char, std::size_t{64} << 10> buffer;
  const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
  if (got == 0)
    return Error(Errc::kCancelled, "the peer sends no more");
  if (got < 0)
    return errno == EAGAIN || errno == EINTR ? Status() : os_error("receive", "from a peer", errno);
  in_.append(buffer.data(), static_cast<std::size_t>(got));
  return {};
}

Result<std::optional<std::string>> Connection::next_line() {
  const std::size_t end = in_.find('\n', searched_);
  if (end > max_line_ && in_.size() > max_line_)
    return Error(Errc::kInvalid, "a line of more than " + std::to_string(max_line_) + " bytes");
  if (end == std::string::npos) {
    searched_ = in_.size();
    return std::optional<std::string>();
  }
  std::string line = in_.substr(0, end);
  in_.erase(0, end + 1);
  searched_ = 0;
  return std::optional(std::move(line));
}

void Connection::send_line(std::string_view line) {
  out_.append(line);
  out_ += '\n';
}

Status Connection::flush() {
  while (unsent()) {
    const ssize_t gave = ::send(fd_.get(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (gave < 0 && errno == EINTR)
      continue;
    if (gave < 0)
      return errno == EAGAIN ? Status() : os_error("send", "to a peer", errno);
    sent_ += static_cast<std::size_t>(gave);
  }
  out_.clear();
  sent_ = 0;
  return {};
}

}  // namespace fleet::agent
