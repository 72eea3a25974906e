// Paths as parts of URIs (RFC 3986).
#pragma once

#include <string>
#include <string_view>

namespace fleet {

// The bytes of a path with all escaped but letters and digits of ASCII, `-._~/`, and those of
// `plain`.
std::string percent_encoded(std::string_view path, std::string_view plain = {});

}  // namespace fleet
