// opencode: `opencode run --format json`. A turn is a step; each step states its tokens and its
// cost, which is 0 for a model whose price it does not know.
#include <charconv>

#include "engine/adapter/words.h"

namespace fleet::adapter {
namespace {

constexpr std::int64_t kLongestWait = 31 * 24 * 3600;  // seconds that a service may ask for

std::string config_json(const Call& call) {
  const char* edit = call.writes ? "allow" : "deny";
  Json text = {{"autoupdate", false},
               {"share", "disabled"},
               {"permission", {{"edit", edit}, {"bash", "allow"}, {"webfetch", "allow"}}}};
  // Else it refuses whatever lies outside of the working directory, without asking anybody.
  if (!call.review.empty())
    text["permission"]["external_directory"] = "allow";
  // What of it stands in the user's own variable is kept beside it, and what both say is theirs.
  if (const std::size_t slash = call.model.find('/'); !call.models.empty() && slash != 0) {
    const std::string provider = call.model.substr(0, slash);
    text["provider"][provider]["options"] = {
        {"baseURL", call.models + (provider == "google" ? "/v1beta" : "/v1")},
        {"apiKey", "{env:FLEET_MODEL_KEY}"}};
  }
  if (!call.fleetc.empty()) {
    Json env = Json::object();
    for (const auto& [name, value] : call.tool_env)
      env[name] = value;
    text["mcp"]["fleet"] = {{"type", "local"},
                            {"command", {call.fleetc, "mcp"}},
                            {"environment", env},
                            {"enabled", true}};
  }
  return text.dump(-1, ' ', true, Json::error_handler_t::replace);
}

// The service's own word on when to ask again, which counts from the line's time (milliseconds).
std::int64_t retry_time(const Json& line) {
  const std::string seconds = text_at(line, {"error", "data", "responseHeaders", "retry-after"});
  std::int64_t wait = 0;
  const auto [end, error] = std::from_chars(seconds.data(), seconds.data() + seconds.size(), wait);
  const auto now = static_cast<std::int64_t>(number_at(line, {"timestamp"}) / 1000);
  const bool sound = error == std::errc{} && wait > 0 && wait < kLongestWait && now > 0;
  return sound ? now + wait : 0;
}

}  // namespace

Start start_opencode(const Call& call) {
  Start start;
  start.argv = command_line(call, "opencode", {"run", "--format", "json"});
  if (!call.model.empty())
    start.argv.insert(start.argv.end(), {"-m", call.model});
  start.argv.push_back(call.prompt);
  start.env = {{"OPENCODE_DISABLE_AUTOUPDATE", "1"},
               {"OPENCODE_DISABLE_MODELS_FETCH", "1"},
               {"OPENCODE_DISABLE_DEFAULT_PLUGINS", "1"}};
  // A file, so that providers which the user's own variable configures are kept beside it.
  start.files.push_back({".config/opencode/opencode.json", config_json(call)});
  return start;
}

Ending read_opencode(std::string_view output, int exit_code) {
  Ending ending;
  bool finished = false;
  double dollars = 0;
  bool no_money = false;
  std::int64_t until = 0;
  std::string error;
  std::uint64_t status = 0;
  const std::string words = each_object(output, [&](const Json& line) {
    const std::string type = text_at(line, {"type"});
    if (ending.session.empty())
      ending.session = text_at(line, {"sessionID"});
    if (type == "error") {
      finished = false;
      error = text_at(line, {"error", "name"});
      if (const std::string message = text_at(line, {"error", "data", "message"}); !message.empty())
        error += ": " + message;
      status = number_at(line, {"error", "data", "statusCode"});
      // The same words and status as of a limit, which a wait would mend.
      no_money = text_at(line, {"error", "data", "responseBody"}).find("insufficient_quota") !=
                 std::string::npos;
      until = retry_time(line);
    }
    if (type == "text")
      ending.detail = one_line(text_at(line, {"part", "text"}));
    if (type != "step_finish")
      return;
    finished = true;
    const std::uint64_t cached = number_at(line, {"part", "tokens", "cache", "read"});
    ending.usage.cached_tokens += cached;
    ending.usage.input_tokens += number_at(line, {"part", "tokens", "input"}) + cached +
                                 number_at(line, {"part", "tokens", "cache", "write"});
    ending.usage.output_tokens += number_at(line, {"part", "tokens", "output"}) +
                                  number_at(line, {"part", "tokens", "reasoning"});
    if (const Json* cost = find(line, {"part", "cost"}); cost != nullptr && cost->is_number())
      dollars += cost->get<double>();
  });
  if (dollars > 0)
    ending.usage.micros = micros_of(dollars);
  if (finished && exit_code == 0) {
    ending.cause = Cause::kSucceeded;
    return ending;
  }
  ending.detail = one_line(error.empty() ? words : error);
  ending.cause = no_money ? Cause::kAuth : cause_of(status, ending.detail);
  ending.until = until;
  return ending;
}

}  // namespace fleet::adapter
