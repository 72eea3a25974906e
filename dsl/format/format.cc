#include "dsl/format/format.h"

#include "dsl/base/diagnostic.h"
#include "dsl/format/printer.h"
#include "dsl/syntax/parse.h"
#include "dsl/syntax/tree.h"

namespace fleet {

std::optional<std::string> format(const SourceMap& sources, SourceId source) {
  DiagnosticSink mistakes;
  syntax::parse(sources, source, mistakes);
  if (mistakes.has_errors()) {
    return std::nullopt;
  }
  const syntax::Tree tree = syntax::read_tree(sources.get(source).text());
  std::string out;
  for (const std::string& line : format_detail::Printer(tree).items(0, 0)) {
    out += line + "\n";
  }
  return out;
}

}  // namespace fleet
