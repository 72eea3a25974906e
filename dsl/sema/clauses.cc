// The clauses after a step's head, and the edges between steps.
#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "dsl/sema/report.h"
#include "dsl/sema/runtime.h"
#include "dsl/sema/steps.h"

namespace fleet::sema {

using Kind = ast::Atom::Kind;

std::optional<plan::EdgeKind> edge_kind(std::string_view name) {
  if (name == "done")
    return plan::EdgeKind::kDone;
  if (name == "accepted")
    return plan::EdgeKind::kAccepted;
  if (name == "some_accepted")
    return plan::EdgeKind::kSomeAccepted;
  if (name == "failed")
    return plan::EdgeKind::kFailed;
  if (name == "merged")
    return plan::EdgeKind::kMerged;
  if (name == "approved")
    return plan::EdgeKind::kApproved;
  if (name == "changes_requested")
    return plan::EdgeKind::kChangesRequested;
  return std::nullopt;
}

std::vector<std::string> edge_names() {
  std::vector<std::string> names;
  for (const schema::Entry& edge : schema::edges())
    names.emplace_back(edge.name);
  return names;
}

bool read_edge(FlowNames& names, const ast::Atom& atom, Step& step) {
  const std::optional<FlowNames::Reach> reach = names.reach(atom);
  if (!reach)
    return false;
  if (reach->rest.empty()) {
    Diagnostic diagnostic = error("F202", atom.span, "`after` says which outcome it waits for",
                                  "an edge such as `" + atom.text + ".accepted` is expected");
    diagnostic.helps.push_back({"write " + ticked(atom.text + ".accepted"),
                                {{{atom.span.source, atom.span.end, atom.span.end}, ".accepted"}},
                                false});
    names.context.sink.add(std::move(diagnostic));
    return false;
  }
  if (reach->rest.size() != 1) {
    names.context.sink.add(
        error("F202", atom.span, "an edge is a step and an outcome, such as `build.accepted`"));
    return false;
  }
  const ast::Ident& word = reach->rest.front();
  const std::optional<plan::EdgeKind> kind = edge_kind(word.text);
  if (!kind) {
    names.context.sink.add(unknown("F101", word.span, "edge", word.text, edge_names()));
    return false;
  }
  step.after.push_back({reach->step, *kind, false, atom.span});
  return true;
}

void read_else(Reader& reader, const Want& want, Step& step) {
  step.otherwise_span = want.span;
  if (reader.take_word("escalate")) {
    step.otherwise = plan::Otherwise::kEscalate;
  } else if (reader.take_word("skip")) {
    step.otherwise = plan::Otherwise::kSkip;
  } else if (reader.take_word("fail")) {
    step.otherwise = plan::Otherwise::kFail;
  } else {
    reader.fail(want, "`escalate`, `skip` or `fail`");
  }
}

void read_after(FlowNames& names, Reader& reader, const Want& want, Step& step) {
  do {
    if (!reader.next_is(Kind::kName)) {
      reader.fail(want, "an edge, such as `build.accepted`");
      return;
    }
    if (!read_edge(names, reader.next(), step))
      step.trusts = true;
  } while (reader.take_operator("&"));
}

namespace {

void read_force(Reader& reader, const Want& want, Step& step) {
  if (reader.take_word("parallel")) {
    step.fanout.force = plan::Force::kParallel;
  } else if (reader.take_word("inline")) {
    step.fanout.force = plan::Force::kInline;
  } else {
    reader.fail(want, "`parallel` or `inline`");
  }
}

template <class T>
void put(std::optional<At<T>>& slot, const std::optional<T>& value, Span begin, Span end) {
  if (value)
    slot = At<T>{*value, cover(begin, end)};
}

void read_clause(FlowNames& names, Reader& reader, const schema::Clause& clause, const Want& want,
                 Step& step) {
  constexpr std::uint32_t kMostRetries = 100;
  constexpr std::uint32_t kMostSessions = 10'000;
  constexpr std::uint32_t kMostItems = 1'000'000;
  const Span value = reader.at_end() ? want.span : reader.peek().span;
  if (clause.word == "retry")
    put(step.retries, reader.count(want, 0, kMostRetries), want.span, value);
  if (clause.word == "timeout") {
    put(step.timeout, read_positive(names.context, reader, want), want.span, value);
  }
  if (clause.word == "after")
    read_after(names, reader, want, step);
  if (clause.word == "else")
    read_else(reader, want, step);
  if (clause.word == "force")
    read_force(reader, want, step);
  Fanout& fanout = step.fanout;
  if (clause.word == "width")
    put(fanout.width, reader.count(want, 1, kMostSessions), want.span, value);
  if (clause.word == "limit")
    put(fanout.limit, reader.count(want, 1, kMostItems), want.span, value);
  if (clause.word == "est")
    put(fanout.est, reader.duration(want), want.span, value);
  if (clause.word == "spawn")
    put(fanout.spawn, reader.duration(want), want.span, value);
}

// For a word that other languages have.
void suggest_clause(Diagnostic& diagnostic, std::string_view word) {
  constexpr std::string_view kAfter = "a step waits with `after a.accepted`";
  constexpr std::string_view kElse =
      "what follows a failure is `else escalate`, `else skip` or `else fail`";
  struct Meant {
    std::string_view word;
    std::string_view help;
  };
  constexpr std::array kMeant = {
      Meant{"and", "edges are joined by `&`: `after a.accepted & b.accepted`"},
      Meant{"or", "the first of several steps is `any(a, b)`"},
      Meant{"when", kAfter},
      Meant{"if", kAfter},
      Meant{"needs", kAfter},
      Meant{"requires", kAfter},
      Meant{"depends_on", kAfter},
      Meant{"depends", kAfter},
      Meant{"then", kAfter},
      Meant{"catch", kElse},
      Meant{"otherwise", kElse},
      Meant{"on_failure", kElse},
      Meant{"on_error", kElse},
      Meant{"retries", "write `retry N`"},
      Meant{"attempts", "write `retry N`"},
      Meant{"times", "write `retry N`"},
  };
  const auto found = std::ranges::find(kMeant, word, &Meant::word);
  if (found != kMeant.end())
    diagnostic.helps.push_back({std::string(found->help), {}, false});
}

// The clause that the next word begins; nullptr: reported.
const schema::Clause* find(Reader& reader, const Step& step) {
  const ast::Atom& word = reader.peek();
  const schema::Clause* clause = is_word(word) ? schema::find_clause(word.text) : nullptr;
  std::vector<std::string> allowed;
  for (const schema::Clause& one : schema::clauses()) {
    const bool other = one.only == "loop" || step.kind != StepKind::kFanout;
    if (!one.only.empty() && other)
      continue;
    if (one.word == "retry" && (step.kind == StepKind::kMerge || step.kind == StepKind::kHuman))
      continue;
    allowed.emplace_back(one.word);
  }
  if (clause == nullptr) {
    if (!is_word(word)) {
      reader.finish();
      return nullptr;
    }
    Diagnostic diagnostic = unknown("F104", word.span, "clause", word.text, allowed);
    if (diagnostic.helps.empty())
      suggest_clause(diagnostic, word.text);
    diagnostic.notes.push_back("clauses of this step: " + listed(allowed, "and"));
    reader.sink().add(std::move(diagnostic));
    reader.give_up();
    return nullptr;
  }
  if (std::ranges::find(allowed, word.text) != allowed.end())
    return clause;
  const bool again = word.text == "retry";
  const bool merge = again && step.kind == StepKind::kMerge;
  Diagnostic diagnostic = error("F104", word.span,
                                merge   ? "a merge is not retried"
                                : again ? "a human is not asked again"
                                        : ticked(word.text) + " is a clause of " +
                                              (clause->only == "loop" ? "loops" : "fan-outs"));
  if (merge)
    diagnostic.notes.push_back("merging the same commits again gives the same result");
  reader.sink().add(std::move(diagnostic));
  reader.give_up();
  return nullptr;
}

bool fires_success(plan::EdgeKind kind) {
  return kind == plan::EdgeKind::kAccepted || kind == plan::EdgeKind::kSomeAccepted ||
         kind == plan::EdgeKind::kMerged || kind == plan::EdgeKind::kApproved;
}

// Findings are there once changes were requested.
void imply_findings(Step& step, std::size_t from, Span span) {
  const auto says_so = [&](const Edge& edge) {
    return edge.from == from && edge.kind == plan::EdgeKind::kChangesRequested;
  };
  if (std::ranges::none_of(step.after, says_so))
    step.after.push_back({from, plan::EdgeKind::kChangesRequested, true, span});
}

void imply(const Flow& flow, Step& step, std::size_t from, Span span) {
  const auto says_so = [&](const Edge& edge) {
    return edge.from == from && fires_success(edge.kind);
  };
  if (std::ranges::any_of(step.after, says_so))
    return;
  const bool merge = flow.steps[from].kind == StepKind::kMerge;
  step.after.push_back(
      {from, merge ? plan::EdgeKind::kMerged : plan::EdgeKind::kAccepted, true, span});
}

}  // namespace

void read_clauses(FlowNames& names, Reader& reader, Step& step) {
  std::map<std::string, Span> seen;
  while (!reader.at_end()) {
    const schema::Clause* clause = find(reader, step);
    if (clause == nullptr)
      return;
    const ast::Atom& word = reader.next();
    const Want want{ticked(word.text), word.span};
    const auto [first, fresh] = seen.emplace(word.text, word.span);
    if (!fresh) {
      Diagnostic diagnostic =
          error("F106", word.span, ticked(word.text) + " is said twice", "said again here");
      diagnostic.secondary.push_back({first->second, "first said here"});
      reader.sink().add(std::move(diagnostic));
      reader.give_up();
      return;
    }
    read_clause(names, reader, *clause, want, step);
  }
}

void imply_edges(Flow& flow) {
  for (Step& step : flow.steps) {
    for (const Argument& argument : step.arguments) {
      if (argument.output_of && argument.findings) {
        imply_findings(step, *argument.output_of, argument.text.span);
      } else if (argument.output_of) {
        imply(flow, step, *argument.output_of, argument.text.span);
      }
    }
    if (step.fanout.source.of)
      imply_findings(step, *step.fanout.source.of, step.fanout.source.span);
    if (step.merge.into_step)
      imply(flow, step, step.merge.into_step->value, step.merge.into_step->span);
    for (const At<std::size_t>& from : step.merge.from)
      imply(flow, step, from.value, from.span);
  }
}

}  // namespace fleet::sema
