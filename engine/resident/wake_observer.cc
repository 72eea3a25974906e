#include "engine/resident/wake_observer.h"

#include "engine/resident/happenings.h"

namespace fleet::resident {

void WakeObserver::saw(const plan::Plan& plan, const run::State& state, const run::Event& event,
                       const std::vector<run::Transition>&) {
  const Happening happening = happening_of(plan, state, event);
  if (happening.news)
    news_(duty_);
  if (!happening.wake || !wanted_(happening.wake->event))
    return;
  // A full disk: it is told all the same, and forgotten if the engine dies before it begins.
  (void)box_.put(*happening.wake);
  woke_(*happening.wake);
}

}  // namespace fleet::resident
