#include "engine/broker/ask.h"

#include <catch2/catch.hpp>

using namespace fleet;
using namespace fleet::broker;

namespace {

Result<Ask> ask_of(Call call, std::string_view body) {
  Target target;
  target.call = call;
  if (call == Call::kGenerate)
    target.model = "gemini-2.5-pro";
  return read_ask(target, body);
}

}  // namespace

TEST_CASE("a request says its model and the most that it lets be written") {
  const auto message = ask_of(Call::kMessages, R"({"model":"m","max_tokens":500,"messages":[]})");
  REQUIRE(message);
  CHECK(message->model == "m");
  CHECK(message->most_output == 500);
  const auto chat =
      ask_of(Call::kChat, R"({"model":"m","max_tokens":5,"max_completion_tokens":9,"n":3})");
  REQUIRE(chat);
  CHECK(chat->most_output == 9);
  CHECK(chat->answers == 3);
  const auto content =
      ask_of(Call::kGenerate, R"({"generationConfig":{"maxOutputTokens":7.0,"candidateCount":2}})");
  REQUIRE(content);
  CHECK(content->model == "gemini-2.5-pro");
  CHECK(content->most_output >= 7);
  CHECK(content->answers == 2);
  CHECK(ask_of(Call::kGenerate, R"({"generation_config":{"max_output_tokens":6}})")->most_output ==
        6);
}

TEST_CASE("what two readers could read in two ways is refused") {
  CHECK_FALSE(ask_of(Call::kMessages, R"({"model":"m","max_tokens":1,"max_tokens":9})"));
  CHECK_FALSE(
      ask_of(Call::kGenerate, R"({"generationConfig":{"maxOutputTokens":1,"maxOutputTokens":2}})"));
  CHECK_FALSE(ask_of(Call::kMessages, R"({"model":"m","max_tokens":"9"})"));
  CHECK_FALSE(ask_of(Call::kMessages, R"({"model":"m","max_tokens":-9})"));
  CHECK_FALSE(ask_of(Call::kMessages, R"({"max_tokens":1})"));
  CHECK_FALSE(ask_of(Call::kMessages, R"([{"model":"m"}])"));
  CHECK_FALSE(ask_of(Call::kMessages, R"({"model":"m",)"));
  // Names within what is said to the model are its own affair.
  CHECK(ask_of(Call::kMessages, R"({"model":"m","messages":[{"a":1,"a":2}],"tools":[{"a":1}]})"));
}

TEST_CASE("what a request brings along unseen is named") {
  const auto ask = ask_of(Call::kResponses, R"({"model":"m","previous_response_id":"r"})");
  REQUIRE(ask);
  CHECK(ask->unbounded.find("previous_response_id") != std::string::npos);
  CHECK(
      ask_of(Call::kResponses, R"({"model":"m","previous_response_id":null})")->unbounded.empty());
  CHECK_FALSE(
      ask_of(Call::kResponses, R"({"model":"m","service_tier":"priority"})")->unbounded.empty());
  // A tool's argument of that name is none of it.
  CHECK(ask_of(Call::kMessages, R"({"model":"m","messages":[{"prompt":"x"}]})")->unbounded.empty());
}

TEST_CASE("a stream of chat completions is made to tell what it used") {
  const auto ask = ask_of(Call::kChat, R"({"model":"m","stream":true})");
  REQUIRE(ask);
  CHECK(ask->insert == R"("stream_options":{"include_usage":true},)");
  CHECK(ask_of(Call::kChat, R"({"model":"m"})")->insert.empty());
  CHECK(
      ask_of(Call::kChat, R"({"model":"m","stream":true,"stream_options":{"include_usage":true}})")
          ->insert.empty());
  CHECK_FALSE(ask_of(Call::kChat,
                     R"({"model":"m","stream":true,"stream_options":{"include_usage":false}})"));
}

