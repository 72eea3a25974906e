#include "engine/broker/broker.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/support/scratch_dir.h"
#include "tests/support/scripted_service.h"

using namespace fleet;
using namespace fleet::broker;
using testing::PlainClient;
using testing::ScriptedService;
using Turn = ScriptedService::Turn;

namespace {

constexpr const char* kKey = "sk-the-real-key";
constexpr const char* kToken = "fleetc-token";

std::string answer(const std::string& body, const std::string& status = "200 OK",
                   const std::string& type = "application/json") {
  return fmt::format("HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}", status,
                     type, body.size(), body);
}

ScriptedService::Script always(const std::string& text) {
  return [text](const std::string&, const Turn& turn) {
    turn.send(text);
  };
}

const std::string kMessage = R"({"usage":{"input_tokens":1000,"output_tokens":100}})";
// $0.003 and $0.0015
constexpr std::int64_t kMessageCost = 4'500;

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

  void start(std::chrono::milliseconds silence = std::chrono::minutes(2)) {
    broker.reset();
    Options options;
    options.port_file = scratch / "port";
    options.slate = scratch / "slate";
    options.silence = silence;
    options.most_body = 100'000;
    auto started =
        Broker::start(options, {[this](Spent spent) { seen.add(std::move(spent)); },
                                [this](const std::string& session, const std::string& why) {
                                  seen.refuse(session, why);
                                }});
    REQUIRE(started);
    broker = *std::move(started);
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

  testing::ScratchDir scratch;
  Seen seen;
  ScriptedService service;
  std::unique_ptr<Broker> broker;
};

std::string status_of(const std::string& text) {
  return text.substr(0, text.find("\r\n"));
}

}  // namespace

TEST_CASE("a request goes to its service with the key in the token's place, and comes back whole") {
  World world(always(answer(kMessage)));
  world.open();
  const std::string got = world.message();
  CHECK(status_of(got) == "HTTP/1.1 200 OK");
  CHECK(testing::body_of(got) == kMessage);
  const std::string asked = world.service.requests().at(0);
  CHECK(asked.starts_with("POST /v1/messages HTTP/1.1\r\n"));
  CHECK(testing::header_of(asked, "x-api-key") == kKey);
  CHECK(asked.find(kToken) == std::string::npos);
  CHECK(testing::header_of(asked, "accept-encoding") == "identity");
  const auto spent = world.seen.wait_for(1);
  REQUIRE(spent.size() == 1);
  CHECK(spent[0].session == "3.1");
  CHECK(spent[0].micros == kMessageCost);
  CHECK_FALSE(spent[0].assumed);
}

TEST_CASE("each protocol has its own way to show a token and to be given a key") {
  SECTION("OpenAI") {
    World world(always(answer(R"({"usage":{"input_tokens":10,"output_tokens":1}})")));
    world.open(Protocol::kOpenai);
    CHECK(status_of(world.ask("/v1/responses", R"({"model":"gpt-5","max_output_tokens":9})",
                              std::string("Authorization: Bearer ") + kToken)) ==
          "HTTP/1.1 200 OK");
    CHECK(testing::header_of(world.service.requests().at(0), "authorization") ==
          std::string("Bearer ") + kKey);
  }
  SECTION("Gemini, by a parameter too") {
    World world(always(answer(R"({"usageMetadata":{"promptTokenCount":10}})")));
    world.open(Protocol::kGemini);
    CHECK(status_of(
              world.ask(std::string("/v1beta/models/gemini-2.5-pro:generateContent?key=") + kToken,
                        "{}", "x: y")) == "HTTP/1.1 200 OK");
    const std::string asked = world.service.requests().at(0);
    CHECK(testing::header_of(asked, "x-goog-api-key") == kKey);
    CHECK(asked.find("key=") == std::string::npos);
  }
}

