// F302 against brute force: every value up to a length, every branch of every task.
#include <rapidcheck.h>

#include <algorithm>
#include <random>

#include <catch2/catch.hpp>

#include "dsl/checks/checks.h"
#include "dsl/checks/unify.h"
#include "tests/support/analyzed.h"

namespace fleet::checks {
namespace {

bool is_below(const std::string& outer, const std::string& inner) {
  return inner.size() > outer.size() && inner.starts_with(outer) && inner[outer.size()] == '/';
}

bool clash(const std::string& a, const std::string& b) {
  return a == b || is_below(a, b) || is_below(b, a);
}

// A template as text: lower-case letters and `/` are literal, capitals are variables.
Word word_of(const std::string& text) {
  Word word;
  for (const char one : text) {
    if (one >= 'A' && one <= 'Z') {
      Symbol variable;
      variable.kind = Symbol::Kind::kVariable;
      variable.variable = one - 'A';
      word.push_back(variable);
    } else {
      const Word literal = letters(std::string(1, one));
      word.insert(word.end(), literal.begin(), literal.end());
    }
  }
  return word;
}

std::string filled(const std::string& text, const std::map<int, std::string>& values) {
  std::string name;
  for (const char one : text) {
    if (one < 'A' || one > 'Z') {
      name += one;
      continue;
    }
    const auto value = values.find(one - 'A');
    if (value != values.end())
      name += value->second;
  }
  return name;
}

std::vector<std::string> all_values(std::size_t longest) {
  std::vector<std::string> values;
  std::vector<std::string> shorter{""};
  for (std::size_t i = 0; i < longest; ++i) {
    std::vector<std::string> longer;
    for (const std::string& one : shorter) {
      for (const char letter : {'a', 'b', '/'})
        longer.push_back(one + letter);
    }
    for (const std::string& one : longer) {
      if (is_branch_name(one))
        values.push_back(one);
    }
    shorter = std::move(longer);
  }
  return values;
}

// Whether values up to three letters make the two templates clash.
bool brute_force(const std::string& left, const std::string& right) {
  static const std::vector<std::string> kValues = all_values(3);
  for (const std::string& a : kValues) {
    for (const std::string& b : kValues) {
      const std::map<int, std::string> values{{0, a}, {1, b}};
      const std::string first = filled(left, values);
      const std::string second = filled(right, values);
      if (is_branch_name(first) && is_branch_name(second) && clash(first, second))
        return true;
    }
  }
  return false;
}

rc::Gen<std::string> templates(const std::string& symbols) {
  return rc::gen::mapcat(rc::gen::inRange(1, 6), [symbols](int length) {
    return rc::gen::container<std::string>(static_cast<std::size_t>(length),
                                           rc::gen::elementOf(symbols));
  });
}

void compare(const std::string& left, const std::string& right) {
  const std::optional<Witness> found = find_conflict(word_of(left), word_of(right));
  RC_CLASSIFY(found.has_value());
  if (found) {
    RC_ASSERT(clash(found->left, found->right));
    RC_ASSERT(is_branch_name(found->left));
    RC_ASSERT(is_branch_name(found->right));
    RC_ASSERT(filled(left, found->values) == found->left);
    RC_ASSERT(filled(right, found->values) == found->right);
  } else {
    RC_ASSERT(!brute_force(left, right));
  }
}

std::string fleet_of(const std::vector<std::vector<std::string>>& items,
                     const std::vector<std::string>& branches) {
  std::string roles;
  std::string steps;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string n = std::to_string(i);
    roles += "  role r" + n +
             " { runtime = shell(\"true\"); accept = [\"true\" passes]; writes = worktree(\"" +
             branches[i] + "\") }\n";
    std::string list;
    for (const std::string& item : items[i])
      list += (list.empty() ? "\"" : ", \"") + item + "\"";
    steps += "    s" + n + " = fanout x in [" + list + "] to r" + n + "\n";
  }
  return "fleet f {\n  repo = git(\".\", base: main)\n" + roles + "  flow main {\n" + steps +
         "  }\n}\n";
}

// Every branch of every task, written out.
bool any_clash(const std::vector<std::vector<std::string>>& items,
               const std::vector<std::string>& branches) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (const std::string& item : items[i]) {
      std::string name = branches[i];
      name.replace(name.find("{item}"), 6, item);
      names.push_back(name);
    }
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (clash(names[i], names[j]))
        return true;
    }
  }
  return false;
}

}  // namespace

