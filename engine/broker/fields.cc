#include "engine/broker/fields.h"

#include <algorithm>

#include "engine/broker/dialect.h"
#include "engine/broker/scrub.h"

namespace fleet::broker {
namespace {

bool is_ours(beast::string_view name, beast::string_view connection) {
  constexpr const char* kOurs[] = {
      "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
      "transfer-encoding", "upgrade", "host", "content-length", "expect", "accept-encoding",
      "authorization", "x-api-key", "x-goog-api-key", "cookie", "set-cookie", "proxy-connection",
      "forwarded", "x-forwarded-for",
      // What would have the service answer less, or otherwise, than is metered here.
      "x-goog-fieldmask", "x-goog-user-project", "x-http-method-override",
      // What leads elsewhere.
      "location", "www-authenticate"};
  return std::ranges::any_of(kOurs, [&](const char* ours) { return beast::iequals(name, ours); }) ||
         http::token_list(connection).exists(name);
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

void copy_request_fields(const Request& from, Request& to) {
  const beast::string_view connection = from[http::field::connection];
  for (const auto& field : from)
    if (!is_ours(field.name_string(), connection))
      to.insert(field.name_string(), field.value());
}

void copy_answer_fields(const http::fields& from, http::fields& to, const std::string& secret) {
  const beast::string_view connection = from[http::field::connection];
  for (const auto& field : from) {
    const std::string name = text_of(field.name_string());
    // A name is read without regard to case.
    const bool shows = !std::ranges::search(name, secret, {}, lower, lower).empty();
    if (!is_ours(name, connection) && !shows)
      to.insert(name, scrubbed(text_of(field.value()), secret));
  }
}

std::string token_in(const Request& request) {
  for (const char* name : {"x-api-key", "x-goog-api-key"})
    if (const auto value = request[name]; !value.empty())
      return text_of(value);
  const beast::string_view bearer = "Bearer ", given = request[http::field::authorization];
  if (given.starts_with(bearer))
    return text_of(given.substr(bearer.size()));
  return key_in(text_of(request.target()));
}

}  // namespace fleet::broker
