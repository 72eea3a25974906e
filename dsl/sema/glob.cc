#include "dsl/sema/glob.h"

#include <algorithm>

#include "dsl/sema/reader.h"
#include "dsl/sema/report.h"

namespace fleet::sema {
namespace {

// After the class that begins at `at`, as the engine reads it; npos: it is not closed.
std::size_t skip_class(const std::string& glob, std::size_t at) {
  ++at;
  at += at < glob.size() && (glob[at] == '!' || glob[at] == '^') ? 1 : 0;
  for (std::size_t first = at; at < glob.size() && (glob[at] != ']' || at == first); ++at) {
    if (const std::size_t end = glob.find(":]", at + 2);
        glob.compare(at, 2, "[:") == 0 && end != std::string::npos)
      at = end + 1;
    else if (glob[at] == '\\')
      ++at;
  }
  return at < glob.size() ? at + 1 : std::string::npos;
}

// What is amiss with the pattern itself, so that it matches nothing that was meant; empty: nothing.
std::string why_no_pattern(const std::string& glob) {
  for (std::size_t at = 0; at < glob.size();) {
    if (glob[at] == '\\') {
      if (at + 1 == glob.size())
        return "nothing follows the `\\` at its end";
      at += 2;
    } else if (glob[at] == '{' && glob.find(',', at) < glob.find('}', at) &&
               glob.find('}', at) != std::string::npos) {
      return "a glob has no alternatives; write one for each, and a literal `{` as `\\\\{{`";
    } else if (glob[at] == '[') {
      const std::size_t end = skip_class(glob, at);
      if (end == std::string::npos)
        return "`[` is not closed; a literal `[` is written `\\\\[`";
      at = end;
    } else {
      ++at;
    }
  }
  return {};
}

// Why a glob can match no file of a tree; empty: it can.
std::string why_not_in_tree(const std::string& glob) {
  if (glob.empty())
    return "is empty";
  if (glob.front() == '/')
    return "begins at the root of the machine";
  std::size_t begin = 0;
  while (begin <= glob.size()) {
    const std::size_t end = std::min(glob.find('/', begin), glob.size());
    if (glob.compare(begin, end - begin, "..") == 0)
      return "`..` leads out of where it is";
    begin = end + 1;
  }
  return {};
}

}  // namespace

std::optional<std::string> glob_of(DiagnosticSink& sink, const ast::Atom& string,
                                   const std::string& who) {
  std::optional<std::string> text = plain_text(sink, string, who);
  if (!text)
    return std::nullopt;
  if (const std::string amiss = why_no_pattern(*text); !amiss.empty()) {
    sink.add(error("F202", string.span, "this glob matches nothing", amiss));
    return std::nullopt;
  }
  const std::string wrong = why_not_in_tree(*text);
  if (wrong.empty())
    return text;
  Diagnostic diagnostic =
      error("F202", string.span, who + " takes paths inside the repository", wrong);
  sink.add(std::move(diagnostic));
  return std::nullopt;
}

}  // namespace fleet::sema
