#include "engine/resident/rota.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "dsl/plan/render.h"
#include "engine/report/words.h"

namespace fleet::resident {
namespace {

constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kGather = 1000;

std::int64_t day_of(std::int64_t at) {
  return at / kDay;
}

plan::Money operator+(plan::Money a, plan::Money b) {
  return {a.micros + b.micros};
}

// The number between the two colons of "every:17:content".
std::optional<std::int64_t> number_of(const std::string& cause) {
  const std::size_t first = cause.find(':');
  const std::size_t last = cause.rfind(':');
  if (first == std::string::npos || last <= first)
    return std::nullopt;
  std::int64_t number = 0;
  const char* end = cause.data() + last;
  const auto read = std::from_chars(cause.data() + first + 1, end, number);
  return read.ec == std::errc() && read.ptr == end ? std::optional(number) : std::nullopt;
}

bool takes(const Duty& duty, const Wake& wake) {
  if (!wake.only.empty())
    return wake.only == duty.name;
  if (duty.how != plan::Dispatch::kOn || duty.on != wake.event)
    return false;
  return duty.is_flow || std::ranges::find(wake.spare, duty.name) == wake.spare.end();
}

}  // namespace

std::string duty_of(const std::string& cause) {
  const std::size_t colon = cause.rfind(':');
  return colon == std::string::npos ? std::string() : cause.substr(colon + 1);
}

std::string wake_of(const std::string& cause) {
  return cause.substr(0, cause.rfind(':'));
}

Rota::Rota(std::vector<Duty> duties, Limits limits) : duties_(std::move(duties)), limits_(limits) {
  for (const Duty& duty : duties_)
    books_[duty.name];
}

void Rota::replace(std::vector<Duty> duties, Limits limits) {
  const std::vector<Duty> before = std::exchange(duties_, std::move(duties));
  limits_ = limits;
  for (const Duty& duty : duties_) {
    Book& book = books_[duty.name];
    const auto old = std::ranges::find(before, duty.name, &Duty::name);
    if (old != before.end() && *old == duty)
      continue;
    // Whoever changed it may have mended what was wrong with it.
    book.quarantined = false;
    book.failures.clear();
    book.in_a_row = 0;
    book.not_before = 0;
    book.passed_over.clear();
    if (old != before.end() && old->every != duty.every && book.due)
      book.due = book.last ? *book.last + duty.every.count() : 0;
    book.wanted = true;
  }
  std::erase_if(pending_, [&](const Pending& one) { return find(one.duty) == nullptr; });
}

const Duty* Rota::find(const std::string& name) const {
  const auto found = std::ranges::find(duties_, name, &Duty::name);
  return found == duties_.end() ? nullptr : &*found;
}

bool Rota::is_known(const std::string& cause) const {
  return known_.contains(cause) ||
         std::ranges::find(pending_, cause, &Pending::cause) != pending_.end();
}

bool Rota::is_busy(const std::string& duty) const {
  return std::ranges::any_of(active_, [&](const auto& one) { return one.second.duty == duty; });
}

bool Rota::is_waiting(const std::string& duty) const {
  return std::ranges::find(pending_, duty, &Pending::duty) != pending_.end();
}

void Rota::remember(const std::string& cause, std::int64_t at) {
  known_.insert(cause);
  const std::string name = duty_of(cause);
  Book& book = books_[name];
  book.last = std::max(book.last.value_or(at), at);
  const auto number = number_of(cause);
  if (!number)
    return;
  if (!cause.starts_with("every:")) {
    book.turn = std::max(book.turn, static_cast<std::uint64_t>(*number));
  } else if (const Duty* duty = find(name); duty != nullptr) {
    const std::int64_t after = *number + duty->every.count();
    book.due = std::max(book.due.value_or(after), after);
  }
}

void Rota::remember_failure(const std::string& cause, std::int64_t at, std::int64_t now) {
  if (at + kHour <= now)
    return;
  Book& book = books_[duty_of(cause)];
  book.failures.insert(std::ranges::upper_bound(book.failures, at), at);
}

void Rota::take_up(const std::string& cause, std::int64_t at) {
  remember(cause, at);
  const std::string name = duty_of(cause);
  books_[name].wanted = false;
  const Duty* duty = find(name);
  active_[cause] = {name, duty == nullptr ? plan::Money{} : duty->worst.value_or(plan::Money{})};
}

void Rota::roll_day(std::int64_t now) {
  if (day_of(now) <= day_)
    return;
  day_ = day_of(now);
  spent_ = {};
  warned_ = false;
  for (auto& [name, book] : books_)
    book.spent = {};
}

void Rota::charge(const std::string& duty, plan::Money money, std::int64_t at) {
  roll_day(at);
  if (day_of(at) < day_)
    return;
  spent_ = spent_ + money;
  if (!duty.empty())
    books_[duty].spent = books_[duty].spent + money;
}

void Rota::add(const Duty& duty, Wake wake, std::string cause) {
  pending_.push_back({duty.name, std::move(cause), std::move(wake)});
}

bool Rota::woke(const Wake& wake) {
  bool taken = false;
  // What a flow takes wakes no agent.
  const bool by_flow = std::ranges::any_of(
      duties_, [&](const Duty& duty) { return duty.is_flow && takes(duty, wake); });
  for (const Duty& duty : duties_) {
    if (!takes(duty, wake) || (by_flow && !duty.is_flow && wake.only.empty()))
      continue;
    taken = true;
    std::string cause = wake.id + ":" + duty.name;
    if (!is_known(cause))
      add(duty, wake, std::move(cause));
  }
  return taken;
}

bool Rota::is_spent(const std::string& wake) const {
  return std::ranges::none_of(pending_, [&](const Pending& one) { return one.wake.id == wake; });
}

bool Rota::drop(const std::string& wake) {
  return std::erase_if(pending_, [&](const Pending& one) { return one.wake.id == wake; }) > 0;
}

void Rota::mail(const std::string& agent, std::set<std::string> unread) {
  books_[agent].unread = std::move(unread);
}

bool Rota::has_mail(const Book& book) {
  return std::ranges::any_of(book.unread,
                             [&](const std::string& id) { return !book.passed_over.contains(id); });
}

void Rota::news(const std::string& except, std::int64_t now) {
  for (const Duty& duty : duties_) {
    if (duty.how != plan::Dispatch::kAlways || duty.name == except)
      continue;
    Book& book = books_[duty.name];
    if (!book.wanted)
      book.gathers_until = now + kGather;
    book.wanted = true;
  }
}

// The next number of its own.
void Rota::turn(const Duty& duty, std::int64_t now) {
  Book& book = books_[duty.name];
  const char* what = duty.how == plan::Dispatch::kAlways ? "always" : "message";
  Wake wake;
  wake.id = fmt::format("{}:{}", what, ++book.turn);
  wake.only = duty.name;
  wake.text = fmt::format("turn {} of {}", book.turn, duty.name);
  wake.at = now;
  std::string cause = wake.id + ":" + duty.name;
  add(duty, std::move(wake), std::move(cause));
}

// However many turns were missed, one makes up for them.
void Rota::by_clock(const Duty& duty, Book& book, std::int64_t now) {
  if (!book.due)
    book.due = now;
  if (now < *book.due)
    return;
  const std::int64_t every = std::max<std::int64_t>(duty.every.count(), 1);
  const std::int64_t due = *book.due + (now - *book.due) / every * every;
  book.due = due + every;
  if (is_waiting(duty.name) || (is_busy(duty.name) && duty.overlap == plan::Overlap::kSkip))
    return;
  Wake wake;
  wake.id = fmt::format("every:{}", due);
  wake.only = duty.name;
  wake.text = fmt::format("the turn of {}", report::timestamp(due));
  wake.at = now;
  std::string cause = wake.id + ":" + duty.name;
  if (!is_known(cause))
    add(duty, std::move(wake), std::move(cause));
}

std::optional<plan::Money> Rota::left_today(const Duty& duty) const {
  if (!duty.day_budget)
    return std::nullopt;
  const auto book = books_.find(duty.name);
  const std::int64_t spent = book == books_.end() ? 0 : book->second.spent.micros;
  return plan::Money{std::max<std::int64_t>(duty.day_budget->micros - spent, 0)};
}

// What is under way may cost all that it may cost: reserved before, settled after.
bool Rota::can_afford(const Duty& duty) const {
  if (!limits_.day)
    return true;
  plan::Money reserved = spent_;
  for (const auto& [cause, active] : active_)
    reserved = reserved + active.reserved;
  const plan::Money worst = left_today(duty).value_or(duty.worst.value_or(plan::Money{}));
  return (reserved + worst).micros <= limits_.day->micros;
}

// Why nothing of it may begin now; empty: something may.
std::string Rota::holds_back(const Duty& duty, std::int64_t now) const {
  const Book& book = books_.at(duty.name);
  if (book.quarantined)
    return fmt::format(
        "it failed {} times within an hour and is left alone: change it, or bring the "
        "fleet down and up",
        duty.restart.max_per_hour + 1);
  if (book.turns.size() >= kMostTurns)
    return fmt::format(
        "messages have woken it {} times within an hour, as if in a circle; it goes on "
        "at {}",
        kMostTurns, report::timestamp(book.turns.front() + kHour));
  if (!duty.is_flow && is_busy(duty.name))
    return "its session is busy";
  if (now < book.not_before)
    return fmt::format("it waits until {}", report::timestamp(book.not_before));
  if (const auto left = left_today(duty); left && left->micros == 0)
    return fmt::format("it has spent its {} of today", plan::to_string(*duty.day_budget));
  if (!can_afford(duty))
    return fmt::format("the fleet's {} of today do not cover what it may cost",
                       plan::to_string(*limits_.day));
  if (active_.size() >= limits_.runs)
    return fmt::format("{} runs are under way", active_.size());
  return {};
}

// The failure after which it would be left alone is a human's to decide about.
bool Rota::escalates(const Duty& duty) const {
  if (duty.how != plan::Dispatch::kAlways)
    return true;
  return duty.restart.escalate && books_.at(duty.name).failures.size() >= duty.restart.max_per_hour;
}

std::vector<Start> Rota::take(std::int64_t now) {
  roll_day(now);
  for (const Duty& duty : duties_) {
    Book& book = books_[duty.name];
    while (!book.failures.empty() && book.failures.front() + kHour <= now)
      book.failures.pop_front();
    while (!book.turns.empty() && book.turns.front() + kHour <= now)
      book.turns.pop_front();
    const bool idle = !is_busy(duty.name) && !is_waiting(duty.name);
    if (duty.how == plan::Dispatch::kEvery)
      by_clock(duty, book, now);
    else if (duty.how == plan::Dispatch::kAlways && (book.wanted || has_mail(book)) && idle &&
             now >= book.gathers_until)
      turn(duty, now);
    else if (duty.on && duty.on->kind == plan::Event::Kind::kMessage && has_mail(book) && idle)
      turn(duty, now);
  }
  std::vector<Start> starts;
  for (auto it = pending_.begin(); it != pending_.end();) {
    const Duty* duty = find(it->duty);
    if (duty == nullptr || !holds_back(*duty, now).empty()) {
      ++it;
      continue;
    }
    Book& book = books_[duty->name];
    Start start{duty->name, it->cause, std::move(it->wake), escalates(*duty), left_today(*duty)};
    it = pending_.erase(it);
    book.wanted = false;
    book.last = now;
    if (has_mail(book))
      book.turns.push_back(now);
    book.told = book.unread;
    known_.insert(start.cause);
    active_[start.cause] = {duty->name, start.most.value_or(duty->worst.value_or(plan::Money{}))};
    starts.push_back(std::move(start));
  }
  return starts;
}

void Rota::refused(const Start& start, std::int64_t now) {
  active_.erase(start.cause);
  known_.erase(start.cause);
  books_[start.duty].not_before = now + 60'000;
  pending_.push_front({start.duty, start.cause, start.wake});
}

void Rota::ended(const std::string& cause, Ended how, plan::Money money, std::int64_t now) {
  const auto it = active_.find(cause);
  if (it == active_.end())
    return;
  const std::string name = it->second.duty;
  active_.erase(it);
  charge(name, money, now);
  const Duty* duty = find(name);
  if (duty == nullptr || duty->is_flow)
    return;
  Book& book = books_[name];
  if (how == Ended::kDone || how == Ended::kAged) {
    book.wanted = book.wanted || how == Ended::kAged;
    if (how == Ended::kDone)
      book.passed_over = book.told;
    book.in_a_row = 0;
    book.not_before = 0;
    book.failures.clear();
    return;
  }
  if (how == Ended::kStopped)
    return;
  // No failure of its own, and no other try helps before there is money again.
  if (how == Ended::kBroke) {
    book.not_before = (day_of(now) + 1) * kDay;
    book.wanted = true;
    return;
  }
  // Each failure in a row waits twice as long as the one before.
  std::int64_t wait = duty->restart.backoff_min.count();
  for (std::uint32_t i = 0; i < book.in_a_row && wait < duty->restart.backoff_max.count(); ++i)
    wait *= 2;
  ++book.in_a_row;
  book.failures.push_back(now);
  book.not_before = now + std::min<std::int64_t>(wait, duty->restart.backoff_max.count());
  book.wanted = true;
  book.quarantined =
      duty->how == plan::Dispatch::kAlways && book.failures.size() > duty->restart.max_per_hour;
}

std::optional<plan::Money> Rota::take_warning() {
  if (warned_ || !limits_.warn || spent_ < *limits_.warn)
    return std::nullopt;
  warned_ = true;
  return spent_;
}

std::optional<std::int64_t> Rota::next(std::int64_t now) const {
  std::optional<std::int64_t> next;
  const auto at = [&](std::int64_t when) {
    if (when > now)
      next = std::min(next.value_or(when), when);
  };
  for (const Duty& duty : duties_) {
    const Book& book = books_.at(duty.name);
    if (duty.how == plan::Dispatch::kEvery && book.due)
      at(*book.due);
    const bool unread = has_mail(book) && (duty.how == plan::Dispatch::kAlways || duty.on);
    const bool wants =
        is_waiting(duty.name) || unread || (duty.how == plan::Dispatch::kAlways && book.wanted);
    if (!wants || book.quarantined)
      continue;
    at(book.not_before);
    at(book.gathers_until);
    if (book.turns.size() >= kMostTurns)
      at(book.turns.front() + kHour);
    if (limits_.day || duty.day_budget)
      at((day_of(now) + 1) * kDay);
  }
  return next;
}

std::vector<Rota::Standing> Rota::standing(std::int64_t now) const {
  std::vector<Standing> all;
  for (const Duty& duty : duties_) {
    const Book& book = books_.at(duty.name);
    Standing one{duty.name, duty.is_flow, 0, 0, {}, {}, book.quarantined};
    for (const auto& [cause, active] : active_)
      one.under_way += active.duty == duty.name ? 1 : 0;
    for (const Pending& pending : pending_)
      one.waiting += pending.duty == duty.name ? 1 : 0;
    if (duty.how == plan::Dispatch::kEvery)
      one.due = book.due;
    const bool wants = one.waiting > 0 || (duty.how == plan::Dispatch::kAlways && book.wanted);
    if (one.under_way == 0 && (wants || book.quarantined))
      one.why = holds_back(duty, now);
    one.stuck = one.stuck || book.turns.size() >= kMostTurns;
    const bool reads_mail = duty.how == plan::Dispatch::kAlways ||
                            (duty.on && duty.on->kind == plan::Event::Kind::kMessage);
    if (reads_mail && one.under_way == 0 && !book.unread.empty() && !has_mail(book)) {
      one.stuck = true;
      one.why =
          "it left messages unread in its last turn, and is not begun again for them: `fleetc "
          "messages " +
          duty.name + "`";
    }
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace fleet::resident
