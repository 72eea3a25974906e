// F306: two tasks that may run at once, and whose work can be of the same files. Only where both
// say what they write, with `in`.
#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dsl/base/stop.h"
#include "dsl/checks/checks.h"
#include "dsl/checks/needs.h"
#include "dsl/checks/words.h"
#include "dsl/sema/report.h"

namespace fleet::checks {
namespace {

using sema::ticked;

constexpr std::size_t kMostForms = 16;

// The words that a glob stands for together, each variable once; none where it says more than
// `*`, `?` and `**`. `**/` is nothing, or some folders.
std::vector<Word> words_of(const std::string& glob, int& next) {
  std::vector<Word> words{{}};
  const auto add = [&](const Symbol& symbol) {
    for (Word& word : words)
      word.push_back(symbol);
  };
  const auto any = [&](Letters letters, bool may_be_empty) {
    Symbol symbol;
    symbol.kind = Symbol::Kind::kVariable;
    symbol.letters = letters;
    symbol.may_be_empty = may_be_empty;
    symbol.variable = next++;
    return symbol;
  };
  for (std::size_t i = 0; i < glob.size(); ++i) {
    if (glob[i] == '[' || glob[i] == '{' || glob[i] == '\\')
      return {};
    if (glob.compare(i, 3, "**/") == 0) {
      if (words.size() * 2 > kMostForms)
        return {};
      std::vector<Word> without = words;
      add(any(Letters::kAny, false));
      add(letters("/").front());
      words.insert(words.end(), without.begin(), without.end());
      i += 2;
    } else if (glob.compare(i, 2, "**") == 0) {
      add(any(Letters::kAny, true));
      ++i;
    } else if (glob[i] == '*' || glob[i] == '?') {
      add(any(Letters::kNoSlash, glob[i] == '*'));
    } else {
      add(letters(std::string(1, glob[i])).front());
    }
  }
  return words;
}

bool can_meet(const std::string& one, const std::string& other) {
  int next = 0;
  const std::vector<Word> some = words_of(one, next);
  const std::vector<Word> others = words_of(other, next);
  return std::ranges::any_of(some, [&](const Word& a) {
    return std::ranges::any_of(others, [&](const Word& b) { return may_meet(a, b); });
  });
}

using Globs = std::pair<std::string, std::string>;

std::optional<Globs> common(const std::vector<std::string>& some,
                            const std::vector<std::string>& others) {
  for (const std::string& one : some) {
    for (const std::string& other : others) {
      if (can_meet(one, other))
        return Globs{one, other};
    }
  }
  return std::nullopt;
}

class Overlaps {
 public:
  Overlaps(Subject& subject, const sema::Flow& flow) : subject_(subject), flow_(flow) {}

  void run() {
    std::vector<std::size_t> writers;
    for (std::size_t i = 0; i < flow_.steps.size(); ++i) {
      if (!flow_.steps[i].broken && says_where(flow_.steps[i]))
        writers.push_back(i);
    }
    if (writers.size() < 2)
      return;
    find_before();
    for (std::size_t i = 0; i < writers.size(); ++i) {
      poll_stop();
      for (std::size_t j = 0; j < i; ++j)
        compare(writers[j], writers[i]);
    }
  }

 private:
  bool says_where(const sema::Step& step) const {
    return std::ranges::any_of(step.agents, [&](const sema::At<std::size_t>& use) {
      const sema::Agent& agent = subject_.model.agents[use.value];
      return agent.writes() && !agent.contract.writes->value.in.empty();
    });
  }

  // All that comes before each step.
  void find_before() {
    const std::size_t count = flow_.steps.size();
    std::vector<std::vector<std::size_t>> from(count);
    for (const lower::Arc& arc : arcs_of(flow_))
      from[arc.to].push_back(arc.from);
    before_.assign(count, {});
    for (std::size_t step = 0; step < count; ++step) {
      std::vector<bool> seen(count);
      std::vector<std::size_t> open{step};
      while (!open.empty()) {
        const std::size_t next = open.back();
        open.pop_back();
        for (const std::size_t one : from[next]) {
          if (!seen[one]) {
            seen[one] = true;
            open.push_back(one);
          }
        }
      }
      before_[step] = std::move(seen);
    }
  }

  // Of two in one race only the first counts.
  bool is_race(std::size_t one, std::size_t other) const {
    return std::ranges::any_of(flow_.steps, [&](const sema::Step& step) {
      const auto has = [&](std::size_t index) {
        return std::ranges::find(step.members, index, &sema::At<std::size_t>::value) !=
               step.members.end();
      };
      return step.kind == sema::StepKind::kAny && has(one) && has(other);
    });
  }

  void compare(std::size_t one, std::size_t other) {
    if (before_[one][other] || before_[other][one] || is_race(one, other))
      return;
    for (const sema::At<std::size_t>& a : flow_.steps[one].agents) {
      for (const sema::At<std::size_t>& b : flow_.steps[other].agents) {
        const sema::Agent& first = subject_.model.agents[a.value];
        const sema::Agent& second = subject_.model.agents[b.value];
        if (!first.writes() || !second.writes())
          continue;
        const auto globs =
            common(first.contract.writes->value.in, second.contract.writes->value.in);
        if (!globs)
          continue;
        // One pair of agents is one mistake, however many steps they have.
        if (said_.insert(std::minmax(a.value, b.value)).second)
          say(one, a, other, b, *globs);
        return;
      }
    }
  }

  void say(std::size_t one, const sema::At<std::size_t>& a, std::size_t other,
           const sema::At<std::size_t>& b, const Globs& globs) {
    const std::string first = ticked(flow_.steps[one].name);
    const std::string second = ticked(flow_.steps[other].name);
    Diagnostic diagnostic = sema::warning(
        "F306", b.span, first + " and " + second + " can change the same files at the same time",
        second + " may change " + ticked(globs.second));
    diagnostic.secondary.push_back({a.span, first + " may change " + ticked(globs.first)});
    diagnostic.notes.push_back("nothing says which of them is first: a merge of both may conflict");
    diagnostic.helps.push_back({"let one begin at the other's work, `" + flow_.steps[one].name +
                                    ".diff`, or give them paths of their own after `in`",
                                {},
                                false});
    subject_.sink.add(std::move(diagnostic));
  }

  Subject& subject_;
  const sema::Flow& flow_;
  std::vector<std::vector<bool>> before_;
  std::set<std::pair<std::size_t, std::size_t>> said_;
};

}  // namespace

void check_paths(Subject& subject) {
  for (const sema::Flow& flow : subject.model.flows)
    Overlaps(subject, flow).run();
}

}  // namespace fleet::checks
