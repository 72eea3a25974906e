// The sessions' way to their models: a proxy on loopback that knows each session by a token of its
// own, puts the key of the credential in the token's place, reckons what each request may cost
// before it passes it on, and reads from the answer what it did cost. Streams as it comes; an
// answer that nobody reads any more is broken off. A session reaches the one service that its
// credential is for, and no other host. Knows nothing of plans, runs and journals.
//
// One thread for all sessions, on which the hooks are called: they must not block.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/broker/price.h"
#include "engine/broker/purse.h"
#include "engine/broker/service.h"
#include "engine/broker/slate.h"

namespace fleet::broker {

struct Session {
  std::string name;   // "12.1": whose it is, for the hooks
  std::string token;  // what it shows instead of a key
  Service service;
  std::string key;                     // the secret; not empty
  std::optional<std::int64_t> budget;  // micro-dollars that this attempt may spend
  std::int64_t spent = 0;              // of these, already
  // A model whose price nobody knows is refused by name; else it is metered without money.
  bool only_priced = false;
  std::optional<Price> price;  // of whatever model; else the table's
  Purses shared = {};          // that it spends from too: the run's, the day's
};

// What one request used. `durable` is to be called, from any thread, once that is recorded for
// good; until then the next engine would count it again.
struct Spent {
  std::string session;
  Usage usage;
  std::int64_t micros = 0;
  bool assumed = false;  // the service did not say all of it: counted at its worst
  std::function<void()> durable;
};

struct Hooks {
  std::function<void(Spent)> spent;
  // The session asked for more than its budget has left: it gets no further.
  std::function<void(const std::string& session, const std::string& why)> over_budget;
};

struct Options {
  std::string port_file;    // keeps the port, so that sessions of a dead engine find the next one
  std::string slate;        // folder of what is reserved
  std::string authorities;  // a file of certificates; empty: the system's
  std::chrono::milliseconds connect{std::chrono::seconds(30)};
  std::chrono::milliseconds head{std::chrono::seconds(15)};  // of a client's request, in all
  std::chrono::milliseconds body{std::chrono::minutes(2)};   // of one, in all
  std::chrono::milliseconds idle{std::chrono::minutes(5)};   // between two on a connection
  // Of a service, or of a client that reads nothing.
  std::chrono::milliseconds silence{std::chrono::minutes(10)};
  std::chrono::milliseconds longest{std::chrono::hours(1)};  // an answer, in all
  std::size_t most_connections = 32;                         // of one session
  std::size_t most_header = std::size_t{64} << 10;
  std::size_t most_body = std::size_t{48} << 20;
  // Of the bodies that are held, over all sessions; one session may have a quarter.
  std::size_t most_memory = std::size_t{512} << 20;
};

class Proxy;

class Broker {
 public:
  // Listens on 127.0.0.1, at the port that the file names where that is free. Who comes before
  // `serve` waits.
  static Result<std::unique_ptr<Broker>> start(Options options, Hooks hooks);
  // Breaks off what is under way; no hook is called afterwards.
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  std::string url() const;  // "http://127.0.0.1:PORT"

  // Once the sessions that are there already are open: none of them is taken for a stranger.
  void serve();

  // From any thread. A session of the same name is replaced.
  void open(Session session);
  // Its requests, those under way included, are refused from now on.
  void close(const std::string& name);

  // What an engine before had reserved and did not settle, to be counted as spent.
  std::vector<Spent> left_over();

 private:
  explicit Broker(std::unique_ptr<Proxy> proxy);
  std::unique_ptr<Proxy> proxy_;
};

}  // namespace fleet::broker
