// A command text becomes an argument vector. Without shell metacharacters it is split into words
// and executed as it is; else /bin/sh runs it, which gets what fills the holes as parameters, so
// that a hole is always exactly one argument or a part of one, and what fills it is never read as
// shell.
#pragma once

#include <string>
#include <vector>

#include "dsl/plan/plan.h"
#include "dsl/sema/model.h"

namespace fleet::lower {

// Why a text is no safe command.
struct CommandProblem {
  Span span;
  std::string code;  // F202: not a command; F203: a hole where it would be read as shell
  std::string message;
  std::string help;  // may be empty
};

struct CompiledCommand {
  plan::Command command;  // meaningless when there are problems
  std::vector<CommandProblem> problems;
};

CompiledCommand compile_command(const sema::Text& text);

}  // namespace fleet::lower
