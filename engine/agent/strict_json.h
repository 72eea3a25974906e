// JSON from a stranger, parsed with bounds. Private to the room: it shows a vendor's type.
#pragma once

#include <string_view>

#include <nlohmann/json.hpp>

#include "engine/base/result.h"

namespace fleet::agent {

// kInvalid: not JSON, not UTF-8, a key given twice, or nested deeper than `max_depth` (1: flat).
Result<nlohmann::json> parse_strictly(std::string_view text, int max_depth);
// … or not an object.
Result<nlohmann::json> parse_object(std::string_view text, int max_depth);

}  // namespace fleet::agent
