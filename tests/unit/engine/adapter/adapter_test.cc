#include "engine/adapter/adapter.h"

#include <rapidcheck.h>

#include <algorithm>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace fleet::adapter;

namespace {

const std::vector<Kind> kAll = {Kind::kClaude, Kind::kCodex, Kind::kGemini, Kind::kOpencode};
constexpr const char* kToken = "t0ken-of-the-session";

Call full_call() {
  Call call;
  call.model = "a-model";
  call.prompt = "Read, then ask for your task.";
  call.home = "/home/of/session";
  call.fleetc = "/usr/bin/fleetc";
  call.tool_env = {{"FLEET_SOCKET", "/run/agent.sock"}, {"FLEET_TOKEN", kToken}};
  call.budget_micros = 1'500'000;
  return call;
}

bool has(const std::vector<std::string>& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

// What follows `flag`.
std::string after(const std::vector<std::string>& words, const std::string& flag) {
  const auto at = std::ranges::find(words, flag);
  return at == words.end() || at + 1 == words.end() ? "" : *(at + 1);
}

std::string claude_result(const std::string& fields) {
  return "{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"s1\"}\n"
         "{\"is_error\":false,\"type\":\"result\",\"session_id\":\"s1\"," +
         fields + "}\n";
}

}  // namespace

TEST_CASE("each CLI gets its prompt and its model, and no secret on its command line") {
  for (const Kind kind : kAll) {
    const Start begun = start(kind, full_call());
    CAPTURE(begun.argv);
    CHECK(std::ranges::any_of(begun.argv, [](const std::string& word) {
      return word.starts_with("Read, then ask for your task.");
    }));
    CHECK(has(begun.argv, "a-model"));
    for (const std::string& word : begun.argv)
      CHECK(word.find(kToken) == std::string::npos);
  }
}

TEST_CASE("one answer of claude takes a quarter of its budget at most, and is long enough to be one") {
  const auto longest = [](const std::string& model, std::optional<std::int64_t> budget) {
    Call call = full_call();
    call.model = model;
    call.budget_micros = budget;
    for (const auto& [name, value] : start(Kind::kClaude, call).env)
      if (name == "CLAUDE_CODE_MAX_OUTPUT_TOKENS")
        return value;
    return std::string();
  };
  CHECK(longest("sonnet", 1'000'000) == "10869");  // a quarter of $1 at $23/Mtok
  CHECK(longest("claude-opus-4-5", 2'000'000) == "20000");
  CHECK(longest("haiku", 100'000) == "8000");
  CHECK(longest("", 100'000'000) == "32000");
  CHECK(longest("sonnet", std::nullopt).empty());
}

TEST_CASE("each CLI is told of fleetc's tools where it looks for them") {
  const Start claude = start(Kind::kClaude, full_call());
  const auto server = nlohmann::json::parse(after(claude.argv, "--mcp-config"));
  CHECK(server["mcpServers"]["fleet"]["command"] == "/usr/bin/fleetc");
  CHECK(server["mcpServers"]["fleet"]["alwaysLoad"] == true);
  CHECK(has(claude.argv, "--strict-mcp-config"));
  CHECK(std::ranges::find(claude.env, std::pair<std::string, std::string>("FLEET_TOKEN", kToken)) !=
        claude.env.end());

  const Start codex = start(Kind::kCodex, full_call());
  REQUIRE(codex.files.size() == 1);
  CHECK(codex.files[0].path == ".codex/config.toml");
  CHECK(codex.files[0].text.find("[mcp_servers.fleet.env]\nFLEET_SOCKET = \"/run/agent.sock\"\n") !=
        std::string::npos);

  const Start gemini = start(Kind::kGemini, full_call());
  REQUIRE(gemini.files.size() == 1);
  const auto settings = nlohmann::json::parse(gemini.files[0].text);
  CHECK(settings["mcpServers"]["fleet"]["env"]["FLEET_TOKEN"] == kToken);
  CHECK(settings["privacy"]["usageStatisticsEnabled"] == false);

  const Start opencode = start(Kind::kOpencode, full_call());
  REQUIRE(opencode.files.size() == 1);
  const auto config = nlohmann::json::parse(opencode.files[0].text);
  CHECK(config["mcp"]["fleet"]["command"] == nlohmann::json({"/usr/bin/fleetc", "mcp"}));
}

TEST_CASE("a CLI without tools of ours is configured without them") {
  Call call = full_call();
  call.fleetc.clear();
  CHECK_FALSE(has(start(Kind::kClaude, call).argv, "--mcp-config"));
  CHECK(start(Kind::kCodex, call).files[0].text.find("mcp_servers") == std::string::npos);
  CHECK(start(Kind::kGemini, call).files[0].text.find("mcpServers") == std::string::npos);
  CHECK(start(Kind::kOpencode, call).files[0].text.find("\"mcp\"") == std::string::npos);
}

TEST_CASE("questions are left out only where our sandbox is around the session") {
  Call call = full_call();
  CHECK(has(start(Kind::kClaude, call).argv, "--dangerously-skip-permissions"));
  CHECK(has(start(Kind::kCodex, call).argv, "--dangerously-bypass-approvals-and-sandbox"));
  CHECK(has(start(Kind::kGemini, call).argv, "--yolo"));
  call.confined = false;
  CHECK_FALSE(has(start(Kind::kClaude, call).argv, "--dangerously-skip-permissions"));
  CHECK(after(start(Kind::kCodex, call).argv, "-s") == "workspace-write");
  CHECK_FALSE(has(start(Kind::kGemini, call).argv, "--yolo"));
}

TEST_CASE("claude may show its key to its tools, since it would else ask before each of them") {
  for (const auto& [name, value] : start(Kind::kClaude, full_call()).env)
    CHECK(name != "CLAUDE_CODE_SUBPROCESS_ENV_SCRUB");
}

TEST_CASE("who may not write has no tools that edit, and a shell that our sandbox holds") {
  Call call = full_call();
  call.writes = false;
  CHECK(after(start(Kind::kClaude, call).argv, "--disallowedTools") == "Edit");
  CHECK(has(start(Kind::kCodex, call).argv, "--dangerously-bypass-approvals-and-sandbox"));
  CHECK(has(start(Kind::kGemini, call).argv, "--yolo"));
  const auto settings = nlohmann::json::parse(start(Kind::kGemini, call).files[0].text);
  CHECK(settings["tools"]["exclude"] == nlohmann::json({"replace", "write_file"}));
  const auto config = nlohmann::json::parse(start(Kind::kOpencode, call).files[0].text);
  CHECK(config["permission"]["edit"] == "deny");

  call.confined = false;
  CHECK(after(start(Kind::kCodex, call).argv, "-s") == "read-only");
  CHECK_FALSE(has(start(Kind::kGemini, call).argv, "--yolo"));
}

TEST_CASE(
    "a folder outside of the working directory is opened to tools that would keep out of it") {
  Call call = full_call();
  CHECK_FALSE(has(start(Kind::kGemini, call).argv, "--include-directories"));
  call.review = "/slot/review";
  CHECK(after(start(Kind::kGemini, call).argv, "--include-directories") == "/slot/review");
  const auto config = nlohmann::json::parse(start(Kind::kOpencode, call).files[0].text);
  CHECK(config["permission"]["external_directory"] == "allow");
}

TEST_CASE("claude's result says what was used, and that it went well") {
  const Ending ending = read_output(
      Kind::kClaude,
      claude_result(R"("subtype":"success","result":"done\nindeed","total_cost_usd":0.0125,)"
                    R"("usage":{"input_tokens":10,"cache_creation_input_tokens":20,)"
                    R"("cache_read_input_tokens":300,"output_tokens":40},)"
                    R"("permission_denials":[{"tool_name":"WebFetch"}])"),
      0);
  CHECK(ending.cause == Cause::kSucceeded);
  CHECK(ending.session == "s1");
  CHECK(ending.detail == "done indeed");
  CHECK(ending.usage == Usage{330, 300, 40, 12'500});
  CHECK(ending.denied == std::vector<std::string>{"WebFetch"});
}

TEST_CASE("an error of claude's is one, though its subtype says success and its exit code zero") {
  const auto read = [](const std::string& fields) {
    std::string text = claude_result(fields);
    text.replace(text.find("\"is_error\":false"), 16, "\"is_error\":true");
    return read_output(Kind::kClaude, text, 0);
  };
  CHECK(read(R"("subtype":"success","api_error_status":401,"result":"Invalid API key")").cause ==
        Cause::kAuth);
  CHECK(read(R"("subtype":"success","api_error_status":429,"result":"slow down")").cause ==
        Cause::kLimited);
  CHECK(read(R"("subtype":"success","api_error_status":null,"result":"Repeated 529 Overloaded")")
            .cause == Cause::kOverloaded);
  CHECK(read(R"("subtype":"success","api_error_status":400,"result":"Prompt is too long")").cause ==
        Cause::kContextExhausted);
  CHECK(read(R"("subtype":"success","result":"Credit balance is too low")").cause == Cause::kAuth);
  CHECK(read(R"x("subtype":"success","result":"Unable to connect (ConnectionRefused)")x").cause ==
        Cause::kOverloaded);
  CHECK(read(R"("subtype":"error_max_budget_usd")").cause == Cause::kBudgetSpent);
  CHECK(read(R"("subtype":"error_max_turns")").cause == Cause::kFailed);
  CHECK(read(R"("subtype":"error_max_turns")").detail == "error_max_turns");
  const Ending limited =
      read(R"("subtype":"success","result":"Claude AI usage limit reached|1795806400")");
  CHECK(limited.cause == Cause::kLimited);
  CHECK(limited.until == 1'795'806'400);
}

TEST_CASE("the end of a limit is taken from where a CLI says it") {
  const std::string limits =
      R"({"type":"rate_limit_event","rate_limit_info":{"status":"allowed","resetsAt":5}})"
      "\n"
      R"({"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1796065885}})"
      "\n"
      R"({"type":"result","is_error":true,"api_error_status":429,"result":"You've hit your limit"})";
  const Ending claude = read_output(Kind::kClaude, limits, 1);
  CHECK(claude.cause == Cause::kLimited);
  CHECK(claude.until == 1'796'065'885);

  const auto opencode = [](const std::string& wait, const std::string& body) {
    return read_output(
        Kind::kOpencode,
        R"({"type":"error","timestamp":1796062174299,"error":{"name":"APIError","data":{)"
        R"("message":"You exceeded your current quota","statusCode":429,"responseHeaders":{)"
        R"("retry-after":")" +
            wait + R"("},"responseBody":")" + body + R"("}}})",
        1);
  };
  CHECK(opencode("30", "").cause == Cause::kLimited);
  CHECK(opencode("30", "").until == 1'796'062'204);
  CHECK(opencode("Mon, 30 Nov 2026 18:09:34 GMT", "").until == 0);
  CHECK(opencode("-3", "").until == 0);
  CHECK(opencode("99999999999999999999", "").until == 0);
  // The account is empty: waiting does not fill it.
  CHECK(opencode("30", "insufficient_quota").cause == Cause::kAuth);
}

