#include "dsl/sema/claim.h"

#include <array>
#include <utility>

#include "dsl/sema/report.h"
#include "dsl/sema/scenario.h"
#include "dsl/sema/steps.h"

namespace fleet::sema {
namespace {

using Kind = ast::Atom::Kind;
using plan::Claim;

constexpr std::uint32_t kMostCounted = 1'000'000;
constexpr const char* kForms =
    "`STEP`, `STEP.EDGE`, `STEP <= N rounds`, `asks HUMAN`, `run.done` or `run <= 2h`";

struct CompareWord {
  std::string_view text;
  Claim::Compare compare;
};
constexpr std::array kCompareWords{
    CompareWord{"<", Claim::Compare::kLess}, CompareWord{"<=", Claim::Compare::kAtMost},
    CompareWord{">", Claim::Compare::kMore}, CompareWord{">=", Claim::Compare::kAtLeast},
    CompareWord{"==", Claim::Compare::kExactly}};

struct MeasureWord {
  std::string_view one;
  std::string_view many;
  Claim::Measure measure;
  bool of_run;
};
constexpr std::array kMeasureWords{
    MeasureWord{"round", "rounds", Claim::Measure::kRounds, false},
    MeasureWord{"attempt", "attempts", Claim::Measure::kAttempts, true},
    MeasureWord{"item", "items", Claim::Measure::kItems, false},
    MeasureWord{"session", "sessions", Claim::Measure::kSessions, true}};

struct EndWord {
  std::string_view word;
  Claim::End end;
};
constexpr std::array kEndWords{EndWord{"done", Claim::End::kDone},
                               EndWord{"failed", Claim::End::kFailed},
                               EndWord{"waiting", Claim::End::kWaiting}};

class ClaimReader {
 public:
  ClaimReader(Context& context, Scope& scope, const StepNames& steps, Reader& reader, Span span)
      : context_(context), scope_(scope), steps_(steps), reader_(reader) {
    claim_.span = span;
    claim_.says.text = std::string(context.sources.text(span));
  }

  std::optional<Test::Claim> read() {
    claim_.says.never = reader_.take_word("never");
    if (!reader_.next_is(Kind::kName)) {
      reader_.fail(reader_.want(), kForms);
      return std::nullopt;
    }
    if (!read_subject())
      return std::nullopt;
    if (!amount_ && reader_.take_word("within")) {
      const auto within = reader_.duration({"`within`", reader_.want().span});
      if (!within)
        return std::nullopt;
      claim_.says.within = *within;
    }
    return std::move(claim_);
  }

 private:
  bool read_subject() {
    // `asks` may be a step's name, which nobody's name follows.
    const std::vector<ast::Atom>& atoms = reader_.value().atoms;
    const std::size_t next = claim_.says.never ? 2 : 1;
    const bool name_follows =
        atoms.size() > next && atoms[next].kind == Kind::kName && !is_word(atoms[next], "within");
    if (is_word(reader_.peek(), "asks") && name_follows)
      return read_asks();
    if (reader_.peek().path.front().text == "run")
      return read_run();
    return read_step();
  }

  bool read_asks() {
    claim_.says.about = Claim::About::kAsks;
    reader_.next();
    const ast::Atom& who = reader_.next();
    const Symbol* const human =
        scope_.resolve(context_, who.path, who.span, {Symbol::Kind::kHuman});
    if (human == nullptr || human->kind == Symbol::Kind::kUnknown)
      return give_up();
    claim_.says.human = context_.model.humans[human->index].name;
    if (!reader_.take_word("about"))
      return true;
    if (!reader_.next_is(Kind::kName)) {
      reader_.fail({"`about`", reader_.want().span}, "a step");
      return false;
    }
    return find_step(reader_.next(), nullptr);
  }

  bool read_run() {
    const ast::Atom& atom = reader_.next();
    if (atom.path.size() == 1)
      return read_amount(true);
    claim_.says.about = Claim::About::kRunEnds;
    std::vector<std::string> known;
    for (const EndWord& one : kEndWords) {
      known.emplace_back(one.word);
      if (atom.path.size() == 2 && atom.path.back().text == one.word) {
        claim_.says.end = one.end;
        return true;
      }
    }
    context_.sink.add(unknown("F101", atom.path[1].span, "end of a run", atom.path[1].text, known));
    return give_up();
  }

