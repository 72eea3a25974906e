// F606: a secret that is written out. What a fleet's files say is read by everyone who can read the
// repository, and stays in its history.
#pragma once

#include <vector>

#include "dsl/sema/analyze.h"

namespace fleet::sema {

// Each string of the user's own files with a secret of a known form in it. Whatever else is said of
// such a string is the same mistake.
void refuse_secrets(const SourceMap& sources, const std::vector<Module>& modules,
                    DiagnosticSink& sink);

}  // namespace fleet::sema
