#include "dsl/sema/report.h"

#include <utility>

#include "dsl/base/suggest.h"

namespace fleet::sema {

Diagnostic error(std::string code, Span span, std::string message, std::string label) {
  Diagnostic diagnostic;
  diagnostic.code = std::move(code);
  diagnostic.message = std::move(message);
  diagnostic.primary = {span, std::move(label)};
  return diagnostic;
}

Diagnostic warning(std::string code, Span span, std::string message, std::string label) {
  Diagnostic diagnostic = error(std::move(code), span, std::move(message), std::move(label));
  diagnostic.severity = Severity::kWarning;
  return diagnostic;
}

std::string ticked(std::string_view word) {
  return "`" + std::string(word) + "`";
}

std::string listed(const std::vector<std::string>& words, std::string_view last) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0)
      text += i + 1 == words.size() ? " " + std::string(last) + " " : ", ";
    text += ticked(words[i]);
  }
  return text;
}

Diagnostic unknown(std::string code, Span span, const std::string& what, std::string_view name,
                   const std::vector<std::string>& candidates) {
  Diagnostic diagnostic = error(std::move(code), span, "unknown " + what + " " + ticked(name));
  const std::vector<std::string> near = suggest(name, candidates);
  if (near.empty())
    return diagnostic;
  Help help;
  help.text = did_you_mean(near);
  help.edits.push_back({span, near.front()});
  help.sound = near.size() == 1;
  diagnostic.helps.push_back(std::move(help));
  return diagnostic;
}

}  // namespace fleet::sema
