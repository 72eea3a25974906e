// What of a resident fleet begins when: an agent that is always on, a schedule, an event, a
// message. Pure: no clock, no I/O, no threads; times are wall milliseconds since 1970, days are
// UTC's. What it knows after a restart is what it is told again (`remember`), so that nothing
// begins twice for one cause and a missed turn is made up for once.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dsl/plan/plan.h"

namespace fleet::resident {

// Agents that write to one another can go round in circles, which no check can see: one that
// messages wake has at most so many turns an hour. The messages wait.
inline constexpr std::size_t kMostTurns = 60;

// A flow or an agent of the fleet that works unasked.
struct Duty {
  std::string name;
  bool is_flow = false;  // several runs of it may go on at once; an agent has one session
  plan::Dispatch how = plan::Dispatch::kOn;
  std::optional<plan::Event> on;  // kOn
  plan::Millis every{0};          // kEvery
  plan::Overlap overlap = plan::Overlap::kSkip;
  plan::Restart restart;
  std::optional<plan::Millis> session_max;  // of an agent
  std::optional<plan::Money> day_budget;    // likewise
  std::optional<plan::Money> worst;         // of one run; empty: nobody knows
  std::string hash;                         // of what it does: another one after an edit
  friend bool operator==(const Duty&, const Duty&) = default;
};

// Something happened. A fact of its own, whoever takes it.
struct Wake {
  std::string id;  // without spaces; the same happening has the same one
  plan::Event event;
  std::string text;                // what it is about, for whoever takes it
  std::string criteria;            // written before the work, of how it will be judged
  std::string commit;              // at which the work starts; empty: the base
  std::vector<std::string> spare;  // agents that the run where it happened has called itself
  std::string only;                // the one duty that it is for; empty: whichever waits for it
  std::int64_t at = 0;
  friend bool operator==(const Wake&, const Wake&) = default;
};

struct Start {
  std::string duty;
  std::string cause;  // unique among all runs; without spaces
  Wake wake;
  bool escalates = true;            // whether a human is asked when it fails
  std::optional<plan::Money> most;  // that it may spend, where an agent has a budget a day
  friend bool operator==(const Start&, const Start&) = default;
};

// kAged: well, because its session had grown as old as it may; a successor goes on.
// kBroke: for want of money of the day.
enum class Ended : std::uint8_t { kDone, kAged, kFailed, kStopped, kBroke };

struct Limits {
  std::optional<plan::Money> day;   // of all runs, where the fleet's budget is hard
  std::optional<plan::Money> warn;  // of a day: people are told when so much is spent
  std::size_t runs = 16;            // at once
};

class Rota {
 public:
  Rota(std::vector<Duty> duties, Limits limits);

  // Another version of the fleet: what is under way and what waits stays, what nobody does any more
  // is dropped.
  void replace(std::vector<Duty> duties, Limits limits);

  // A run of an earlier engine's, by its cause; in any order. `at`: when it began.
  void remember(const std::string& cause, std::int64_t at);
  // That one failed then: it counts for an hour. One that was left alone gets one more try from the
  // next engine.
  void remember_failure(const std::string& cause, std::int64_t at, std::int64_t now);
  // One that goes on.
  void take_up(const std::string& cause, std::int64_t at);
  // What a run of a day has spent; `duty` is empty for what a human began.
  void charge(const std::string& duty, plan::Money money, std::int64_t at);

  // Whether anybody takes it. Repeating it is harmless.
  bool woke(const Wake& wake);
  // Whether nothing will begin for it any more.
  bool is_spent(const std::string& wake) const;
  // It shall not begin; false: it has, or is not known.
  bool drop(const std::string& wake);

  // The messages that are unread in an agent's mailbox, by their IDs. One that was there when a
  // turn began that ended well does not begin another: who did not read it then is not asked again
  // and again for money.
  void mail(const std::string& agent, std::set<std::string> unread);
  // Something that an always-on agent wants to know of has happened: the base moved, a human
  // decided. News that comes within a second is told together.
  void news(const std::string& except, std::int64_t now);

  // What begins now; each counts as under way from here on.
  std::vector<Start> take(std::int64_t now);
  void ended(const std::string& cause, Ended how, plan::Money money, std::int64_t now);
  // It could not begin: it is tried again later.
  void refused(const Start& start, std::int64_t now);
  // When to look again, unless something happens before; nothing: never.
  std::optional<std::int64_t> next(std::int64_t now) const;

  // How things stand with a duty, for people.
  struct Standing {
    std::string duty;
    bool is_flow = false;
    std::size_t under_way = 0;
    std::size_t waiting = 0;
    std::optional<std::int64_t> due;
    std::string why;  // why it rests or waits; empty: there is nothing to say
    bool stuck = false;
    friend bool operator==(const Standing&, const Standing&) = default;
  };
  std::vector<Standing> standing(std::int64_t now) const;
  // Once a day, when so much is spent that people want to be told: what is spent.
  std::optional<plan::Money> take_warning();

 private:
  struct Book {
    std::optional<std::int64_t> due;    // kEvery
    std::int64_t not_before = 0;        // after it failed
    std::deque<std::int64_t> failures;  // within the last hour
    std::uint32_t in_a_row = 0;         // of these, since it ended well
    std::uint64_t turn = 0;             // the last number that a cause has
    std::optional<std::int64_t> last;   // when its last run began
    std::set<std::string> unread;       // messages
    std::set<std::string> told;         // those that were unread when its last run began
    std::set<std::string> passed_over;  // and were left so by one that ended well
    std::int64_t gathers_until = 0;     // news
    std::deque<std::int64_t> turns;     // for messages, within the last hour, oldest first
    bool wanted = true;                 // kAlways: never ran, ended badly, or there is news
    bool quarantined = false;
    plan::Money spent;  // today
  };
  struct Pending {
    std::string duty;
    std::string cause;
    Wake wake;
  };
  struct Active {
    std::string duty;
    plan::Money reserved;
  };

  const Duty* find(const std::string& name) const;
  bool is_known(const std::string& cause) const;
  bool is_busy(const std::string& duty) const;
  bool is_waiting(const std::string& duty) const;
  static bool has_mail(const Book& book);
  void roll_day(std::int64_t now);
  void add(const Duty& duty, Wake wake, std::string cause);
  void turn(const Duty& duty, std::int64_t now);
  void by_clock(const Duty& duty, Book& book, std::int64_t now);
  std::optional<plan::Money> left_today(const Duty& duty) const;
  bool can_afford(const Duty& duty) const;
  std::string holds_back(const Duty& duty, std::int64_t now) const;
  bool escalates(const Duty& duty) const;

  std::vector<Duty> duties_;
  Limits limits_;
  std::map<std::string, Book> books_;  // by duty
  std::set<std::string> known_;        // causes of all runs that there are or were
  std::deque<Pending> pending_;
  std::map<std::string, Active> active_;  // by cause
  std::int64_t day_ = 0;
  plan::Money spent_;    // today, by all
  bool warned_ = false;  // today
};

// A cause is what a run was begun for, and for whom: "task:k3f9ab:ship",
// "every:1764547200000:diary". The last part; empty without one.
std::string duty_of(const std::string& cause);
// All before it: the wake's id.
std::string wake_of(const std::string& cause);

}  // namespace fleet::resident
