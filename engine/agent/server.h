// The engine's end of the sessions' sockets: one thread, one epoll set, no timer. A session acts
// only as itself: each has a listening socket in a directory of its own and a token that every
// request must carry. Whatever a client sends or fails to read costs its own session at most: a
// connection has one request under way and one reply unsent, a session a few connections, and what
// comes beyond waits in the system's queue. Knows nothing of runs: who answers is told by `Ask`.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/agent/protocol.h"
#include "engine/base/result.h"

namespace fleet::agent {

// Called exactly once, from any thread, also from within `Ask`; later than the server: ignored.
using Answer = std::function<void(Reply)>;
// On the server's thread; must not block. `session` is what `open` was given.
using Ask = std::function<void(const std::string& session, const Request& request, Answer answer)>;

class Server {
 public:
  inline static const std::string kSocket = "agent.sock";
  static constexpr std::size_t kMaxConnections = 8;  // of one session

  static Result<std::unique_ptr<Server>> start(Ask ask);
  // Closes every socket; no request is asked about afterwards.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // From any thread. Listens in `directory`, which exists, replacing what a dead engine left there.
  // Of two `open` for one session the last holds.
  Status open(const std::string& session, const std::string& directory, const std::string& token);
  // Soon hangs up on its clients; the socket's file stays.
  void close(const std::string& session);

 private:
  class Loop;
  explicit Server(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace fleet::agent
