// Work that nobody waits for any more ends at its next step. Whoever calls a phase may set a
// question for the time of the call; what can take long asks it between its steps.
#pragma once

#include <functional>

namespace fleet {

// Thrown by `poll_stop` alone, and caught by whoever set the question. Phases neither throw nor
// catch it: what they had is dropped as a whole. Not of std::exception, so that nothing else takes
// it for a failure.
struct Stopped {};

// Sets the question for this thread while it lives; an inner one stands before an outer one. True:
// nobody waits. It is asked often, and so should cost little.
class StopScope {
 public:
  explicit StopScope(std::function<bool()> question);
  ~StopScope();
  StopScope(const StopScope&) = delete;
  StopScope& operator=(const StopScope&) = delete;

 private:
  std::function<bool()> question_;
  const std::function<bool()>* outer_;
};

// Throws Stopped when the question set on this thread says so. Without one it does nothing, as in
// every command but the language server.
void poll_stop();

}  // namespace fleet
