#include "dsl/syntax/parse.h"

#include <algorithm>
#include <string>
#include <utility>

#include "dsl/syntax/build.h"
#include "dsl/syntax/mistakes.h"
#include "dsl/syntax/tree.h"

namespace fleet::syntax {
namespace {

ast::File refuse(std::string_view text, Mistakes& mistakes) {
  constexpr std::size_t kMiB = 1024U * 1024U;
  const Span top = mistakes.span(0, 0);
  mistakes.add(Mistakes::error("F005", "file is too large", top,
                               std::to_string(text.size() / kMiB) + " MiB; the limit is " +
                                   std::to_string(kMaxTextSize / kMiB) + " MiB"));
  ast::File empty;
  empty.source = mistakes.source();
  empty.body.span = top;
  return empty;
}

}  // namespace

Parsed parse_whole(const SourceMap& sources, SourceId source) {
  const std::string_view text = sources.get(source).text();
  DiagnosticSink sink;
  Mistakes mistakes(text, source, sink);
  if (text.size() > kMaxTextSize)
    return {refuse(text, mistakes), sink.all(), false};
  mistakes.scan_characters();
  const Tree tree = read_tree(text);
  report_brackets(tree, mistakes);
  Parsed parsed;
  parsed.file = Builder(tree, mistakes).file();
  parsed.mistakes = sink.all();
  parsed.braces_match = std::ranges::none_of(tree.nodes(), is_brace_mistake, &Node::kind);
  return parsed;
}

ast::File parse(const SourceMap& sources, SourceId source, DiagnosticSink& sink) {
  Parsed parsed = parse_whole(sources, source);
  for (Diagnostic& one : parsed.mistakes)
    sink.add(std::move(one));
  return std::move(parsed.file);
}

}  // namespace fleet::syntax
