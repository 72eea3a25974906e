// Applies the fixes that are sound, until none is left: a fix may uncover the next one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dsl/driver/compile.h"

namespace fleet {

struct Fixed {
  std::map<std::string, std::string> texts;  // of the files that change, by name
  std::vector<std::string> applied;          // "ship.fleet:6:16: did you mean `fixer`?", in order
  Compilation left;                          // what a check says of the result
};

// Changes nothing by itself. Only files that `files` can read are changed: neither the standard
// library nor, in a pattern, what only one of its uses asks for. A change after which the text
// says more errors than before is not made.
Fixed fix(const std::string& path, FileReader& files, const CompileOptions& options);

}  // namespace fleet
