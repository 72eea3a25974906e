// A text taken through parser and analysis, for tests below the driver.
#pragma once

#include <string>
#include <vector>

#include "dsl/sema/analyze.h"
#include "dsl/syntax/parse.h"

namespace fleet::testing {

struct Analyzed {
  explicit Analyzed(const std::string& text) {
    sema::Module module;
    module.name = "a.fleet";
    module.files.push_back(syntax::parse(sources, sources.add("a.fleet", text), sink));
    model = sema::analyze(sources, {module}, sink);
  }

  // The codes raised so far, in the order of the text.
  std::vector<std::string> codes() const {
    std::vector<std::string> found;
    for (const Diagnostic& one : sink.sorted())
      found.push_back(one.code);
    return found;
  }

  SourceMap sources;
  DiagnosticSink sink;
  sema::Model model;
};

}  // namespace fleet::testing
