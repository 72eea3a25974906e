// What reaches the engine and its clients from sessions: lines of their sockets and of MCP. Whatever
// they are, nothing crashes, and what is understood is written back so that it is understood the
// same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/agent/mcp.h"
#include "engine/agent/protocol.h"
#include "engine/base/check.h"

using namespace fleet::agent;

namespace {

void read_lines(Mcp& mcp, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view line = bytes.substr(0, bytes.find('\n'));
    bytes.remove_prefix(std::min(line.size() + 1, bytes.size()));
    if (const auto request = decode_request(line)) {
      const auto again = decode_request(encode(*request));
      FLEET_ASSERT(again && *again == *request, encode(*request));
    }
    if (const auto reply = decode_reply(line)) {
      const auto again = decode_reply(encode(*reply));
      FLEET_ASSERT(again && *again == *reply, encode(*reply));
    }
    if (const auto answer = mcp.take(line))
      FLEET_ASSERT(!answer->empty() && answer->find('\n') == std::string::npos, *answer);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Mcp mcp([](Verb, const Arguments&) { return Reply{"", Fault::kNone, "said", R"({"left":0})"}; },
          "1");
  read_lines(mcp, {reinterpret_cast<const char*>(data), size});
  return 0;
}
