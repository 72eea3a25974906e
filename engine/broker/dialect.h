// The three protocols that models are asked by: which paths there are, how each
// is told "no", and how a key is shown. Values in, values out. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fleet::broker {

enum class Protocol { kAnthropic, kOpenai, kGemini };

// What a request is for.
enum class Call {
  kMessages,   // Anthropic: POST /v1/messages
  kResponses,  // OpenAI: POST /v1/responses
  kChat,       // OpenAI: POST /v1/chat/completions
  kGenerate,   // Gemini: POST /v1beta/models/M:generateContent
  kFree,       // costs nothing: counts tokens, lists models
  kHello,      // asks whether somebody is there
};

struct Target {
  Call call = Call::kFree;
  std::string path;      // for the service: with the query, without a key in it
  std::string model;     // where the path names it
  bool streams = false;  // where the path says so
};
// Nothing: no path of this API that the broker passes on. `target` is the request's, still encoded.
std::optional<Target> read_target(Protocol protocol, std::string_view method,
                                  std::string_view target);

// The key in a query: "…?key=K". Empty: none.
std::string key_in(std::string_view target);

enum class No {
  kKey,          // nobody has this key
  kOver,         // the session's attempt is over
  kPath,         // no such path here
  kUpgrade,      // another protocol than HTTP
  kBad,          // the request can't be read
  kTooLong,      // its headers or its body
  kUnpriced,     // what it would cost can't be told
  kBudget,       // it may cost more than is left
  kBusy,         // too much at once
  kUnreachable,  // the service
  kSlow,         // the service said nothing for too long
};
struct Refusal {
  unsigned status = 0;
  std::string body;  // JSON
};
// In the words of the protocol, so that a CLI shows `text` and does what fits.
Refusal refusal(Protocol protocol, No no, const std::string& text);

// The name and value of the header by which a service knows a key. `bearer`: of Anthropic's, a
// token and no API key.
std::pair<std::string, std::string> key_header(Protocol protocol, bool bearer,
                                               const std::string& key);

}  // namespace fleet::broker
