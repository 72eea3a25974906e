// Holes that the shell hands on safely and that the program which gets them would read as shell:
// the script of `sh -c`, the arguments of `eval`, `trap` or `ssh`. Knows programs by their names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dsl/base/source.h"

namespace fleet::lower {

// One character of a command text, or one hole.
struct Unit {
  char letter = 0;
  bool hole = false;
  std::string_view name;  // of the hole; points into the text that was cut up
  Span span;
};

// One word as a shell splits it, quotes removed.
struct Word {
  std::vector<Unit> units;
  bool expanded = false;  // a part of it is a variable's value or a command's output
  bool has_hole() const;
  std::string literal() const;  // holes as nothing
};

struct ScriptProblem {
  Span span;
  bool hole = false;  // a hole at a bad place; else the text itself is unreadable
  std::string message;
};

// `words` are one simple command, without its redirections. A program is looked for wherever
// another one could start it (`nice sh -c`, `xargs sh -c`), so a command may be refused that only
// mentions a shell; a script's author can write it otherwise, and can't take back a value that ran.
std::vector<ScriptProblem> find_reread(const std::vector<Word>& words);

}  // namespace fleet::lower
