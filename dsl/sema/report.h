// Diagnostics in the few shapes that sema and checks need, so that messages sound alike.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dsl/base/diagnostic.h"

namespace fleet::sema {

Diagnostic error(std::string code, Span span, std::string message, std::string label = {});
Diagnostic warning(std::string code, Span span, std::string message, std::string label = {});

// `word` in backticks.
std::string ticked(std::string_view word);
// "`a`, `b` or `c`"; `last` is "or" or "and".
std::string listed(const std::vector<std::string>& words, std::string_view last);

// `code` with "unknown WHAT `name`", and the nearest of `candidates` as a help; a sound edit when
// only one is near. Returned, not added, so that the caller may say more.
Diagnostic unknown(std::string code, Span span, const std::string& what, std::string_view name,
                   const std::vector<std::string>& candidates);

}  // namespace fleet::sema
