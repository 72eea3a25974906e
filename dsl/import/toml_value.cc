// toml++ lives here.
#include <sstream>

#include <toml++/toml.h>

#include "dsl/import/value.h"

namespace fleet::import {
namespace {

Value toml_value(const toml::node& node) {
  Value out;
  if (const toml::table* table = node.as_table()) {
    out.kind = Value::Kind::kMap;
    for (const auto& [key, value] : *table)
      out.map.emplace_back(std::string(key.str()), toml_value(value));
  } else if (const toml::array* array = node.as_array()) {
    out.kind = Value::Kind::kList;
    for (const toml::node& one : *array)
      out.list.push_back(toml_value(one));
  } else {
    out.kind = Value::Kind::kText;
    if (const auto* text = node.as_string()) {
      out.text = text->get();
    } else {
      std::ostringstream written;
      node.visit([&written](const auto& one) {
        if constexpr (toml::is_value<decltype(one)>)
          written << one;
      });
      out.text = written.str();
    }
  }
  return out;
}

}  // namespace

Parsed read_toml(std::string_view text) {
  Parsed parsed;
  try {
    parsed.value = toml_value(toml::parse(text));
  } catch (const toml::parse_error& problem) {
    parsed.problem = "line " + std::to_string(problem.source().begin.line) + ": " +
                     std::string(problem.description());
  }
  return parsed;
}

}  // namespace fleet::import
