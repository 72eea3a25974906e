// How many messages an agent may send within an hour, over all runs: agents that answer one another
// must not fill the disk. Counted from when the engine began. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "engine/base/result.h"
#include "engine/flow/hour_window.h"

namespace fleet::flow {

class Postage {
 public:
  // `clock` outlives it.
  explicit Postage(const os::Clock& clock) : clock_(clock) {}

  // kBusy: there may be no other one yet, and when there may. `most` an hour; 0: no limit.
  Status may_send(const std::string& agent, std::uint32_t most);
  // One was.
  void sent(const std::string& agent);

 private:
  const os::Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, HourWindow> sent_;  // by agent
};

}  // namespace fleet::flow