TEST_CASE("a token that nobody has is refused, and so is one whose session is over") {
  World world(always(answer(kMessage)));
  world.open();
  CHECK(status_of(world.ask("/v1/messages", "{}", "x-api-key: guess")) ==
        "HTTP/1.1 401 Unauthorized");
  // A later attempt of the same name takes the place of the first.
  world.open(Protocol::kAnthropic, {}, "3.2", "fleetc-next");
  world.broker->close("3.1");
  const std::string got = world.message();
  CHECK(status_of(got) == "HTTP/1.1 403 Forbidden");
  CHECK(got.find("this session's attempt is over") != std::string::npos);
  CHECK(world.service.requests().empty());
}

TEST_CASE("a path that is no request to a model is not passed on") {
  World world(always(answer(kMessage)));
  world.open();
  CHECK(status_of(world.ask("/v1/messages/batches", "{}")) == "HTTP/1.1 404 Not Found");
  CHECK(status_of(world.ask("http://other.example/v1/messages", "{}")) == "HTTP/1.1 404 Not Found");
  CHECK(world.service.requests().empty());
}

TEST_CASE("what costs nothing is passed through and not metered") {
  World world(always(answer(R"({"input_tokens":12})")));
  world.open(Protocol::kAnthropic, 0);
  const std::string got = world.ask("/v1/messages/count_tokens", R"({"model":"unheard-of"})");
  CHECK(testing::body_of(got) == R"({"input_tokens":12})");
}

TEST_CASE("a stream comes as it is written, not when it ends") {
  std::mutex mutex;
  std::condition_variable changed;
  bool read = false;
  World world([&](const std::string&, const Turn& turn) {
    turn.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    const auto chunk = [&](const std::string& text) {
      turn.send(fmt::format("{:x}\r\n{}\r\n", text.size(), text));
    };
    chunk("data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":1000}}}\n\n");
    std::unique_lock lock(mutex);
    // The client has the first part before there is a second.
    changed.wait_for(lock, std::chrono::seconds(60), [&] { return read; });
    chunk("data: {\"usage\":{\"output_tokens\":100}}\n\n");
    turn.send("0\r\n\r\n");
  });
  world.open();
  PlainClient client(world.broker->url());
  client.send(World::request("/v1/messages",
                             R"({"model":"claude-sonnet-4-6","max_tokens":9,"stream":true})"));
  CHECK(client.read_until("message_start").find("message_start") != std::string::npos);
  {
    const std::lock_guard lock(mutex);
    read = true;
    changed.notify_all();
  }
  CHECK(client.read_all().find("output_tokens") != std::string::npos);
  const auto spent = world.seen.wait_for(1);
  REQUIRE(spent.size() == 1);
  CHECK(spent[0].micros == kMessageCost);
}

