#include "engine/simulate/chance_run.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include <fmt/format.h>

#include "engine/report/words.h"
#include "engine/resident/happenings.h"
#include "engine/simulate/judge.h"
#include "engine/simulate/life.h"
#include "engine/simulate/random_model.h"

namespace fleet::simulate {

using std::chrono::milliseconds;

namespace {

constexpr std::uint32_t kJobs = 64;  // nobody waits for a place: what is simulated is the fleet
// A run that goes on for longer has something in it that nothing ends.
constexpr std::chrono::hours kNoLonger{24 * 400};
constexpr std::chrono::seconds kEngineDown{30};
// Things that happen before an engine that is to be killed is, at most.
constexpr std::uint64_t kBeforeDeath = 40;

// Time that ends for an engine when it is killed.
class MortalTime final : public flow::VirtualTime {
 public:
  explicit MortalTime(Agenda& agenda) : agenda_(agenda) {}
  void dies_after(std::uint64_t things) { left_ = things; }
  bool died() const { return left_ == 0; }
  bool advance() override {
    if (left_ == 0 || agenda_.now() > kNoLonger)
      return false;
    if (left_ != kNever)
      --left_;
    return agenda_.advance();
  }

 private:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
  Agenda& agenda_;
  std::uint64_t left_ = kNever;
};

// Notes what those who add runs up want to know.
class Ledger {
 public:
  explicit Ledger(ChanceRun& book) : book_(book) {}

  void add(const plan::Plan& plan, const run::State& state, const run::Event& event,
           const std::vector<run::Transition>& transitions) {
    book_.ended = event.at;
    if (const auto* metered = std::get_if<run::Metered>(&event.body)) {
      // A session that ended as its engine died is heard once more.
      if (metered_.insert(metered->attempt).second)
        book_.spent.push_back({event.at, agent_of(plan, state, metered->attempt),
                               plan::Money{metered->micros},
                               metered->input_tokens + metered->output_tokens});
    } else if (const auto* exit = std::get_if<run::Exited>(&event.body)) {
      const std::string agent = agent_of(plan, state, exit->attempt);
      if (!agent.empty())
        book_.stretches.push_back({agent, event.at - exit->duration.count(), event.at});
    }
    for (const run::Transition& change : transitions)
      note_gate(state, change, event.at);
    resident::Happening happening = resident::happening_of(plan, state, event);
    if (happening.news)
      book_.news.push_back(event.at);
    if (happening.wake)
      book_.wakes.push_back(*std::move(happening.wake));
  }

 private:
  static std::string agent_of(const plan::Plan& plan, const run::State& state,
                              run::Attempt attempt) {
    const run::Task& task = state.tasks[attempt.task.value];
    if (plan.nodes[task.node.value].agents.empty())
      return {};
    const plan::AgentIndex agent =
        task.agent ? *task.agent : state.sessions[task.session.value].agent;
    return plan.agents[agent.value].name;
  }

  void note_gate(const run::State& state, const run::Transition& change, std::int64_t now) {
    if (change.from == run::Phase::kParked) {
      if (const auto open = open_.extract(change.task))
        book_.questions[open.mapped()].closed = now;
    }
    const run::Task& task = state.tasks[change.task.value];
    if (change.to == run::Phase::kParked && task.gate) {
      open_[change.task] = book_.questions.size();
      book_.questions.push_back({task.gate->human, task.gate->asks, now, std::nullopt});
    }
  }

  ChanceRun& book_;
  std::map<run::TaskIndex, std::size_t> open_;
  std::set<run::Attempt> metered_;
};

// From the journal alone: what a dead engine knew and had not written did not happen.
run::State audit(const plan::Plan& plan, const std::vector<run::Event>& events, ChanceRun& book) {
  Ledger ledger(book);
  run::State state;
  for (const run::Event& event : events) {
    run::Effects effects;
    run::step(plan, state, event, effects);
    ledger.add(plan, state, event, effects.transitions);
  }
  return state;
}

Became became(const run::State& state, const RandomModel::Struck& struck) {
  const run::Task& task = state.tasks[struck.attempt.task.value];
  if (task.gate && struck.fault != Fault::kLateHuman)
    return Became::kAsked;
  switch (task.phase) {
    case run::Phase::kDone: return Became::kMended;
    case run::Phase::kFailed: return Became::kFailed;
    case run::Phase::kParked: return Became::kAsked;
    default: return Became::kDropped;
  }
}

// " at `build`": the first step that failed, whatever failed because of it.
std::string where_failed(const plan::Plan& plan, const run::State& state) {
  if (!state.closed || state.outcome != run::RunOutcome::kFailed)
    return {};
  for (const run::Task& task : state.tasks)
    if (task.phase == run::Phase::kFailed)
      return fmt::format(" at `{}`", report::printable(plan.nodes[task.node.value].name));
  return {};
}

}  // namespace

plan::Money ChanceRun::money() const {
  plan::Money sum;
  for (const Spent& one : spent)
    sum.micros += one.money.micros;
  return sum;
}

ChanceRun run_by_chance(const plan::Plan& plan, const Chances& chances, std::int64_t begin,
                        const std::string& id, Dice dice) {
  ChanceRun book;
  book.began = book.ended = begin;
  Agenda agenda{os::WallTime(milliseconds(begin))};
  MemoryLog log(agenda, [] { return milliseconds{0}; });
  Keeper keeper(agenda);
  Record record(plan, {}, false);
  RandomModel model(plan, chances, record, dice.part(1));
  flow::MemoryMeasures measures;
  Outside outside{plan, agenda, log, keeper, model, measures};
  Dice deaths = dice.part(2);
  for (;;) {
    Life life(outside, {.jobs = kJobs, .run = id}, record);
    if (life.is_over())
      break;
    MortalTime time(agenda);
    if (deaths.chance(chances.faults))
      time.dies_after(1 + deaths.below(kBeforeDeath));
    const Result<run::RunOutcome> outcome = life.live(time);
    if (outcome || !time.died())
      break;
    // Sessions go on meanwhile; what was only queued for the journal is lost.
    book.struck.push_back({Fault::kEngine, Became::kMended});
    log.engine_died(deaths.chance(0.5));
    keeper.engine_died(milliseconds{0});
    bool is_up = false;
    agenda.in(kEngineDown, [&is_up] { is_up = true; });
    while (!is_up && agenda.advance()) {
    }
  }
  const run::State state = audit(plan, log.events(), book);
  if (state.closed)
    book.outcome = state.outcome;
  book.end = end_of(plan, state) + where_failed(plan, state);
  book.has_path = !run::open_gates(state).empty();
  for (const RandomModel::Struck& struck : model.struck())
    book.struck.push_back({struck.fault, became(state, struck)});
  if (!book.outcome)
    for (StruckBy& one : book.struck)
      if (one.fault == Fault::kEngine)
        one.became = Became::kFailed;
  return book;
}

}  // namespace fleet::simulate