  bool read_step() {
    std::string edge;
    if (!find_step(reader_.next(), &edge))
      return false;
    if (!edge.empty()) {
      claim_.says.about = Claim::About::kFires;
      claim_.says.edge = *edge_kind(edge);
      return true;
    }
    if (reader_.next_is(Kind::kOperator))
      return read_amount(false);
    return true;
  }

  bool find_step(const ast::Atom& atom, std::string* edge) {
    const std::optional<std::string> step = steps_.find(context_, atom, edge);
    if (!step)
      return give_up();
    claim_.step = *step;
    return true;
  }

  bool read_amount(bool of_run) {
    amount_ = true;
    claim_.says.about = Claim::About::kAmount;
    if (!read_compare())
      return false;
    if (reader_.next_is(Kind::kDuration)) {
      claim_.says.measure = Claim::Measure::kTime;
      const auto time = reader_.duration(reader_.want());
      claim_.says.amount = time ? time->count() : 0;
      return time.has_value();
    }
    if (reader_.next_is(Kind::kMoney) && !reader_.peek().per) {
      claim_.says.measure = Claim::Measure::kMoney;
      claim_.says.amount = reader_.next().amount;
      return true;
    }
    const char* const expected =
        of_run ? "a duration, money, `N attempts` or `N sessions`"
               : "`N rounds`, `N attempts`, `N items`, `N sessions`, a duration or money";
    if (!reader_.next_is(Kind::kNumber)) {
      reader_.fail(reader_.want(), expected);
      return false;
    }
    const auto count = reader_.count(reader_.want(), 0, kMostCounted);
    if (!count)
      return false;
    claim_.says.amount = *count;
    return read_measure(of_run, expected) && fits_step();
  }

  bool read_compare() {
    for (const CompareWord& one : kCompareWords) {
      if (!reader_.take_operator(one.text))
        continue;
      if (!claim_.says.never) {
        claim_.says.compare = one.compare;
        return true;
      }
      context_.sink.add(error("F202", claim_.span, "a comparison is not denied with `never`",
                              "turn the comparison round"));
      return give_up();
    }
    reader_.fail(reader_.want(), "`<`, `<=`, `==`, `>=` or `>`");
    return false;
  }

  bool read_measure(bool of_run, const char* expected) {
    for (const MeasureWord& one : kMeasureWords) {
      if ((of_run && !one.of_run) || (!reader_.take_word(one.many) && !reader_.take_word(one.one)))
        continue;
      claim_.says.measure = one.measure;
      return true;
    }
    reader_.fail(reader_.want(), expected);
    return false;
  }

  // Rounds are a loop's, items a fan-out's.
  bool fits_step() {
    const Claim::Measure measure = claim_.says.measure;
    if (claim_.step.empty() ||
        (measure != Claim::Measure::kRounds && measure != Claim::Measure::kItems))
      return true;
    const StepKind wanted =
        measure == Claim::Measure::kRounds ? StepKind::kLoop : StepKind::kFanout;
    for (const Flow& flow : context_.model.flows) {
      for (const std::size_t step : steps_meant(flow, claim_.step)) {
        if (flow.steps[step].kind == wanted || flow.steps[step].broken)
          return true;
      }
    }
    context_.sink.add(error("F202", claim_.span,
                            ticked(claim_.step) + (measure == Claim::Measure::kRounds
                                                       ? " is no loop, and has no rounds"
                                                       : " is no fan-out, and has no items")));
    return give_up();
  }

  bool give_up() {
    reader_.give_up();
    return false;
  }

  Context& context_;
  Scope& scope_;
  const StepNames& steps_;
  Reader& reader_;
  Test::Claim claim_;
  bool amount_ = false;
};

}  // namespace

void read_claim(Context& context, Scope& scope, const StepNames& steps, Reader& reader, Span span,
                Test& test) {
  if (auto claim = ClaimReader(context, scope, steps, reader, span).read())
    test.expect.push_back(*std::move(claim));
}

}  // namespace fleet::sema
