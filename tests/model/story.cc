#include "tests/model/story.h"

#include <algorithm>

#include "engine/run/replay.h"
#include "tests/model/plans.h"

namespace fleet::test {

namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t kMostTurns = 20'000;
constexpr milliseconds kMostTime = std::chrono::hours(24);
constexpr milliseconds kSlowestWrite{12};

Fault random_fault(Dice& dice) {
  static const std::vector<Fault> kinds = {
      Fault::kDrain,  Fault::kStopNow, Fault::kKill,   Fault::kKill,   Fault::kKill,
      Fault::kReboot, Fault::kJournal, Fault::kRepeat, Fault::kRepeat, Fault::kClock};
  return dice.pick(kinds);
}

// One seed in five is left alone, two meet nothing but the engine's death.
Faults random_faults(Dice& dice) {
  Faults faults;
  const std::uint32_t profile = dice.below(5);
  if (profile == 0)
    return faults;
  const std::uint32_t count = 1 + dice.below(5);
  const std::uint32_t latest = dice.percent(50) ? 40 : 250;
  for (std::uint32_t i = 0; i < count; ++i) {
    faults.list.push_back({dice.below(latest), profile < 3 ? Fault::kKill : random_fault(dice)});
  }
  // Two Ctrl-C in a row are what people do.
  if (profile == 4 && dice.percent(50)) {
    const std::uint32_t turn = dice.below(latest);
    faults.list.push_back({turn, Fault::kDrain});
    faults.list.push_back({turn + dice.below(10), Fault::kStopNow});
  }
  if (dice.percent(20)) {
    for (std::uint32_t i = 0; i < 12; ++i)
      faults.list.push_back({dice.below(latest), Fault::kRepeat});
  }
  std::stable_sort(faults.list.begin(), faults.list.end(),
                   [](const Faults::At& a, const Faults::At& b) { return a.turn < b.turn; });
  return faults;
}

// Faults spend the budget of losses, too: where they may, the script leaves room for them.
void leave_room(Script& script) {
  for (auto& [item, fates] : script.fates) {
    std::uint32_t losses = 0;
    std::erase_if(fates,
                  [&losses](Fate fate) { return cost_of(fate) == Cost::kLoss && ++losses > 2; });
  }
}

bool dies_with_engine(const plan::Plan& plan) {
  return std::any_of(plan.agents.begin(), plan.agents.end(), [](const plan::Agent& agent) {
    return agent.on_engine_crash == plan::OnEngineCrash::kKill;
  });
}

}  // namespace

bool Faults::lose() const {
  return !list.empty();
}

bool Faults::only_kills() const {
  return !list.empty() && std::all_of(list.begin(), list.end(),
                                      [](const At& at) { return at.fault == Fault::kKill; });
}

