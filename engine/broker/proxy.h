// The broker's thread and what its connections share. All of it runs on that thread; `open` and
// `close` are posted to it.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "engine/base/result.h"
#include "engine/broker/beast.h"
#include "engine/broker/broker.h"
#include "engine/broker/client.h"
#include "engine/broker/till.h"

namespace fleet::broker {

class Proxy {
 public:
  Proxy(Options options, Hooks hooks, Slate slate);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  Status start();

  // From any thread.
  std::uint16_t port() const { return port_; }
  const Slate& slate() const { return till_.slate(); }
  void serve();
  void open(Session session);
  void close(const std::string& name);

  // Of the thread.
  const Options& options() const { return options_; }
  asio::io_context& io() { return io_; }
  ssl::context& tls() { return tls_; }
  Clients& clients() { return clients_; }
  Till& till() { return till_; }
  Room& room() { return room_; }
  // Connections that have shown no token yet, the oldest first.
  std::list<Connection*>& strangers() { return strangers_; }
  std::set<Connection*>& connections() { return connections_; }

 private:
  Status listen();
  Status listen_at(std::uint16_t port);
  void accept();
  void take(tcp::socket socket);
  static void break_off(const std::shared_ptr<Client>& client);

  const Options options_;
  const Hooks hooks_;
  Till till_;
  Room room_;
  Clients clients_;
  std::list<Connection*> strangers_;
  std::set<Connection*> connections_;
  std::set<std::shared_ptr<Purse>> shared_;  // that sessions ever spent from
  std::uint16_t port_ = 0;
  asio::io_context io_{1};  // after what its handlers hold
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  ssl::context tls_{ssl::context::tls_client};
  tcp::acceptor acceptor_{io_};
  asio::steady_timer pause_{io_};
  std::thread thread_;
};

}  // namespace fleet::broker
