// What goes over a session's socket: one request and one reply a line, each a JSON object.
//
//   {"id":"7","token":"…","verb":"finding","with":{"title":"…","line":12}}
//   {"id":"7","ok":true,"text":"…","data":{…}}
//   {"id":"7","ok":false,"error":"refused","text":"…"}
//
// Strict: an unknown, repeated or missing key, a value of another type or too long, bytes that are
// no UTF-8, and more nesting than this are errors. Decoding never throws and takes time linear in
// the line.
#pragma once

#include <string>
#include <string_view>

#include "engine/agent/verb.h"
#include "engine/base/result.h"

namespace fleet::agent {

inline constexpr std::size_t kMaxRequest = std::size_t{256} << 10;  // bytes of a line
inline constexpr std::size_t kMaxReply = std::size_t{8} << 20;

struct Request {
  std::string id;  // the client's, at most 64 bytes; comes back with the reply
  std::string token;
  Verb verb = Verb::kTask;
  Arguments with;
  friend bool operator==(const Request&, const Request&) = default;
};

enum class Fault : std::uint8_t {
  kNone,
  kMalformed,  // no request of this protocol
  kDenied,     // the token is not this session's
  kRefused,    // a rule says no: `text` says which, and what to do
  kStopping,   // the engine can't take it any more; a later one may
};

struct Reply {
  std::string id;
  Fault fault = Fault::kNone;
  std::string text;         // for people and for models
  std::string data = "{}";  // a JSON object on one line
  bool ok() const { return fault == Fault::kNone; }
  friend bool operator==(const Reply&, const Reply&) = default;
};

Reply refusal(std::string id, Fault fault, std::string text);

// Without the line's end. REQUIRES: text is UTF-8 (what is not becomes U+FFFD).
std::string encode(const Request& request);
std::string encode(const Reply& reply);

// kInvalid: what is wrong.
Result<Request> decode_request(std::string_view line);
Result<Reply> decode_reply(std::string_view line);

// Whether two secrets are equal, in a time that depends on their lengths only.
bool same_secret(std::string_view left, std::string_view right);

}  // namespace fleet::agent
