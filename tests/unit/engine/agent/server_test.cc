// The sessions' sockets under clients that mean well and clients that do not.
#include "engine/agent/server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <condition_variable>
#include <deque>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/agent/client.h"
#include "engine/os/socket.h"
#include "tests/support/scratch_dir.h"

using namespace fleet;
using namespace fleet::agent;
using fleet::testing::ScratchDir;

namespace {

constexpr std::chrono::milliseconds kPatience{60'000};

// Answers `done` with the session's name and the summary, at once; keeps `escalate` waiting.
struct Office {
  ScratchDir dir;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Answer> waiting;
  std::unique_ptr<Server> server;

  Office() { open_server(); }
  void open_server() {
    auto started =
        Server::start([this](const std::string& session, const Request& request, Answer answer) {
          if (request.verb == Verb::kEscalate) {
            const std::lock_guard lock(mutex);
            waiting.push_back(std::move(answer));
            changed.notify_all();
            return;
          }
          const auto summary = request.with.find("summary");
          answer({"", Fault::kNone,
                  session + ":" + (summary == request.with.end() ? "" : summary->second)});
        });
    REQUIRE(started);
    server = *std::move(started);
  }
  std::string place(const std::string& session) { return dir / session; }
  void open(const std::string& session) {
    std::filesystem::create_directories(place(session));
    REQUIRE(server->open(session, place(session), "token of " + session));
  }
  UniqueFd connect(const std::string& session) {
    auto fd = os::connect_at(place(session), Server::kSocket);
    REQUIRE(fd);
    return *std::move(fd);
  }
  Client client(const std::string& session) {
    return Client({place(session) + "/" + Server::kSocket, "token of " + session}, kPatience);
  }
};

void say(const UniqueFd& fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t gave = ::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (gave <= 0)
      return;  // hung up on, as a flood may be
    bytes.remove_prefix(static_cast<std::size_t>(gave));
  }
}

// Up to the line's end, or all until the server hangs up.
std::string hear(const UniqueFd& fd) {
  std::string line;
  char c = 0;
  while (true) {
    pollfd set{fd.get(), POLLIN, 0};
    REQUIRE(::poll(&set, 1, static_cast<int>(kPatience.count())) == 1);
    if (::recv(fd.get(), &c, 1, 0) != 1)
      return line + "<end>";
    if (c == '\n')
      return line;
    line += c;
  }
}

std::string line_of(const std::string& session, const std::string& summary = "x",
                    Verb verb = Verb::kDone) {
  Arguments with = {{verb == Verb::kEscalate ? "why" : "summary", summary}};
  return encode(Request{"1", "token of " + session, verb, std::move(with)}) + "\n";
}

}  // namespace

TEST_CASE("a session is answered as itself") {
  Office office;
  office.open("a");
  office.open("b");
  Client a = office.client("a");
  Client b = office.client("b");
  for (int i = 0; i < 20; ++i) {
    CHECK(a.ask(Verb::kDone, {{"summary", std::to_string(i)}})->text == "a:" + std::to_string(i));
    CHECK(b.ask(Verb::kDone, {{"summary", std::to_string(i)}})->text == "b:" + std::to_string(i));
  }
}

TEST_CASE("another session's token is denied, and the line is cut") {
  Office office;
  office.open("a");
  office.open("b");
  const UniqueFd fd = office.connect("a");
  say(fd, line_of("b") + line_of("a"));
  CHECK(hear(fd) ==
        R"({"error":"denied","id":"1","ok":false,"text":"the token is not that of this session"})");
  CHECK(hear(fd) == "<end>");
  CHECK(office.client("a").ask(Verb::kDone, {})->text == "a:");
}

TEST_CASE("a line that is no request is answered by what is wrong, and the line is cut") {
  Office office;
  office.open("a");
  const UniqueFd fd = office.connect("a");
  say(fd, "hello\n");
  CHECK(hear(fd) == R"({"error":"malformed","id":"","ok":false,"text":"not JSON"})");
  CHECK(hear(fd) == "<end>");
}

TEST_CASE("half a line waits for its other half, and nobody waits for it") {
  Office office;
  office.open("a");
  const UniqueFd fd = office.connect("a");
  const std::string line = line_of("a");
  say(fd, line.substr(0, 20));
  CHECK(office.client("a").ask(Verb::kDone, {})->text == "a:");
  say(fd, line.substr(20));
  CHECK(hear(fd).find("a:x") != std::string::npos);
}

