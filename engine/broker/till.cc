#include "engine/broker/till.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace fleet::broker {
namespace {

// Of an answer, where neither the request nor the price says: no model that is served today writes
// more.
constexpr std::uint64_t kMostOutput = 128'000;
// What a service puts before a request's own words, for tools and the like.
constexpr std::uint64_t kOwnPrompt = 4'000;
// Of an image, however large: services scale it down before they count.
constexpr std::uint64_t kImage = 20'000;

std::string dollars(std::int64_t micros) {
  return fmt::format("${:.4f}", static_cast<double>(micros) / 1e6);
}

std::string name_of_model(const Ask& ask) {
  return ask.model.substr(0, 200);
}

// No request has a longer prompt, in tokens: each byte is at most one.
std::uint64_t longest_prompt(const Ask& ask, const Price& price, std::size_t body) {
  const std::uint64_t words = body + kOwnPrompt + ask.images * kImage;
  return ask.fills_window.empty() ? words : std::max(words, price.window);
}

std::string why_unbounded(const Ask& ask, const std::optional<Price>& price) {
  if (!ask.unbounded.empty() || ask.fills_window.empty() || (price && price->window != 0))
    return ask.unbounded;
  return fmt::format(
      "`{}` has more tokens than bytes, and nobody knows how long a prompt of `{}` may be",
      ask.fills_window, name_of_model(ask));
}

}  // namespace

Result<Bill> Till::reckon(const Session& session, const Ask& ask, std::size_t body) {
  Bill bill;
  bill.price = session.price ? session.price : price_of(ask.model);
  if (session.only_priced && !bill.price)
    return Error(Errc::kUnsupported,
                 fmt::format("money is limited, and `{}` has no price that fleetc knows (its table "
                             "is of {}): state `price` in the runtime",
                             name_of_model(ask), kPricesAsOf));
  if (const std::string why = why_unbounded(ask, bill.price); session.only_priced && !why.empty())
    return Error(Errc::kUnsupported,
                 "money is limited, and what this request costs has no bound: " + why);
  if (!bill.price)
    return bill;
  const std::uint64_t one = ask.most_output != 0           ? ask.most_output
                            : bill.price->most_output != 0 ? bill.price->most_output
                                                           : kMostOutput;
  bill.most_output =
      std::min(one, std::uint64_t{10'000'000}) * std::min(ask.answers, std::uint64_t{1'000});
  bill.worst = worst_cost(longest_prompt(ask, *bill.price, body), bill.most_output, ask.hour_cache,
                          *bill.price);
  return bill;
}

Purse::Answer Till::reserve(const Client& client, const Ask& ask, Bill& bill,
                            const std::function<void()>& again, std::string& why) {
  const Purse* by = nullptr;
  const Purse::Answer answer = reserve_from(client.purses, bill.worst, this, again, by);
  bill.granted = answer == Purse::Answer::kGranted;
  if (answer != Purse::Answer::kRefused)
    return answer;
  why = fmt::format(
      "the budget of {} is spent: {} of {} are used, and the next request to {} may cost {}",
      by->whose(), dollars(by->spent()), dollars(by->limit().value_or(0)), name_of_model(ask),
      dollars(bill.worst));
  if (hooks_.over_budget)
    hooks_.over_budget(client.session.name, why);
  return answer;
}

Status Till::note(const Client& client, Bill& bill) {
  if (bill.worst == 0)
    return {};
  FLEET_TRY(bill.noted, slate_.note(client.session.name, bill.worst));
  return {};
}

void Till::settle(const Client& client, Bill& bill, const std::optional<Reading>& reading) {
  if (!bill.granted || std::exchange(bill.settled, true))
    return;
  const Usage usage = reading ? reading->usage : Usage{};
  std::int64_t used = 0;
  bool assumed = false;
  if (reading && bill.price) {
    // What is not known counts at its worst.
    assumed = !reading->prompt_known || !reading->output_known;
    Usage counted = usage;
    if (!reading->output_known)
      counted.output = std::max(counted.output, bill.most_output);
    used = cost_of(counted, *bill.price);
    if (!reading->prompt_known)
      used = std::max(used, bill.worst);
  }
  settle_in(client.purses, bill.worst, used);
  const auto durable = [file = bill.noted] {
    if (!file.empty())
      Slate::strike(file);
  };
  if (used == 0 && usage == Usage{})
    durable();
  else if (hooks_.spent)
    hooks_.spent({client.session.name, usage, used, assumed, durable});
}

}  // namespace fleet::broker
