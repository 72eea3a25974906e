// Rewrites a command text for /bin/sh: every hole becomes a variable, quoted as its place demands.
// The script begins by saving its parameters in these variables, since functions, `set` and
// `shift` change what `$1` is; they are read-only, and a text that names one is refused. Knows the
// quoting of the POSIX shell, nothing of plans.
#pragma once

#include <string>
#include <vector>

#include "dsl/lower/reread.h"

namespace fleet::lower {

struct Script {
  std::string text;
  std::vector<std::string> holes;  // what the script is to get as "$1", "$2", …
  std::vector<ScriptProblem> problems;
};

Script rewrite(const std::vector<Unit>& units);

}  // namespace fleet::lower
