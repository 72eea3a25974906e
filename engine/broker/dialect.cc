#include "engine/broker/dialect.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fleet::broker {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kNameChars =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:@";

// A name in a path. Nothing encoded, no "..": what the service sees is what was judged here.
bool is_name(std::string_view text) {
  return !text.empty() && text.find_first_not_of(kNameChars) == std::string_view::npos &&
         text.find("..") == std::string_view::npos;
}

bool is_query(std::string_view text) {
  constexpr std::string_view kMore = "=&%+~,";
  return std::ranges::all_of(text, [&](char c) {
    return kNameChars.find(c) != std::string_view::npos || kMore.find(c) != std::string_view::npos;
  });
}

template <class Take>
void each_parameter(std::string_view query, Take take) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    take(query.substr(0, end));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
}

// Whether the service is asked to leave parts of its answer out: its figures could be among them.
// A name that is spelt in percents could be any.
bool chooses_fields(std::string_view query) {
  bool chooses = false;
  each_parameter(query, [&](std::string_view parameter) {
    const std::string_view name = parameter.substr(0, parameter.find('='));
    chooses = chooses || name == "fields" || name.find('%') != std::string_view::npos;
  });
  return chooses;
}

std::string_view query_of(std::string_view target) {
  const std::size_t at = target.find('?');
  return at == std::string_view::npos ? std::string_view() : target.substr(at + 1);
}

std::string without_key(std::string_view query) {
  std::string out;
  each_parameter(query, [&](std::string_view parameter) {
    if (parameter.starts_with("key="))
      return;
    out += out.empty() ? '?' : '&';
    out += parameter;
  });
  return out;
}

// "/v1/models" or "/v1/models/NAME"
bool is_models(std::string_view path, std::string_view models) {
  if (!path.starts_with(models))
    return false;
  path.remove_prefix(models.size());
  return path.empty() || (path.front() == '/' && is_name(path.substr(1)));
}

struct Known {
  Protocol protocol;
  std::string_view method;
  std::string_view path;
  Call call;
};

constexpr auto kPaths = std::to_array<Known>({
    {Protocol::kAnthropic, "POST", "/v1/messages", Call::kMessages},
    {Protocol::kAnthropic, "POST", "/v1/messages/count_tokens", Call::kFree},
    {Protocol::kOpenai, "POST", "/v1/responses", Call::kResponses},
    {Protocol::kOpenai, "POST", "/v1/responses/input_tokens", Call::kFree},
    {Protocol::kOpenai, "POST", "/v1/chat/completions", Call::kChat},
});

// /v1beta/models/NAME:generateContent
std::optional<Target> gemini_target(std::string_view method, std::string_view path) {
  std::string_view rest;
  for (const std::string_view version : {"/v1beta/models", "/v1alpha/models", "/v1/models"}) {
    if (method == "GET" && is_models(path, version))
      return Target{Call::kFree, {}, {}, false};
    if (path.starts_with(version) && path.substr(version.size()).starts_with('/'))
      rest = path.substr(version.size() + 1);
  }
  const std::size_t colon = rest.rfind(':');
  if (method != "POST" || colon == std::string_view::npos || !is_name(rest.substr(0, colon)))
    return std::nullopt;
  const std::string model(rest.substr(0, colon));
  const std::string_view verb = rest.substr(colon + 1);
  if (verb == "generateContent")
    return Target{Call::kGenerate, {}, model, false};
  if (verb == "streamGenerateContent")
    return Target{Call::kGenerate, {}, model, true};
  if (verb == "countTokens")
    return Target{Call::kFree, {}, model, false};
  return std::nullopt;
}

std::optional<Target> known_target(Protocol protocol, std::string_view method,
                                   std::string_view path) {
  if (protocol == Protocol::kGemini)
    return gemini_target(method, path);
  if (method == "GET" && is_models(path, "/v1/models"))
    return Target{Call::kFree, {}, {}, false};
  const auto known = std::ranges::find_if(kPaths, [&](const Known& each) {
    return each.protocol == protocol && each.method == method && each.path == path;
  });
  return known == kPaths.end() ? std::nullopt : std::optional(Target{known->call, {}, {}, false});
}

struct Shape {
  unsigned status;
  const char* anthropic;
  const char* openai;  // the code
  const char* gemini;
};

// Of a budget each CLI has to hear that waiting does not help; that the attempt ends is the
// engine's doing.
Shape shape_of(Protocol protocol, No no) {
  switch (no) {
    case No::kKey: return {401, "authentication_error", "invalid_api_key", "UNAUTHENTICATED"};
    case No::kOver: return {403, "permission_error", "session_over", "PERMISSION_DENIED"};
    case No::kPath: return {404, "not_found_error", "not_found", "NOT_FOUND"};
    case No::kUpgrade: return {426, "invalid_request_error", "upgrade_refused", "INVALID_ARGUMENT"};
    case No::kBad: return {400, "invalid_request_error", "invalid_request", "INVALID_ARGUMENT"};
    case No::kTooLong: return {413, "request_too_large", "request_too_large", "INVALID_ARGUMENT"};
    case No::kUnpriced:
      return {400, "invalid_request_error", "model_without_price", "INVALID_ARGUMENT"};
    case No::kBudget:
      return {protocol == Protocol::kOpenai ? 429U : 400U, "invalid_request_error",
              "insufficient_quota", "FAILED_PRECONDITION"};
    case No::kBusy: return {503, "overloaded_error", "server_is_overloaded", "UNAVAILABLE"};
    case No::kUnreachable: return {502, "api_error", "server_error", "UNAVAILABLE"};
    case No::kSlow: return {504, "timeout_error", "server_error", "DEADLINE_EXCEEDED"};
  }
  return {500, "api_error", "server_error", "INTERNAL"};
}

}  // namespace

std::optional<Target> read_target(Protocol protocol, std::string_view method,
                                  std::string_view target) {
  const std::size_t mark = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, mark), query = query_of(target);
  if (!is_query(query) || chooses_fields(query))
    return std::nullopt;
  if (method == "HEAD")
    return Target{Call::kHello, {}, {}, false};
  std::optional<Target> found = known_target(protocol, method, path);
  if (found)
    found->path = std::string(path) + without_key(query);
  return found;
}

std::string key_in(std::string_view target) {
  std::string key;
  each_parameter(query_of(target), [&](std::string_view parameter) {
    if (parameter.starts_with("key="))
      key = parameter.substr(4);
  });
  return key;
}

Refusal refusal(Protocol protocol, No no, const std::string& text) {
  const Shape shape = shape_of(protocol, no);
  const std::string message = "fleetc: " + text;
  Json body;
  switch (protocol) {
    case Protocol::kAnthropic:
      body = {{"type", "error"}, {"error", {{"type", shape.anthropic}, {"message", message}}}};
      break;
    case Protocol::kOpenai:
      body = {{"error",
               {{"message", message},
                {"type", shape.openai},
                {"param", nullptr},
                {"code", shape.openai}}}};
      break;
    case Protocol::kGemini:
      body = {{"error", {{"code", shape.status}, {"message", message}, {"status", shape.gemini}}}};
      break;
  }
  return {shape.status, body.dump(-1, ' ', true, Json::error_handler_t::replace)};
}

std::pair<std::string, std::string> key_header(Protocol protocol, bool bearer,
                                               const std::string& key) {
  if (protocol == Protocol::kGemini)
    return {"x-goog-api-key", key};
  if (protocol == Protocol::kAnthropic && !bearer)
    return {"x-api-key", key};
  return {"Authorization", "Bearer " + key};
}

}  // namespace fleet::broker