Story::Story(std::uint64_t seed, StoryOptions options)
    : plan_dice_(seed),
      fault_dice_(seed ^ 0x5eed),
      dice_(seed * 31 + 7),
      options_(options),
      plan_(random_engine_plan(plan_dice_)),
      faults_(random_faults(fault_dice_)),
      script_(random_script(plan_dice_, plan_)),
      oracle_(plan_, script_),
      ledger_(plan_, script_, oracle_, [this] { return log_.failed(); }),
      agenda_(os::WallTime(std::chrono::hours(500'000))),
      log_(agenda_,
           [this] {
             return milliseconds{dice_.below(static_cast<std::size_t>(kSlowestWrite.count()))};
           }),
      keeper_(agenda_),
      model_(plan_, script_, ledger_, agenda_, dice_,
             [this](const std::string& line) { say(line); }),
      guard_(model_),
      outside_{plan_, agenda_, log_, keeper_, guard_, measures_} {
  if (faults_.lose())
    leave_room(script_);
  life_options_.jobs = 1 + plan_dice_.below(4);
  life_options_.ahead = plan_dice_.below(3);
  keeper_.witness([this](const run::Exited& exit) {
    guard_.run([&] { return model_.process_ended(exit), 0; }, 0);
  });
  if (!options_.faults)
    faults_.list.clear();
}

bool Story::comparable() const {
  return faults_.only_kills() && !dies_with_engine(plan_);
}

void Story::say(const std::string& line) {
  if (options_.trace)
    trace_ += fmt::format("{:>3} {:>9.3f}s  {}\n", ledger_.life(),
                          static_cast<double>(agenda_.now().count()) / 1000.0, line);
}

void Story::tell() {
  while (!over_) {
    require(ledger_.life() < 100, "the run is taken up again and again");
    live_once();
  }
  guard_.rethrow();
  recorded_once();
  ledger_.at_the_end(final_);
}

// The journal holds one end of each task, and rising epochs.
void Story::recorded_once() const {
  run::State state;
  std::map<std::uint32_t, std::uint32_t> ends;
  std::map<std::uint32_t, run::Epoch> epochs;
  for (const run::Event& event : log_.events()) {
    run::Effects effects;
    run::step(plan_, state, event, effects);
    for (const run::Transition& t : effects.transitions) {
      require(t.epoch >= epochs[t.task.value], "task {} fell back to epoch {}", t.task.value,
              t.epoch);
      epochs[t.task.value] = t.epoch;
      if (run::is_settled(t.to))
        ++ends[t.task.value];
    }
  }
  require(state.closed, "the journal has no end");
  for (const run::Task& task : state.tasks)
    require(ends[task.index.value] == 1, "task {} ended {} times", task.index.value,
            ends[task.index.value]);
}

void Story::live_once() {
  if (fault_dice_.percent(15))
    life_options_.jobs = 1 + fault_dice_.below(4);
  guard_.rethrow();
  // Known again only when an engine has settled what the machine's death left.
  life_options_.same_boot = life_options_.same_boot && !rebooted_;
  killed_ = rebooted_ = false;
  resumed_at_ = log_.events().size();
  ledger_.engine_born(life_options_, 3 * kSlowestWrite);
  model_.engine_born();
  say("an engine begins");
  simulate::Life life(outside_, life_options_, *this);
  Result<run::RunOutcome> outcome = run::RunOutcome::kDone;
  if (!life.is_over()) {
    life_ = &life;
    outcome = life.live(*this);
    life_ = nullptr;
  }
  if (!outcome && outcome.error().code() == Errc::kCancelled)
    require(killed_, "everything waits for everything else");
  say(outcome ? fmt::format("the engine ends: {}", static_cast<int>(*outcome))
              : "the engine ends: " + outcome.error().message());
  guard_.rethrow();
  if (outcome && *outcome == run::RunOutcome::kStopped)
    ledger_.engine_stopped(agenda_.now());
  life_options_.same_boot = life_options_.same_boot || outcome;
  over_ = outcome && *outcome != run::RunOutcome::kStopped;
  log_.engine_died(killed_ && fault_dice_.percent(50));
  keeper_.engine_died(milliseconds{fault_dice_.below(3000)});
  if (rebooted_) {
    ledger_.machine_died();
    keeper_.reboot([this](run::Attempt) { return fault_dice_.percent(40); });
  }
  if (!over_)
    return time_passes_without_engine();
  final_ = life.state();
  run::State replayed = run::replay(plan_, log_.events());
  // What was said after the last word is not recorded.
  replayed.events = final_.events;
  replayed.last_at = final_.last_at;
  require(replayed == final_, "a replay ends in another state");
}

// Processes end, or do not yet.
void Story::time_passes_without_engine() {
  for (std::uint32_t i = fault_dice_.percent(50) ? 0 : fault_dice_.below(60); i > 0; --i)
    agenda_.advance();
}

bool Story::advance() {
  guard_.rethrow();
  require(++turns_ < kMostTurns, "the run does not end");
  require(agenda_.now() < kMostTime, "the run takes more than a day");
  if (next_fault_ < faults_.list.size() && faults_.list[next_fault_].turn <= turns_)
    return strike(faults_.list[next_fault_++].fault);
  return agenda_.advance();
}

// False: the engine is dead.
bool Story::strike(Fault fault) {
  ++struck_[fault];
  switch (fault) {
    case Fault::kDrain:
    case Fault::kStopNow: {
      const bool now = fault == Fault::kStopNow;
      say(now ? "* stop now" : "* stop");
      const run::StopLevel level = now ? run::StopLevel::kNow : run::StopLevel::kDrain;
      ledger_.stop_asked(level, agenda_.now());
      life_->ask_stop(level, "test");
      return true;
    }
    case Fault::kReboot: rebooted_ = true; [[fallthrough]];
    case Fault::kKill:
      say(rebooted_ ? "* the machine dies" : "* the engine is killed");
      killed_ = true;
      return false;
    case Fault::kJournal:
      say("* the journal will fail");
      log_.fail_after(1 + fault_dice_.below(4), fault_dice_.percent(50));
      return true;
    case Fault::kRepeat: repeat(); return true;
    case Fault::kClock:
      say("* the clock is set");
      ledger_.clock_was_set();
      agenda_.set_wall(milliseconds{fault_dice_.below(7'200'000)} - std::chrono::hours(1));
      return true;
  }
  return true;
}

// An answer that was heard before is heard again. What people and engines say is not repeated.
void Story::repeat() {
  if (log_.events().empty())
    return;
  const std::size_t oldest =
      fault_dice_.percent(50) ? 0 : std::min(resumed_at_, log_.events().size() - 1);
  const std::size_t i = oldest + fault_dice_.below(log_.events().size() - oldest);
  const run::EventBody& body = log_.events()[i].body;
  const bool old_find = std::holds_alternative<run::Reconciled>(body) && i < resumed_at_;
  if (std::holds_alternative<run::StopAsked>(body) || std::holds_alternative<run::Resumed>(body) ||
      old_find)
    return;
  say(fmt::format("* again: {} {}", run::name_of(body), run::encode(body)));
  life_->post(body);
}

void Story::saw(const plan::Plan&, const run::State&, const run::Event& event,
                const std::vector<run::Transition>& transitions) {
  if (const auto* decided = std::get_if<run::SpawnDecided>(&event.body))
    guard_.run([&] { return ledger_.decided(*decided), 0; }, 0);
  if (!options_.trace)
    return;
  say(fmt::format("{} {}", run::name_of(event.body), run::encode(event.body)));
  for (const run::Transition& t : transitions)
    say(fmt::format("    {}.{} {} -> {}: {}", t.task.value, t.epoch, name_of(t.from), name_of(t.to),
                    t.reason));
}

std::string Story::bytes() const {
  std::string text;
  for (const run::Event& event : log_.events())
    text += fmt::format("{} {} {}\n", event.at, run::name_of(event.body), run::encode(event.body));
  return text;
}

}  // namespace fleet::test
