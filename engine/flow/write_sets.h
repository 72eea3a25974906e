// Where the work that is under way may meet, over all runs of a repository: what each step's agent
// says after `in`. Those that say nothing may change anything and are not compared, as with F306.
// Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "dsl/plan/plan.h"

namespace fleet::flow {

class WriteSets {
 public:
  struct Writer {
    std::string run;
    std::uint32_t node = 0;
    std::string agent;
    friend auto operator<=>(const Writer&, const Writer&) = default;
  };

  // What else was claimed of what `writer` writes: "`docs` (src/**)", or "`build` (src/**) of run
  // 20261121-104207-3f9a", a few of them. Told once: to one that has claimed already, nothing.
  // `name`: the step's; `apart`: by node, those of its own run that do not count.
  std::vector<std::string> claim(const Writer& writer, const std::string& name,
                                 const std::vector<std::string>& in,
                                 const std::vector<bool>& apart);
  // The run is over, or nobody carries it on.
  void forget(const std::string& run);

 private:
  struct Claim {
    std::string name;
    std::vector<std::string> in;
  };

  std::mutex mutex_;  // guards the one below
  std::map<Writer, Claim> claims_;
};

// By node: what cannot meet the work of `node`, or is meant to. What comes before it; other items
// of its own; and of a race that it is in the others, since only one of these counts.
std::vector<bool> apart_from(const plan::Plan& plan, plan::NodeIndex node);

}  // namespace fleet::flow
