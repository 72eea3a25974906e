// The verbs as tools of the Model Context Protocol: JSON-RPC 2.0, a message a line. A state machine
// of text to text; where the lines come from and who answers the tools is the caller's.
// https://modelcontextprotocol.io/specification/2025-11-25
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/agent/protocol.h"

namespace fleet::agent {

class Mcp {
 public:
  static constexpr std::size_t kMaxLine = std::size_t{1} << 20;

  using AskVerb = std::function<Result<Reply>(Verb verb, Arguments with)>;
  Mcp(AskVerb ask, std::string version) : ask_(std::move(ask)), version_(std::move(version)) {}

  // What is answered to one line, without its end; empty: nothing is. Blocks as long as `ask` does.
  std::optional<std::string> take(std::string_view line);
  // To a line that is longer than kMaxLine.
  static std::string too_long();

 private:
  struct Message;
  std::optional<std::string> take_one(const Message& message);
  std::string initialize(const Message& message);
  std::string call_tool(const Message& message);

  AskVerb ask_;
  std::string version_;
  std::string protocol_;  // as agreed on; empty before `initialize`
};

}  // namespace fleet::agent