TEST_CASE("an escape hides nothing") {
  const auto hour =
      ask_of(Call::kMessages,
             R"({"model":"m","system":[{"type":"text","cache_control":{"t\u0074l":"\u0031h"}}]})");
  REQUIRE(hour);
  CHECK(hour->hour_cache);
  CHECK(ask_of(Call::kMessages, R"({"model":"m","cache_control":{"ttl":"1h"}})")->hour_cache);
  CHECK_FALSE(ask_of(Call::kMessages, R"({"model":"m","cache_control":{"ttl":"5m"}})")->hour_cache);
  // What is only said of an hour buys none.
  CHECK_FALSE(
      ask_of(Call::kMessages, R"({"model":"m","messages":[{"content":"\"1h\""}]})")->hour_cache);
  CHECK(ask_of(Call::kMessages, R"({"model":"m","max_tok\u0065ns":7})")->most_output == 7);
  CHECK_FALSE(ask_of(Call::kMessages, R"({"model":"m","max_tokens":7,"max_tok\u0065ns":9})"));
}

TEST_CASE("two spellings of a name are one name") {
  CHECK_FALSE(ask_of(Call::kGenerate, R"({"generationConfig":{},"generation_config":{}})"));
  CHECK_FALSE(ask_of(Call::kMessages, R"({"model":"m","max_tokens":7,"MAX_TOKENS":9})"));
  CHECK_FALSE(ask_of(Call::kMessages, "{\"model\":\"m\",\"max_to\u212Aens\":7}"));
}

TEST_CASE("an image counts as one, and what may have any number of tokens fills the window") {
  const auto ask =
      ask_of(Call::kMessages,
             R"({"model":"m","messages":[{"content":[{"type":"image"},{"type":"image"}]}]})");
  REQUIRE(ask);
  CHECK(ask->images == 2);
  CHECK(ask->fills_window.empty());
  for (const char* body :
       {R"({"model":"m","messages":[{"content":[{"type":"document","source":{"type":"url"}}]}]})",
        R"({"model":"m","messages":[{"content":[{"source":{"type":"file","file_id":"f"}}]}]})",
        R"({"model":"m","input":[{"content":[{"type":"input_file","file_id":"f"}]}]})"})
    CHECK_FALSE(ask_of(Call::kMessages, body)->fills_window.empty());
  CHECK(ask_of(Call::kGenerate,
               R"({"contents":[{"parts":[{"inlineData":{"data":"","mimeType":"image/png"}}]}]})")
            ->images == 1);
  CHECK_FALSE(ask_of(Call::kGenerate,
                     R"({"contents":[{"parts":[{"inline_data":{"mime_type":"video/mp4"}}]}]})")
                  ->fills_window.empty());
  CHECK_FALSE(ask_of(Call::kGenerate, R"({"contents":[{"parts":[{"fileData":{"fileUri":"u"}}]}]})")
                  ->fills_window.empty());
}

TEST_CASE("tools that the service carries out are named, a session's own are not") {
  for (const char* body : {R"({"model":"m","tools":[{"type":"web_search_20250305","name":"s"}]})",
                           R"({"model":"m","tools":[{"type":"w\u0065b_search"}]})",
                           R"({"model":"m","mcp_servers":[{"url":"u"}]})",
                           R"({"model":"m","input":[{"type":"item_reference","id":"i"}]})",
                           R"({"model":"m","web_search_options":{}})"})
    CHECK_FALSE(ask_of(Call::kMessages, body)->unbounded.empty());
  for (const char* tools :
       {R"([{"googleSearch":{}}])", R"([{"url_context":{}}])", R"({"codeExecution":{}})"})
    CHECK_FALSE(
        ask_of(Call::kGenerate, std::string("{\"tools\":") + tools + "}")->unbounded.empty());
  const auto own = ask_of(Call::kGenerate, R"({"tools":[{"functionDeclarations":[{"name":"f",)"
                                           R"("parameters":{"type":"web_search"}}]}]})");
  REQUIRE(own);
  CHECK(own->unbounded.empty());
  const auto data =
      ask_of(Call::kMessages,
             R"({"model":"m","tools":[{"name":"f","input_schema":{"type":"file"}}],)"
             R"("messages":[{"content":[{"type":"tool_use","input":{"type":"file"}}]}]})");
  REQUIRE(data);
  CHECK(data->unbounded.empty());
  CHECK(data->fills_window.empty());
}

TEST_CASE("a body that is nested without end is refused") {
  CHECK_FALSE(ask_of(Call::kMessages, R"({"model":"m","x":)" + std::string(100'000, '[')));
}
