// What a YAML or TOML text says, as plain data: all that the readers of foreign formats see of
// either. Bounded, so that a hostile text costs no more than its size.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fleet::import {

struct Value {
  enum class Kind { kNone, kText, kList, kMap };
  Kind kind = Kind::kNone;
  std::string text;  // kText: scalars of every type, as written
  std::vector<Value> list;
  std::vector<std::pair<std::string, Value>> map;  // in the order of the text

  bool is_map() const { return kind == Kind::kMap; }
  bool is_list() const { return kind == Kind::kList; }
  // A kNone value where there is no such key.
  const Value& operator[](std::string_view key) const;
  bool has(std::string_view key) const { return (*this)[key].kind != Kind::kNone; }
  // The texts of a list; of a text it alone. Other elements are left out.
  std::vector<std::string> texts() const;
  bool is_true() const { return text == "true" || text == "True" || text == "yes"; }
};

struct Parsed {
  Value value;
  std::string problem;  // empty: none. "line 3: …"
};
Parsed read_yaml(std::string_view text);
Parsed read_toml(std::string_view text);

}  // namespace fleet::import
