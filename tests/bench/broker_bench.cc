// What the broker adds to a request: a scripted endpoint on loopback, asked by the same clients
// directly and through a broker of this process, in turn.
//
//   broker_bench ROUNDS REQUESTS    prints one JSON object, whose lists have a figure a round
//
// Both ways the clients keep their connections. The broker's own to the service is new for each
// request, as it is in earnest; here without TLS.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "engine/broker/broker.h"
#include "tests/support/scratch_dir.h"
#include "tests/support/scripted_service.h"

namespace fleet {
namespace {

using Clock = std::chrono::steady_clock;
using testing::PlainClient;

constexpr std::size_t kClients = 4;      // at once, where throughput is measured
constexpr std::size_t kPrompt = 32'000;  // bytes of a request
constexpr std::size_t kEvents = 50;      // of a streamed answer

double micros(Clock::duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

std::string whole_answer() {
  const std::string body = fmt::format(
      R"({{"content":[{{"type":"text","text":"{}"}}],"usage":{{"input_tokens":8000,"output_tokens":500}}}})",
      std::string(2'000, 'x'));
  return fmt::format(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
      body.size(), body);
}

std::string chunk(const std::string& text) {
  return fmt::format("{:x}\r\n{}\r\n", text.size(), text);
}

std::string streamed_answer() {
  std::string out =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
  out += chunk(
      "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":"
      "{\"input_tokens\":8000,\"output_tokens\":1}}}\n\n");
  for (std::size_t i = 0; i < kEvents; ++i)
    out += chunk(
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":"
        "{\"type\":\"text_delta\",\"text\":\"so it goes \"}}\n\n");
  out += chunk(
      "event: message_delta\ndata: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":500}}"
      "\n\n");
  out += chunk("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
  return out + "0\r\n\r\n";
}

// Reads to the end of one message; what follows its head is all there is, or ends with `last`.
std::string read_message(int socket, const std::string& last) {
  std::string text;
  char part[16'384];
  for (;;) {
    const std::size_t end = text.find("\r\n\r\n");
    if (end != std::string::npos) {
      const std::string length = testing::header_of(text, "content-length");
      if (!length.empty() ? text.size() >= end + 4 + std::stoul(length) : text.ends_with(last))
        return text;
    }
    const ssize_t got = ::recv(socket, part, sizeof part, 0);
    if (got <= 0)
      return {};
    text.append(part, static_cast<std::size_t>(got));
  }
}

void send_all(int socket, const std::string& text) {
  FLEET_ASSERT(::send(socket, text.data(), text.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(text.size()));
}

void no_delay(int socket) {
  const int on = 1;
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// Answers at once, on as many connections as it has threads.
class Endpoint {
 public:
  Endpoint() {
    listener_ = testing::listen_on_loopback(port_);
    for (std::size_t i = 0; i < 2 * kClients + 2; ++i)
      threads_.emplace_back([this] { serve(); });
  }
  ~Endpoint() {
    over_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    for (std::thread& thread : threads_)
      thread.join();
    ::close(listener_);
  }
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  void serve() {
    for (;;) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0 || over_) {
        if (socket >= 0)
          ::close(socket);
        return;
      }
      no_delay(socket);
      for (;;) {
        const std::string request = read_message(socket, {});
        if (request.empty())
          break;
        const bool streams = request.find("\"stream\":true") != std::string::npos;
        const std::string& answer = streams ? streamed_ : whole_;
        if (::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL) < 0)
          break;
      }
      ::close(socket);
    }
  }

  const std::string whole_ = whole_answer(), streamed_ = streamed_answer();
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> over_{false};
  std::vector<std::thread> threads_;
};

// A client that keeps its connection.
class Asker {
 public:
  Asker(const std::string& url, const std::string& key, bool streams)
      : request_(request(key, streams)) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    place.sin_port = htons(static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1))));
    FLEET_ASSERT(::connect(socket_, reinterpret_cast<sockaddr*>(&place), sizeof place) == 0);
    no_delay(socket_);
  }
  ~Asker() { ::close(socket_); }
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;