TEST_CASE("a line without an end is refused once it is longer than a request may be") {
  Office office;
  office.open("a");
  const UniqueFd fd = office.connect("a");
  say(fd, std::string(kMaxRequest + 200'000, 'x'));
  CHECK(hear(fd).find("a line of more than 262144 bytes") != std::string::npos);
}

TEST_CASE("requests in one piece are answered one after the other, in order") {
  Office office;
  office.open("a");
  const UniqueFd fd = office.connect("a");
  std::string all;
  for (int i = 0; i < 300; ++i)
    all += line_of("a", std::to_string(i));
  say(fd, all);
  for (int i = 0; i < 300; ++i)
    REQUIRE(hear(fd).find("\"a:" + std::to_string(i) + "\"") != std::string::npos);
}

TEST_CASE("who sends and never reads is read from no longer, and others are served") {
  Office office;
  office.open("a");
  office.open("b");
  const UniqueFd flood = office.connect("a");
  REQUIRE(::fcntl(flood.get(), F_SETFL, O_NONBLOCK) == 0);
  const std::string line = line_of("a", std::string(4'000, 'y'));
  // Until the system takes no more: the server has stopped reading.
  std::size_t sent = 0;
  while (true) {
    const ssize_t gave = ::send(flood.get(), line.data() + sent % line.size(),
                                line.size() - sent % line.size(), MSG_NOSIGNAL);
    if (gave > 0) {
      sent += static_cast<std::size_t>(gave);
      REQUIRE(sent < (std::size_t{64} << 20));
      continue;
    }
    REQUIRE(errno == EAGAIN);
    pollfd set{flood.get(), POLLOUT, 0};
    if (::poll(&set, 1, 200) == 0)
      break;
  }
  CHECK(office.client("b").ask(Verb::kDone, {})->text == "b:");
  CHECK(office.client("a").ask(Verb::kDone, {})->text == "a:");
}

TEST_CASE("of many connections the first few are served, and the next ones once these are gone") {
  Office office;
  office.open("a");
  office.open("b");
  std::vector<UniqueFd> idle;
  for (std::size_t i = 0; i < Server::kMaxConnections; ++i) {
    idle.push_back(office.connect("a"));
    say(idle.back(), line_of("a"));
    CHECK(hear(idle.back()).find("a:x") != std::string::npos);
  }
  const UniqueFd late = office.connect("a");
  say(late, line_of("a", "late"));
  CHECK(office.client("b").ask(Verb::kDone, {})->text == "b:");
  pollfd set{late.get(), POLLIN, 0};
  CHECK(::poll(&set, 1, 100) == 0);
  idle.pop_back();
  CHECK(hear(late).find("a:late") != std::string::npos);
}

TEST_CASE("who asks and shuts only its own half is still answered") {
  Office office;
  office.open("a");
  const UniqueFd fd = office.connect("a");
  say(fd, line_of("a"));
  REQUIRE(::shutdown(fd.get(), SHUT_WR) == 0);
  CHECK(hear(fd).find("a:x") != std::string::npos);
  CHECK(hear(fd) == "<end>");
}

TEST_CASE("an answer that comes when the client is gone goes nowhere") {
  Office office;
  office.open("a");
  {
    const UniqueFd fd = office.connect("a");
    say(fd, line_of("a", "why", Verb::kEscalate));
    std::unique_lock lock(office.mutex);
    REQUIRE(office.changed.wait_for(lock, kPatience, [&] { return !office.waiting.empty(); }));
  }
  office.waiting.front()({"", Fault::kNone, "for nobody"});
  const UniqueFd next = office.connect("a");
  say(next, line_of("a", "mine"));
  CHECK(hear(next).find("a:mine") != std::string::npos);
  office.server.reset();
  office.waiting.front()({"", Fault::kNone, "for a server that is gone"});
}

TEST_CASE("a request under way when the engine dies is answered by the next one") {
  Office office;
  office.open("a");
  Result<Reply> reply = Error(Errc::kInvalid, "not asked");
  std::thread asker([&] { reply = office.client("a").ask(Verb::kEscalate, {{"why", "w"}}); });
  {
    std::unique_lock lock(office.mutex);
    REQUIRE(office.changed.wait_for(lock, kPatience, [&] { return !office.waiting.empty(); }));
    office.waiting.clear();
  }
  office.server.reset();
  office.open_server();
  office.open("a");
  {
    std::unique_lock lock(office.mutex);
    REQUIRE(office.changed.wait_for(lock, kPatience, [&] { return !office.waiting.empty(); }));
    office.waiting.front()({"", Fault::kNone, "by the second"});
  }
  asker.join();
  REQUIRE(reply);
  CHECK(reply->text == "by the second");
}

TEST_CASE("a client that finds no engine in its time says so") {
  ScratchDir dir;
  int told = 0;
  Client client({dir / "agent.sock", "t"}, std::chrono::milliseconds(50),
                [&](std::string_view) { ++told; });
  const auto reply = client.ask(Verb::kTask, {});
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code() == Errc::kTimeout);
  CHECK(told > 0);
}

TEST_CASE("a session that is closed is hung up on") {
  Office office;
  office.open("a");
  const UniqueFd fd = office.connect("a");
  say(fd, line_of("a"));
  CHECK(hear(fd).find("a:x") != std::string::npos);
  office.server->close("a");
  CHECK(hear(fd) == "<end>");
}
