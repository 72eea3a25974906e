// The service that a session's requests go to: one host, named by the fleet and not by a request.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/broker/dialect.h"

namespace fleet::broker {

struct Service {
  Protocol protocol = Protocol::kAnthropic;
  bool bearer = false;  // Anthropic's by a token, not by an API key
  bool tls = true;
  std::string host;
  std::uint16_t port = 443;
  std::string prefix;  // before a request's path: "" or "/…" without a slash at its end
  friend bool operator==(const Service&, const Service&) = default;
};

// Where the vendor serves the protocol.
std::string_view vendor_url(Protocol protocol);

// "https://host[:port][/prefix]"; what a protocol's base URL has at its end ("/v1") is taken off,
// since requests have it. kInvalid: no such URL, or one with a name, a key or a query in it.
Result<Service> service_at(Protocol protocol, std::string_view url);

// "host" or "host:port", as a request names it.
std::string host_header(const Service& service);

}  // namespace fleet::broker
