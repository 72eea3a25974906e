// `loop until EDGE max N { … }`, written out round by round: each round is read anew with the names
// as they stand at its beginning.
#include <algorithm>
#include <utility>

#include "dsl/sema/report.h"
#include "dsl/sema/steps.h"

namespace fleet::sema {
namespace {

using Kind = ast::Atom::Kind;

constexpr std::uint32_t kMostRounds = 100;

// What stands after the word `loop`.
struct Head {
  const ast::Atom* until = nullptr;
  std::optional<std::uint32_t> most;
  const ast::Body* body = nullptr;
};

void say_clause_twice(Reader& reader, const ast::Atom& word, Span first) {
  Diagnostic diagnostic =
      error("F106", word.span, ticked(word.text) + " is said twice", "said again here");
  diagnostic.secondary.push_back({first, "first said here"});
  reader.sink().add(std::move(diagnostic));
  reader.give_up();
}

void read_part(Reader& reader, const Want& want, const std::string& word, Step& step, Head& head) {
  if (word == "until") {
    if (!reader.next_is(Kind::kName)) {
      reader.fail(want, "an edge, such as `verdict.approved`");
    } else {
      head.until = &reader.next();
    }
  } else if (word == "max") {
    head.most = reader.count(want, 1, kMostRounds);
  } else {
    read_else(reader, want, step);
  }
}

void read_head(Reader& reader, Step& step, Head& head) {
  const std::vector<std::string> allowed{"until", "max", "else"};
  std::map<std::string, Span> seen;
  while (!reader.at_end()) {
    const ast::Atom& word = reader.peek();
    if (word.kind == Kind::kBlock && head.body == nullptr) {
      head.body = reader.next().block.get();
      continue;
    }
    if (!is_word(word)) {
      reader.finish();
      return;
    }
    if (std::ranges::find(allowed, word.text) == allowed.end()) {
      Diagnostic diagnostic = unknown("F104", word.span, "clause", word.text, allowed);
      diagnostic.notes.push_back("clauses of a loop: " + listed(allowed, "and"));
      reader.sink().add(std::move(diagnostic));
      reader.give_up();
      return;
    }
    const auto [first, fresh] = seen.emplace(word.text, word.span);
    if (!fresh) {
      say_clause_twice(reader, word, first->second);
      return;
    }
    reader.next();
    read_part(reader, {ticked(word.text), word.span}, word.text, step, head);
  }
}

// Whether the head has all that a loop needs; what it lacks is reported.
bool is_complete(Reader& reader, const Step& step, const Head& head) {
  if (reader.failed())
    return false;
  std::vector<std::string> missing;
  if (head.until == nullptr)
    missing.emplace_back("until EDGE");
  if (!head.most)
    missing.emplace_back("max N");
  if (head.body == nullptr)
    missing.emplace_back("{ … }");
  if (missing.empty())
    return true;
  reader.sink().add(error("F108", step.head, "a loop without " + listed(missing, "and"),
                          "is written `loop until STEP.EDGE max N { … }`"));
  return false;
}

// The outcome that begins another round. nullopt: `until` always holds, so there is none.
std::optional<plan::EdgeKind> opposite(const Step& from, plan::EdgeKind kind) {
  using plan::EdgeKind;
  switch (kind) {
    case EdgeKind::kApproved: return EdgeKind::kChangesRequested;
    case EdgeKind::kChangesRequested: return EdgeKind::kApproved;
    case EdgeKind::kAccepted:
    case EdgeKind::kSomeAccepted:
    case EdgeKind::kMerged: return EdgeKind::kFailed;
    case EdgeKind::kFailed:
      return from.kind == StepKind::kMerge ? EdgeKind::kMerged : EdgeKind::kAccepted;
    case EdgeKind::kDone: return std::nullopt;
  }
  return std::nullopt;
}

// How many steps a body becomes at least, with all rounds and patterns written out. It is enough to
// know that it is more than kMostSteps.
class Size {
 public:
  explicit Size(const Context& context) : context_(context) {}

  std::uint64_t of(const ast::Body& body, const Scope& scope) {
    std::uint64_t steps = 0;
    for (const ast::Body::Item& item : body.items) {
      if (item.assignment && steps <= kMostSteps)
        steps += of(item.assignment->value, scope);
    }
    return steps;
  }

