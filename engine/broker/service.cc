#include "engine/broker/service.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace fleet::broker {
namespace {

constexpr std::string_view kHostChars =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
constexpr std::string_view kAddressChars = "0123456789abcdefABCDEF:.";

bool is_of(std::string_view text, std::string_view chars) {
  return !text.empty() && text.find_first_not_of(chars) == std::string_view::npos;
}

bool take_start(std::string_view& text, std::string_view start) {
  if (!text.starts_with(start))
    return false;
  text.remove_prefix(start.size());
  return true;
}

// "host", "host:8080", "[::1]:8080"
bool read_place(std::string_view place, Service& service) {
  std::string_view port;
  if (take_start(place, "[")) {
    const std::size_t close = place.find(']');
    if (close == std::string_view::npos || !is_of(place.substr(0, close), kAddressChars))
      return false;
    service.host = place.substr(0, close);
    port = place.substr(close + 1);
  } else {
    const std::size_t colon = std::min(place.find(':'), place.size());
    if (!is_of(place.substr(0, colon), kHostChars))
      return false;
    service.host = place.substr(0, colon);
    port = place.substr(colon);
  }
  if (port.empty())
    return true;
  port.remove_prefix(1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), service.port);
  return error == std::errc{} && end == port.data() + port.size() && service.port != 0;
}

}  // namespace

std::string_view vendor_url(Protocol protocol) {
  switch (protocol) {
    case Protocol::kAnthropic: return "https://api.anthropic.com";
    case Protocol::kOpenai: return "https://api.openai.com";
    case Protocol::kGemini: return "https://generativelanguage.googleapis.com";
  }
  return {};
}

Result<Service> service_at(Protocol protocol, std::string_view url) {
  const auto refused = [&] {
    return Error(Errc::kInvalid,
                 fmt::format("`{}` is no address of a service; one is `https://host/path`", url));
  };
  Service service;
  service.protocol = protocol;
  std::string_view rest = url;
  if (take_start(rest, "http://")) {
    service.tls = false;
    service.port = 80;
  } else if (!take_start(rest, "https://")) {
    return refused();
  }
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  if (!read_place(rest.substr(0, slash), service))
    return refused();
  std::string_view prefix = rest.substr(slash);
  while (prefix.ends_with('/'))
    prefix.remove_suffix(1);
  for (const std::string_view version : {"/v1", "/v1beta", "/v1alpha"}) {
    if (prefix.ends_with(version))
      prefix.remove_suffix(version.size());
  }
  if (!prefix.empty() &&
      (!is_of(prefix, std::string(kHostChars) + "/~:@") || prefix.find("..") != prefix.npos))
    return refused();
  service.prefix = prefix;
  return service;
}

std::string host_header(const Service& service) {
  const std::string host =
      service.host.find(':') == std::string::npos ? service.host : "[" + service.host + "]";
  const bool usual = service.port == (service.tls ? 443 : 80);
  return usual ? host : fmt::format("{}:{}", host, service.port);
}

}  // namespace fleet::broker
