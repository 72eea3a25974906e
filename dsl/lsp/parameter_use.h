// What the body of a pattern does with a parameter, and so what a use can give it.
#pragma once

#include <string>

#include "dsl/lsp/names.h"

namespace fleet::lsp {

enum class ParameterUse {
  kUnknown,
  kAgent,     // called, or given items
  kHuman,     // asked
  kNumber,    // a bound
  kDuration,  // a timeout
  kSource,    // run over
  kStep,      // waited for, or joined
  kOutput,    // an argument of a task
  kText,      // in a string
};

ParameterUse parameter_use(const Names& names, std::size_t pattern, const std::string& parameter);

}  // namespace fleet::lsp
