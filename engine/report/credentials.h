// Which credentials end soon, while somebody can still renew them. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dsl/plan/plan.h"

namespace fleet::report {

// "llm of founder: 6 days left, until 2026-12-07", those that end first first; of what ends within
// 30 days of `now` (wall ms), or has ended.
std::vector<std::string> ending_credentials(const std::vector<plan::Credential>& credentials,
                                            std::int64_t now);

// The lines with their title; empty: none ends soon.
std::string credential_lines(const plan::Plan& plan, std::int64_t now);

}  // namespace fleet::report
