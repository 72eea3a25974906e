// "Did you mean": which of the names that would be right here is close to the one that was written.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fleet {

// 1 − d / max(|a|, |b|), where d is the Damerau–Levenshtein distance (optimal string alignment:
// adjacent letters may swap) without regard to ASCII case. 1 for equal strings, 0 for nothing in
// common.
double similarity(std::string_view a, std::string_view b);

// At most four of `candidates`, the best first: equal but for case, then by similarity, which has
// to be at least 0.60, then by name. `written` itself and repeats are left out.
std::vector<std::string> suggest(std::string_view written,
                                 const std::vector<std::string>& candidates);

// "did you mean `a`?", "did you mean `a`, `b` or `c`?"; empty for no candidates.
std::string did_you_mean(const std::vector<std::string>& suggestions);

}  // namespace fleet
