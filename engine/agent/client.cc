#include "engine/agent/client.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include <fmt/format.h>

#include "engine/agent/strict_json.h"
#include "engine/os/socket.h"

namespace fleet::agent {
namespace {

using Clock = std::chrono::steady_clock;

// Between tries where the directory says nothing new: a listener whose engine died and came back
// within the same instant.
constexpr std::chrono::milliseconds kLongestWait{2'000};

std::chrono::milliseconds left_of(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

// Ready for `events`, or its time is over (kTimeout).
Status await(int fd, short events, std::chrono::milliseconds wait) {
  pollfd set{fd, events, 0};
  const auto timeout = std::min<std::int64_t>(wait.count(), 3'600'000);
  const int ready = ::poll(&set, 1, static_cast<int>(timeout));
  if (ready < 0 && errno != EINTR)
    return os_error("poll", "the engine's socket", errno);
  if (ready == 0)
    return Error(Errc::kTimeout, "the engine did not answer in time");
  return {};
}

Status send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t gave = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (gave < 0 && errno == EINTR)
      continue;
    if (gave < 0)
      return Error(Errc::kCancelled, "the engine hung up");
    bytes.remove_prefix(static_cast<std::size_t>(gave));
  }
  return {};
}

Result<std::string> receive_line(int fd, Clock::time_point deadline) {
  std::string line;
  std::array<char, std::size_t{64} << 10> buffer;
  while (line.find('\n') == std::string::npos) {
    FLEET_CHECK(await(fd, POLLIN, left_of(deadline)));
    const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return Error(Errc::kCancelled, "the engine hung up");
    line.append(buffer.data(), static_cast<std::size_t>(got));
    if (line.size() > kMaxReply + 1)
      return Error(Errc::kCorrupt, "the engine's reply is longer than a reply may be");
  }
  line.resize(line.find('\n'));
  return line;
}

// Of a document that `identity` gave: what tells the engine that it has arrived.
Arguments receipt_of(const Reply& reply) {
  const auto data = parse_object(reply.data, 8);
  if (!data || !data->contains("document"))
    return {};
  const auto& document = (*data)["document"];
  return {{"read", document.value("name", "")}, {"sha256", document.value("sha256", "")}};
}

}  // namespace

Client::Client(Endpoint endpoint, std::chrono::milliseconds patience,
               std::function<void(std::string_view)> waiting)
    : endpoint_(std::move(endpoint)), patience_(patience), waiting_(std::move(waiting)) {}

Result<Reply> Client::ask(Verb verb, Arguments with) {
  const Deadline deadline = Clock::now() + patience_;
  FLEET_TRY(Reply reply, exchange(verb, std::move(with), deadline));
  if (verb != Verb::kIdentity || !reply.ok())
    return reply;
  // Only what has arrived counts as read: an engine that dies in between gives it again.
  Arguments receipt = receipt_of(reply);
  if (receipt.empty())
    return reply;
  FLEET_TRY(Reply taken, exchange(verb, std::move(receipt), deadline));
  return taken.ok() ? std::move(reply) : std::move(taken);
}

Result<Reply> Client::exchange(Verb verb, Arguments with, Deadline deadline) {
  const std::string id = std::to_string(next_id_++);
  const std::string line = encode(Request{id, endpoint_.token, verb, std::move(with)}) + "\n";
  while (true) {
    Result<Reply> reply = try_once(line, id, deadline);
    const bool later =
        reply ? reply->fault == Fault::kStopping
              : reply.error().code() == Errc::kCancelled || reply.error().code() == Errc::kNotFound;
    if (!later)
      return reply;
    FLEET_CHECK(wait_for_engine(deadline));
  }
}

// kNotFound: nobody listens; kCancelled: whoever did is gone. Then the request may be sent again.
Result<Reply> Client::try_once(const std::string& line, const std::string& id, Deadline deadline) {
  const std::filesystem::path socket(endpoint_.socket);
  FLEET_TRY(const UniqueFd fd, os::connect_at(socket.parent_path(), socket.filename()));
  FLEET_CHECK(send_all(fd.get(), line));
  FLEET_TRY(const std::string answer, receive_line(fd.get(), deadline));
  FLEET_TRY(Reply reply, decode_reply(answer));
  if (reply.id != id && reply.fault != Fault::kMalformed)
    return Error(Errc::kCorrupt, "the reply is to another request");
  return reply;
}

// Until the directory changes, which a new engine's socket does, or a while is over.
Status Client::wait_for_engine(Deadline deadline) {
  const auto left = left_of(deadline);
  if (left.count() == 0)
    return Error(Errc::kTimeout,
                 fmt::format("no engine answered within {} s",
                             std::chrono::duration_cast<std::chrono::seconds>(patience_).count()));
  if (waiting_)
    waiting_("no engine runs; waiting for `fleetc resume`");
  const std::string directory = std::filesystem::path(endpoint_.socket).parent_path();
  const UniqueFd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (watch)
    (void)::inotify_add_watch(watch.get(), directory.c_str(), IN_CREATE | IN_MOVED_TO | IN_ATTRIB);
  // Without a watch it is a wait all the same.
  const Status woken = await(watch.get(), POLLIN, std::min(left, kLongestWait));
  if (woken)  // the name is there before anybody listens
    (void)await(-1, 0, std::chrono::milliseconds(20));
  return {};
}

}  // namespace fleet::agent
