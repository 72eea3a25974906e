#include "dsl/base/suggest.h"

#include <algorithm>
#include <set>
#include <utility>

namespace fleet {
namespace {

constexpr double kLeastSimilarity = 0.60;
constexpr std::size_t kMostSuggestions = 4;
// Beyond this the answer is no name that somebody mistyped, and the table would be large.
constexpr std::size_t kLongestName = 256;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

std::size_t distance(const std::string& a, const std::string& b) {
  // Three rows of the table suffice: a swap looks two rows back.
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before, last);
    std::swap(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

}  // namespace

double similarity(std::string_view a, std::string_view b) {
  const std::size_t longest = std::max(a.size(), b.size());
  if (longest == 0) {
    return 1.0;
  }
  if (longest > kLongestName) {
    return a == b ? 1.0 : 0.0;
  }
  return 1.0 - static_cast<double>(distance(lower(a), lower(b))) / static_cast<double>(longest);
}

std::vector<std::string> suggest(std::string_view written,
                                 const std::vector<std::string>& candidates) {
  std::set<std::pair<double, std::string>> best;  // by dissimilarity, then name
  for (const std::string& candidate : candidates) {
    const double alike = similarity(written, candidate);
    if (alike >= kLeastSimilarity && candidate != written) {
      best.emplace(1.0 - alike, candidate);
    }
  }
  std::vector<std::string> out;
  for (const auto& [unlike, name] : best) {
    if (out.size() < kMostSuggestions) {
      out.push_back(name);
    }
  }
  return out;
}

std::string did_you_mean(const std::vector<std::string>& suggestions) {
  std::string out;
  for (std::size_t i = 0; i < suggestions.size(); ++i) {
    out += i == 0 ? "did you mean `" : i + 1 == suggestions.size() ? " or `" : ", `";
    out += suggestions[i] + "`";
  }
  return out.empty() ? out : out + "?";
}

}  // namespace fleet
