#include "dsl/checks/claims.h"

#include <algorithm>
#include <utility>

#include "dsl/checks/words.h"
#include "dsl/lower/lower.h"

namespace fleet::checks {
namespace {

using Kind = Symbol::Kind;

// A range with more numbers than this is not looked at one by one; a list always is.
constexpr std::uint64_t kMostNumbers = 4'096;

// Of items that are not written out: numbers, the names that the engine gives to findings, or any
// text.
Letters letters_of(plan::FanoutSource::Kind kind) {
  using Source = plan::FanoutSource::Kind;
  if (kind == Source::kRange || kind == Source::kIssues)
    return Letters::kDigits;
  return kind == Source::kFindings ? Letters::kNoSlash : Letters::kAny;
}

void append(Word& word, const Word& more) {
  word.insert(word.end(), more.begin(), more.end());
}

}  // namespace

Claims::Claims(const sema::Model& model, const sema::Flow& flow, Variables& variables,
               std::string scope)
    : model_(model), flow_(flow), variables_(variables), scope_(std::move(scope)) {}

bool Claims::is_parameter(const std::string& name) const {
  return std::ranges::any_of(flow_.parameters,
                             [&](const sema::At<std::string>& one) { return one.value == name; });
}

Symbol Claims::symbol(const std::string& name, Kind kind, Letters letters, bool may_be_empty) {
  const std::string scope = name == "opaque date" ? "" : scope_;
  const auto [known, is_new] =
      variables_.numbers.emplace(scope + "\n" + name, static_cast<int>(variables_.known.size()));
  if (is_new)
    variables_.known.push_back({name, scope});
  Symbol symbol;
  symbol.kind = kind;
  symbol.variable = known->second;
  symbol.letters = letters;
  symbol.may_be_empty = may_be_empty;
  return symbol;
}

// One value for the whole run, the same in every claim.
Word Claims::parameter(const std::string& name) {
  Symbol value = symbol("parameter " + name, Kind::kVariable, Letters::kAny, false);
  value.of_flow = true;
  return {value};
}

// `*` is anything within one component, `**` anything; what else a glob can say is taken as a
// letter or, where it stands for one of several, as anything within one component.
Word Claims::glob_word(const std::string& glob, const std::string& scope) {
  Word word;
  int wild = 0;
  const auto add = [&](Letters letters, bool may_be_empty) {
    word.push_back(
        symbol(scope + " " + std::to_string(wild++), Kind::kVariable, letters, may_be_empty));
  };
  for (std::size_t i = 0; i < glob.size(); ++i) {
    const char one = glob[i];
    const bool deep = one == '*' && i + 1 < glob.size() && glob[i + 1] == '*';
    if (deep) {
      add(Letters::kAny, true);
      ++i;
      if (i + 1 < glob.size() && glob[i + 1] == '/')
        ++i;  // `**/` may stand for nothing
    } else if (one == '*') {
      add(Letters::kNoSlash, true);
    } else if (one == '?') {
      add(Letters::kNoSlash, false);
    } else if (one == '[' || one == '{') {
      const std::size_t end = glob.find(one == '[' ? ']' : '}', i);
      add(Letters::kNoSlash, true);
      i = end == std::string::npos ? glob.size() : end;
    } else {
      const bool start = i == 0 || glob[i - 1] == '/';
      const bool slash = one == '/';
      const bool inner = slash || (one == '.' && !start) || (one == '-' && !start);
      append(word, letters(inner ? std::string(1, one) : lower::branch_part(std::string(1, one))));
    }
  }
  return word;
}

std::vector<Word> Claims::items_of(std::size_t step, int instance) {
  const sema::ItemSource& source = flow_.steps[step].fanout.source;
  const std::string scope = "item " + std::to_string(step) + " " + std::to_string(instance);
  const std::optional<std::uint64_t> count = source.count();
  std::vector<Word> items;
  const bool list = source.kind == plan::FanoutSource::Kind::kList;
  if (count && (list || *count <= kMostNumbers)) {
    for (std::uint64_t i = 0; i < *count; ++i) {
      const std::string item =
          list ? source.list[i] : std::to_string(source.first + static_cast<std::int64_t>(i));
      items.push_back(letters(lower::branch_part(item)));
    }
  } else if (source.kind == plan::FanoutSource::Kind::kFiles) {
    items.push_back(glob_word(source.path, scope));
  } else {
    items.push_back({symbol(scope, Kind::kVariable, letters_of(source.kind), false)});
  }
  return items;
}

// What the engine puts for {task}.
Word Claims::task_word(const sema::Step& step, const Word& item) {
  if (is_parameter("task"))
    return parameter("task");
  if (step.kind == sema::StepKind::kFanout)
    return item;
  Word word;
  if (step.arguments.empty())
    return word;
  for (const sema::Piece& piece : step.arguments.front().text.pieces) {
    if (!piece.hole) {
      append(word, letters(lower::branch_part(piece.text)));
    } else if (is_parameter(piece.text)) {
      append(word, parameter(piece.text));
    } else {
      word.push_back(symbol("opaque " + piece.text, Kind::kOpaque, Letters::kAny, false));
    }
  }
  return word;
}

Word Claims::template_word(const sema::Text& text, const sema::Step& step, const std::string& agent,
                           const Word& item) {
  Word word;
  for (const sema::Piece& piece : text.pieces) {
    if (!piece.hole) {
      append(word, letters(piece.text));
    } else if (is_parameter(piece.text)) {
      append(word, parameter(piece.text));
    } else if (piece.text == "item") {
      append(word, item);
    } else if (piece.text == "task") {
      append(word, task_word(step, item));
    } else if (piece.text == "agent") {
      append(word, letters(lower::branch_part(agent)));
    } else if (piece.text == "round") {
      append(word, letters(std::to_string(std::max(1u, step.turn))));
    } else {
      word.push_back(symbol("opaque " + piece.text, Kind::kOpaque, Letters::kAny, false));
    }
  }
  return word;
}

std::vector<Claim> Claims::of_step(std::size_t index, int instance) {
  const sema::Step& step = flow_.steps[index];
  std::vector<Claim> claims;
  if (step.broken)
    return claims;
  if (step.kind == sema::StepKind::kMerge && step.merge.into) {
    const sema::Text& into = *step.merge.into;
    claims.push_back(
        {index, into.span, into.span, template_word(into, step, "", {}), {}, "", 0, {}});
  }
  const bool fanout = step.kind == sema::StepKind::kFanout;
  const sema::ItemSource& source = step.fanout.source;
  std::optional<std::pair<std::int64_t, std::int64_t>> numbers;
  if (source.kind == plan::FanoutSource::Kind::kRange && source.count() > kMostNumbers)
    numbers = {source.first, source.last};
  const std::vector<Word> items = fanout ? items_of(index, instance) : std::vector<Word>{{}};
  for (const sema::At<std::size_t>& use : step.agents) {
    const sema::Agent& agent = model_.agents[use.value];
    if (!agent.writes() || agent.contract.broken.contains("writes"))
      continue;
    const sema::Text& branch = agent.contract.writes->value.branch;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const bool written_out = items.size() > 1 || step.fanout.source.count() == 1u;
      std::string text;
      if (fanout && written_out) {
        for (const Symbol& one : items[i])
          text += one.letter;
      }
      claims.push_back({index, use.span, branch.span,
                        template_word(branch, step, agent.name, items[i]), items[i],
                        std::move(text), i, numbers});
    }
  }
  return claims;
}

