// Live progress of a run. On a terminal: a line a running task, counts, elapsed, ETA. In a pipe:
// one plain line for each thing worth knowing. As JSON: one object a line. Prints through the
// function it is given and never blocks the core.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "engine/os/clock.h"
#include "engine/run/observer.h"

namespace fleet::report {

enum class ProgressStyle { kTerminal, kPlain, kJson };

struct ProgressOptions {
  ProgressStyle style = ProgressStyle::kPlain;
  bool colour = false;
  std::function<void(std::string_view)> write;  // one call at a time
  std::function<unsigned()> columns;            // of the terminal, asked at each redraw
  // Typical duration of one task of a node from earlier runs; zero when nothing is known.
  std::function<plan::Millis(plan::NodeIndex)> history;
};

class Progress : public run::Observer {
 public:
  ~Progress() override = default;
  // Clears what is redrawn; later events still print as plain lines. Call it before printing the
  // summary.
  virtual void finish() = 0;
};

// `plan` and `clock` must outlive it.
std::unique_ptr<Progress> make_progress(const plan::Plan& plan, ProgressOptions options,
                                        const os::Clock& clock);

}  // namespace fleet::report
