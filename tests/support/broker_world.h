// A broker between a scripted service and plain clients, and what its hooks are told.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "engine/broker/broker.h"
#include "tests/support/scratch_dir.h"
#include "tests/support/scripted_service.h"

namespace fleet::testing {

using namespace fleet::broker;
using Turn = ScriptedService::Turn;

inline constexpr const char* kKey = "sk-the-real-key";
inline constexpr const char* kToken = "fleetc-token";

inline std::string answer(const std::string& body, const std::string& status = "200 OK",
                          const std::string& type = "application/json") {
  return fmt::format("HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}", status,
                     type, body.size(), body);
}

inline ScriptedService::Script always(const std::string& text) {
  return [text](const std::string&, const Turn& turn) {
    turn.send(text);
  };
}

inline const std::string kMessage = R"({"usage":{"input_tokens":1000,"output_tokens":100}})";
// $0.003 and $0.0015
inline constexpr std::int64_t kMessageCost = 4'500;

// Waits for what another thread brings about.
class Seen {
 public:
  void add(Spent spent) {
    const std::lock_guard lock(mutex_);
    spent_.push_back(std::move(spent));
    changed_.notify_all();
  }
  void refuse(const std::string& session, const std::string& why) {
    const std::lock_guard lock(mutex_);
    refused_.push_back(session + ": " + why);
  }
  std::vector<Spent> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(60), [&] { return spent_.size() >= count; });
    return spent_;
  }
  std::vector<std::string> refused() {
    const std::lock_guard lock(mutex_);
    return refused_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Spent> spent_;
  std::vector<std::string> refused_;
};

struct World {
  explicit World(ScriptedService::Script script) : service(std::move(script)) { start(); }

  void start(Options options = {}, bool serves = true) {
    broker.reset();
    options.port_file = scratch / "port";
    options.slate = scratch / "slate";
    options.most_body = 100'000;
    auto started =
        Broker::start(options, {[this](Spent spent) { seen.add(std::move(spent)); },
                                [this](const std::string& session, const std::string& why) {
                                  seen.refuse(session, why);
                                }});
    REQUIRE(started);
    broker = *std::move(started);
    if (serves)
      broker->serve();
  }
  void open(Protocol protocol = Protocol::kAnthropic, std::optional<std::int64_t> budget = {},
            const std::string& name = "3.1", const std::string& token = kToken) {
    Session session;
    session.name = name;
    session.token = token;
    session.service = *service_at(protocol, service.url());
    session.key = kKey;
    session.budget = budget;
    session.only_priced = budget.has_value();
    broker->open(std::move(session));
  }
  std::string ask(const std::string& path, const std::string& body,
                  const std::string& head = std::string("x-api-key: ") + kToken) const {
    PlainClient client(broker->url());
    client.send(request(path, body, head));
    return client.read_all();
  }
  static std::string request(const std::string& path, const std::string& body,
                             const std::string& head = std::string("x-api-key: ") + kToken) {
    return fmt::format(
        "POST {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{}\r\nContent-Length: {}\r\n\r\n{}",
        path, head, body.size(), body);
  }
  std::string message(std::uint64_t most = 100) const {
    return ask("/v1/messages",
               fmt::format(R"({{"model":"claude-sonnet-4-6","max_tokens":{}}})", most));
  }

  ScratchDir scratch;
  Seen seen;
  ScriptedService service;
  std::unique_ptr<Broker> broker;
};

inline std::string status_of(const std::string& text) {
  return text.substr(0, text.find("\r\n"));
}

}  // namespace fleet::testing
