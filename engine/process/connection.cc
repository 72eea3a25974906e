#include "engine/process/connection.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace fleet::process {
namespace {

constexpr std::size_t kMaxUnsent = std::size_t{256} << 20;

}  // namespace

Status Connection::receive(const std::function<Status(Message)>& take) {
  static std::array<char, std::size_t{256} << 10> buffer;
  const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
  if (got == 0)
    return Error(Errc::kCancelled, "the peer closed the connection");
  if (got < 0)
    return errno == EAGAIN || errno == EINTR ? Status() : os_error("receive", "from a peer", errno);
  in_.append({buffer.data(), static_cast<std::size_t>(got)});
  while (true) {
    FLEET_TRY(const auto payload, in_.next());
    if (!payload)
      return {};
    FLEET_TRY(Message message, decode_payload(*payload));
    FLEET_CHECK(take(std::move(message)));
  }
}

Status Connection::flush() {
  std::size_t sent = 0;
  while (sent < out_.size()) {
    const ssize_t gave = ::send(fd_.get(), out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL);
    if (gave < 0 && errno == EINTR)
      continue;
    if (gave < 0 && errno != EAGAIN)
      return os_error("send", "to a peer", errno);
    if (gave < 0)
      break;
    sent += static_cast<std::size_t>(gave);
  }
  out_.erase(0, sent);
  if (out_.size() > kMaxUnsent)
    return Error(Errc::kNoSpace, "the peer does not read");
  return {};
}

}  // namespace fleet::process
