#include "engine/adapter/words.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

namespace fleet::adapter {
namespace {

constexpr std::size_t kMaxWords = 300;  // bytes of what is shown of an error

struct Sign {
  std::string_view words;  // lower case
  Cause cause;
};

// The first that is found decides: what names a cause for certain stands before what only hints.
constexpr auto kSigns = std::to_array<Sign>({
    {"prompt is too long", Cause::kContextExhausted},
    {"context window", Cause::kContextExhausted},
    {"contextoverflow", Cause::kContextExhausted},
    {"input token count", Cause::kContextExhausted},
    {"blocked due to safety", Cause::kDeclined},
    {"content_filter", Cause::kDeclined},
    {"content filter", Cause::kDeclined},
    // No wait mends an empty account: it goes to the credential's owner.
    {"credit balance", Cause::kAuth},
    {"quota exceeded. check your plan", Cause::kAuth},
    {"invalid api key", Cause::kAuth},
    {"api key not valid", Cause::kAuth},
    {"invalid x-api-key", Cause::kAuth},
    {"not logged in", Cause::kAuth},
    {"missing environment variable", Cause::kAuth},
    {"authentication", Cause::kAuth},
    {"unauthorized", Cause::kAuth},
    {"permission_error", Cause::kAuth},
    {"usage limit", Cause::kLimited},
    {"rate limit", Cause::kLimited},
    {"rate_limit", Cause::kLimited},
    {"quota", Cause::kLimited},
    {"resource_exhausted", Cause::kLimited},
    {"overloaded", Cause::kOverloaded},
    {"at capacity", Cause::kOverloaded},
    {"high demand", Cause::kOverloaded},
    {"unable to connect", Cause::kOverloaded},
    {"econnre", Cause::kOverloaded},  // ECONNREFUSED, ECONNRESET
    {"fetch failed", Cause::kOverloaded},
    {"unavailable", Cause::kOverloaded},
});

// "unexpected status 401", "last status: 429", "status code 503"
std::uint64_t status_in(std::string_view words) {
  for (std::size_t at = words.find("status"); at != std::string_view::npos;
       at = words.find("status", at + 1)) {
    std::size_t digit = at + 6;
    while (digit < words.size() && digit < at + 14 &&
           std::isdigit(static_cast<unsigned char>(words[digit])) == 0)
      ++digit;
    std::uint64_t status = 0;
    const auto [end, error] =
        std::from_chars(words.data() + digit, words.data() + words.size(), status);
    if (error == std::errc{} && status >= 400 && status < 600)
      return status;
  }
  return 0;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kMaxWords))
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  return out;
}

std::string each_object(std::string_view output, const std::function<void(const Json&)>& take) {
  std::string words;
  while (!output.empty()) {
    const std::size_t end = std::min(output.find('\n'), output.size());
    const std::string_view line = output.substr(0, end);
    output.remove_prefix(std::min(end + 1, output.size()));
    const Json object =
        line.starts_with('{') ? Json::parse(line, nullptr, false) : Json(Json::value_t::discarded);
    if (object.is_object()) {
      take(object);
    } else if (line.find_first_not_of(" \t\r") != std::string_view::npos) {
      words = one_line(line);
    }
  }
  return words;
}

const Json* find(const Json& object, std::initializer_list<const char*> path) {
  const Json* at = &object;
  for (const char* name : path) {
    if (!at->is_object())
      return nullptr;
    const auto member = at->find(name);
    if (member == at->end())
      return nullptr;
    at = &*member;
  }
  return at;
}

std::string text_at(const Json& object, std::initializer_list<const char*> path) {
  const Json* found = find(object, path);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint64_t number_at(const Json& object, std::initializer_list<const char*> path) {
  const Json* found = find(object, path);
  return found != nullptr && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

bool true_at(const Json& object, const char* name) {
  const Json* found = find(object, {name});
  return found != nullptr && found->is_boolean() && found->get<bool>();
}

Cause cause_of(std::uint64_t status, std::string_view words) {
  const std::string low = lower(words);
  // The broker's own words, whatever status the protocol has for them.
  if (low.find("the budget of this attempt is spent") != std::string::npos)
    return Cause::kBudgetSpent;
  if (status == 0)
    status = status_in(low);
  if (status == 401 || status == 403)
    return Cause::kAuth;
  if (status == 429)
    return Cause::kLimited;
  for (const Sign& sign : kSigns) {
    if (low.find(sign.words) != std::string::npos)
      return sign.cause;
  }
  return status >= 500 ? Cause::kOverloaded : Cause::kFailed;
}

std::int64_t until_of(std::string_view words) {
  const std::size_t bar = words.find("limit reached|");
  if (bar == std::string_view::npos)
    return 0;
  const std::string_view digits = words.substr(bar + 14);
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  return error == std::errc{} && seconds > 0 ? seconds : 0;
}

std::vector<std::string> command_line(const Call& call, const char* usual,
                                      std::initializer_list<std::string> arguments) {
  std::vector<std::string> line =
      call.program.empty() ? std::vector<std::string>{usual} : call.program;
  line.insert(line.end(), arguments);
  return line;
}

std::optional<std::int64_t> micros_of(double dollars) {
  if (!std::isfinite(dollars) || dollars < 0 || dollars > 1e6)
    return std::nullopt;
  return static_cast<std::int64_t>(std::llround(dollars * 1e6));
}

}  // namespace fleet::adapter
