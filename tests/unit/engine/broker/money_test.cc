// What it costs, and what is left.
#include <atomic>
#include <thread>

#include "tests/support/broker_world.h"

using namespace fleet;
using namespace fleet::testing;

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
  ::close(listen_on_loopback(port));
  Session session{
      "3.1", kToken,    *service_at(Protocol::kAnthropic, fmt::format("http://127.0.0.1:{}", port)),
      kKey,  1'000'000, 0,
      true,  {},        {}};
  world.broker->open(session);
  const std::string got = world.message();
  CHECK(status_of(got) == "HTTP/1.1 502 Bad Gateway");
  CHECK(got.find("can't be reached") != std::string::npos);
  CHECK(world.seen.wait_for(0).empty());
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

TEST_CASE("who comes before the broker serves waits, and is no stranger") {
  World world(always(answer(kMessage)));
  world.start({}, false);
  PlainClient client(world.broker->url());
  client.send(World::request("/v1/messages", R"({"model":"claude-sonnet-4-6","max_tokens":100})"));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  world.open();
  CHECK(world.service.requests().empty());
  world.broker->serve();
  CHECK(status_of(client.read_all()) == "HTTP/1.1 200 OK");
}

TEST_CASE("an answer without figures costs what was reserved, with a budget or without") {
  struct Case {
    Protocol protocol;
    std::string path, model, body, said;
  };
  const std::string key = std::string("Authorization: Bearer ") + kToken;
  const std::string gemini = R"({"generationConfig":{"maxOutputTokens":100}})";
  const Case cases[] = {
      {Protocol::kAnthropic, "/v1/messages", "claude-sonnet-4-6",
       R"({"model":"claude-sonnet-4-6","max_tokens":100})", R"({"usage":{}})"},
      {Protocol::kOpenai, "/v1/responses", "gpt-5", R"({"model":"gpt-5","max_output_tokens":100})",
       R"({"usage":{}})"},
      {Protocol::kOpenai, "/v1/chat/completions", "gpt-5",
       R"({"model":"gpt-5","max_completion_tokens":100})", R"({"usage":{}})"},
      {Protocol::kGemini, "/v1beta/models/gemini-2.5-flash:generateContent", "gemini-2.5-flash",
       gemini, R"({"usageMetadata":{}})"},
  };
  for (const Case& one : cases)
    for (const std::string& said : {one.said, std::string("{}"), std::string()})
      for (const std::optional<std::int64_t> budget :
           {std::optional<std::int64_t>(1'000'000), std::optional<std::int64_t>()}) {
        CAPTURE(one.path, said);
        World world(always(answer(said)));
        world.open(one.protocol, budget);
        CHECK(status_of(world.ask(one.path, one.body, key)) == "HTTP/1.1 200 OK");
        const auto spent = world.seen.wait_for(1);
        REQUIRE(spent.size() == 1);
        CHECK(spent[0].assumed);
        CHECK(spent[0].micros ==
              worst_cost(4'000 + one.body.size(), 100, false, *price_of(one.model)));
      }
}

TEST_CASE("sessions that share a budget never have more reserved than it has, and all are told") {
  std::atomic<int> under_way{0}, most{0};
  World world([&](const std::string&, const Turn& turn) {
    const int now = ++under_way;
    most = std::max(most.load(), now);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    --under_way;
    turn.send(answer(kMessage));
  });
  // Room for the worst of one, and what three turn out to be; of a fourth, no more.
  const auto run = std::make_shared<Purse>("the run", 23'000);
  const auto open = [&](const std::string& name, const std::string& token) {
    Session session;
    session.name = name;
    session.token = token;
    session.service = *service_at(Protocol::kAnthropic, world.service.url());
    session.key = kKey;
    session.only_priced = true;
    session.shared = {run};
    world.broker->open(std::move(session));
  };
  open("3.1", kToken);
  open("4.1", "fleetc-other");
  std::vector<std::thread> clients;
  std::atomic<int> well{0};
  for (int i = 0; i < 2; ++i)
    clients.emplace_back([&, i] {
      const std::string got =
          world.ask("/v1/messages", R"({"model":"claude-sonnet-4-6","max_tokens":100})",
                    std::string("x-api-key: ") + (i == 0 ? kToken : "fleetc-other"));
      well += status_of(got) == "HTTP/1.1 200 OK" ? 1 : 0;
    });
  for (std::thread& client : clients)
    client.join();
  CHECK(well == 2);
  CHECK(most == 1);
  CHECK(run->spent() == 2 * kMessageCost);
  CHECK(run->reserved() == 0);
  CHECK(world.message().find("the budget of the run is spent: $0.0090 of $0.0230 are used") !=
        std::string::npos);
}
