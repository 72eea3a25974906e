#include "engine/agent/strict_json.h"

#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace fleet::agent {
namespace {

using nlohmann::json;

// Before the parser, so that no document of a thousand brackets is ever built.
bool nests_deeper(std::string_view text, int max_depth) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > max_depth)
        return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<json> parse_strictly(std::string_view text, int max_depth) {
  if (nests_deeper(text, max_depth))
    return Error(Errc::kInvalid, fmt::format("nested deeper than {}", max_depth));
  std::vector<std::set<std::string>> keys;  // of the objects around the place
  bool repeated = false;
  const auto watch = [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start)
      keys.emplace_back();
    else if (event == json::parse_event_t::object_end)
      keys.pop_back();
    else if (event == json::parse_event_t::key)
      repeated = !keys.back().insert(parsed.get<std::string>()).second || repeated;
    return true;
  };
  json value = json::parse(text.begin(), text.end(), watch, /*allow_exceptions=*/false);
  if (value.is_discarded())
    return Error(Errc::kInvalid, "not JSON");
  if (repeated)
    return Error(Errc::kInvalid, "a key is given twice");
  return value;
}

Result<json> parse_object(std::string_view text, int max_depth) {
  FLEET_TRY(json value, parse_strictly(text, max_depth));
  if (!value.is_object())
    return Error(Errc::kInvalid, "not a JSON object");
  return value;
}

}  // namespace fleet::agent