TEST_CASE(
    "a request that may cost more than is left is not passed on, and its session is told of") {
  World world(always(answer(kMessage)));
  // Two answers' worth, and the worst of one: 4.1k tokens of a prompt and 100 of an answer.
  world.open(Protocol::kAnthropic, 21'000);
  CHECK(status_of(world.message()) == "HTTP/1.1 200 OK");
  const std::string got = world.message();
  CHECK(status_of(got) == "HTTP/1.1 400 Bad Request");
  CHECK(got.find("the budget of this attempt is spent: $0.0045 of $0.0210 are used") !=
        std::string::npos);
  CHECK(world.service.requests().size() == 1);
  REQUIRE(world.seen.refused().size() == 1);
  CHECK(world.seen.refused()[0].starts_with("3.1: the budget of this attempt is spent"));
}

TEST_CASE("requests at once never have more reserved than is left; one waits for the other") {
  std::atomic<int> under_way{0}, most{0};
  World world([&](const std::string&, const Turn& turn) {
    const int now = ++under_way;
    most = std::max(most.load(), now);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    --under_way;
    turn.send(answer(kMessage));
  });
  // Room for the worst of one and what the others turn out to be.
  world.open(Protocol::kAnthropic, 30'000);
  std::vector<std::thread> clients;
  std::atomic<int> well{0};
  for (int i = 0; i < 3; ++i)
    clients.emplace_back([&] { well += status_of(world.message()) == "HTTP/1.1 200 OK" ? 1 : 0; });
  for (std::thread& client : clients)
    client.join();
  CHECK(well == 3);
  CHECK(most == 1);
}

TEST_CASE(
    "a model without a price is refused by name where money is limited, else it is passed on") {
  World world(always(answer(kMessage)));
  world.open(Protocol::kAnthropic, 1'000'000'000);
  const std::string body = R"({"model":"claude-next-9","max_tokens":9})";
  const std::string got = world.ask("/v1/messages", body);
  CHECK(status_of(got) == "HTTP/1.1 400 Bad Request");
  CHECK(got.find("`claude-next-9` has no price") != std::string::npos);
  CHECK(world.seen.refused().empty());
  world.open();
  CHECK(status_of(world.ask("/v1/messages", body)) == "HTTP/1.1 200 OK");
  const auto spent = world.seen.wait_for(1);
  REQUIRE(spent.size() == 1);
  CHECK(spent[0].usage.input == 1000);
  CHECK(spent[0].micros == 0);
}

TEST_CASE("a service's error comes through as it is, costs nothing, and never shows the key") {
  for (const char* status : {"401 Unauthorized", "429 Too Many Requests", "529 Overloaded"}) {
    World world(always(answer(std::string("{\"error\":\"bad key ") + kKey + "\"}", status)));
    world.open(Protocol::kAnthropic, 1'000'000);
    const std::string got = world.message();
    CHECK(status_of(got).find(std::string(status).substr(0, 3)) != std::string::npos);
    CHECK(testing::body_of(got) == "{\"error\":\"bad key ***\"}");
    CHECK(world.seen.wait_for(0).empty());
  }
}

TEST_CASE("a service that closes before it answers is told of, and the worst is counted") {
  World world([](const std::string&, const Turn&) {});
  world.open(Protocol::kAnthropic, 1'000'000);
  CHECK(status_of(world.message()) == "HTTP/1.1 502 Bad Gateway");
  const auto spent = world.seen.wait_for(1);
  REQUIRE(spent.size() == 1);
  CHECK(spent[0].micros > kMessageCost);
}

TEST_CASE("a service that nobody serves is told of, and nothing is counted") {
  World world(always(answer(kMessage)));
  std::uint16_t port = 0;
  ::close(testing::listen_on_loopback(port));
  Session session{
      "3.1", kToken,    *service_at(Protocol::kAnthropic, fmt::format("http://127.0.0.1:{}", port)),
      kKey,  1'000'000, 0,
      true,  {}};
  world.broker->open(session);
  const std::string got = world.message();
  CHECK(status_of(got) == "HTTP/1.1 502 Bad Gateway");
  CHECK(got.find("can't be reached") != std::string::npos);
  CHECK(world.seen.wait_for(0).empty());
}

TEST_CASE("a service that says nothing for too long is given up") {
  World world([](const std::string&, const Turn& turn) { turn.wait_gone(); });
  world.start(std::chrono::milliseconds(100));
  world.open();
  CHECK(status_of(world.message()) == "HTTP/1.1 504 Gateway Timeout");
}

TEST_CASE(
    "an answer that breaks off is cut for its reader too, and what is not known counts full") {
  World world([](const std::string&, const Turn& turn) {
    turn.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string text = "data: {\"message\":{\"usage\":{\"input_tokens\":1000}}}\n\n";
    turn.send(fmt::format("{:x}\r\n{}\r\n", text.size(), text));
  });
  world.open(Protocol::kAnthropic, 1'000'000);
  const std::string got = world.message(200);
  CHECK(got.find("input_tokens") != std::string::npos);
  CHECK(got.find("\r\n0\r\n") == std::string::npos);
  const auto spent = world.seen.wait_for(1);
  REQUIRE(spent.size() == 1);
  CHECK(spent[0].micros == 3'000 + 200 * 15);
}

TEST_CASE("a client that goes away ends the request at the service") {
  std::mutex mutex;
  std::condition_variable changed;
  int state = 0;
  const auto reach = [&](int next) {
    const std::lock_guard lock(mutex);
    state = next;
    changed.notify_all();
  };
  World world([&](const std::string&, const Turn& turn) {
    reach(1);
    turn.wait_gone();
    reach(2);
  });
  world.open();
  PlainClient client(world.broker->url());
  client.send(World::request("/v1/messages", R"({"model":"claude-sonnet-4-6","max_tokens":9})"));
  const auto wait_for = [&](int wanted) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(60), [&] { return state >= wanted; });
  };
  REQUIRE(wait_for(1));
  client.hang_up();
  CHECK(wait_for(2));
}

TEST_CASE("what is too long, packed or no HTTP is refused") {
  World world(always(answer(kMessage)));
  world.open();
  CHECK(status_of(world.ask("/v1/messages", std::string(200'000, ' '))) ==
        "HTTP/1.1 413 Payload Too Large");
  CHECK(status_of(world.ask("/v1/messages", "{}", "x: " + std::string(100'000, 'x'))) ==
        "HTTP/1.1 413 Payload Too Large");
  CHECK(status_of(world.ask("/v1/messages", "{}",
                            std::string("content-encoding: zstd\r\nx-api-key: ") + kToken)) ==
        "HTTP/1.1 400 Bad Request");
  PlainClient client(world.broker->url());
  client.send("nonsense\r\n\r\n");
  CHECK(status_of(client.read_all()) == "HTTP/1.1 400 Bad Request");
  CHECK(world.service.requests().empty());
}

TEST_CASE("one connection has requests one after the other") {
  World world(always(answer(kMessage)));
  world.open();
  PlainClient client(world.broker->url());
  const std::string body = R"({"model":"claude-sonnet-4-6","max_tokens":9})";
  const std::string request = fmt::format(
      "POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-api-key: {}\r\nContent-Length: {}\r\n\r\n{}",
      kToken, body.size(), body);
  client.send(request);
  CHECK(client.read_until(kMessage).find(kMessage) != std::string::npos);
  // Two at once: the second waits in the socket.
  client.send(request + request);
  std::string two = client.read_until(kMessage);
  two = two.substr(two.find(kMessage) + kMessage.size());
  if (two.find(kMessage) == std::string::npos)
    two += client.read_until(kMessage);
  CHECK(two.find(kMessage) != std::string::npos);
}

TEST_CASE("the next engine listens where this one did, and counts what it left reserved") {
  World world([](const std::string&, const Turn& turn) { turn.wait_gone(); });
  world.open(Protocol::kAnthropic, 1'000'000);
  const std::string url = world.broker->url();
  PlainClient client(url);
  client.send(World::request("/v1/messages", R"({"model":"claude-sonnet-4-6","max_tokens":100})"));
  while (world.service.requests().empty())
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  world.start();
  CHECK(world.broker->url() == url);
  const auto left = world.broker->left_over();
  REQUIRE(left.size() == 1);
  CHECK(left[0].session == "3.1");
  CHECK(left[0].micros > 0);
  left[0].durable();
  world.start();
  CHECK(world.broker->left_over().empty());
}

TEST_CASE("an answer without figures costs what was reserved, with a budget or without") {
  for (const std::optional<std::int64_t> budget :
       {std::optional<std::int64_t>(1'000'000), std::optional<std::int64_t>()}) {
    World world(always(answer(R"({"usage":{}})")));
    world.open(Protocol::kOpenai, budget);
    CHECK(status_of(world.ask("/v1/responses", R"({"model":"gpt-5","max_output_tokens":100})",
                              std::string("Authorization: Bearer ") + kToken)) ==
          "HTTP/1.1 200 OK");
    const auto spent = world.seen.wait_for(1);
    REQUIRE(spent.size() == 1);
    CHECK(spent[0].assumed);
    CHECK(spent[0].micros == worst_cost(4'000 + 41, 100, false, *price_of("gpt-5")));
  }
}
