#include "engine/broker/dialect.h"

#include <algorithm>
#include <array>
#include <set>

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

// The members of the body and of its settings, without what may be long. A name that stands twice
// is read in two ways by two readers, and one of them reckons the cost.
class Members {
 public:
  explicit Members(std::string_view body) {
    const auto keep = [this](int depth, Json::parse_event_t event, Json& parsed) {
      if (event != Json::parse_event_t::key)
        return true;
      const std::string& name = parsed.get_ref<const std::string&>();
      if (depth == 1)
        top_ = name;
      if (depth == 1 || (depth == 2 && is_settings(top_)))
        twice_ = twice_ || !names_.insert(depth == 1 ? name : top_ + "." + name).second;
      return depth > 1 || !is_long(name);
    };
    whole_ = Json::parse(body, keep, false);
  }

  bool sound() const { return whole_.is_object() && !twice_; }
  bool twice() const { return twice_; }
  bool has(const std::string& name) const { return names_.contains(name); }

  const Json* find(const std::string& name) const { return find_in(whole_, name); }
  static const Json* find_in(const Json& object, const std::string& name) {
    if (!object.is_object())
      return nullptr;
    const auto found = object.find(name);
    return found == object.end() || found->is_null() ? nullptr : &*found;
  }
  std::string text(const std::string& name) const {
    const Json* found = find(name);
    return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
  }

 private:
  static bool is_settings(const std::string& name) {
    return name == "generationConfig" || name == "generation_config" || name == "stream_options";
  }
  static bool is_long(const std::string& name) {
    return name == "messages" || name == "input" || name == "contents" || name == "tools" ||
           name == "system" || name == "instructions" || name == "systemInstruction" ||
           name == "system_instruction" || name == "metadata";
  }

  std::string top_;
  std::set<std::string> names_;
  bool twice_ = false;
  Json whole_;
};

// A number of tokens or of answers; nothing when it is no such number.
std::optional<std::uint64_t> count_in(const Json& value) {
  if (value.is_number_unsigned())
    return value.get<std::uint64_t>();
  // Some clients write 4096.0.
  if (value.is_number_float() && value.get<double>() >= 0 && value.get<double>() < 1e12)
    return static_cast<std::uint64_t>(value.get<double>()) + 1;
  return std::nullopt;
}

// The largest of the named numbers, so that whichever the service heeds is covered.
class Largest {
 public:
  void add(const Json* value) {
    if (value == nullptr)
      return;
    const auto count = count_in(*value);
    sound_ = sound_ && count.has_value();
    most_ = std::max(most_, count.value_or(0));
  }
  bool sound() const { return sound_; }
  std::uint64_t most() const { return most_; }

 private:
  bool sound_ = true;
  std::uint64_t most_ = 0;
};

// What lets a request cost more than its own bytes tell.
std::string unbounded_by(const Members& members) {
  for (const char* name :
       {"previous_response_id", "conversation", "prompt", "cachedContent", "cached_content"})
    if (members.find(name) != nullptr)
      return fmt::format("`{}` brings input along that is kept at the service", name);
  if (members.find("background") != nullptr && *members.find("background") == Json(true))
    return "`background` goes on when the request has ended";
  const std::string tier = members.text("service_tier");
  if (tier == "priority" || tier == "fast" || members.text("speed") == "fast")
    return "it asks for a faster tier, whose price is another";
  return {};
}

Error unreadable(const std::string& why) {
  return Error(Errc::kInvalid, "the broker can't read this request: " + why);
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

Result<Ask> read_ask(const Target& target, std::string_view body) {
  const Members members(body);
  if (members.twice())
    return unreadable("a member stands in it twice");
  if (!members.sound())
    return unreadable("it is no JSON object");
  Ask ask;
  ask.model = target.call == Call::kGenerate ? target.model : members.text("model");
  if (ask.model.empty())
    return unreadable("it names no model");
  Largest output, answers;
  for (const char* name : {"max_tokens", "max_completion_tokens", "max_output_tokens"})
    output.add(members.find(name));
  answers.add(members.find("n"));
  for (const char* settings : {"generationConfig", "generation_config"}) {
    const Json* config = members.find(settings);
    if (config == nullptr)
      continue;
    for (const char* name : {"maxOutputTokens", "max_output_tokens"})
      output.add(Members::find_in(*config, name));
    for (const char* name : {"candidateCount", "candidate_count"})
      answers.add(Members::find_in(*config, name));
  }
  if (!output.sound() || !answers.sound())
    return unreadable("its limit of tokens, or of answers, is no number");
  ask.most_output = output.most();
  ask.answers = std::max<std::uint64_t>(answers.most(), 1);
  ask.hour_cache = body.find("\"1h\"") != std::string_view::npos;
  ask.unbounded = unbounded_by(members);
  const Json* stream = members.find("stream");
  if (target.call == Call::kChat && stream != nullptr && *stream == Json(true)) {
    const Json* options = members.find("stream_options");
    const Json* usage = options == nullptr ? nullptr : Members::find_in(*options, "include_usage");
    if (!members.has("stream_options"))
      ask.insert = "\"stream_options\":{\"include_usage\":true},";
    else if (usage == nullptr || *usage != Json(true))
      return unreadable("its `stream_options` keep the service from telling what it used");
  }
  return ask;
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
