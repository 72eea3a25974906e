// Who may have a session now, over all runs of a repository: an agent that is not cloned has one at
// a time, whichever run calls it, and a fleet at most as many as its `limits` say. Whoever asked
// first is first, except that one who waits for a busy agent is in nobody's way. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <utility>

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
  };
  // Called once, from any thread and perhaps before `ask` returns; false: it was dropped.
  using Then = std::function<void(bool granted)>;

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
  void grant(std::list<Waiting>& granted);

  std::mutex mutex_;                     // guards the three below; not held while `then` is called
  std::map<Session, std::string> held_;  // to the agent
  std::map<std::string, std::uint32_t> busy_;  // agents that are not cloned
  std::list<Waiting> waiting_;
};

}  // namespace fleet::flow
