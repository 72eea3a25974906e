// Gemini CLI: `gemini -p -o stream-json`. It exits with the HTTP status modulo 256 of an error that
// it gave up on, and with 0 after some that it did not.
#include <algorithm>

#include "engine/adapter/words.h"

namespace fleet::adapter {
namespace {

constexpr int kNoAuthMethod = 41;  // also: no key

std::uint64_t status_of(int exit_code) {
  for (const int status : {400, 401, 403, 429, 500, 503, 529}) {
    if (exit_code == status % 256)
      return static_cast<std::uint64_t>(status);
  }
  return 0;
}

std::string settings(const Call& call) {
  Json text = {{"security", {{"auth", {{"selectedType", "gemini-api-key"}}}}},
               {"privacy", {{"usageStatisticsEnabled", false}}},
               {"telemetry", {{"enabled", false}}},
               // One attempt: it would ask ten times, for minutes, of which nobody is told.
               {"general", {{"enableAutoUpdate", false}, {"maxAttempts", 1}}}};
  if (!call.writes)
    text["tools"]["exclude"] = {"replace", "write_file"};
  if (!call.fleetc.empty()) {
    Json env = Json::object();
    for (const auto& [name, value] : call.tool_env)
      env[name] = value;
    text["mcpServers"]["fleet"] = {
        {"command", call.fleetc}, {"args", {"mcp"}}, {"env", env}, {"trust", true}};
  }
  return text.dump(-1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace

Start start_gemini(const Call& call) {
  Start start;
  start.argv =
      command_line(call, "gemini", {"-p", call.prompt, "-o", "stream-json", "--skip-trust"});
  // In its other modes it has no shell. Our sandbox keeps the worktree from who may not write.
  if (call.confined) {
    start.argv.emplace_back("--yolo");
  } else {
    start.argv.insert(start.argv.end(), {"--approval-mode", call.writes ? "auto_edit" : "default"});
  }
  // Its tools read only what lies in a folder that it was named.
  if (!call.review.empty())
    start.argv.insert(start.argv.end(), {"--include-directories", call.review});
  if (!call.model.empty())
    start.argv.insert(start.argv.end(), {"-m", call.model});
  start.env.emplace_back("GEMINI_CLI_HOME", call.home);
  // Its parent process would swallow the signal that asks it to end.
  start.env.emplace_back("GEMINI_CLI_NO_RELAUNCH", "true");
  start.files.push_back({".gemini/settings.json", settings(call)});
  return start;
}

Ending read_gemini(std::string_view output, int exit_code) {
  Ending ending;
  bool succeeded = false;
  std::string error;
  const std::string words = each_object(output, [&](const Json& line) {
    const std::string type = text_at(line, {"type"});
    if (type == "init")
      ending.session = text_at(line, {"session_id"});
    if (type == "error" && text_at(line, {"severity"}) != "warning")
      error = text_at(line, {"message"});
    if (type != "result")
      return;
    succeeded = text_at(line, {"status"}) == "success";
    if (!succeeded && !text_at(line, {"error", "message"}).empty())
      error = text_at(line, {"error", "message"});
    ending.usage.input_tokens = number_at(line, {"stats", "input_tokens"});
    ending.usage.cached_tokens = number_at(line, {"stats", "cached"});
    // Its thoughts are paid for as output, and are in the total alone.
    const std::uint64_t total = number_at(line, {"stats", "total_tokens"});
    ending.usage.output_tokens =
        std::max(number_at(line, {"stats", "output_tokens"}),
                 total > ending.usage.input_tokens ? total - ending.usage.input_tokens : 0);
  });
  if (succeeded && exit_code == 0) {
    ending.cause = Cause::kSucceeded;
    return ending;
  }
  ending.detail = one_line(error.empty() ? words : error);
  ending.cause =
      exit_code == kNoAuthMethod ? Cause::kAuth : cause_of(status_of(exit_code), ending.detail);
  ending.until = until_of(ending.detail);
  return ending;
}

}  // namespace fleet::adapter
