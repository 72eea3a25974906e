// A session's end of its socket. While no engine runs it waits, without asking again and again: the
// directory of the socket tells when one listens. A request that got no answer is sent again to the
// next engine; every verb can bear that.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "engine/agent/protocol.h"
#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace fleet::agent {

struct Endpoint {
  std::string socket;  // absolute path
  std::string token;
};

class Client {
 public:
  // `patience`: how long one request may take, the wait for an engine included. `waiting` is called
  // once for each stretch of waiting, with the reason.
  Client(Endpoint endpoint, std::chrono::milliseconds patience,
         std::function<void(std::string_view)> waiting = {});

  // The whole exchange of one verb; `identity` also tells the engine that the document has arrived.
  // kTimeout: no answer in time. A refusal is a reply.
  Result<Reply> ask(Verb verb, Arguments with);

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  Result<Reply> exchange(Verb verb, Arguments with, Deadline deadline);
  Result<Reply> try_once(const std::string& line, const std::string& id, Deadline deadline);
  Status wait_for_engine(Deadline deadline);

  Endpoint endpoint_;
  std::chrono::milliseconds patience_;
  std::function<void(std::string_view)> waiting_;
  std::uint64_t next_id_ = 1;
};

}  // namespace fleet::agent
