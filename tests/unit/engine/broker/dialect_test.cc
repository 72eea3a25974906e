#include "engine/broker/dialect.h"

#include <catch2/catch.hpp>

#include "engine/broker/service.h"

using namespace fleet;
using namespace fleet::broker;

namespace {

std::optional<Call> call_of(Protocol protocol, std::string_view method, std::string_view target) {
  const auto found = read_target(protocol, method, target);
  return found ? std::optional(found->call) : std::nullopt;
}

Result<Ask> ask_of(Call call, std::string_view body) {
  Target target;
  target.call = call;
  if (call == Call::kGenerate)
    target.model = "gemini-2.5-pro";
  return read_ask(target, body);
}

}  // namespace

TEST_CASE("what asks a model is told from what costs nothing") {
  CHECK(call_of(Protocol::kAnthropic, "POST", "/v1/messages?beta=true") == Call::kMessages);
  CHECK(call_of(Protocol::kAnthropic, "POST", "/v1/messages/count_tokens") == Call::kFree);
  CHECK(call_of(Protocol::kAnthropic, "GET", "/v1/models/claude-x") == Call::kFree);
  CHECK(call_of(Protocol::kOpenai, "POST", "/v1/responses") == Call::kResponses);
  CHECK(call_of(Protocol::kOpenai, "POST", "/v1/chat/completions") == Call::kChat);
  CHECK(call_of(Protocol::kGemini, "POST", "/v1beta/models/g-1:generateContent") ==
        Call::kGenerate);
  CHECK(call_of(Protocol::kGemini, "POST", "/v1beta/models/g-1:countTokens") == Call::kFree);
  const auto stream = read_target(Protocol::kGemini, "POST",
                                  "/v1beta/models/g-1:streamGenerateContent?alt=sse&key=k");
  REQUIRE(stream);
  CHECK(stream->streams);
  CHECK(stream->model == "g-1");
  CHECK(stream->path == "/v1beta/models/g-1:streamGenerateContent?alt=sse");
}

TEST_CASE("no path is passed on that is not known, or that can be read in two ways") {
  for (const char* target :
       {"/v1/messages/batches", "/v1/files", "/v1/../v1/messages", "/v1/messages/", "//v1/messages",
        "/v1/%6dessages", "http://other.example/v1/messages", "/v1/responses", "/v1/models/a/b",
        "/v1/models/..", "/v1/messages?x=\"y\"", ""})
    CHECK_FALSE(call_of(Protocol::kAnthropic, "POST", target));
  CHECK_FALSE(call_of(Protocol::kAnthropic, "DELETE", "/v1/models/x"));
  CHECK_FALSE(call_of(Protocol::kGemini, "POST", "/v1beta/models/a%2Fb:generateContent"));
  CHECK_FALSE(call_of(Protocol::kGemini, "POST", "/v1beta/models/a:batchGenerateContent"));
}

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

TEST_CASE("each protocol is refused in its own words") {
  const Refusal anthropic = refusal(Protocol::kAnthropic, No::kKey, "who?");
  CHECK(anthropic.status == 401);
  CHECK(anthropic.body ==
        R"({"error":{"message":"fleetc: who?","type":"authentication_error"},"type":"error"})");
  const Refusal openai = refusal(Protocol::kOpenai, No::kBudget, "spent");
  CHECK(openai.status == 429);
  CHECK(openai.body.find("insufficient_quota") != std::string::npos);
  const Refusal gemini = refusal(Protocol::kGemini, No::kPath, "no");
  CHECK(gemini.status == 404);
  CHECK(gemini.body.find(R"("status":"NOT_FOUND")") != std::string::npos);
}

TEST_CASE("a service is a host with a prefix, without the version that requests have") {
  const auto service = service_at(Protocol::kOpenai, "https://gate.example:8443/openai/v1/");
  REQUIRE(service);
  CHECK(service->tls);
  CHECK(service->host == "gate.example");
  CHECK(service->port == 8443);
  CHECK(service->prefix == "/openai");
  CHECK(host_header(*service) == "gate.example:8443");
  CHECK(service_at(Protocol::kAnthropic, "http://[::1]:81")->host == "::1");
  CHECK(host_header(*service_at(Protocol::kGemini, vendor_url(Protocol::kGemini))) ==
        "generativelanguage.googleapis.com");
  for (const char* url : {"", "ftp://x", "https://", "https://u:p@x", "https://x:0",
                          "https://x:99999", "https://x/?key=1", "https://x/..", "https://x y"})
    CHECK_FALSE(service_at(Protocol::kOpenai, url));
}
