// What the body of a request says of what its answer may cost. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/broker/dialect.h"

namespace fleet::broker {

struct Ask {
  std::string model;
  std::uint64_t most_output = 0;  // tokens, of one answer; 0: not said
  std::uint64_t answers = 1;
  bool hour_cache = false;  // it may write to a cache that is kept for an hour
  std::uint64_t images = 0;
  // What has more tokens than its bytes, such as a document: the prompt may fill the model's
  // window. Empty: nothing.
  std::string fills_window;
  std::string unbounded;  // why its cost has no bound that can be told before; empty: it has one
  std::string insert;     // goes after the body's first brace, for the service to tell its usage
};

// `body` of a request that costs something. kInvalid: it is not one that can be read in one way
// only. Reads escapes as the service does, and names in any spelling of theirs ("maxOutputTokens",
// "max_output_tokens").
Result<Ask> read_ask(const Target& target, std::string_view body);

}  // namespace fleet::broker
