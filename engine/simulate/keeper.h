// The keeper of simulated sessions: processes that go on when their engine dies, and records of how
// they ended.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "engine/run/event.h"
#include "engine/simulate/agenda.h"

namespace fleet::simulate {

// What a process will do when nobody disturbs it.
struct Process {
  run::Exited end;                        // its duration is how long it takes
  bool with_engine = false;               // it is cancelled when its engine dies
  std::vector<run::EventBody> says = {};  // before its end, unless that is forced
};

class Keeper {
 public:
  using Ended = std::function<void(const run::Exited&)>;

  explicit Keeper(Agenda& agenda) : agenda_(agenda) {}

  // Sees every end when it happens, also while there is no engine.
  void witness(Ended sees) { witness_ = std::move(sees); }

  // Processes at once; what is submitted beyond that waits for its turn.
  void set_jobs(std::uint32_t jobs) { jobs_ = jobs; }

  // Idempotent by attempt.
  void submit(const Process& process);
  // Ends it after `grace` at the latest; one that waits ends at once.
  void cancel(run::Attempt attempt, std::chrono::milliseconds grace);
  bool knows(run::Attempt attempt) const { return jobs_of_.count(attempt) > 0; }
  bool runs(run::Attempt attempt) const;
  // What a process that came to its end said before; empty of one that was made to end.
  std::vector<run::EventBody> said(run::Attempt attempt) const;
  std::vector<run::Attempt> unfinished() const;

  // Who is told of ends: of all there were so far, in their order, and of each further one.
  void watch(Ended sink);
  // The engine died.
  void engine_died(std::chrono::milliseconds grace);
  // The machine died: what was running is lost, and of what `forgets` names there is no record any
  // more, because it was not on disk yet.
  void reboot(const std::function<bool(run::Attempt)>& forgets);

 private:
  enum class State { kWaiting, kRunning, kEnded };
  struct Job {
    Process process;
    State state = State::kWaiting;
    std::chrono::milliseconds begun{0};
    std::uint64_t plan = 0;  // the end on the agenda that counts
  };

  void start_next();
  void plan_end(Job& job, std::chrono::milliseconds in);
  void end(Job& job);

  Agenda& agenda_;
  std::uint32_t jobs_ = 1;
  std::uint32_t running_ = 0;
  std::uint64_t plans_ = 0;
  std::map<run::Attempt, Job> jobs_of_;
  std::deque<run::Attempt> waiting_;
  std::vector<run::Exited> ended_;
  Ended sink_;
  Ended witness_;
};

}  // namespace fleet::simulate
