// US dollars for a million tokens, standard tier, as excerpts of these pages and lists of others
// had them at kPricesAsOf. Nobody has held them against a bill: the runtime's `price` stands above
// them.
//   Anthropic  platform.claude.com/docs/en/about-claude/pricing and its pages of single models
//   OpenAI     developers.openai.com/api/docs/pricing
//   Google     ai.google.dev/gemini-api/docs/pricing
// A vendor's discounts (batch, flex) are left out, which errs towards too much; so is what costs
// more (priority, fast), which dialect.cc refuses where money is limited.
#include "engine/broker/price.h"

#include <algorithm>
#include <array>

namespace fleet::broker {
namespace {

constexpr std::uint64_t kMost = 10'000'000'000;            // tokens of one request
constexpr std::int64_t kMostCost = 1'000'000'000'000'000;  // of one; sums of some stay in range

constexpr std::int64_t dollars(double amount) {
  return static_cast<std::int64_t>(amount * 1e6 + 0.5);
}

// Writing to a cache costs a quarter more than reading afresh, or twice as much for an hour.
constexpr Rates anthropic(double input, double cache_read, double output) {
  return {dollars(input), dollars(cache_read), dollars(input * 1.25), dollars(input * 2),
          dollars(output)};
}

constexpr Rates openai(double input, double cache_read, double output, double cache_write = 0) {
  const double write = cache_write > 0 ? cache_write : input;
  return {dollars(input), dollars(cache_read), dollars(write), dollars(write), dollars(output)};
}

constexpr Rates google(double input, double cache_read, double output) {
  return openai(input, cache_read, output);
}

constexpr Price flat(Rates rates, std::uint64_t window, std::uint64_t most_output) {
  return {rates, 0, {}, window, most_output};
}

constexpr Price stepped(Rates rates, std::uint64_t from, Rates beyond, std::uint64_t window,
                        std::uint64_t most_output) {
  return {rates, from, beyond, window, most_output};
}

struct Row {
  std::string_view model;
  Price price;
};

constexpr std::uint64_t k1M = 1'000'000, k200k = 200'000, k400k = 400'000, k128k = 128'000;
constexpr std::uint64_t kGoogleWindow = 1'048'576, kGoogleOutput = 65'536;

constexpr auto kTable = std::to_array<Row>({
    {"claude-fable-5-1", flat(anthropic(10, 0.25, 50), k1M, k128k)},
    {"claude-fable-5", flat(anthropic(10, 1, 50), k1M, k128k)},
    {"claude-opus-5-5", flat(anthropic(4, 0.20, 20), k1M, k128k)},
    {"claude-opus-5", flat(anthropic(5, 0.50, 25), k1M, k128k)},
    {"claude-opus-4-8", flat(anthropic(5, 0.50, 25), k1M, k128k)},
    {"claude-opus-4-7", flat(anthropic(5, 0.50, 25), k1M, k128k)},
    {"claude-opus-4-6", flat(anthropic(5, 0.50, 25), k1M, k128k)},
    {"claude-opus-4-5", flat(anthropic(5, 0.50, 25), k200k, 64'000)},
    {"claude-sonnet-5-5", flat(anthropic(2, 0.10, 10), k1M, k128k)},
    {"claude-sonnet-5", flat(anthropic(2, 0.20, 10), k1M, k128k)},
    {"claude-sonnet-4-6", flat(anthropic(3, 0.30, 15), k1M, k128k)},
    {"claude-sonnet-4-5",
     stepped(anthropic(3, 0.30, 15), k200k, anthropic(6, 0.60, 22.50), k1M, 64'000)},
    {"claude-haiku-5-5",
     stepped(anthropic(0.10, 0.01, 0.50), 100'000, anthropic(0.50, 0.05, 2.50), k1M, k128k)},
    {"claude-haiku-4-5", flat(anthropic(1, 0.10, 5), k200k, 64'000)},

    {"gpt-6.2-astra",
     stepped(openai(8, 0.40, 40, 10), 272'000, openai(16, 0.80, 60, 20), 1'050'000, k128k)},
    {"gpt-6.2-sol",
     stepped(openai(2, 0.10, 10, 2.50), 272'000, openai(4, 0.20, 15, 5), 1'050'000, k128k)},
    {"gpt-5.3-codex", flat(openai(1.75, 0.175, 14), k400k, k128k)},
    {"gpt-5.2-codex", flat(openai(1.75, 0.175, 14), k400k, k128k)},
    {"gpt-5.2", flat(openai(1.75, 0.175, 14), k400k, k128k)},
    {"gpt-5.1-codex-max", flat(openai(1.25, 0.125, 10), k400k, k128k)},
    {"gpt-5.1-codex", flat(openai(1.25, 0.125, 10), k400k, k128k)},
    {"gpt-5.1-codex-mini", flat(openai(0.25, 0.025, 2), k400k, k128k)},
    {"gpt-5.1", flat(openai(1.25, 0.125, 10), k400k, k128k)},
    {"gpt-5", flat(openai(1.25, 0.125, 10), k400k, k128k)},
    {"gpt-5-mini", flat(openai(0.25, 0.025, 2), k400k, k128k)},

    {"gemini-4-neon", flat(google(3, 0.15, 15), kGoogleWindow, kGoogleOutput)},
    {"gemini-4-hydrogen", flat(google(1.50, 0.075, 7.50), kGoogleWindow, kGoogleOutput)},
    {"gemini-2.5-pro",
     stepped(google(1.25, 0.125, 10), k200k, google(2.50, 0.25, 15), kGoogleWindow, kGoogleOutput)},
    {"gemini-2.5-flash", flat(google(0.30, 0.03, 2.50), kGoogleWindow, kGoogleOutput)},
    {"gemini-2.5-flash-lite", flat(google(0.10, 0.01, 0.40), kGoogleWindow, kGoogleOutput)},
});

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// "-20250929" and "-2026-04-01" name a version of the same model.
std::string_view without_date(std::string_view name) {
  constexpr std::string_view kShapes[] = {"-dddddddd", "-dddd-dd-dd"};
  for (const std::string_view shape : kShapes) {
    if (name.size() <= shape.size())
      continue;
    const std::string_view end = name.substr(name.size() - shape.size());
    const bool fits = std::ranges::equal(
        end, shape, [](char c, char want) { return want == 'd' ? is_digit(c) : c == want; });
    if (fits)
      return name.substr(0, name.size() - shape.size());
  }
  return name;
}

// In micro-dollars of a millionth; no product of these two is beyond its range.
__extension__ using Wide = __int128;

Wide product(std::uint64_t tokens, std::int64_t rate) {
  return Wide{static_cast<std::int64_t>(std::min(tokens, kMost))} * rate;
}

std::int64_t rounded_up(Wide millionths) {
  return static_cast<std::int64_t>(std::min((millionths + 999'999) / 1'000'000, Wide{kMostCost}));
}

const Rates& rates_for(std::uint64_t prompt, const Price& price) {
  return price.long_from != 0 && prompt > price.long_from ? price.long_rates : price.rates;
}

}  // namespace

std::optional<Price> price_of(std::string_view model) {
  constexpr std::string_view kFolder = "models/", kLatest = "-latest";
  if (model.starts_with(kFolder))
    model.remove_prefix(kFolder.size());
  if (model.ends_with(kLatest))
    model.remove_suffix(kLatest.size());
  const auto row = std::ranges::find(kTable, without_date(model), &Row::model);
  return row == kTable.end() ? std::nullopt : std::optional(row->price);
}

Price flat_price(std::int64_t micros) {
  return {{micros, micros, micros, micros, micros}, 0, {}, 0, 0};
}

std::int64_t cost_of(const Usage& usage, const Price& price) {
  const Rates& rates = rates_for(usage.prompt(), price);
  return rounded_up(product(usage.input, rates.input) +
                    product(usage.cache_read, rates.cache_read) +
                    product(usage.cache_write, rates.cache_write) +
                    product(usage.cache_write_hour, rates.cache_write_hour) +
                    product(usage.output, rates.output));
}

std::int64_t worst_cost(std::uint64_t prompt, std::uint64_t output, bool hour, const Price& price) {
  if (price.window != 0)
    prompt = std::min(prompt, price.window);
  const Rates& rates = rates_for(prompt, price);
  const std::int64_t dearest = std::max(
      {rates.input, rates.cache_read, rates.cache_write, hour ? rates.cache_write_hour : 0});
  return rounded_up(product(prompt, dearest) + product(output, rates.output));
}

}  // namespace fleet::broker
