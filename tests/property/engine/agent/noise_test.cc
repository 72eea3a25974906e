// Any bytes in, in any pieces: never a crash, a hang or another session's answer.
#include <poll.h>
#include <rapidcheck.h>
#include <sys/socket.h>

#include <filesystem>

#include <catch2/catch.hpp>

#include "engine/agent/mcp.h"
#include "engine/agent/server.h"
#include "engine/os/socket.h"
#include "tests/support/scratch_dir.h"

using namespace fleet;
using namespace fleet::agent;

namespace {

// Bytes that are often almost a request.
rc::Gen<std::string> noise() {
  const std::string good =
      encode(Request{"1", "token", Verb::kVerdict, {{"verdict", "approved"}}}) + "\n";
  const auto damaged = rc::gen::map(
      rc::gen::tuple(rc::gen::inRange<std::size_t>(0, good.size()), rc::gen::arbitrary<char>()),
      [good](const std::tuple<std::size_t, char>& change) {
        std::string bytes = good;
        bytes[std::get<0>(change)] = std::get<1>(change);
        return bytes;
      });
  const auto cut = rc::gen::map(rc::gen::inRange<std::size_t>(0, good.size()),
                                [good](std::size_t length) { return good.substr(0, length); });
  return rc::gen::oneOf(rc::gen::arbitrary<std::string>(), damaged, cut, rc::gen::just(good));
}

std::string hear_all(int fd) {
  std::string heard;
  char buffer[4096];
  while (true) {
    pollfd set{fd, POLLIN, 0};
    RC_ASSERT(::poll(&set, 1, 60'000) == 1);
    const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got <= 0)
      return heard;
    heard.append(buffer, static_cast<std::size_t>(got));
  }
}

}  // namespace

TEST_CASE("what is decoded from any bytes is encoded to what is decoded the same") {
  CHECK(rc::check([] {
    const std::string line = *noise();
    if (const auto request = decode_request(line))
      RC_ASSERT(*decode_request(encode(*request)) == *request);
    if (const auto reply = decode_reply(line))
      RC_ASSERT(*decode_reply(encode(*reply)) == *reply);
  }));
}

TEST_CASE("the MCP server answers any line with nothing or one line") {
  CHECK(rc::check([] {
    Mcp mcp([](Verb, Arguments) { return Reply{"", Fault::kNone, "ok"}; }, "1");
    const auto lines = *rc::gen::container<std::vector<std::string>>(rc::gen::oneOf(
        noise(),
        rc::gen::element<std::string>(
            R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26"}})",
            R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"task"}})",
            R"([{"jsonrpc":"2.0","id":1,"method":"tools/list"}])")));
    for (const std::string& line : lines)
      if (const auto answer = mcp.take(line))
        RC_ASSERT(!answer->empty() && answer->find('\n') == std::string::npos);
  }));
}

TEST_CASE("each session gets its own answers, whatever the others send") {
  const testing::ScratchDir dir;
  auto server = Server::start([](const std::string& session, const Request&, Answer answer) {
    answer({"", Fault::kNone, "for " + session});
  });
  REQUIRE(server);
  const std::vector<std::string> sessions = {"a", "b", "c"};
  for (const std::string& session : sessions) {
    std::filesystem::create_directories(dir / session);
    REQUIRE((*server)->open(session, dir / session, session == "a" ? "other" : "token"));
  }
  CHECK(rc::check([&] {
    const auto pieces = *rc::gen::container<std::vector<std::pair<std::size_t, std::string>>>(
        rc::gen::pair(rc::gen::inRange<std::size_t>(0, 3), noise()));
    std::vector<UniqueFd> fds;
    for (const std::string& session : sessions) {
      auto fd = os::connect_at(dir / session, Server::kSocket);
      RC_ASSERT(static_cast<bool>(fd));
      fds.push_back(*std::move(fd));
    }
    for (const auto& [to, bytes] : pieces)
      (void)!::send(fds[to].get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    for (std::size_t i = 0; i < fds.size(); ++i) {
      ::shutdown(fds[i].get(), SHUT_WR);
      const std::string heard = hear_all(fds[i].get());
      for (const std::string& other : sessions)
        if (other != sessions[i])
          RC_ASSERT(heard.find("for " + other) == std::string::npos);
      // Whoever has not the token gets no answer at all.
      if (i == 0)
        RC_ASSERT(heard.find("for a") == std::string::npos);
    }
  }));
}