 private:
  std::uint64_t of(const ast::Value& value, const Scope& scope) {
    constexpr std::int64_t kMillion = 1'000'000;
    if (value.atoms.empty())
      return 1;
    std::uint64_t steps = 1;
    std::uint64_t rounds = 1;
    for (std::size_t i = 0; i < value.atoms.size(); ++i) {
      const ast::Atom& atom = value.atoms[i];
      if (i > 0 && atom.kind == Kind::kNumber && is_word(value.atoms[i - 1], "max"))
        rounds = static_cast<std::uint64_t>(std::max(kMillion, atom.amount) / kMillion);
      if (atom.block)
        steps += rounds * of(*atom.block, scope);
    }
    const ast::Atom& head = value.atoms.front();
    if (head.kind == Kind::kCall && (head.text == "all" || head.text == "any"))
      return steps + head.args.size();
    const Symbol* symbol = head.kind == Kind::kCall ? scope.find(head.path) : nullptr;
    if (symbol == nullptr || symbol->kind != Symbol::Kind::kPattern ||
        context_.model.patterns[symbol->index].broken)
      return steps;
    const PatternText& text = context_.patterns[symbol->index];
    return of(text.block->body, *text.home);
  }

  const Context& context_;
};

// Before any round is written out: what is nested deep would take for ever to be too much.
bool is_small_enough(FlowNames& names, const Step& step, const Head& head) {
  const std::uint64_t steps =
      names.flow.steps.size() +
      std::uint64_t{*head.most} *
          Size(names.context).of(*head.body, names.frame_of(head.body->span).scope);
  if (steps <= kMostSteps)
    return true;
  Diagnostic diagnostic = error(
      "F202", step.head,
      "with all rounds written out the flow has more than " + std::to_string(kMostSteps) + " steps",
      std::to_string(*head.most) + (*head.most == 1 ? " round" : " rounds") + " of what is in it");
  diagnostic.helps.push_back({"lower `max`, or that of a loop inside", {}, false});
  names.context.sink.add(std::move(diagnostic));
  return false;
}

class Unrolling {
 public:
  Unrolling(FlowNames& names, Step& loop, const Head& head)
      : names_(names), loop_(loop), head_(head), index_(names.flow.steps.size()) {
    for (std::size_t i = 0; i < names.flow.steps.size(); ++i) {
      if (&names.flow.steps[i] == &loop)
        index_ = i;
    }
  }

  void run() {
    const std::map<std::string, std::size_t> outer = names_.steps;
    find_steps(outer);
    for (std::uint32_t round = 0; round <= *head_.most && !loop_.broken; ++round) {
      if (!read_edge(names_, *head_.until, loop_) || !can_end(round)) {
        loop_.broken = true;
        break;
      }
      if (round == *head_.most)
        break;
      read_round(round + 1, outer);
    }
    names_.steps = outer;
    for (const auto& [name, values] : values_)
      names_.set_last(name, {loop_.name + "." + name, index_, values});
  }

 private:
  // Whether the round set anew what `until` tests: else every test is the first one again.
  bool can_end(std::uint32_t round) {
    if (round != 1 || loop_.after[0].from != loop_.after[1].from)
      return true;
    const Span until = head_.until->span;
    Diagnostic diagnostic = error(
        "F720", until, "no round of " + ticked(loop_.name) + " changes what its `until` tests",
        "set outside of the loop alone");
    diagnostic.secondary.push_back(
        {names_.flow.steps[loop_.after[0].from].head, "set here, once for all rounds"});
    const std::string name(head_.until->path.front().text);
    diagnostic.helps.push_back(
        {"set " + ticked(name) + " again in the body: a name that is bound anew means the round's",
         {},
         false});
    names_.context.sink.add(std::move(diagnostic));
    return false;
  }

  // The body's steps, and which of their names the flow has already.
  void find_steps(const std::map<std::string, std::size_t>& outer) {
    std::map<std::string, Span> seen;
    for (const ast::Body::Item& item : head_.body->items) {
      if (!item.assignment) {
        say_misplaced(names_.context, item, "loop");
        loop_.broken = true;
        continue;
      }
      const ast::Ident& name = item.assignment->key;
      const auto [first, fresh] = seen.emplace(name.text, name.span);
      if (!fresh)
        say_set_twice(names_, name, first->second);
      const auto known = outer.find(name.text);
      if (known == outer.end()) {
        check_step_name(names_, name);
      } else if (known->second >= index_ && known->second != FlowNames::kLastOf) {
        say_later_name(name, known->second);
      } else if (fresh) {
        values_[name.text] = {names_.find_known(name.text)};
      }
      if (fresh)
        body_.push_back(item.assignment.get());
    }
    if (body_.empty() && !loop_.broken) {
      names_.context.sink.add(error("F108", loop_.head, "a loop without a step"));
      loop_.broken = true;
    }
  }

