// Codex: `codex exec --json`. It states no cost. Its MCP servers get an environment of their own,
// so that what ours needs stands in its configuration.
#include "engine/adapter/words.h"

namespace fleet::adapter {
namespace {

// A basic string of TOML; JSON's escapes are a subset of it.
std::string toml(const std::string& text) {
  return Json(text).dump(-1, ' ', true, Json::error_handler_t::replace);
}

std::string config_toml(const Call& call) {
  std::string text = "[analytics]\nenabled = false\n";
  if (call.fleetc.empty())
    return text;
  text += "\n[mcp_servers.fleet]\ncommand = " + toml(call.fleetc) +
          "\nargs = [\"mcp\"]\ndefault_tools_approval_mode = \"approve\"\n";
  if (!call.tool_env.empty())
    text += "\n[mcp_servers.fleet.env]\n";
  for (const auto& [name, value] : call.tool_env)
    text += name + " = " + toml(value) + "\n";
  return text;
}

}  // namespace

Start start_codex(const Call& call) {
  Start start;
  start.argv = command_line(call, "codex",
                            {"exec", "--json", "--skip-git-repo-check", "--disable", "plugins"});
  // Its own sandbox can't start inside ours, which keeps the worktree from who may not write.
  if (call.confined) {
    start.argv.emplace_back("--dangerously-bypass-approvals-and-sandbox");
  } else {
    start.argv.insert(start.argv.end(), {"-s", call.writes ? "workspace-write" : "read-only"});
  }
  if (!call.model.empty())
    start.argv.insert(start.argv.end(), {"-m", call.model});
  if (!call.models.empty())
    // Where money is limited the broker refuses what the service itself looks up.
    start.argv.insert(start.argv.end(), {"-c", "openai_base_url=" + call.models + "/v1", "-c",
                                         "web_search=disabled"});
  start.argv.push_back(call.prompt);
  // Not below TMPDIR: its own sandbox can't start there.
  start.env.emplace_back("CODEX_HOME", call.home + "/.codex");
  start.files.push_back({".codex/config.toml", config_toml(call)});
  return start;
}

Ending read_codex(std::string_view output, int exit_code) {
  Ending ending;
  bool completed = false;
  std::string error;
  const std::string words = each_object(output, [&](const Json& line) {
    const std::string type = text_at(line, {"type"});
    if (type == "thread.started")
      ending.session = text_at(line, {"thread_id"});
    if (type == "error")
      error = text_at(line, {"message"});
    if (type == "turn.failed") {
      completed = false;
      error = text_at(line, {"error", "message"});
    }
    if (type == "item.completed" && text_at(line, {"item", "type"}) == "agent_message")
      ending.detail = one_line(text_at(line, {"item", "text"}));
    if (type != "turn.completed")
      return;
    completed = true;
    // Cumulative over the thread: the last one counts.
    ending.usage.input_tokens = number_at(line, {"usage", "input_tokens"});
    ending.usage.cached_tokens = number_at(line, {"usage", "cached_input_tokens"});
    ending.usage.output_tokens = number_at(line, {"usage", "output_tokens"});
  });
  if (completed && exit_code == 0) {
    ending.cause = Cause::kSucceeded;
    return ending;
  }
  ending.detail = one_line(error.empty() ? words : error);
  ending.cause = cause_of(0, ending.detail);
  ending.until = until_of(ending.detail);
  return ending;
}

}  // namespace fleet::adapter
