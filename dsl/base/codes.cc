#include "dsl/base/codes.h"

#include <algorithm>
#include <array>
#include <string>

namespace fleet {
namespace {

constexpr CodeRow kRows[] = {
#include "dsl/base/codes.def"
};

constexpr bool sorted_and_unique() {
  for (std::size_t i = 1; i < std::size(kRows); ++i) {
    if (!(kRows[i - 1].code < kRows[i].code)) {
      return false;
    }
  }
  return true;
}
static_assert(sorted_and_unique(), "codes.def has to be in the order of its codes, each once");

}  // namespace

std::span<const CodeRow> all_codes() {
  return kRows;
}

const CodeRow* find_code(std::string_view code) {
  std::string wanted(code);
  if (!wanted.empty() && wanted[0] == 'f') {
    wanted[0] = 'F';
  }
  const auto* const row =
      std::lower_bound(std::begin(kRows), std::end(kRows), wanted,
                       [](const CodeRow& a, const std::string& b) { return a.code < b; });
  return row != std::end(kRows) && row->code == wanted ? row : nullptr;
}

}  // namespace fleet
