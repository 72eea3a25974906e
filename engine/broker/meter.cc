#include "engine/broker/meter.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

namespace fleet::broker {
namespace {

using Json = nlohmann::json;

const Json* inside(const Json& object, const char* name) {
  if (!object.is_object())
    return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

// No answer has more of anything; keeps sums in range.
constexpr std::uint64_t kMostTokens = 1'000'000'000'000;

// The figures of one `usage`. What is there and is no number makes all of it no answer.
class Figures {
 public:
  explicit Figures(const Json& usage) : usage_(usage) {}

  bool has(const char* name) const {
    const Json* found = inside(usage_, name);
    return found != nullptr && found->is_number_unsigned();
  }
  std::uint64_t at(const char* name) { return read(usage_, name); }
  std::uint64_t in(const char* details, const char* name) {
    const Json* found = inside(usage_, details);
    return found == nullptr ? 0 : read(*found, name);
  }
  bool sound() const { return sound_; }

 private:
  std::uint64_t read(const Json& object, const char* name) {
    const Json* found = inside(object, name);
    if (found == nullptr || found->is_null())
      return 0;
    sound_ = sound_ && found->is_number_unsigned();
    return sound_ ? std::min(found->get<std::uint64_t>(), kMostTokens) : 0;
  }

  const Json& usage_;
  bool sound_ = true;
};

std::uint64_t less(std::uint64_t whole, std::uint64_t part) {
  return whole > part ? whole - part : 0;
}

// Figures of a stream only grow; the largest is what was used.
void raise(Usage& usage, const Usage& seen) {
  usage.input = std::max(usage.input, seen.input);
  usage.cache_read = std::max(usage.cache_read, seen.cache_read);
  usage.cache_write = std::max(usage.cache_write, seen.cache_write);
  usage.cache_write_hour = std::max(usage.cache_write_hour, seen.cache_write_hour);
  usage.output = std::max(usage.output, seen.output);
}

Usage anthropic_usage(Figures& figures) {
  Usage seen;
  seen.input = figures.at("input_tokens");
  seen.cache_read = figures.at("cache_read_input_tokens");
  seen.cache_write_hour = figures.in("cache_creation", "ephemeral_1h_input_tokens");
  seen.cache_write = less(figures.at("cache_creation_input_tokens"), seen.cache_write_hour);
  seen.output = figures.at("output_tokens");
  return seen;
}

// The two of OpenAI differ in their names only; what was cached is part of the prompt in both.
Usage openai_usage(Figures& figures, const char* prompt, const char* details, const char* output) {
  Usage seen;
  seen.cache_read = figures.in(details, "cached_tokens");
  seen.cache_write = figures.in(details, "cache_write_tokens");
  seen.input = less(figures.at(prompt), seen.cache_read + seen.cache_write);
  seen.output = figures.at(output);
  return seen;
}

Usage gemini_usage(Figures& figures) {
  Usage seen;
  seen.cache_read = figures.at("cachedContentTokenCount");
  seen.input =
      less(figures.at("promptTokenCount"), seen.cache_read) + figures.at("toolUsePromptTokenCount");
  seen.output = figures.at("candidatesTokenCount") + figures.at("thoughtsTokenCount");
  // Its total has what the other figures leave out.
  seen.output = std::max(seen.output, less(figures.at("totalTokenCount"), seen.prompt()));
  return seen;
}

// The `usage` of an event, or of the message that it tells of; null: there is none.
const Json* usage_of(const Json& event, const char* message, const char* name) {
  const Json* whole = inside(event, message);
  const Json* usage = inside(whole != nullptr ? *whole : event, name);
  return usage != nullptr && usage->is_object() ? usage : nullptr;
}

void read_anthropic(const Json& event, Reading& reading, bool& sound) {
  const Json* usage = usage_of(event, "message", "usage");
  if (usage == nullptr)
    return;
  Figures figures(*usage);
  raise(reading.usage, anthropic_usage(figures));
  sound = sound && figures.sound();
  reading.prompt_known = reading.prompt_known || figures.has("input_tokens");
  // The figure at the start of a stream is not the answer's.
  reading.output_known =
      reading.output_known || (inside(event, "message") == nullptr && figures.has("output_tokens"));
}

void read_openai(const Json& event, bool chat, Reading& reading, bool& sound) {
  const Json* usage = usage_of(event, "response", "usage");
  if (usage == nullptr)
    return;
  Figures figures(*usage);
  const char* prompt = chat ? "prompt_tokens" : "input_tokens";
  const char* details = chat ? "prompt_tokens_details" : "input_tokens_details";
  const char* output = chat ? "completion_tokens" : "output_tokens";
  raise(reading.usage, openai_usage(figures, prompt, details, output));
  sound = sound && figures.sound();
  reading.prompt_known = reading.prompt_known || figures.has(prompt);
  reading.output_known = reading.output_known || figures.has(output);
}

// Each part of a stream has the figures so far; a figure that is zero is left out.
void read_gemini(const Json& event, Reading& reading, bool& sound) {
  const Json* usage = usage_of(event, "response", "usageMetadata");
  if (usage == nullptr)
    return;
  Figures figures(*usage);
  raise(reading.usage, gemini_usage(figures));
  sound = sound && figures.sound();
  reading.prompt_known = reading.prompt_known || figures.has("promptTokenCount");
  reading.output_known =
      reading.output_known || figures.has("candidatesTokenCount") || figures.has("totalTokenCount");
}

}  // namespace

void Meter::take(std::string_view bytes) {
  if (!events_) {
    overflown_ = overflown_ || line_.size() + bytes.size() > kMost;
    if (!overflown_)
      line_ += bytes;
    return;
  }
  while (!bytes.empty()) {
    if (std::exchange(after_return_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const std::size_t end = bytes.find_first_of("\r\n");
    const std::string_view part = bytes.substr(0, end);
    overflown_ = overflown_ || line_.size() + data_.size() + part.size() > kMost;
    if (!overflown_)
      line_ += part;
    if (end == std::string_view::npos)
      return;
    after_return_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    take_line(line_);
    line_.clear();
  }
}

void Meter::give_up() {
  overflown_ = true;
  line_ = {};
  data_ = {};
}

void Meter::take_line(std::string_view line) {
  constexpr std::string_view kData = "data:";
  if (line.empty()) {
    take_event();
  } else if (line.starts_with(kData)) {
    line.remove_prefix(kData.size());
    if (line.starts_with(' '))
      line.remove_prefix(1);
    if (std::exchange(has_data_, true))
      data_ += '\n';
    data_ += line;
  }
}

void Meter::take_event() {
  if (!std::exchange(has_data_, false))
    return;
  // The rest is what the answer says, most of a stream.
  if (data_.find("\"usage") != std::string::npos)
    read(data_);
  ended_ = ended_ || data_.find("\"finishReason\"") != std::string::npos;
  data_.clear();
}

void Meter::read(const std::string& json) {
  const Json whole = Json::parse(json, nullptr, false);
  const auto read_one = [this](const Json& one) {
    switch (call_) {
      case Call::kMessages: return read_anthropic(one, reading_, sound_);
      case Call::kResponses: return read_openai(one, false, reading_, sound_);
      case Call::kChat: return read_openai(one, true, reading_, sound_);
      case Call::kGenerate: return read_gemini(one, reading_, sound_);
      case Call::kFree:
      case Call::kHello: return;
    }
  };
  // Gemini streams an array where no events were asked for.
  if (whole.is_array())
    std::ranges::for_each(whole, read_one);
  else
    read_one(whole);
}

Reading Meter::finish(bool complete) {
  if (events_) {
    take_line(std::exchange(line_, {}));
    take_event();
  } else if (!overflown_) {
    read(std::exchange(line_, {}));
  }
  if (call_ == Call::kGenerate && !complete && !ended_)
    reading_.output_known = false;
  if (overflown_)
    reading_.output_known = false;
  if (!sound_)
    reading_.prompt_known = reading_.output_known = false;
  return reading_;
}

}  // namespace fleet::broker