TEST_CASE("a model that declines is told from one that fails") {
  CHECK(read_output(Kind::kClaude,
                    "{\"type\":\"assistant\",\"message\":{\"stop_reason\":\"refusal\"}}\n" +
                        claude_result(R"("subtype":"success","result":"I can't help with that")"),
                    0)
            .cause == Cause::kDeclined);
}

TEST_CASE("a session without a result is judged by its last words") {
  CHECK(read_output(Kind::kClaude, "Invalid API key · Please run /login\n", 1).cause ==
        Cause::kAuth);
  const Ending killed = read_output(Kind::kClaude, claude_result("\"x\":1").substr(0, 60), -1);
  CHECK(killed.cause == Cause::kFailed);
}

TEST_CASE("codex's turn says how it went, and its words what was wrong") {
  const Ending done = read_output(
      Kind::kCodex,
      "{\"type\":\"thread.started\",\"thread_id\":\"t9\"}\n"
      "{\"type\":\"item.completed\",\"item\":{\"type\":\"error\",\"message\":\"Model metadata not "
      "found\"}}\n"
      "{\"type\":\"item.completed\",\"item\":{\"type\":\"agent_message\",\"text\":\"all done\"}}\n"
      "{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":100,\"cached_input_tokens\":60,"
      "\"output_tokens\":7}}\n",
      0);
  CHECK(done.cause == Cause::kSucceeded);
  CHECK(done.session == "t9");
  CHECK(done.usage == Usage{100, 60, 7, std::nullopt});

  const auto failed = [](const std::string& message) {
    const nlohmann::json line = {{"type", "turn.failed"}, {"error", {{"message", message}}}};
    return read_output(Kind::kCodex, line.dump() + "\n", 1).cause;
  };
  CHECK(failed("unexpected status 401 Unauthorized: x") == Cause::kAuth);
  CHECK(failed("exceeded retry limit, last status: 429 Too Many Requests") == Cause::kLimited);
  CHECK(failed("Quota exceeded. Check your plan and billing details.") == Cause::kAuth);
  CHECK(failed("Incomplete response returned, reason: content_filter") == Cause::kDeclined);
  CHECK(failed("Selected model is at capacity") == Cause::kOverloaded);
  CHECK(failed("We're currently experiencing high demand") == Cause::kOverloaded);
  CHECK(failed("Codex ran out of room in the model's context window") == Cause::kContextExhausted);
  CHECK(failed("something else") == Cause::kFailed);
  CHECK(read_output(Kind::kCodex, "Missing environment variable: `KEY`.\n", 1).cause ==
        Cause::kAuth);
}

TEST_CASE("gemini's exit code holds what its output leaves out") {
  const std::string done =
      "{\"type\":\"init\",\"session_id\":\"g1\"}\n"
      "{\"type\":\"result\",\"status\":\"success\",\"stats\":{\"input_tokens\":5,\"cached\":2,"
      "\"output_tokens\":3}}\n";
  CHECK(read_output(Kind::kGemini, done, 0).cause == Cause::kSucceeded);
  CHECK(read_output(Kind::kGemini, done, 0).usage == Usage{5, 2, 3, std::nullopt});
  CHECK(read_output(Kind::kGemini, done, 1).cause == Cause::kFailed);
  CHECK(read_output(Kind::kGemini,
                    R"({"type":"result","status":"success","stats":{"total_tokens":12,)"
                    R"("input_tokens":5,"cached":2,"output_tokens":3}})",
                    0)
            .usage == Usage{5, 2, 7, std::nullopt});
  CHECK(read_output(Kind::kGemini,
                    R"({"type":"error","severity":"error","message":"The model response was )"
                    R"(blocked due to safety settings."})",
                    1)
            .cause == Cause::kDeclined);
  CHECK(read_output(Kind::kGemini, "", 401 % 256).cause == Cause::kAuth);
  CHECK(read_output(Kind::kGemini, "", 41).cause == Cause::kAuth);
  CHECK(read_output(Kind::kGemini, "", 429 % 256).cause == Cause::kLimited);
  CHECK(read_output(Kind::kGemini, "", 503 % 256).cause == Cause::kOverloaded);
  CHECK(
      read_output(Kind::kGemini, "The input token count exceeds the maximum\n", 400 % 256).cause ==
      Cause::kContextExhausted);
}

