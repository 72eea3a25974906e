// Where in the text a thing of the plan is declared.
#pragma once

#include "dsl/base/source.h"
#include "dsl/plan/plan.h"

namespace fleet::lower {

inline plan::Place place_of(const SourceMap& sources, Span span) {
  const Source& source = sources.get(span.source);
  const LineColumn at = source.locate(span.begin);
  return {source.name(), at.line, at.column};
}

}  // namespace fleet::lower
