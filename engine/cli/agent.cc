// agent and mcp: a session's side of its socket.
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "engine/agent/client.h"
#include "engine/agent/mcp.h"
#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/foreground.h"
#include "engine/cli/terminal.h"

namespace fleet::cli {
namespace {

Result<agent::Endpoint> endpoint() {
  const auto variables = environment();
  const auto socket = variables.find("FLEET_SOCKET");
  const auto token = variables.find("FLEET_TOKEN");
  if (socket == variables.end() || token == variables.end())
    return Error(Errc::kNotFound,
                 "this is no session of a run: FLEET_SOCKET and FLEET_TOKEN are not set (`fleetc "
                 "run` sets them for the sessions that it starts)");
  return agent::Endpoint{socket->second, token->second};
}

// "-" stands for standard input, of which as much is read as any text may have, and a byte.
Status read_dashes(const agent::VerbInfo& verb, agent::Arguments& with) {
  for (const agent::Parameter& parameter : verb.parameters) {
    const auto value = with.find(std::string(parameter.name));
    if (parameter.kind != agent::Parameter::Kind::kText || value == with.end() ||
        value->second != "-")
      continue;
    value->second.clear();
    char buffer[4096];
    while (value->second.size() <= parameter.max_bytes) {
      const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
      if (got < 0 && errno == EINTR)
        continue;
      if (got < 0)
        return os_error("read", "standard input", errno);
      if (got == 0)
        break;
      value->second.append(buffer, static_cast<std::size_t>(got));
    }
  }
  return {};
}

agent::Client client_of(agent::Endpoint endpoint, std::uint32_t seconds) {
  return {std::move(endpoint), std::chrono::seconds(seconds),
          [told = false](std::string_view why) mutable {
            if (!std::exchange(told, true))
              complain(fmt::format("fleetc: {}\n", why));
          }};
}

}  // namespace

int agent(const AgentOptions& options) {
  const auto at = endpoint();
  if (!at) {
    complain(at.error());
    return kUsage;
  }
  const agent::VerbInfo& verb = *agent::find_verb(options.verb);
  agent::Arguments with = options.with;
  Status sound = read_dashes(verb, with);
  if (sound)
    sound = agent::check_arguments(verb, with);
  if (!sound) {
    complain(sound.error());
    return kUsage;
  }
  agent::Client client = client_of(*at, options.wait);
  const auto reply = client.ask(verb.verb, std::move(with));
  if (!reply) {
    complain(reply.error());
    return kRunFailed;
  }
  if (options.format == "json")
    print(agent::encode(*reply) + "\n");
  else if (reply->ok())
    print(reply->text + (reply->text.ends_with('\n') ? "" : "\n"));
  else
    complain(fmt::format("fleetc: {}\n", reply->text));
  return reply->ok() ? kDone : kRunFailed;
}

int mcp() {
  const auto at = endpoint();
  if (!at) {
    complain(at.error());
    return kUsage;
  }
  agent::Client client = client_of(*at, AgentOptions{}.wait);
  agent::Mcp server([&client](agent::Verb verb,
                              agent::Arguments with) { return client.ask(verb, std::move(with)); },
                    FLEETC_VERSION);
  std::string in;
  bool skipping = false;  // the rest of a line that was too long
  char buffer[65536];
  while (true) {
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return kDone;
    in.append(buffer, static_cast<std::size_t>(got));
    for (std::size_t end = in.find('\n'); end != std::string::npos; end = in.find('\n')) {
      const std::string line = in.substr(0, end);
      in.erase(0, end + 1);
      if (std::exchange(skipping, false))
        continue;
      if (const auto answer =
              line.size() > agent::Mcp::kMaxLine ? agent::Mcp::too_long() : server.take(line))
        print(*answer + "\n");
    }
    if (in.size() > agent::Mcp::kMaxLine) {
      if (!std::exchange(skipping, true))
        print(agent::Mcp::too_long() + "\n");
      in.clear();
    }
  }
}

}  // namespace fleet::cli
