// Taking one event in: what fits is handed to its handler, and what follows from it is drawn.
#include "engine/run/step.h"

#include <type_traits>

#include "engine/run/core.h"

namespace fleet::run {

namespace {

void on(Core& core, const RunOpened& event) {
  State& state = core.state;
  state.run = event.run;
  state.plan_hash = event.plan_hash;
  state.base_commit = event.base_commit;
  state.version = event.version;
  state.jobs = event.jobs;
  state.ahead = event.ahead;
  state.opened = true;
  state.opened_at = core.now;
  open_run(core);
}

template <class Body>
concept OfAttempt = requires(const Body& body) {
  body.attempt;
};
template <class Body>
concept OfNode = requires(const Body& body) {
  body.node;
};

// Whether the event is about something that exists and is not superseded.
template <class Body>
bool concerns(const State& state, const Body& body) {
  if constexpr (OfAttempt<Body>) {
    const std::uint32_t task = body.attempt.task.value;
    if (task >= state.tasks.size())
      return false;
    const bool superseded = state.tasks[task].epoch != body.attempt.epoch;
    return !superseded || std::is_same_v<Body, Metered>;
  } else if constexpr (OfNode<Body>) {
    return body.node.value < state.nodes.size();
  }
  return true;
}

// A closed run listens to nobody but the engine that resumes it, and one that is about to be closed
// as stopped takes no more answers: what they say would be lost on whoever printed the outcome.
template <class Body>
bool listens(const State& state) {
  if constexpr (std::is_same_v<Body, RunOpened>)
    return !state.opened;
  if (!state.opened)
    return false;
  const bool stopped = (state.closed || state.closing) && state.outcome == RunOutcome::kStopped;
  if constexpr (std::is_same_v<Body, Resumed>)
    return !state.closed || stopped;
  if constexpr (std::is_same_v<Body, RunClosed>)
    return state.closing;
  return !state.closed && !state.closing;
}

}  // namespace

void step(const plan::Plan& plan, State& state, const Event& event, Effects& effects) {
  ++state.events;
  state.last_at = event.at;
  Core core{plan, state, effects, event.at, {}};
  std::visit(
      [&]<class Body>(const Body& body) {
        if (!listens<Body>(state) || !concerns(state, body))
          return;
        on(core, body);
        do {
          tell_dependents(core);
          admit(core);
        } while (!core.settled.empty());
        close_if_over(core);
      },
      event.body);
}

}  // namespace fleet::run
