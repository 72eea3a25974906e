#include "dsl/syntax/literal.h"

#include <array>
#include <charconv>
#include <chrono>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "dsl/base/suggest.h"
#include "dsl/syntax/lookahead.h"
#include "dsl/syntax/mistakes.h"

namespace fleet::syntax {
namespace {

using Kind = ast::Atom::Kind;

struct Unit {
  std::string_view name;
  Kind kind;
  std::int64_t scale;  // smallest units in one
};

constexpr std::int64_t kKi = 1024;
constexpr std::array kUnits = {
    Unit{"ms", Kind::kDuration, 1},
    Unit{"s", Kind::kDuration, 1000},
    Unit{"min", Kind::kDuration, 60'000},
    Unit{"h", Kind::kDuration, 3'600'000},
    Unit{"d", Kind::kDuration, 86'400'000},
    Unit{"tok", Kind::kTokens, 1},
    Unit{"ktok", Kind::kTokens, 1000},
    Unit{"Mtok", Kind::kTokens, 1'000'000},
    Unit{"B", Kind::kSize, 1},
    Unit{"KB", Kind::kSize, 1000},
    Unit{"MB", Kind::kSize, 1'000'000},
    Unit{"GB", Kind::kSize, 1'000'000'000},
    Unit{"TB", Kind::kSize, 1'000'000'000'000},
    Unit{"KiB", Kind::kSize, kKi},
    Unit{"MiB", Kind::kSize, kKi* kKi},
    Unit{"GiB", Kind::kSize, kKi* kKi* kKi},
    Unit{"TiB", Kind::kSize, kKi* kKi* kKi* kKi},
    Unit{"%", Kind::kPercent, 1'000'000},
    Unit{"", Kind::kNumber, 1'000'000},
};
constexpr std::int64_t kMicroDollars = 1'000'000;

// How people write units elsewhere, and what that is here.
struct Habit {
  std::string_view written;
  std::string_view unit;
};
constexpr std::array kHabits = {
    Habit{"m", "min"},       Habit{"mins", "min"},     Habit{"minute", "min"},
    Habit{"minutes", "min"}, Habit{"sec", "s"},        Habit{"secs", "s"},
    Habit{"second", "s"},    Habit{"seconds", "s"},    Habit{"hr", "h"},
    Habit{"hrs", "h"},       Habit{"hour", "h"},       Habit{"hours", "h"},
    Habit{"day", "d"},       Habit{"days", "d"},       Habit{"millis", "ms"},
    Habit{"msec", "ms"},     Habit{"token", "tok"},    Habit{"tokens", "tok"},
    Habit{"toks", "tok"},    Habit{"ktokens", "ktok"}, Habit{"mtokens", "Mtok"},
    Habit{"k", "ktok"},      Habit{"kb", "KB"},        Habit{"mb", "MB"},
    Habit{"gb", "GB"},       Habit{"tb", "TB"},        Habit{"g", "GiB"},
    Habit{"gig", "GiB"},     Habit{"bytes", "B"},      Habit{"byte", "B"},
    Habit{"percent", "%"},   Habit{"pct", "%"},
};

const Unit* find_unit(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (unit.name == name) {
      return &unit;
    }
  }
  return nullptr;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && is_digit(text[at])) {
    ++at;
  }
  return at;
}

// Where digits with an optional fraction end.
std::size_t skip_number(std::string_view text, std::size_t at) {
  at = skip_digits(text, at);
  return at < text.size() && text[at] == '.' ? skip_digits(text, at + 1) : at;
}

enum class Scaled { kExact, kInexact, kTooLarge };

// digits[.digits] × unit, without rounding.
Scaled scale(std::string_view number, std::int64_t unit, std::int64_t& out) {
  constexpr std::size_t kMostDigits = 15;  // keeps the denominator within 63 bits
  constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
  const std::size_t dot = number.find('.');
  const std::string_view whole = number.substr(0, dot);
  std::string_view fraction = dot == std::string_view::npos ? "" : number.substr(dot + 1);
  while (!fraction.empty() && fraction.back() == '0') {
    fraction.remove_suffix(1);
  }
  const auto parsed = std::from_chars(whole.data(), whole.data() + whole.size(), out);
  if (parsed.ec != std::errc{} || out > kLargest / unit - 1) {
    return Scaled::kTooLarge;
  }
  if (fraction.size() > kMostDigits) {
    return Scaled::kInexact;
  }
  std::int64_t numerator = 0;
  std::int64_t denominator = 1;
  for (const char digit : fraction) {
    numerator = numerator * 10 + (digit - '0');
    denominator *= 10;
  }
  // unit × numerator / denominator, reduced first so that nothing overflows.
  const std::int64_t common = std::gcd(unit, denominator);
  if (numerator % (denominator / common) != 0) {
    return Scaled::kInexact;
  }
  out = out * unit + (unit / common) * (numerator / (denominator / common));
  return Scaled::kExact;
}

LiteralReading wrong(std::string problem, std::string suggestion = {}) {
  return {Kind::kError, 0, std::move(problem), std::move(suggestion)};
}

LiteralReading scaled(std::string_view number, const Unit& unit) {
  LiteralReading out;
  switch (scale(number, unit.scale, out.amount)) {
    case Scaled::kExact: out.kind = unit.kind; return out;
    case Scaled::kInexact: return wrong("more decimals than the smallest unit has");
    case Scaled::kTooLarge: return wrong("too large");
  }
  return out;
}

std::string in_words(Kind kind) {
  switch (kind) {
    case Kind::kDuration: return "a duration";
    case Kind::kTokens: return "a number of tokens";
    case Kind::kSize: return "a size";
    default: return "a number";
  }
}

// 1h30min: durations one after another. The sum in the largest unit that divides it.
std::optional<std::string> summed_durations(std::string_view text) {
  std::int64_t total = 0;
  int parts = 0;
  for (std::size_t at = 0; at < text.size(); ++parts) {
    const std::size_t number_end = skip_number(text, at);
    std::size_t unit_end = number_end;
    while (unit_end < text.size() && is_word_start(text[unit_end])) {
      ++unit_end;
    }
    std::string_view name = text.substr(number_end, unit_end - number_end);
    const Unit* unit = find_unit(name == "m" ? "min" : name);
    std::int64_t amount = 0;
    if (number_end == at || unit == nullptr || unit->kind != Kind::kDuration ||
        scale(text.substr(at, number_end - at), unit->scale, amount) != Scaled::kExact ||
        amount > std::numeric_limits<std::int64_t>::max() / 2 - total) {
      return std::nullopt;
    }
    total += amount;
    at = unit_end;
  }
  if (parts < 2) {
    return std::nullopt;
  }
  for (const std::string_view name : {"d", "h", "min", "s", "ms"}) {
    const Unit* unit = find_unit(name);
    if (total % unit->scale == 0) {
      return std::to_string(total / unit->scale) + std::string(name);
    }
  }
  return std::nullopt;
}

// The unit that was probably meant by `written`, or none.
std::string meant_unit(std::string_view written) {
  for (const Habit& habit : kHabits) {
    if (habit.written == written || habit.written == lower(written)) {
      return std::string(habit.unit);
    }
  }
  std::vector<std::string> names;
  for (const Unit& unit : kUnits) {
    names.emplace_back(unit.name);
  }
  const std::vector<std::string> close = suggest(written, names);
  return close.empty() ? std::string() : close.front();
}

LiteralReading read_money(std::string_view text) {
  const std::string_view number = text.substr(1);
  const std::size_t end = skip_number(number, 0);
  if (end == 0) {
    return wrong("expected an amount after `$`");
  }
  if (end < number.size()) {
    return wrong("an amount of money is digits, as in `$3` or `$1.50`",
                 "$" + std::string(number.substr(0, end)));
  }
  return scaled(number, {"$", Kind::kMoney, kMicroDollars});
}

bool looks_like_date(std::string_view text) {
  const std::size_t year = skip_digits(text, 0);
  if (year != 4 || year >= text.size() || text[year] != '-') {
    return false;
  }
  const std::size_t month = skip_digits(text, year + 1);
  return month > year + 1 && month < text.size() && text[month] == '-' &&
         skip_digits(text, month + 1) == text.size() && month + 1 < text.size();
}

LiteralReading read_date(std::string_view text) {
  const auto part = [&](std::size_t begin, std::size_t end) {
    unsigned value = 0;
    std::from_chars(text.data() + begin, text.data() + end, value);
    return value;
  };
  const std::size_t second = text.find('-', 5);
  const std::chrono::year_month_day day{std::chrono::year(static_cast<int>(part(0, 4))),
                                        std::chrono::month(part(5, second)),
                                        std::chrono::day(part(second + 1, text.size()))};
  if (!day.ok()) {
    return wrong("there is no such day");
  }
  if (text.size() != 10) {
    const auto two = [](unsigned n) {
      return (n < 10 ? "0" : "") + std::to_string(n);
    };
    return wrong("a date has two digits for the month and the day",
                 std::string(text.substr(0, 5)) + two(static_cast<unsigned>(day.month())) + "-" +
                     two(static_cast<unsigned>(day.day())));
  }
  return {Kind::kDate, std::chrono::sys_days(day).time_since_epoch().count(), {}, {}};
}

}  // namespace

LiteralReading read_literal(std::string_view text) {
  if (text.substr(0, 1) == "$") {
    return read_money(text);
  }
  if (looks_like_date(text)) {
    return read_date(text);
  }
  const std::size_t end = skip_number(text, 0);
  const std::string_view number = text.substr(0, end);
  const std::string_view unit_name = text.substr(end);
  if (const Unit* unit = find_unit(unit_name)) {
    return scaled(number, *unit);
  }
  if (std::optional<std::string> sum = summed_durations(text)) {
    return wrong("a duration has one unit", std::move(*sum));
  }
  if (unit_name[0] == '.') {
    return wrong("a number has one decimal point");
  }
  if (unit_name[0] == '-' && skip_number(unit_name, 1) == unit_name.size()) {
    return wrong("a range is written with two dots",
                 std::string(number) + ".." + std::string(unit_name.substr(1)));
  }
  if (unit_name == "w" || unit_name == "week" || unit_name == "weeks") {
    std::int64_t days = 0;
    const bool whole = scale(number, 7, days) == Scaled::kExact;
    return wrong("the longest unit of time is the day", whole ? std::to_string(days) + "d" : "");
  }
  const std::string meant = meant_unit(unit_name);
  if (meant.empty()) {
    return wrong("no unit is called " + quoted(unit_name));
  }
  return wrong(
      in_words(find_unit(meant)->kind) + " is written " + quoted(std::string(number) + meant),
      std::string(number) + meant);
}

}  // namespace fleet::syntax
