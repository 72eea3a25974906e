#include "engine/agent/mcp.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/agent/strict_json.h"

namespace fleet::agent {
namespace {

// Written in the order in which the specification shows them.
using nlohmann::json;
using Json = nlohmann::ordered_json;

// Newest first.
constexpr std::array<std::string_view, 4> kProtocols = {"2025-11-25", "2025-06-18", "2025-03-26",
                                                        "2024-11-05"};
constexpr std::string_view kBatches = "2025-03-26";  // the one that has them

constexpr int kParseError = -32700;
constexpr int kInvalidRequest = -32600;
constexpr int kUnknownMethod = -32601;
constexpr int kInvalidParams = -32602;
constexpr int kMaxDepth = 32;

constexpr std::string_view kInstructions =
    "These tools speak with the fleet's engine. Call `identity` until no document is left to read, "
    "then `task` for what is asked; file findings and give a verdict when you review; end with "
    "`done` or `fail`. `escalate` asks for a human.";

std::string text_of_line(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string result_line(const json& id, Json result) {
  return text_of_line(Json{{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}});
}

std::string error_line(const json& id, int code, const std::string& message) {
  return text_of_line(
      Json{{"jsonrpc", "2.0"}, {"id", id}, {"error", Json{{"code", code}, {"message", message}}}});
}

Json schema_of(const Parameter& parameter) {
  Json schema;
  if (parameter.kind == Parameter::Kind::kNumber) {
    schema["type"] = "integer";
    schema["minimum"] = 0;
  } else {
    schema["type"] = "string";
  }
  if (!parameter.words.empty())
    schema["enum"] = std::vector<std::string>(parameter.words.begin(), parameter.words.end());
  schema["description"] = parameter.about;
  return schema;
}

Json tool_of(const VerbInfo& verb) {
  Json properties = Json::object();
  Json needed = Json::array();
  for (const Parameter& parameter : verb.parameters) {
    if (parameter.internal)
      continue;
    properties[std::string(parameter.name)] = schema_of(parameter);
    if (parameter.needed)
      needed.push_back(parameter.name);
  }
  Json schema = {{"type", "object"}, {"properties", std::move(properties)}};
  if (!needed.empty())
    schema["required"] = std::move(needed);
  schema["additionalProperties"] = false;
  return {{"name", verb.name}, {"description", verb.about}, {"inputSchema", std::move(schema)}};
}

Json tool_result(const std::string& text, bool is_error) {
  return {{"content", Json::array({Json{{"type", "text"}, {"text", text}}})},
          {"isError", is_error}};
}

// What a model gives, as the protocol has it. kInvalid: say so to the model.
Result<Arguments> arguments_of(const VerbInfo& verb, const json& given) {
  Arguments arguments;
  for (const auto& [name, value] : given.items()) {
    const auto known = std::ranges::find(verb.parameters, name, &Parameter::name);
    if (known == verb.parameters.end() || known->internal)
      return Error(Errc::kInvalid, fmt::format("{} has no `{}`", verb.name, name.substr(0, 64)));
    const bool number = known->kind == Parameter::Kind::kNumber;
    if (number ? !value.is_number_unsigned() : !value.is_string())
      return Error(Errc::kInvalid, fmt::format("`{}` of {} must be {}", name, verb.name,
                                               number ? "a whole number from 0" : "a string"));
    arguments[name] =
        number ? std::to_string(value.get<std::uint64_t>()) : value.get<std::string>();
  }
  FLEET_CHECK(check_arguments(verb, arguments));
  return arguments;
}

}  // namespace

struct Mcp::Message {
  json id;  // null: a notification, or none that can be used
  bool has_id = false;
  std::string method;
  json params = json::object();
};

std::string Mcp::too_long() {
  return error_line(nullptr, kInvalidRequest, fmt::format("a message may have {} bytes", kMaxLine));
}

std::optional<std::string> Mcp::take(std::string_view line) {
  if (!line.empty() && line.back() == '\r')
    line.remove_suffix(1);
  if (line.empty())
    return std::nullopt;
  const auto parsed = parse_strictly(line, kMaxDepth);
  if (!parsed)
    return error_line(nullptr, kParseError, parsed.error().message());

  const auto one = [&](const json& value) -> std::optional<std::string> {
    Message message;
    const auto text = [&](const char* key) {
      const auto at = value.find(key);
      return at != value.end() && at->is_string() ? at->get<std::string>() : std::string();
    };
    if (!value.is_object())
      return error_line(nullptr, kInvalidRequest, "a message is an object");
    const auto id = value.find("id");
    message.has_id = id != value.end();
    if (message.has_id && (id->is_string() || id->is_number_integer()))
      message.id = *id;
    message.method = text("method");
    if (text("jsonrpc") != "2.0" || (message.has_id && message.id.is_null()))
      return error_line(message.id, kInvalidRequest, "not a message of JSON-RPC 2.0");
    // An answer: we have asked nothing.
    if (message.method.empty() && (value.contains("result") || value.contains("error")))
      return std::nullopt;
    if (message.method.empty())
      return error_line(message.id, kInvalidRequest, "`method` is missing");
    if (const auto params = value.find("params"); params != value.end())
      message.params = *params;
    return take_one(message);
  };

  if (!parsed->is_array())
    return one(*parsed);
  if (protocol_ != kBatches || parsed->empty())
    return error_line(nullptr, kInvalidRequest, "batches are no part of this protocol version");
  std::string answers;
  for (const json& each : *parsed)
    if (const auto answer = one(each))
      answers += (answers.empty() ? "[" : ",") + *answer;
  return answers.empty() ? std::nullopt : std::optional(answers + "]");
}

std::optional<std::string> Mcp::take_one(const Message& message) {
  // Notifications are never answered; a call that was cancelled has been answered already, since
  // one is taken after the other.
  if (!message.has_id)
    return std::nullopt;
  if (!message.params.is_object())
    return error_line(message.id, kInvalidParams, "`params` must be an object");
  if (message.method == "ping")
    return result_line(message.id, Json::object());
  if (message.method == "initialize")
    return initialize(message);
  if (protocol_.empty())
    return error_line(message.id, kInvalidRequest, "the first request must be `initialize`");
  if (message.method == "tools/list") {
    Json tools = Json::array();
    for (const VerbInfo& verb : verbs())
      tools.push_back(tool_of(verb));
    return result_line(message.id, Json{{"tools", std::move(tools)}});
  }
  if (message.method == "tools/call")
    return call_tool(message);
  return error_line(message.id, kUnknownMethod,
                    fmt::format("no method `{}`", message.method.substr(0, 64)));
}

std::string Mcp::initialize(const Message& message) {
  const auto wanted = message.params.find("protocolVersion");
  if (wanted == message.params.end() || !wanted->is_string())
    return error_line(message.id, kInvalidParams, "`protocolVersion` must be a string");
  const auto known = std::ranges::find(kProtocols, wanted->get<std::string>());
  protocol_ = known != kProtocols.end() ? *known : kProtocols.front();
  return result_line(message.id,
                     Json{{"protocolVersion", protocol_},
                          {"capabilities", Json{{"tools", Json::object()}}},
                          {"serverInfo", Json{{"name", "fleetc"}, {"version", version_}}},
                          {"instructions", kInstructions}});
}

std::string Mcp::call_tool(const Message& message) {
  const auto name = message.params.find("name");
  if (name == message.params.end() || !name->is_string())
    return error_line(message.id, kInvalidParams, "`name` must be a string");
  const VerbInfo* const verb = find_verb(name->get<std::string>());
  if (verb == nullptr)
    return error_line(message.id, kInvalidParams,
                      fmt::format("no tool `{}`", name->get<std::string>().substr(0, 64)));
  json given = json::object();
  if (const auto at = message.params.find("arguments"); at != message.params.end())
    given = *at;
  if (!given.is_object())
    return error_line(message.id, kInvalidParams, "`arguments` must be an object");
  auto arguments = arguments_of(*verb, given);
  if (!arguments)
    return result_line(message.id, tool_result(arguments.error().message(), true));
  const auto reply = ask_(verb->verb, *std::move(arguments));
  if (!reply)
    return result_line(message.id, tool_result(reply.error().message(), true));
  // No structured content: where there is some, several clients show the model nothing else, and
  // the words are what was written for it.
  return result_line(message.id, tool_result(reply->text, !reply->ok()));
}

}  // namespace fleet::agent
