#include "dsl/import/value.h"

namespace fleet::import {

const Value& Value::operator[](std::string_view key) const {
  static const Value none;
  for (const auto& [name, value] : map)
    if (name == key)
      return value;
  return none;
}

std::vector<std::string> Value::texts() const {
  std::vector<std::string> all;
  if (kind == Kind::kText)
    all.push_back(text);
  for (const Value& one : list)
    if (one.kind == Kind::kText)
      all.push_back(one.text);
  return all;
}

}  // namespace fleet::import
