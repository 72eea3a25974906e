// Prints the words of the language as JSON, from the schema table: what the grammars of editors are
// generated from.
#include <cstdio>
#include <set>
#include <string>

#include <nlohmann/json.hpp>

#include "dsl/schema/schema.h"

namespace {

namespace schema = fleet::schema;

using Words = std::set<std::string>;

// The words of `table`, without those that are not names ("" is a call of an agent).
template <typename Table, typename Member>
Words words_of(const Table& table, Member member) {
  Words words;
  for (const auto& row : table)
    if (!(row.*member).empty())
      words.insert(std::string(row.*member));
  return words;
}

}  // namespace

int main() {
  nlohmann::json out;
  out["kinds"] = words_of(schema::kinds(), &schema::Kind::name);
  out["steps"] = words_of(schema::steps(), &schema::StepForm::word);
  out["clauses"] = words_of(schema::clauses(), &schema::Clause::word);
  out["edges"] = words_of(schema::edges(), &schema::Entry::name);
  out["sources"] = words_of(schema::sources(), &schema::Entry::name);
  out["holes"] = words_of(schema::holes(), &schema::Entry::name);
  Words keys;
  Words values;
  Words parts;
  for (const schema::Kind& kind : schema::kinds()) {
    for (const schema::Key& key : kind.keys) {
      keys.insert(std::string(key.name));
      values.merge(words_of(key.words, &schema::Word::text));
      parts.merge(words_of(key.parts, &schema::Word::text));
    }
  }
  out["keys"] = keys;
  out["values"] = values;
  out["parts"] = parts;
  std::puts(out.dump(1).c_str());
}
