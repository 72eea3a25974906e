#include "engine/agent/protocol.h"

#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/agent/strict_json.h"

namespace fleet::agent {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxId = 64;
constexpr std::size_t kMaxToken = 128;
constexpr int kRequestDepth = 2;
constexpr int kReplyDepth = 8;

constexpr std::array<std::pair<Fault, std::string_view>, 4> kFaults = {{
    {Fault::kMalformed, "malformed"},
    {Fault::kDenied, "denied"},
    {Fault::kRefused, "refused"},
    {Fault::kStopping, "stopping"},
}};

Error invalid(std::string what) {
  return {Errc::kInvalid, std::move(what)};
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<std::string> text_of(const json& object, const char* key, std::size_t max_bytes) {
  const auto at = object.find(key);
  if (at == object.end() || !at->is_string())
    return invalid(fmt::format("`{}` must be there, as a string", key));
  auto text = at->get<std::string>();
  if (text.size() > max_bytes)
    return invalid(fmt::format("`{}` has {} bytes; it may have {}", key, text.size(), max_bytes));
  return text;
}

Status only_keys(const json& object, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : object.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      return invalid(fmt::format("`{}` is no key of it", key.substr(0, kMaxId)));
  return {};
}

Result<Arguments> arguments_of(const json& with) {
  if (!with.is_object())
    return invalid("`with` must be an object");
  Arguments arguments;
  for (const auto& [key, value] : with.items()) {
    if (value.is_string())
      arguments.emplace(key, value.get<std::string>());
    else if (value.is_number_unsigned())
      arguments.emplace(key, std::to_string(value.get<std::uint64_t>()));
    else
      return invalid(fmt::format("`{}` must be a string or a number", key.substr(0, kMaxId)));
  }
  return arguments;
}

}  // namespace

Reply refusal(std::string id, Fault fault, std::string text) {
  return {std::move(id), fault, std::move(text), "{}"};
}

std::string encode(const Request& request) {
  json with = json::object();
  const VerbInfo& verb = info_of(request.verb);
  for (const auto& [name, value] : request.with)
    with[name] = value;
  return dump({{"id", request.id}, {"token", request.token}, {"verb", verb.name}, {"with", with}});
}

std::string encode(const Reply& reply) {
  json out = {{"id", reply.id}, {"ok", reply.ok()}, {"text", reply.text}};
  for (const auto& [fault, word] : kFaults)
    if (fault == reply.fault)
      out["error"] = word;
  std::string line = dump(out);
  if (reply.ok()) {
    line.pop_back();
    line += ",\"data\":" + reply.data + "}";
  }
  return line;
}

Result<Request> decode_request(std::string_view line) {
  FLEET_TRY(const json object, parse_object(line, kRequestDepth));
  FLEET_CHECK(only_keys(object, {"id", "token", "verb", "with"}));
  Request request;
  FLEET_TRY(request.id, text_of(object, "id", kMaxId));
  FLEET_TRY(request.token, text_of(object, "token", kMaxToken));
  FLEET_TRY(const std::string word, text_of(object, "verb", kMaxId));
  const VerbInfo* const verb = find_verb(word);
  if (verb == nullptr)
    return invalid(fmt::format("`{}` is no verb", word));
  request.verb = verb->verb;
  const auto with = object.find("with");
  if (with == object.end())
    return invalid("`with` must be there");
  FLEET_TRY(request.with, arguments_of(*with));
  FLEET_CHECK(check_arguments(*verb, request.with));
  return request;
}

Result<Reply> decode_reply(std::string_view line) {
  FLEET_TRY(const json object, parse_object(line, kReplyDepth));
  FLEET_CHECK(only_keys(object, {"id", "ok", "text", "data", "error"}));
  Reply reply;
  FLEET_TRY(reply.id, text_of(object, "id", kMaxId));
  FLEET_TRY(reply.text, text_of(object, "text", kMaxReply));
  const auto ok = object.find("ok");
  if (ok == object.end() || !ok->is_boolean())
    return invalid("`ok` must be true or false");
  if (ok->get<bool>()) {
    const auto data = object.find("data");
    if (data == object.end() || !data->is_object() || object.contains("error"))
      return invalid("a reply that is ok has `data` and no `error`");
    reply.data = dump(*data);
    return reply;
  }
  FLEET_TRY(const std::string word, text_of(object, "error", kMaxId));
  for (const auto& [fault, name] : kFaults)
    if (name == word)
      reply.fault = fault;
  if (reply.ok() || object.contains("data"))
    return invalid("a reply that is not ok has a known `error` and no `data`");
  return reply;
}

bool same_secret(std::string_view left, std::string_view right) {
  unsigned differ = left.size() == right.size() ? 0 : 1;
  for (std::size_t i = 0; i < left.size(); ++i)
    differ |= static_cast<unsigned char>(left[i]) ^
              static_cast<unsigned char>(right.empty() ? 0 : right[i % right.size()]);
  return differ == 0;
}

}  // namespace fleet::agent
