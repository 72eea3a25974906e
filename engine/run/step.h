// The rules of a run: step(state, event) -> commands. Pure: no I/O, clock, threads or randomness,
// so that the same core runs live, in virtual time and under test, and a journal replays to the
// same state. The only writer of State.
#pragma once

#include <variant>
#include <vector>

#include "engine/run/state.h"

namespace fleet::run {

// What the core asks the world to do. Each is answered by the event named beside it, is safe to
// repeat with the same arguments after a crash, and is carried out only once the events that led to
// it are durable.
struct ListItems {  // ItemsListed
  NodeIndex node;
};
struct DecideSpawn {  // SpawnDecided
  NodeIndex node;
};
struct Prepare {  // Prepared
  Attempt attempt;
  SessionIndex session;
  std::string start;  // commit to start from
};
struct Launch {  // Exited
  Attempt attempt;
  SessionIndex session;
};
struct Capture {  // Captured
  Attempt attempt;
  SessionIndex session;
};
struct Verify {  // Verified
  Attempt attempt;
  std::string commit;
};
struct Publish {  // Published
  Attempt attempt;
  std::string commit;
};
struct DoMerge {  // Merged
  Attempt attempt;
  std::string start;  // commit to merge onto when the branch does not exist yet
  std::vector<std::string>
      commits;  // accepted commits in order of items, duplicates and empties left out
};
struct StartTimer {  // TimerFired
  Attempt attempt;
  std::int64_t at = 0;  // wall ms
};
struct Cancel {  // hastens Exited
  Attempt attempt;
};
struct EndSession {  // no answer: the slot goes back to the pool
  SessionIndex session;
};
// A human is to decide: they are told, and the decision is taken in. A gate is a task in kParked
// with a `gate`; one that closes by itself also has a StartTimer. Asked again on resume.
struct OpenGate {  // GateAnswered, or the gate's TimerFired
  Attempt attempt;
};
// No answer. The gate is over, because `why`: it was answered, its time is up, or nobody waits for
// it any more. Not said of gates that a stop leaves open.
struct CloseGate {
  Attempt attempt;
  std::string why;
};
struct CloseRun {  // RunClosed
  RunOutcome outcome = RunOutcome::kDone;
};

using Command =
    std::variant<ListItems, DecideSpawn, Prepare, Launch, Capture, Verify, Publish, DoMerge,
                 StartTimer, Cancel, EndSession, OpenGate, CloseGate, CloseRun>;

// A change of phase with its reason, for the log and for live progress.
struct Transition {
  TaskIndex task;
  Epoch epoch = 0;
  Phase from = Phase::kWaiting;
  Phase to = Phase::kWaiting;
  std::string reason;
};

struct Effects {
  std::vector<Command> commands;
  std::vector<Transition> transitions;
};

// REQUIRES: a validated plan; the same one for every call on this state. Appends to `effects`,
// which the caller clears. An event that does not fit the state (stale epoch, wrong phase, unknown
// task) changes nothing but the event count: at-least-once delivery is harmless.
void step(const plan::Plan& plan, State& state, const Event& event, Effects& effects);

}  // namespace fleet::run
