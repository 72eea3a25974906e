#include "dsl/syntax/parse.h"

#include <string>
#include <utility>

#include "dsl/syntax/build.h"
#include "dsl/syntax/mistakes.h"
#include "dsl/syntax/tree.h"

namespace fleet::syntax {

ast::File parse(const SourceMap& sources, SourceId source, DiagnosticSink& sink) {
  const std::string_view text = sources.get(source).text();
  Mistakes mistakes(text, source, sink);
  if (text.size() > kMaxTextSize) {
    constexpr std::size_t kMiB = 1024U * 1024U;
    mistakes.add(Mistakes::error("F005", "file is too large", {source, 0, 0},
                                 std::to_string(text.size() / kMiB) + " MiB; the limit is " +
                                     std::to_string(kMaxTextSize / kMiB) + " MiB"));
    ast::File empty;
    empty.source = source;
    empty.body.span = {source, 0, 0};
    return empty;
  }
  mistakes.scan_characters();
  const Tree tree = read_tree(text);
  report_brackets(tree, mistakes);
  return Builder(tree, mistakes).file();
}

}  // namespace fleet::syntax
