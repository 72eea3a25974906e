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
