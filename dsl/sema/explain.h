// Where a value comes from: what `fleetc explain agent.fixer.accept` shows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dsl/sema/model.h"

namespace fleet::sema {

struct Explained {
  std::string name;  // "agent.fixer.accept"
  std::string doc;   // what the key means
  std::vector<Origin>
      origins;  // oldest layer first; the last one that replaces, and what adds to it, hold
};

// `path` is `fleet.KEY`, `defaults.KEY`, or KIND.NAME[.KEY] with KIND agent, role, runtime,
// human, credential, identity or flow.
// Without a key: every key that has a value. Empty when there is no such thing.
std::vector<Explained> explain_value(const Model& model, const std::string& path);

// One line an origin: the place, the layer, the value, and what became of it.
std::string to_text(const SourceMap& sources, const std::vector<Explained>& explained);

}  // namespace fleet::sema