TEST_CASE("opencode's steps add up, and its error names a status") {
  const std::string step =
      "{\"type\":\"step_finish\",\"sessionID\":\"o1\",\"part\":{\"cost\":0.002,\"tokens\":{"
      "\"input\":10,\"output\":4,\"reasoning\":1,\"cache\":{\"read\":6,\"write\":2}}}}\n";
  const Ending done = read_output(Kind::kOpencode, step + step, 0);
  CHECK(done.cause == Cause::kSucceeded);
  CHECK(done.session == "o1");
  CHECK(done.usage == Usage{36, 12, 10, 4'000});
  CHECK(read_output(Kind::kOpencode,
                    step + "{\"type\":\"error\",\"error\":{\"name\":\"APIError\",\"data\":{"
                           "\"message\":\"no\",\"statusCode\":401}}}\n",
                    1)
            .cause == Cause::kAuth);
  CHECK(read_output(Kind::kOpencode,
                    "{\"type\":\"error\",\"error\":{\"name\":\"ContextOverflowError\"}}\n", 1)
            .cause == Cause::kContextExhausted);
}

TEST_CASE("nothing that a session prints brings the reader down, or passes for success") {
  rc::check([](const std::vector<std::string>& lines) {
    std::string output;
    for (const std::string& line : lines)
      output += "{\"type\":" + line + "\n";
    for (const Kind kind : kAll) {
      const Ending ending = read_output(kind, output, 0);
      RC_ASSERT(ending.cause != Cause::kSucceeded);
      RC_ASSERT(ending.detail.find('\n') == std::string::npos);
    }
  });
  // Members of another kind than expected.
  for (const Kind kind : kAll)
    CHECK(read_output(kind, R"({"type":"result","usage":[],"is_error":"x","part":7,"error":[]})", 1)
              .cause == Cause::kFailed);
}
