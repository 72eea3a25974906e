#include "dsl/base/diagnostic.h"

#include <algorithm>
#include <tuple>

namespace fleet {
namespace {

auto position(const Diagnostic& d) {
  const Span& at = d.primary.span;
  return std::tie(at.source.value, at.begin, at.end, d.code, d.message);
}

}  // namespace

bool DiagnosticSink::has_errors() const {
  return std::any_of(all_.begin(), all_.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::kError; });
}

std::vector<Diagnostic> DiagnosticSink::sorted() const {
  std::vector<Diagnostic> out = all_;
  std::stable_sort(out.begin(), out.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return position(a) < position(b);
  });
  // A repeat is the same thing said about the same place; its first wording stays.
  out.erase(std::unique(out.begin(), out.end(),
                        [](const Diagnostic& a, const Diagnostic& b) {
                          return position(a) == position(b);
                        }),
            out.end());
  return out;
}

}  // namespace fleet
