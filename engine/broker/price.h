// What a model's tokens cost. The table is a dated copy of what the vendors publish; a runtime's
// `price` stands above it. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fleet::broker {

// Tokens of one request; each is counted in one member only.
struct Usage {
  std::uint64_t input = 0;  // neither read from a cache nor written to one
  std::uint64_t cache_read = 0;
  std::uint64_t cache_write = 0;       // kept for minutes
  std::uint64_t cache_write_hour = 0;  // kept for an hour
  std::uint64_t output = 0;            // thoughts included

  // REQUIRES: the figures are a meter's, whose sums are in range.
  std::uint64_t prompt() const { return input + cache_read + cache_write + cache_write_hour; }
  friend bool operator==(const Usage&, const Usage&) = default;
};

// Micro-dollars of a million tokens.
struct Rates {
  std::int64_t input = 0;
  std::int64_t cache_read = 0;
  std::int64_t cache_write = 0;
  std::int64_t cache_write_hour = 0;
  std::int64_t output = 0;
};

struct Price {
  Rates rates;
  // Of a request whose prompt has more tokens than `long_from`; 0: there is no such step.
  std::uint64_t long_from = 0;
  Rates long_rates;
  std::uint64_t window = 0;       // the longest prompt, in tokens; 0: not known
  std::uint64_t most_output = 0;  // of one answer; 0: not known
};

// The day on which the table was compared with the vendors' pages, for whoever is told a price.
inline constexpr std::string_view kPricesAsOf = "2026-11-30";

// By the name that a request has: a date at its end, "-latest" and "models/" do not matter.
std::optional<Price> price_of(std::string_view model);

// The same for every kind of token, as the language states it. `micros`: of a million tokens.
Price flat_price(std::int64_t micros);

// Micro-dollars, rounded up; at most a billion dollars.
std::int64_t cost_of(const Usage& usage, const Price& price);

// No request can cost more whose prompt has at most `prompt` tokens and whose answers have at most
// `output`. `hour`: it may write to a cache that is kept for an hour.
std::int64_t worst_cost(std::uint64_t prompt, std::uint64_t output, bool hour, const Price& price);

}  // namespace fleet::broker
