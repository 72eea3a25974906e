// The whole compiler: a file's name to diagnostics and a plan. Runs nothing, prints nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dsl/base/diagnostic.h"
#include "dsl/driver/files.h"
#include "dsl/driver/lock.h"
#include "dsl/plan/plan.h"
#include "dsl/sema/analyze.h"
#include "dsl/sema/model.h"
#include "dsl/syntax/parses.h"

namespace fleet {

// How far to go. A plan to look at may have parameters without a value; one to run may not.
enum class Goal { kCheck, kPlan, kRun };

struct CompileOptions {
  Goal goal = Goal::kCheck;
  std::optional<std::string> flow;  // else the only one, else `main`
  std::vector<std::pair<std::string, std::string>> parameters;
  // Days since 1970-01-01, for what expires; empty: nothing does.
  std::optional<std::int64_t> today;
};

struct Compilation {
  std::shared_ptr<const SourceMap> sources;
  std::vector<Diagnostic> diagnostics;       // sorted, without repeats
  bool has_errors = false;                   // among the diagnostics
  // The trees that the model was made from, imports first; empty when the file can't be read.
  std::shared_ptr<const std::vector<sema::Module>> modules;
  std::shared_ptr<const sema::Model> model;  // null only when the file can't be read
  Lock lock;                                 // what `fleet.lock` should say; of no use with errors
  std::optional<plan::Plan> plan;            // when one was asked for and nothing is wrong
  // Not empty: the request is wrong rather than the text (no such file, flow or parameter).
  std::string usage;
};

Compilation compile(const std::string& path, FileReader& files, const CompileOptions& options);

// The same in two halves, for those who seldom want the second one. First the file with all that it
// imports, as the names and values in it are understood; nothing is judged as a whole yet.
struct Analysis {
  std::shared_ptr<const SourceMap> sources;
  std::shared_ptr<const std::vector<sema::Module>> modules;  // as in Compilation
  std::shared_ptr<const sema::Model> model;                  // as in Compilation
  Lock lock;
  DiagnosticSink said;  // so far
  std::string usage;    // not empty: the file can't be read
};
// `kept`: as of load_modules.
Analysis analyze_file(const std::string& path, FileReader& files,
                      syntax::Parses* kept = nullptr);
// Then all that is to be said of it, sorted, without repeats. REQUIRES: a model.
std::vector<Diagnostic> judge(const Analysis& analysis, std::optional<std::int64_t> today);

}  // namespace fleet
