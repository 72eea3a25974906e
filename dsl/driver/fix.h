// Applies the fixes that are sound, until none is left: a fix may uncover the next one.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "dsl/driver/compile.h"

namespace fleet {

// A sound help that is to be applied, and what it helps with.
struct SoundFix {
  const Diagnostic* diagnostic;
  const Help* help;
};

// For each diagnostic in turn the first help that is sound, changes something, is `allowed`, and
// touches nothing that those before it change: what can be applied at once.
std::vector<SoundFix> sound_fixes(
    const std::vector<Diagnostic>& diagnostics,
    const std::function<bool(const Diagnostic&, const Help&)>& allowed);

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
