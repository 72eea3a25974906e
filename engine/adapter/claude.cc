// Claude Code: `claude -p` with a stream of JSON lines. Its last line is the result; an API error
// is there as "subtype":"success" with "is_error":true, so neither the subtype nor the exit code
// alone says that a session went well.
#include <algorithm>

#include "engine/adapter/words.h"

namespace fleet::adapter {
namespace {

// Without the repository's settings it does not read this file by itself, as the other CLIs read
// theirs.
constexpr const char* kMemory =
    "\nIf the working directory has a CLAUDE.md or an AGENTS.md, read it: it says how work is done "
    "here.\n";

void take_result(const Json& line, Ending& ending, bool& failed, std::uint64_t& status) {
  failed = true_at(line, "is_error");
  status = number_at(line, {"api_error_status"});
  ending.detail = one_line(text_at(line, {"result"}));
  ending.session = text_at(line, {"session_id"});
  const std::uint64_t cached = number_at(line, {"usage", "cache_read_input_tokens"});
  ending.usage.cached_tokens = cached;
  ending.usage.input_tokens = number_at(line, {"usage", "input_tokens"}) + cached +
                              number_at(line, {"usage", "cache_creation_input_tokens"});
  ending.usage.output_tokens = number_at(line, {"usage", "output_tokens"});
  if (const Json* cost = find(line, {"total_cost_usd"}); cost != nullptr && cost->is_number())
    ending.usage.micros = micros_of(cost->get<double>());
  if (const Json* denials = find(line, {"permission_denials"});
      denials != nullptr && denials->is_array()) {
    for (const Json& denial : *denials)
      ending.denied.push_back(text_at(denial, {"tool_name"}));
  }
}

// How long one answer may be. The broker lets no request begin that might cost more than what is
// left of the budget, and at the CLI's own bound one answer of a dear model costs more than a small
// task may: so at most a quarter of the budget, by the prices of a family's dearest model
// (engine/broker/price.cc).
std::int64_t longest_answer(const std::string& model, std::int64_t budget_micros) {
  constexpr std::int64_t kShortest = 8'000, kLongest = 32'000;  // tokens
  const auto is = [&](const char* family) {
    return model.find(family) != std::string::npos;
  };
  const std::int64_t micros_a_token = is("fable") ? 50 : is("haiku") ? 5 : is("sonnet") ? 23 : 25;
  return std::clamp(budget_micros / 4 / micros_a_token, kShortest, kLongest);
}

}  // namespace

Start start_claude(const Call& call) {
  Start start;
  start.argv = command_line(
      call, "claude",
      {"-p", call.prompt + kMemory, "--output-format", "stream-json", "--verbose",
       // Neither the user's settings nor the repository's decide what a session may do.
       "--setting-sources", ""});
  const auto add = [&start](std::initializer_list<std::string> words) {
    start.argv.insert(start.argv.end(), words);
  };
  if (!call.model.empty())
    add({"--model", call.model});
  if (call.budget_micros) {
    add({"--max-budget-usd", std::to_string(static_cast<double>(*call.budget_micros) / 1e6)});
    start.env.emplace_back("CLAUDE_CODE_MAX_OUTPUT_TOKENS",
                           std::to_string(longest_answer(call.model, *call.budget_micros)));
  }
  if (!call.fleetc.empty()) {
    // alwaysLoad: newer ones show only the names of a server's tools, until they are searched for.
    const Json server = {{"mcpServers",
                          {{"fleet",
                            {{"type", "stdio"},
                             {"command", call.fleetc},
                             {"args", {"mcp"}},
                             {"alwaysLoad", true}}}}}};
    add({"--mcp-config", server.dump(), "--strict-mcp-config"});
  }
  if (!call.writes)
    add({"--disallowedTools", "Edit", "Write", "NotebookEdit"});
  if (call.confined) {
    add({"--dangerously-skip-permissions"});
    // It refuses to leave its questions out as root, unless it is told of the sandbox.
    start.env.emplace_back("IS_SANDBOX", "1");
  } else {
    add({"--permission-mode", "acceptEdits", "--allowedTools", "Bash", "mcp__fleet"});
  }
  // Not CLAUDE_CODE_SUBPROCESS_ENV_SCRUB, which keeps the key from its tools: it also brings a
  // sandbox of its own, which leaves files in the worktree, and asks before each tool again.
  start.env.emplace_back("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
  start.env.emplace_back("CLAUDE_CODE_MAX_RETRIES", "0");
  start.env.emplace_back("DISABLE_AUTOUPDATER", "1");
  // The server inherits the environment of the session.
  start.env.insert(start.env.end(), call.tool_env.begin(), call.tool_env.end());
  return start;
}

Ending read_claude(std::string_view output, int exit_code) {
  Ending ending;
  bool has_result = false, failed = false, declined = false;
  std::uint64_t status = 0, resets = 0;
  std::string subtype;
  const std::string words = each_object(output, [&](const Json& line) {
    const std::string type = text_at(line, {"type"});
    if (type == "system" && ending.session.empty())
      ending.session = text_at(line, {"session_id"});
    if (type == "assistant")
      declined = text_at(line, {"message", "stop_reason"}) == "refusal";
    // Told of a subscription's limits alone; those of a key end in words without a time.
    if (type == "rate_limit_event" && text_at(line, {"rate_limit_info", "status"}) == "rejected")
      resets = number_at(line, {"rate_limit_info", "resetsAt"});
    if (type != "result")
      return;
    has_result = true;
    subtype = text_at(line, {"subtype"});
    ending = {};
    take_result(line, ending, failed, status);
    declined = declined || text_at(line, {"stop_reason"}) == "refusal";
  });
  if (!has_result) {
    ending.detail = words;
    ending.cause = cause_of(0, words);
    return ending;
  }
  if (subtype == "error_max_budget_usd") {
    ending.cause = Cause::kBudgetSpent;
  } else if (declined) {
    ending.cause = Cause::kDeclined;
  } else if (!failed && exit_code == 0) {
    ending.cause = Cause::kSucceeded;
  } else {
    ending.cause = cause_of(status, ending.detail);
    ending.until = resets > 0 ? static_cast<std::int64_t>(resets) : until_of(ending.detail);
    if (ending.detail.empty())
      ending.detail = subtype;
  }
  return ending;
}

}  // namespace fleet::adapter
