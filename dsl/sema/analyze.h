// From syntax trees to the model.
#pragma once

#include <string>
#include <vector>

#include "dsl/base/diagnostic.h"
#include "dsl/sema/model.h"
#include "dsl/syntax/ast.h"

namespace fleet::sema {

// One file of the user, or all files of a folder of the standard library: one scope.
struct Module {
  std::string name;  // "ship.fleet", "std.roles"
  std::vector<ast::File> files;
  // What `use` brings in: the module that each use names, in the order of the uses in the files;
  // empty where it could not be read, which was reported.
  std::vector<std::optional<std::size_t>> imports;
};

// `modules` are in an order in which every import comes before its user; the last one is the file
// that is compiled. Problems go to `sink`; the model is always usable.
Model analyze(SourceMap& sources, const std::vector<Module>& modules, DiagnosticSink& sink);

}  // namespace fleet::sema
