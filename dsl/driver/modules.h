// A file with all that it imports, parsed. Imports are static, closed and acyclic: F102 for a cycle
// and for what can't be found.
#pragma once

#include <string>
#include <vector>

#include "dsl/driver/files.h"
#include "dsl/sema/analyze.h"
#include "dsl/syntax/parses.h"

namespace fleet {

struct Loaded {
  std::vector<sema::Module> modules;  // imports first; the last one is the file itself
  std::string problem;                // not empty: the file itself can't be read
};

// `kept`: what was parsed before, to be used again; nullptr: nothing was.
Loaded load_modules(const std::string& path, FileReader& files, SourceMap& sources,
                    DiagnosticSink& sink, syntax::Parses* kept = nullptr);

}  // namespace fleet
