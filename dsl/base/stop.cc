#include "dsl/base/stop.h"

#include <utility>

namespace fleet {
namespace {

// Of the thread rather than a parameter: between who asks and the search that may take long lie
// twenty functions that have nothing to do with it.
thread_local const std::function<bool()>* current = nullptr;

}  // namespace

StopScope::StopScope(std::function<bool()> question)
    : question_(std::move(question)), outer_(std::exchange(current, &question_)) {}

StopScope::~StopScope() {
  current = outer_;
}

void poll_stop() {
  if (current != nullptr && *current && (*current)())
    throw Stopped();
}

}  // namespace fleet
