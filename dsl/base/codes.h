// The table of everything the compiler can say: one row a code. `fleetc explain`, SARIF's rules,
// the editor's links and the tests that compile the examples all read it.
#pragma once

#include <span>
#include <string_view>

#include "dsl/base/diagnostic.h"

namespace fleet {

struct CodeRow {
  std::string_view code;         // "F101"
  std::string_view title;        // what is wrong, in a few words
  Severity severity;             // that it is raised with unless its check says otherwise
  std::string_view family;       // the heading it is listed under
  std::string_view explanation;  // why it is an error and what to do, a few lines
  std::string_view bad;   // a whole file that raises exactly this code; empty if none can be shown
  std::string_view good;  // the same file put right
};

// Sorted by code.
std::span<const CodeRow> all_codes();

// null if there is no such code. Case does not matter.
const CodeRow* find_code(std::string_view code);

}  // namespace fleet
