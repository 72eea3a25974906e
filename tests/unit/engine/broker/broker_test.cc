// What passes through, and how.
#include "tests/support/broker_world.h"

using namespace fleet;
using namespace fleet::testing;

TEST_CASE("a request goes to its service with the key in the token's place, and comes back whole") {
  World world(always(answer(kMessage)));
  world.open();
  const std::string got = world.message();
  CHECK(status_of(got) == "HTTP/1.1 200 OK");
  CHECK(body_of(got) == kMessage);
  const std::string asked = world.service.requests().at(0);
  CHECK(asked.starts_with("POST /v1/messages HTTP/1.1\r\n"));
  CHECK(header_of(asked, "x-api-key") == kKey);
  CHECK(asked.find(kToken) == std::string::npos);
  CHECK(header_of(asked, "accept-encoding") == "identity");
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
    CHECK(header_of(world.service.requests().at(0), "authorization") ==
          std::string("Bearer ") + kKey);
  }
  SECTION("Gemini, by a parameter too") {
    World world(always(answer(R"({"usageMetadata":{"promptTokenCount":10}})")));
    world.open(Protocol::kGemini);
    CHECK(status_of(
              world.ask(std::string("/v1beta/models/gemini-2.5-pro:generateContent?key=") + kToken,
                        "{}", "x: y")) == "HTTP/1.1 200 OK");
    const std::string asked = world.service.requests().at(0);
    CHECK(header_of(asked, "x-goog-api-key") == kKey);
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
  CHECK(body_of(got) == R"({"input_tokens":12})");
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

TEST_CASE("a service's error comes through as it is, costs nothing, and never shows the key") {
  for (const char* status : {"401 Unauthorized", "429 Too Many Requests", "529 Overloaded"}) {
    World world(always(answer(std::string("{\"error\":\"bad key ") + kKey + "\"}", status)));
    world.open(Protocol::kAnthropic, 1'000'000);
    const std::string got = world.message();
    CHECK(status_of(got).find(std::string(status).substr(0, 3)) != std::string::npos);
    CHECK(body_of(got) == "{\"error\":\"bad key ***************\"}");
    CHECK(world.seen.wait_for(0).empty());
  }
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
