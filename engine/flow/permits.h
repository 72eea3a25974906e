// Who may have a session now, over all runs of a repository: an agent that is not cloned has one at
// a time, whichever run calls it, and a fleet at most as many at once, and so many starts an hour,
// as its `limits` say. Whoever asked first is first, except that one who waits for a busy agent is
// in nobody's way. Starts are counted from when the engine began. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "engine/flow/hour_window.h"
#include "engine/os/clock.h"

namespace fleet::flow {

class Permits {
 public:
  struct Session {
    std::string run;
    std::uint32_t index = 0;  // within the run
    friend auto operator<=>(const Session&, const Session&) = default;
  };
  struct Wish {
    Session session;
    std::string agent;          // empty: as many of it as there is room for
    std::uint32_t at_once = 0;  // sessions of the fleet; 0: no limit
    std::uint32_t an_hour =
        0;  // that are started, those of a session that has its permit too; 0: no limit
  };
  // Calls back once after a while, on a thread of its own.
  using Later = std::function<void(std::chrono::milliseconds, std::function<void()>)>;
  // Called once, from any thread and perhaps before `ask` returns; false: it was dropped.
  using Then = std::function<void(bool granted)>;

  // Before the first `ask` with a limit of starts. `clock` outlives this, and what `later` calls.
  void use_clock(const os::Clock& clock, Later later);

  void ask(Wish wish, Then then);
  // A session of an earlier engine that goes on, whatever the limits are.
  void hold(const Wish& wish);
  // Harmless for one that has none.
  void give_back(const Session& session);
  // What the run still waits for is dropped.
  void drop(const std::string& run);
  // That, and all that it holds is given back.
  void forget(const std::string& run);

 private:
  struct Waiting {
    Wish wish;
    Then then;
  };
  bool has_room(const Wish& wish) const;
  // When the wish's next start may be; nullopt: now, as far as starts are concerned.
  std::optional<os::MonoTime> next_start(const Wish& wish) const;
  void take(const Wish& wish);
  // Takes out of those who wait whoever has room now.
  std::list<Waiting> grant();
  void look();

  std::mutex mutex_;                           // guards all below; not held while `then` is called
  std::map<Session, std::string> held_;        // to the agent
  std::map<std::string, std::uint32_t> busy_;  // agents that are not cloned
  std::list<Waiting> waiting_;
  const os::Clock* clock_ = nullptr;
  Later later_;
  HourWindow starts_;
  std::optional<os::MonoTime> looks_at_;  // when it is called back
};

}  // namespace fleet::flow
