// Which branches the steps of a flow claim, as words for `find_conflict`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dsl/checks/unify.h"
#include "dsl/sema/model.h"

namespace fleet::checks {

// One branch that one task of a step may claim. A fan-out has a claim for each agent and, where the
// items are written out, for each item.
struct Claim {
  std::size_t step = 0;  // into Flow::steps
  Span use;              // of the agent in the step, or of `into: …`
  Span branch;           // of the template
  Word word;
  Word item;                // of a fan-out: the item as a part of a branch name
  std::string item_text;    // the item itself where it is written out
  std::size_t ordinal = 0;  // of the item where it is written out
  // The first and the last, where the item is one of more numbers than are looked at one by one.
  std::optional<std::pair<std::int64_t, std::int64_t>> numbers = {};
};

// As of their words, with items that there are.
std::optional<Witness> find_conflict(const Claim& left, const Claim& right,
                                     const std::optional<Different>& differ, Effort& effort);

// The variables of words that are compared, by number.
struct Variables {
  struct Known {
    std::string name;
    std::string scope;
  };
  std::vector<Known> known;
  std::unordered_map<std::string, int> numbers;
};

class Claims {
 public:
  // Of two flows that are compared the scopes differ, so that their parameters do; the day is one.
  // All three outlive it.
  Claims(const sema::Model& model, const sema::Flow& flow, Variables& variables,
         std::string scope = {});

  // `instance` tells apart the tasks of one step: the same step with another instance has variables
  // of its own for what differs between tasks.
  std::vector<Claim> of_step(std::size_t step, int instance);

  // "item = `a`, task = `b`": what the witness needs, for people.
  std::string describe(const Claim& claim, const Witness& witness) const;

 private:
  Symbol symbol(const std::string& name, Symbol::Kind kind, Letters letters, bool may_be_empty);
  Word parameter(const std::string& name);
  Word task_word(const sema::Step& step, const Word& item);
  Word template_word(const sema::Text& text, const sema::Step& step, const std::string& agent,
                     const Word& item);
  std::vector<Word> items_of(std::size_t step, int instance);
  Word glob_word(const std::string& glob, const std::string& scope);
  bool is_parameter(const std::string& name) const;

  const sema::Model& model_;
  const sema::Flow& flow_;
  Variables& variables_;
  std::string scope_;
};

}  // namespace fleet::checks
