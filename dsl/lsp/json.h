// The one JSON type of the wire. Private to dsl/lsp.
#pragma once

#include <nlohmann/json.hpp>

namespace fleet::lsp {
using Json = nlohmann::json;
}  // namespace fleet::lsp
