#include "dsl/schema/schema.h"

#include <set>

#include <catch2/catch.hpp>

namespace fleet::schema {
namespace {

template <class Rows, class Name>
void check_unique(const Rows& rows, Name name) {
  std::set<std::string_view> seen;
  for (const auto& row : rows) {
    INFO(row.*name);
    CHECK(seen.insert(row.*name).second);
  }
}

}  // namespace

TEST_CASE("every row has a name of its own, a form and a sentence") {
  check_unique(kinds(), &Kind::name);
  check_unique(steps(), &StepForm::word);
  check_unique(clauses(), &Clause::word);
  check_unique(edges(), &Entry::name);
  check_unique(sources(), &Entry::name);
  check_unique(holes(), &Entry::name);
  for (const Kind& kind : kinds()) {
    INFO(kind.name);
    check_unique(kind.keys, &Key::name);
    CHECK_FALSE(kind.form.empty());
    CHECK(kind.doc.ends_with("."));
    for (const Key& key : kind.keys) {
      INFO(key.name);
      CHECK_FALSE(key.form.empty());
      CHECK(key.doc.ends_with("."));
    }
  }
}

TEST_CASE("a fallback of a closed set is one of its words") {
  for (const Kind& kind : kinds()) {
    for (const Key& key : kind.keys) {
      if (key.words.empty() || key.fallback.empty())
        continue;
      INFO(kind.name << "." << key.name);
      bool found = false;
      for (const Word& word : key.words) {
        found = found || (word.text == key.fallback);
      }
      CHECK(found);
    }
  }
}

TEST_CASE("rows are found by name, and nothing else is") {
  REQUIRE(find_kind("role") != nullptr);
  CHECK(find_key(*find_kind("role"), "writes")->name == "writes");
  CHECK(find_key(*find_kind("role"), "write") == nullptr);
  CHECK(find_kind("rôle") == nullptr);
  CHECK(find_step("repo.merge") != nullptr);
  CHECK(find_clause("retry") != nullptr);
  CHECK(find_edge("accepted") != nullptr);
  CHECK(find_source("files") != nullptr);
  CHECK(find_hole("item") != nullptr);
  CHECK(find_hole("") == nullptr);
}

}  // namespace fleet::schema