TEST_CASE("templates clash exactly when some values make them, variables occurring once") {
  CHECK(rc::check([] {
    std::string left = *templates("ab/A");
    std::string right = *templates("ab/B");
    // Each variable once: the first stays.
    for (std::string* one : {&left, &right}) {
      const std::size_t first = one->find_first_of("AB");
      for (std::size_t i = first + 1; first != std::string::npos && i < one->size(); ++i) {
        if ((*one)[i] == 'A' || (*one)[i] == 'B')
          (*one)[i] = 'a';
      }
    }
    compare(left, right);
  }));
}

TEST_CASE(
    "templates with repeated and shared variables clash exactly when small values make them") {
  CHECK(rc::check([] { compare(*templates("ab/AB"), *templates("ab/AB")); }));
}

TEST_CASE("a fleet whose items are written out is refused exactly when two branches clash") {
  CHECK(rc::check([] {
    const auto some_items =
        rc::gen::resize(3, rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(
                               rc::gen::element<std::string>("a", "b", "c", "a/b", "b/c", "ab"))));
    const std::vector<std::vector<std::string>> items{*some_items, *some_items};
    const auto branch = rc::gen::element<std::string>(
        "x/{item}", "y/{item}", "x/a{item}", "x/{item}/b", "{item}/x", "x{item}", "y/x/{item}");
    const std::vector<std::string> branches{*branch, *branch};
    const std::string text = fleet_of(items, branches);
    testing::Analyzed analyzed(text);
    RC_ASSERT(analyzed.codes().empty());
    Subject subject{analyzed.sources, analyzed.model, analyzed.sink, std::nullopt};
    check_branch_claims(subject);
    const bool refused = !analyzed.sink.all().empty();
    RC_CLASSIFY(refused);
    if (refused != any_clash(items, branches))
      RC_FAIL(text);
  }));
}

// Without a count of tests: each of these costs as much as hundreds of the others.
TEST_CASE("a dozen parameters in each of many templates are decided within the effort") {
  const std::string separators = "-_/.";
  std::mt19937 random(1);
  std::string all_letters;
  for (char one = 'A'; one <= 'T'; ++one)
    all_letters += one;
  const auto any = [&] {
    std::string text = "w/";
    std::shuffle(all_letters.begin(), all_letters.end(), random);
    for (std::size_t i = 0; i < 12; ++i) {
      text += all_letters[i];
      text += separators[random() % separators.size()];
    }
    return text + static_cast<char>('a' + random() % 4);
  };
  int found_some = 0;
  for (int i = 0; i < 40; ++i) {
    const std::string left = any();
    const std::string right = any();
    Effort effort;
    const auto found = find_conflict(word_of(left), word_of(right), std::nullopt, effort);
    INFO(left << " and " << right);
    CHECK(effort.steps > 0);
    if (!found)
      continue;
    ++found_some;
    CHECK(clash(found->left, found->right));
    CHECK(filled(left, found->values) == found->left);
    CHECK(filled(right, found->values) == found->right);
  }
  CHECK(found_some > 20);
}

TEST_CASE("an effort that is spent leaves a question open, and finds nothing that is not there") {
  Effort none{0, false};
  CHECK_FALSE(find_conflict(word_of("AaBbA"), word_of("BbAaB"), std::nullopt, none));
  CHECK(none.open);
  Effort enough;
  CHECK_FALSE(find_conflict(word_of("AB/a"), word_of("BA/b"), std::nullopt, enough));
}

}  // namespace fleet::checks
