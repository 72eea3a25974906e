// Wherever an answer is cut on its way, the meter reads the same.
#include "engine/broker/meter.h"

#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace fleet::broker;

namespace {

struct Sample {
  Call call;
  bool events;
  std::string text;
};

const std::string& line_end() {
  static const std::string ends[] = {"\n", "\r\n", "\r"};
  return ends[*rc::gen::inRange(0, 3)];
}

std::string random_json(Call call) {
  const auto count = [] {
    return *rc::gen::inRange<std::uint64_t>(0, 100'000);
  };
  switch (*rc::gen::inRange(0, 4)) {
    case 0: return "{\"delta\":\"a \\\"usage\\\" of words\"}";
    case 1: return "[DONE]";
    default: break;
  }
  switch (call) {
    case Call::kMessages:
      return fmt::format("{{\"usage\":{{\"input_tokens\":{},\"output_tokens\":{}}}}}", count(),
                         count());
    case Call::kResponses:
      return fmt::format(
          "{{\"response\":{{\"usage\":{{\"input_tokens\":{},\"output_tokens\":{}}}}}}}", count(),
          count());
    case Call::kChat:
      return fmt::format("{{\"usage\":{{\"prompt_tokens\":{},\"completion_tokens\":{}}}}}", count(),
                         count());
    default:
      return fmt::format(
          "{{\"usageMetadata\":{{\"promptTokenCount\":{},\"candidatesTokenCount\":{}}}}}", count(),
          count());
  }
}

Sample random_sample() {
  static const Call calls[] = {Call::kMessages, Call::kResponses, Call::kChat, Call::kGenerate};
  Sample sample{calls[*rc::gen::inRange(0, 4)], *rc::gen::arbitrary<bool>(), {}};
  if (!sample.events) {
    sample.text = random_json(sample.call);
    return sample;
  }
  const int events = *rc::gen::inRange(0, 6);
  for (int i = 0; i < events; ++i) {
    if (*rc::gen::arbitrary<bool>())
      sample.text += "event: something" + line_end();
    if (*rc::gen::inRange(0, 4) == 0)
      sample.text += ": a comment" + line_end();
    sample.text += "data:" + std::string(*rc::gen::arbitrary<bool>() ? " " : "") +
                   random_json(sample.call) + line_end();
    // The end of a stream may be missing.
    if (i + 1 < events || *rc::gen::arbitrary<bool>())
      sample.text += line_end();
  }
  return sample;
}

Reading read_whole(const Sample& sample, bool complete) {
  Meter meter(sample.call, sample.events);
  meter.take(sample.text);
  return meter.finish(complete);
}

}  // namespace

TEST_CASE("an answer that is cut in two anywhere is read as when it comes in one") {
  CHECK(rc::check([] {
    const Sample sample = random_sample();
    const bool complete = *rc::gen::arbitrary<bool>();
    const Reading whole = read_whole(sample, complete);
    for (std::size_t cut = 0; cut <= sample.text.size(); ++cut) {
      Meter meter(sample.call, sample.events);
      meter.take(std::string_view(sample.text).substr(0, cut));
      meter.take(std::string_view(sample.text).substr(cut));
      RC_ASSERT(meter.finish(complete) == whole);
    }
  }));
}

TEST_CASE("an answer that comes byte by byte is read as when it comes in one") {
  CHECK(rc::check([] {
    const Sample sample = random_sample();
    Meter meter(sample.call, sample.events);
    for (const char& byte : sample.text)
      meter.take({&byte, 1});
    RC_ASSERT(meter.finish(true) == read_whole(sample, true));
  }));
}
