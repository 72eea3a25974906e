#include "engine/broker/meter.h"

#include <catch2/catch.hpp>

using namespace fleet::broker;

namespace {

Reading read_whole(Call call, const std::string& text, bool events, bool complete = true) {
  Meter meter(call, events);
  meter.take(text);
  return meter.finish(complete);
}

constexpr const char* kMessageStream =
    "event: message_start\n"
    "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":1200,"
    "\"cache_creation_input_tokens\":300,\"cache_read_input_tokens\":5000,\"output_tokens\":1}}}"
    "\n\n"
    "event: content_block_delta\n"
    "data: {\"delta\":{\"text\":\"of \\\"usage\\\"\"}}\n\n";

}  // namespace

TEST_CASE("an answer of Anthropic's tells what was read, from and to the cache, and written") {
  const Reading whole = read_whole(
      Call::kMessages,
      R"({"usage":{"input_tokens":10,"cache_creation_input_tokens":7,"cache_read_input_tokens":5,)"
      R"("cache_creation":{"ephemeral_1h_input_tokens":4},"output_tokens":3}})",
      false);
  CHECK(whole == Reading{{10, 5, 3, 4, 3}, true, true});
}

TEST_CASE("a stream of Anthropic's counts from its start, and ends with what was written") {
  const std::string ended = std::string(kMessageStream) +
                            "event: message_delta\n"
                            "data: {\"delta\":{},\"usage\":{\"output_tokens\":42}}\n\n";
  CHECK(read_whole(Call::kMessages, ended, true) == Reading{{1200, 5000, 300, 0, 42}, true, true});
}

TEST_CASE("of a stream that broke off it is known that the output is not known") {
  const Reading reading = read_whole(Call::kMessages, kMessageStream, true, false);
  CHECK(reading == Reading{{1200, 5000, 300, 0, 1}, true, false});
  CHECK(read_whole(Call::kResponses, "data: {\"type\":\"response.created\"}\n\n", true) ==
        Reading{});
}

TEST_CASE("OpenAI's two protocols count what was cached as part of the prompt") {
  CHECK(read_whole(Call::kResponses,
                   "data: {\"response\":{\"usage\":{\"input_tokens\":6500,\"input_tokens_details\":"
                   "{\"cached_tokens\":5000},\"output_tokens\":42}}}\r\n\r\n",
                   true) == Reading{{1500, 5000, 0, 0, 42}, true, true});
  CHECK(read_whole(Call::kChat,
                   "data: {\"choices\":[],\"usage\":null}\n\n"
                   "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":65,\"completion_tokens\":4,"
                   "\"prompt_tokens_details\":{\"cached_tokens\":50}}}\n\ndata: [DONE]\n\n",
                   true) == Reading{{15, 50, 0, 0, 4}, true, true});
}

TEST_CASE("Gemini's thoughts are output, and its figures grow until the end") {
  const std::string part =
      "data: {\"usageMetadata\":{\"promptTokenCount\":100,\"candidatesTokenCount\":1}}\r\n\r\n";
  const std::string last =
      "data: "
      "{\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":100,"
      "\"cachedContentTokenCount\":60,\"candidatesTokenCount\":9,\"thoughtsTokenCount\":7,"
      "\"totalTokenCount\":116}}\r\n\r\n";
  CHECK_FALSE(read_whole(Call::kGenerate, part, true, false).output_known);
  const Reading reading = read_whole(Call::kGenerate, part + last, true, false);
  CHECK(reading.usage.output == 16);
  CHECK(reading.usage.cache_read == 60);
  CHECK(reading.output_known);
}

TEST_CASE("Gemini's stream without events is an array") {
  const Reading reading =
      read_whole(Call::kGenerate,
                 R"([{"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":1}},)"
                 R"({"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5}}])",
                 false);
  CHECK(reading == Reading{{10, 0, 0, 0, 5}, true, true});
}

TEST_CASE("what is no answer tells nothing") {
  for (const char* text :
       {"", "nonsense", "{", "{\"usage\":3}", "{\"usage\":{\"input_tokens\":\"9\"}}",
        "{\"usage\":{\"input_tokens\":-9}}"})
    for (const Call call : {Call::kMessages, Call::kResponses, Call::kChat, Call::kGenerate})
      CHECK(read_whole(call, text, false).usage == Usage{});
}

TEST_CASE("a usage without figures tells nothing of them") {
  CHECK(read_whole(Call::kResponses, R"({"usage":{}})", false) == Reading{});
  CHECK(read_whole(Call::kChat, R"({"usage":{}})", false) == Reading{});
  CHECK(read_whole(Call::kGenerate, R"({"usageMetadata":{}})", false) == Reading{});
  CHECK(read_whole(Call::kMessages, R"({"usage":{}})", false) == Reading{});
  CHECK_FALSE(read_whole(Call::kChat, R"({"usage":{"prompt_tokens":7}})", false).output_known);
  CHECK_FALSE(read_whole(Call::kGenerate, R"({"usageMetadata":{"promptTokenCount":7}})", false)
                  .output_known);
}

TEST_CASE("figures near the end of their range are no small ones") {
  const Reading reading = read_whole(
      Call::kMessages,
      R"({"usage":{"input_tokens":18446744073709551615,"cache_read_input_tokens":18446744073709551615,)"
      R"("output_tokens":18446744073709551615}})",
      false);
  CHECK(reading.usage.prompt() >= 1'000'000'000'000);
  CHECK(reading.usage.output >= 1'000'000'000'000);
  const Reading gemini = read_whole(
      Call::kGenerate,
      R"({"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":18446744073709551615,)"
      R"("thoughtsTokenCount":18446744073709551615}})",
      false);
  CHECK(gemini.usage.output >= 1'000'000'000'000);
}

TEST_CASE("a figure that is no number makes all of it unknown") {
  const Reading reading = read_whole(
      Call::kMessages,
      R"({"usage":{"input_tokens":1,"cache_read_input_tokens":"9","output_tokens":1}})", false);
  CHECK_FALSE(reading.prompt_known);
  CHECK_FALSE(reading.output_known);
}
