// The connection of a session's CLI: reads one request after the other, each of which becomes an
// Exchange, and writes what the broker says itself. One thread.
#pragma once

#include <array>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "engine/broker/beast.h"
#include "engine/broker/client.h"
#include "engine/broker/dialect.h"

namespace fleet::broker {

class Exchange;
class Proxy;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Proxy& proxy, tcp::socket socket);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The first one: nobody knows yet whose it is.
  void begin();
  // The session is over.
  void break_off();
  // The thread is gone, and nobody is told.
  void abandon();

  // Of the exchange that is under way: its end.
  beast::tcp_stream& stream() { return stream_; }
  void say(unsigned status, std::string type, std::string body, bool stay);
  void refuse(No no, const std::string& text, bool stay);
  void finish(bool stay);
  void hang_up();

 private:
  template <class Next>
  auto on(Next next);
  void wait_for_next();
  void read_head();
  void on_head(Code code);
  void judge_head();
  // What can't be passed on, whoever asks; empty: nothing.
  std::string unfit() const;
  bool join(const std::shared_ptr<Client>& client);
  void leave();
  void take_in(const std::shared_ptr<Client>& client, const Target& target);
  void read_body();
  void on_body(Code code);
  void drain();

  Proxy& proxy_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::shared_ptr<Exchange> exchange_;
  Protocol protocol_ = Protocol::kAnthropic;  // that it is refused by
  bool stays_ = false;                        // the client wants to ask more on it
  bool closed_ = false;
  std::shared_ptr<Client> client_;  // whose it is; null: a stranger's
  std::list<Connection*>* among_ = nullptr;
  std::list<Connection*>::iterator place_;
  std::array<char, 4096> scrap_;
};

}  // namespace fleet::broker