namespace {

// The value of an item that is one of many numbers.
const std::string* number_of(const Claim& claim, const Witness& witness) {
  const auto value = witness.values.find(claim.item.front().variable);
  return value == witness.values.end() ? nullptr : &value->second;
}

bool is_among(const Claim& claim, const Witness& witness) {
  if (!claim.numbers)
    return true;
  const std::string* const text = number_of(claim, witness);
  if (text == nullptr || text->empty() || text->size() > 18 ||
      (text->size() > 1 && text->front() == '0'))
    return false;
  const std::int64_t number = std::stoll(*text);
  return number >= claim.numbers->first && number <= claim.numbers->second;
}

Word with_number(const Claim& claim, std::int64_t number) {
  Word word;
  for (const Symbol& one : claim.word) {
    if (claim.numbers && equal(one, claim.item.front()))
      append(word, letters(std::to_string(number)));
    else
      word.push_back(one);
  }
  return word;
}

}  // namespace

std::optional<Witness> find_conflict(const Claim& left, const Claim& right,
                                     const std::optional<Different>& differ, Effort& effort) {
  std::optional<Witness> found = find_conflict(left.word, right.word, differ, effort);
  if (!found || (is_among(left, *found) && is_among(right, *found)))
    return found;
  // The numbers that it has are none of the range's: then with the first that both have.
  effort.open = true;
  std::int64_t number = 0;
  for (const Claim* claim : {&left, &right})
    number = claim->numbers ? std::max(number, claim->numbers->first) : number;
  for (const Claim* claim : {&left, &right}) {
    if (claim->numbers && number > claim->numbers->second)
      return std::nullopt;
  }
  if (differ)
    return std::nullopt;
  found = find_conflict(with_number(left, number), with_number(right, number), differ, effort);
  for (const Claim* claim : {&left, &right}) {
    if (found && claim->numbers)
      found->values[claim->item.front().variable] = std::to_string(number);
  }
  return found;
}

std::string Claims::describe(const Claim& claim, const Witness& witness) const {
  std::string text;
  const auto say = [&](const std::string& name, const std::string& value) {
    text += (text.empty() ? "" : ", ") + name + " = `" + value + "`";
  };
  std::string item = claim.item_text;
  bool shown = !item.empty();
  if (item.empty()) {
    for (const Symbol& one : claim.item) {
      if (one.kind == Kind::kLetter)
        item += one.letter;
      const auto value = witness.values.find(one.variable);
      if (one.kind != Kind::kVariable || value == witness.values.end())
        continue;
      item += value->second;
      shown = true;
    }
  }
  if (shown)
    say("item", item);
  for (std::size_t i = 0; i < variables_.known.size(); ++i) {
    const std::string& name = variables_.known[i].name;
    const auto value = witness.values.find(static_cast<int>(i));
    const auto here = [&](const Symbol& one) {
      return one.kind == Kind::kVariable && one.variable == static_cast<int>(i);
    };
    if (!name.starts_with("parameter ") || value == witness.values.end())
      continue;
    if (std::ranges::any_of(claim.word, here))
      say(name.substr(name.find(' ') + 1), value->second);
  }
  return text;
}

}  // namespace fleet::checks
