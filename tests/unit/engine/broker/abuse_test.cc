// What sessions and services must not be able to do.
#include "tests/support/broker_world.h"

using namespace fleet;
using namespace fleet::testing;

TEST_CASE("a service that says nothing for too long is given up") {
  World world([](const std::string&, const Turn& turn) { turn.wait_gone(); });
  Options options;
  options.silence = std::chrono::milliseconds(100);
  world.start(options);
  world.open();
  CHECK(status_of(world.message()) == "HTTP/1.1 504 Gateway Timeout");
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

TEST_CASE("a service that repeats the key is read without it, in bodies and headers") {
  const std::string key = kKey;
  World world([&](const std::string&, const Turn& turn) {
    turn.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Echo: Bearer " + key +
              "\r\nX-" + key + ": 1\r\nX-SK-THE-REAL-KEY: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
    // Across the borders of chunks, one byte each.
    for (const char c : "data: " + key + "\n\n: sk-the" + key)
      turn.send(fmt::format("1\r\n{}\r\n", c));
    turn.send("0\r\nX-Trailer: " + key + "\r\n\r\n");
  });
  world.open();
  const std::string got = world.message();
  CHECK(got.find(key) == std::string::npos);
  CHECK(header_of(got, "x-echo") == "Bearer ***************");
  CHECK(header_of(got, "x-sk-the-real-key").empty());
  CHECK(got.find("\r\n0\r\n\r\n") != std::string::npos);
  CHECK(std::ranges::count(body_of(got), '*') == 2 * static_cast<std::ptrdiff_t>(key.size()));
}

TEST_CASE("a long error is read without the key too") {
  const std::string key = kKey, filler(3'000'000, 'x');
  World world(always(answer(filler + key + filler, "500 Internal Server Error")));
  world.open();
  const std::string body = body_of(world.message());
  CHECK(body.size() == 2 * filler.size() + key.size());
  CHECK(body.find(key) == std::string::npos);
}

TEST_CASE("a packed answer is refused, an error by its own status, and charged as reserved") {
  const auto packed = [](const std::string& status) {
    return fmt::format("HTTP/1.1 {}\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
                       status);
  };
  {
    World world(always(packed("200 OK")));
    world.open(Protocol::kAnthropic, 1'000'000);
    const std::string got = world.message();
    CHECK(status_of(got) == "HTTP/1.1 502 Bad Gateway");
    CHECK(got.find("answered 200, packed though it was asked not to") != std::string::npos);
    const auto spent = world.seen.wait_for(1);
    REQUIRE(spent.size() == 1);
    CHECK(spent[0].assumed);
    CHECK(spent[0].micros > kMessageCost);
  }
  World world(always(packed("429 Too Many Requests")));
  world.open(Protocol::kAnthropic, 1'000'000);
  CHECK(status_of(world.message()) == "HTTP/1.1 429 Too Many Requests");
  CHECK(world.seen.wait_for(0).empty());
}

TEST_CASE("an answer that says twice how it is packed is believed to be") {
  for (const std::string& said : {std::string("identity\r\nContent-Encoding: gzip"),
                                  std::string("identity, gzip"), std::string("br")}) {
    World world(always("HTTP/1.1 200 OK\r\nContent-Encoding: " + said +
                       "\r\nContent-Length: 3\r\n\r\nabc"));
    world.open();
    CHECK(status_of(world.message()) == "HTTP/1.1 502 Bad Gateway");
  }
  World plain(always(
      fmt::format("HTTP/1.1 200 OK\r\nContent-Encoding: Identity\r\nContent-Length: {}\r\n\r\n{}",
                  kMessage.size(), kMessage)));
  plain.open();
  CHECK(body_of(plain.message()) == kMessage);
}

TEST_CASE("a length at the end of its range is refused, of a request and of what it asks for") {
  World world(always(answer(kMessage)));
  world.open(Protocol::kAnthropic, 1'000'000);
  for (const char* length : {"18446744073709551615", "18446744073709551616", "-1"}) {
    PlainClient client(world.broker->url());
    client.send(
        fmt::format("POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-api-key: {}\r\n"
                    "Content-Length: {}\r\n\r\n{{",
                    kToken, length));
    const std::string status = status_of(client.read_all());
    CHECK((status == "HTTP/1.1 413 Payload Too Large" || status == "HTTP/1.1 400 Bad Request"));
  }
  for (const char* most : {"18446744073709551615", "18446744073709551616", "1e300", "-1"})
    CHECK(status_of(world.ask("/v1/messages",
                              fmt::format(R"({{"model":"claude-sonnet-4-6","max_tokens":{}}})",
                                          most))) != "HTTP/1.1 200 OK");
  CHECK(world.service.requests().empty());
}

TEST_CASE("a GET that has a body is refused") {
  World world(always(answer(kMessage)));
  world.open();
  PlainClient client(world.broker->url());
  client.send(
      fmt::format("GET /v1/models HTTP/1.1\r\nHost: x\r\nx-api-key: {}\r\n"
                  "Content-Length: 2\r\n\r\n{{}}",
                  kToken));
  CHECK(status_of(client.read_all()) == "HTTP/1.1 400 Bad Request");
  CHECK(world.service.requests().empty());
}

TEST_CASE("connections that show no token keep nobody out") {
  World world(always(answer(kMessage)));
  world.open();
  std::vector<std::unique_ptr<PlainClient>> idle;
  for (int i = 0; i < 700; ++i)
    idle.push_back(std::make_unique<PlainClient>(world.broker->url()));
  CHECK(status_of(world.message()) == "HTTP/1.1 200 OK");
  // The oldest had to go.
  CHECK(idle.front()->read_all().empty());
}

TEST_CASE("a head that does not come, comes drop by drop, or a body that does not come ends") {
  World world(always(answer(kMessage)));
  Options options;
  options.head = options.body = options.idle = std::chrono::milliseconds(100);
  world.start(options);
  world.open();
  for (const std::string& begun : {std::string(), std::string("POST /v1/mess"),
                                   std::string("POST /v1/messages HTTP/1.1\r\nx-api-key: ") +
                                       kToken + "\r\nContent-Length: 9\r\n\r\n{"}) {
    PlainClient client(world.broker->url());
    client.send(begun);
    CHECK(client.read_all().empty());
  }
}

TEST_CASE("a session that asks too much at once is told, and others are not held up") {
  World world([](const std::string& request, const Turn& turn) {
    if (request.find("other") == std::string::npos)
      return turn.wait_gone();
    turn.send(answer(kMessage));
  });
  Options options;
  options.most_connections = 2;
  world.start(options);
  world.open();
  world.open(Protocol::kAnthropic, {}, "4.1", "fleetc-other");
  const std::string body = R"({"model":"claude-sonnet-4-6","max_tokens":9})";
  PlainClient one(world.broker->url()), two(world.broker->url());
  one.send(World::request("/v1/messages", body));
  two.send(World::request("/v1/messages", body));
  while (world.service.requests().size() < 2)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const std::string got = world.message();
  CHECK(status_of(got) == "HTTP/1.1 503 Service Unavailable");
  CHECK(got.find("this session asks too much at once") != std::string::npos);
  CHECK(status_of(world.ask("/v1/messages", R"({"model":"claude-sonnet-4-6","metadata":"other"})",
                            "x-api-key: fleetc-other")) == "HTTP/1.1 200 OK");
}

TEST_CASE("bodies that are held have a bound over all, and a session has a part of it") {
  World world(always(answer(kMessage)));
  Options options;
  options.most_memory = 200'000;
  world.start(options);
  world.open();
  const auto padded = [](const std::string& word) {
    return fmt::format(R"({{"model":"claude-sonnet-4-6","max_tokens":9,"metadata":"{}{}"}})", word,
                       std::string(30'000, 'x'));
  };
  const std::string large = World::request("/v1/messages", padded("") + std::string(30'000, ' '));
  PlainClient client(world.broker->url());
  client.send(large);
  CHECK(status_of(client.read_all()) == "HTTP/1.1 503 Service Unavailable");
  // What is given back can be had again.
  for (int i = 0; i < 10; ++i)
    CHECK(status_of(world.ask("/v1/messages", padded(""))) == "HTTP/1.1 200 OK");
}

TEST_CASE("a service that answers drop by drop without end is given up") {
  World world([](const std::string&, const Turn& turn) {
    bool there = turn.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (there) {
      there = turn.send("1\r\n:\r\n");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  Options options;
  options.longest = std::chrono::milliseconds(300);
  world.start(options);
  world.open(Protocol::kAnthropic, 1'000'000);
  CHECK(status_of(world.message()) == "HTTP/1.1 200 OK");
  const auto spent = world.seen.wait_for(1);
  REQUIRE(spent.size() == 1);
  CHECK(spent[0].assumed);
}
