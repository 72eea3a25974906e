// One request of a session, from its body to the last byte of its answer: judged, paid for, passed
// on with the key in the token's place, and answered as the service does, metered and without the
// key. One thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/broker/beast.h"
#include "engine/broker/client.h"
#include "engine/broker/meter.h"
#include "engine/broker/scrub.h"
#include "engine/broker/till.h"
#include "engine/broker/upstream.h"

namespace fleet::broker {

class Connection;
class Proxy;

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(Proxy& proxy, std::shared_ptr<Connection> connection, std::shared_ptr<Client> client,
           Target target);

  // Room for its body. False: there is none.
  bool hold(std::size_t bytes) { return hold_.resize(bytes); }
  // Its body is there. `stays`: the client wants to ask more on its connection.
  void begin(Request request, bool stays);
  // The session is over.
  void break_off();
  // Nobody is told.
  void abandon();

 private:
  enum class Stage { kReading, kAsking, kAnswering, kOver };

  template <class Next>
  auto on(Next next);
  Upstream::Then on_upstream(void (Exchange::*next)());
  void reserve();
  void watch_client();
  void on_client(Code code);
  Request request_upstream();
  void pass_on();
  void on_answer();
  void refuse_packed();
  void on_head_sent(Code code);
  void read_on();
  void on_chunk();
  void send(bool last);
  void on_sent(Code code);
  // The ends: the answer is whole, a request is refused before it cost anything, it fails on its
  // way, its client is gone.
  void settle(bool whole);
  void close();
  void refuse(No no, const std::string& text);
  void fail(No no, const std::string& text);
  void gone();

  Proxy& proxy_;
  std::shared_ptr<Connection> connection_;
  std::shared_ptr<Client> client_;
  const Target target_;
  Hold hold_;
  Stage stage_ = Stage::kReading;
  bool stays_ = false;
  Request request_;
  Ask ask_;
  Bill bill_;
  std::shared_ptr<Upstream> upstream_;
  std::optional<Meter> meter_;
  Scrubber scrubber_;
  bool last_ = false;  // what is being sent ends the answer
  std::string out_;    // what is being sent
  http::response<http::buffer_body> answer_;
  std::optional<http::response_serializer<http::buffer_body>> serializer_;
};

}  // namespace fleet::broker
