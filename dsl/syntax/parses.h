// Files as they were parsed last, so that the next version of a text costs what has changed in it.
// What comes out is what `parse` gives, always: tests/property/dsl/syntax/parses_test.cc.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "dsl/base/diagnostic.h"
#include "dsl/syntax/ast.h"
#include "dsl/syntax/parse.h"

namespace fleet::syntax {

// One thread. The files that it gives share their items with those that it keeps: an item is moved
// in place when its file is edited, but only once nobody else has it.
class Parses {
 public:
  // As `syntax::parse`. A text that is the same as the last one of that name is not read at all; of
  // one that differs inside the braces of one declaration only that is.
  ast::File parse(const SourceMap& sources, SourceId source, DiagnosticSink& sink);

  void forget() { known_.clear(); }
  // How often a declaration was enough. For tests.
  std::size_t parts_read() const { return parts_read_; }

 private:
  struct Known {
    std::string text;
    Parsed parsed;
  };

  std::map<std::string, Known> known_;  // by name
  std::size_t parts_read_ = 0;
};

}  // namespace fleet::syntax
