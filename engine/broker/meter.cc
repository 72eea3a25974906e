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

bool has_number(const Json& object, const char* name) {
  const Json* found = inside(object, name);
  return found != nullptr && found->is_number_unsigned();
}

std::uint64_t number(const Json& object, const char* name) {
  return has_number(object, name) ? inside(object, name)->get<std::uint64_t>() : 0;
}

std::uint64_t number_in(const Json& object, const char* details, const char* name) {
  const Json* found = inside(object, details);
  return found == nullptr ? 0 : number(*found, name);
}

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

Usage anthropic_usage(const Json& usage) {
  Usage seen;
  seen.input = number(usage, "input_tokens");
  seen.cache_read = number(usage, "cache_read_input_tokens");
  seen.cache_write_hour = number_in(usage, "cache_creation", "ephemeral_1h_input_tokens");
  seen.cache_write = less(number(usage, "cache_creation_input_tokens"), seen.cache_write_hour);
  seen.output = number(usage, "output_tokens");
  return seen;
}

// The two of OpenAI differ in their names only; what was cached is part of the prompt in both.
Usage openai_usage(const Json& usage, const char* prompt, const char* details, const char* output) {
  Usage seen;
  seen.cache_read = number_in(usage, details, "cached_tokens");
  seen.cache_write = number_in(usage, details, "cache_write_tokens");
  seen.input = less(number(usage, prompt), seen.cache_read + seen.cache_write);
  seen.output = number(usage, output);
  return seen;
}

Usage gemini_usage(const Json& usage) {
  Usage seen;
  seen.cache_read = number(usage, "cachedContentTokenCount");
  seen.input = less(number(usage, "promptTokenCount"), seen.cache_read) +
               number(usage, "toolUsePromptTokenCount");
  seen.output = number(usage, "candidatesTokenCount") + number(usage, "thoughtsTokenCount");
  // Its total has what the other figures leave out.
  seen.output = std::max(seen.output, less(number(usage, "totalTokenCount"), seen.prompt()));
  return seen;
}

void read_anthropic(const Json& event, Reading& reading) {
  const Json* message = inside(event, "message");
  const Json* usage = inside(message != nullptr ? *message : event, "usage");
  if (usage == nullptr || !usage->is_object())
    return;
  raise(reading.usage, anthropic_usage(*usage));
  // The figure at the start of a stream is not the answer's.
  reading.prompt_known = reading.prompt_known || has_number(*usage, "input_tokens");
  reading.output_known =
      reading.output_known || (message == nullptr && has_number(*usage, "output_tokens"));
}

void read_responses(const Json& event, Reading& reading) {
  const Json* response = inside(event, "response");
  const Json* usage = inside(response != nullptr ? *response : event, "usage");
  if (usage == nullptr || !usage->is_object())
    return;
  raise(reading.usage,
        openai_usage(*usage, "input_tokens", "input_tokens_details", "output_tokens"));
  reading.prompt_known = reading.output_known = true;
}

void read_chat(const Json& event, Reading& reading) {
  const Json* usage = inside(event, "usage");
  if (usage == nullptr || !usage->is_object())
    return;
  raise(reading.usage,
        openai_usage(*usage, "prompt_tokens", "prompt_tokens_details", "completion_tokens"));
  reading.prompt_known = reading.output_known = true;
}

// Each part of a stream has the figures so far.
void read_gemini(const Json& event, Reading& reading) {
  const Json* usage = inside(event, "usageMetadata");
  if (usage == nullptr || !usage->is_object())
    return;
  raise(reading.usage, gemini_usage(*usage));
  reading.prompt_known = true;
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
      case Call::kMessages: return read_anthropic(one, reading_);
      case Call::kResponses: return read_responses(one, reading_);
      case Call::kChat: return read_chat(one, reading_);
      case Call::kGenerate: return read_gemini(one, reading_);
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
  if (call_ == Call::kGenerate)
    reading_.output_known = reading_.prompt_known && (complete || ended_);
  if (overflown_)
    reading_.output_known = false;
  return reading_;
}

}  // namespace fleet::broker