  void say_later_name(const ast::Ident& name, std::size_t step) {
    Diagnostic diagnostic =
        error("F107", name.span,
              "a loop binds anew what was set before it, and " + ticked(name.text) + " is not");
    diagnostic.secondary.push_back({names_.flow.steps[step].name_span, "set here"});
    names_.context.sink.add(std::move(diagnostic));
    loop_.broken = true;
  }

  void read_round(std::uint32_t round, const std::map<std::string, std::size_t>& outer) {
    const std::size_t begin = names_.flow.steps.size();
    const Place outside = names_.place;
    const std::uint32_t before = std::max(1u, outside.turn) - 1;
    names_.place = {loop_.name + "#" + std::to_string(round) + ".", round,
                    before * *head_.most + round, index_};
    std::vector<Statement> statements;
    for (const ast::Assignment* assignment : body_) {
      statements.push_back(declare_statement(names_, *assignment));
      if (!outer.contains(assignment->key.text))
        bind_statement(names_, statements.back());
    }
    const Edge until = loop_.after.back();
    for (const Statement& statement : statements) {
      read_statement(names_, statement);
      bind_statement(names_, statement);
      const auto values = values_.find(statement.assignment->key.text);
      if (values != values_.end())
        values->second.push_back(statement.step);
      loop_.broken = loop_.broken || is_broken(names_.flow, statement);
    }
    names_.place = outside;
    keep_inner_values(outer);
    add_gate(until, begin);
    std::erase_if(names_.steps, [&](const auto& one) { return !outer.contains(one.first); });
  }

  // What a loop inside of the body bound anew is bound anew by this one.
  void keep_inner_values(const std::map<std::string, std::size_t>& outer) {
    for (const auto& [name, before] : outer) {
      if (names_.steps[name] == before)
        continue;
      std::vector<std::size_t>& values = values_[name];
      const std::size_t now = names_.find_known(name);
      if (values.empty() && before != FlowNames::kLastOf)
        values.push_back(before);
      if (values.empty() || values.back() != now)
        values.push_back(now);
    }
  }

  void add_gate(const Edge& until, std::size_t begin) {
    const auto kind = opposite(names_.flow.steps[until.from], until.kind);
    if (kind) {
      names_.gated.push_back(
          {{{begin, names_.flow.steps.size()}}, {{until.from, *kind, true, until.span}}});
    } else if (!loop_.broken) {
      Diagnostic diagnostic = error("F708", until.span, "no round of the loop can ever begin",
                                    "`.done` holds whatever the outcome");
      diagnostic.helps.push_back({"wait for an outcome, such as `.approved`", {}, false});
      names_.context.sink.add(std::move(diagnostic));
      loop_.broken = true;
    }
  }

  FlowNames& names_;
  Step& loop_;
  const Head& head_;
  std::size_t index_;
  std::vector<const ast::Assignment*> body_;
  std::map<std::string, std::vector<std::size_t>> values_;  // of names that the body binds anew
};

}  // namespace

void read_loop(FlowNames& names, Reader& reader, Step& step) {
  reader.next();
  step.kind = StepKind::kLoop;
  Head head;
  read_head(reader, step, head);
  if (!is_complete(reader, step, head)) {
    reader.give_up();
    return;
  }
  step.rounds = *head.most;
  if (!is_small_enough(names, step, head)) {
    reader.give_up();
    return;
  }
  Unrolling(names, step, head).run();
}

void add_gates(FlowNames& names) {
  for (const Gated& gated : names.gated) {
    const auto is_within = [&](std::size_t step) {
      return std::ranges::any_of(gated.steps, [&](const auto& range) {
        return step >= range.first && step < range.second;
      });
    };
    // `.done` of a step that never started fires as well.
    const auto begins_within = [&](const Edge& edge) {
      return edge.kind != plan::EdgeKind::kDone && is_within(edge.from);
    };
    for (const auto& [begin, end] : gated.steps) {
      for (std::size_t i = begin; i < end; ++i) {
        Step& step = names.flow.steps[i];
        if (is_joint(step.kind) || std::ranges::any_of(step.after, begins_within))
          continue;
        for (const Edge& gate : gated.gates) {
          const auto same = [&](const Edge& edge) {
            return edge.from == gate.from && edge.kind == gate.kind;
          };
          if (std::ranges::none_of(step.after, same))
            step.after.push_back(gate);
        }
      }
    }
  }
}

}  // namespace fleet::sema