  // Microseconds until the whole answer is there.
  double ask() const {
    const auto begun = Clock::now();
    send_all(socket_, request_);
    const std::string answer = read_message(socket_, "0\r\n\r\n");
    FLEET_ASSERT(answer.starts_with("HTTP/1.1 200"), answer.substr(0, 200));
    return micros(Clock::now() - begun);
  }
  // Until the first event of it is.
  double ask_first() const {
    const auto begun = Clock::now();
    send_all(socket_, request_);
    std::string text;
    char part[16'384];
    double first = 0;
    while (!text.ends_with("0\r\n\r\n")) {
      const ssize_t got = ::recv(socket_, part, sizeof part, 0);
      FLEET_ASSERT(got > 0);
      text.append(part, static_cast<std::size_t>(got));
      if (first == 0 && text.find("message_start") != std::string::npos)
        first = micros(Clock::now() - begun);
    }
    return first;
  }

 private:
  static std::string request(const std::string& key, bool streams) {
    const std::string body = fmt::format(
        R"({{"model":"claude-sonnet-4-6","max_tokens":1000,"stream":{},"messages":[{{"role":"user","content":"{}"}}]}})",
        streams, std::string(kPrompt, 'x'));
    return fmt::format(
        "POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-api-key: {}\r\n"
        "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
        key, body.size(), body);
  }

  const std::string request_;
  int socket_ = -1;
};

struct Way {
  std::string url;
  std::string key;
};

// Answers a second.
double throughput(const Way& way, std::size_t requests) {
  const auto begun = Clock::now();
  std::vector<std::thread> clients;
  for (std::size_t i = 0; i < kClients; ++i)
    clients.emplace_back([&] {
      const Asker asker(way.url, way.key, false);
      for (std::size_t n = 0; n < requests / kClients; ++n)
        (void)asker.ask();
    });
  for (std::thread& client : clients)
    client.join();
  return static_cast<double>(requests / kClients * kClients) * 1e6 / micros(Clock::now() - begun);
}

struct Figures {
  std::vector<double> latency, first, rate;  // one a round
};

std::unique_ptr<broker::Broker> start_broker(const std::string& folder, const std::string& service,
                                             const std::string& token) {
  broker::Options options;
  options.port_file = folder + "/port";
  options.slate = folder + "/slate";
  broker::Hooks hooks;
  // What is durable at once, as far as the slate knows.
  hooks.spent = [](const broker::Spent& spent) {
    spent.durable();
  };
  auto broker = broker::Broker::start(std::move(options), std::move(hooks));
  FLEET_ASSERT(static_cast<bool>(broker));
  broker::Session session;
  session.name = "1.1";
  session.token = token;
  session.service = *broker::service_at(broker::Protocol::kAnthropic, service);
  session.key = "sk-a-key-of-the-usual-length-of-keys";
  session.budget = std::int64_t{1'000'000} * 1'000'000;
  session.only_priced = true;
  (*broker)->open(std::move(session));
  (*broker)->serve();
  return *std::move(broker);
}

// In turn, one request each way, so that whatever else the machine does slows both.
void measure(const Way& direct, const Way& through, std::size_t requests, Figures& direct_figures,
             Figures& through_figures) {
  std::vector<double> times[2], firsts[2];
  {
    const Asker whole[] = {{direct.url, direct.key, false}, {through.url, through.key, false}};
    const Asker streamed[] = {{direct.url, direct.key, true}, {through.url, through.key, true}};
    for (std::size_t n = 0; n < requests; ++n)
      for (std::size_t i = 0; i < 2; ++i) {
        times[i].push_back(whole[i].ask());
        firsts[i].push_back(streamed[i].ask_first());
      }
  }
  Figures* const figures[] = {&direct_figures, &through_figures};
  const Way* const ways[] = {&direct, &through};
  for (std::size_t i = 0; i < 2; ++i) {
    figures[i]->latency.push_back(median(times[i]));
    figures[i]->first.push_back(median(firsts[i]));
    figures[i]->rate.push_back(throughput(*ways[i], 4 * requests));
  }
}

void print(const char* name, const Figures& figures, const char* end) {
  fmt::print(
      "\"{0}\":{{\"latency_us\":[{1:.1f}],\"first_event_us\":[{2:.1f}],\"per_second\":[{3:.0f}]}}{"
      "4}",
      name, fmt::join(figures.latency, ","), fmt::join(figures.first, ","),
      fmt::join(figures.rate, ","), end);
}

int run(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: broker_bench ROUNDS REQUESTS\n");
    return 2;
  }
  const int rounds = std::atoi(argv[1]);
  const auto requests = static_cast<std::size_t>(std::atoi(argv[2]));
  const testing::ScratchDir scratch;
  const Endpoint endpoint;
  const Way direct{endpoint.url(), "sk-direct"};
  const auto broker = start_broker(scratch / "broker", endpoint.url(), "fleetc-token");
  const Way through{broker->url(), "fleetc-token"};
  Figures direct_figures, through_figures, ignored;
  measure(direct, through, std::max<std::size_t>(requests / 10, kClients), ignored, ignored);
  for (int round = 0; round < rounds; ++round)
    measure(direct, through, requests, direct_figures, through_figures);
  fmt::print("{{");
  print("direct", direct_figures, ",");
  print("through", through_figures, "}\n");
  return 0;
}

}  // namespace
}  // namespace fleet

int main(int argc, char** argv) {
  return fleet::run(argc, argv);
}
