// Rewrites a command text for /bin/sh: every hole becomes a positional parameter, quoted as its
// place demands. Knows the quoting of the POSIX shell, nothing of plans.
#pragma once

#include <string>
#include <vector>

#include "dsl/base/source.h"

namespace fleet::lower {

// One character of a command text, or one hole.
struct Unit {
  char letter = 0;
  bool hole = false;
  std::string name;  // of the hole
  Span span;
};

struct ScriptProblem {
  Span span;
  bool hole = false;  // a hole at a bad place; else the text itself is unreadable
  std::string message;
};

struct Script {
  std::string text;
  std::vector<std::string> holes;  // "$1", "$2", …
  std::vector<ScriptProblem> problems;
};

Script rewrite(const std::vector<Unit>& units);

// One word as a shell splits it, quotes removed.
struct Word {
  std::vector<Unit> units;
  bool has_hole() const;
  std::string literal() const;  // holes as nothing
};

// A hole in the text that `sh -c` or `eval` would read again.
std::vector<ScriptProblem> find_reparsed(const std::vector<Word>& words);

}  // namespace fleet::lower
