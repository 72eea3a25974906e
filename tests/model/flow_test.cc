// Reviews, joints, loops and gates in the whole engine in virtual time: sessions that give
// verdicts, humans who answer early, late or to a new engine, and faults between. What a session
// says and a human decides is drawn from the attempt; when, from the dice.
//
//   FLEETC_MODEL_SEED=17       one seed
//   FLEETC_MODEL_RUNS=100000   how many seeds, from 1 (default 1500)
#include "tests/property/engine/run/flow.h"

#include <cstdlib>
#include <map>

#include <catch2/catch.hpp>

#include "engine/run/replay.h"
#include "engine/simulate/life.h"

using namespace fleet;
using namespace fleet::test;
using std::chrono::milliseconds;

namespace {

class Answers final : public simulate::Model {
 public:
  Answers(std::uint64_t seed, Dice& dice) : seed_(seed), dice_(dice) {}

  std::uint32_t humans() const { return humans_; }

  // Gates close after a second: some answers come too late.
  simulate::Course course(const flow::Order& order) override {
    const bool gate = std::holds_alternative<flow::OpenGateOrder>(order);
    return {up_to(gate ? 1500 : 60), up_to(20), !gate && dice_.percent(15)};
  }
  run::Prepared prepare(const flow::PrepareOrder& o) override {
    return {o.task.attempt, o.start, "", fmt::format("slot{}", o.session.value), true, {}, ""};
  }
  simulate::Process launch(const flow::LaunchOrder& o) override {
    Dice own = of(o.task.attempt);
    simulate::Process process;
    process.end.attempt = o.task.attempt;
    process.end.code = own.percent(20) ? 3 : 0;
    process.end.duration = up_to(800);
    if (own.percent(5))
      process.says.push_back(run::Escalated{o.task.attempt, "help"});
    const bool approves = own.percent(50);
    if (!approves)
      process.says.push_back(run::FindingFiled{
          o.task.attempt, {"f-1", run::Severity::kMajor, "", "", 0, "a title", ""}});
    if (own.percent(85))
      process.says.push_back(run::VerdictGiven{
          o.task.attempt, approves ? run::Verdict::kApproved : run::Verdict::kChangesRequested,
          ""});
    return process;
  }
  std::optional<run::GateAnswered> open_gate(const flow::OpenGateOrder& o) override {
    ++humans_;
    Dice own = of(o.task.attempt);
    const bool yes = own.percent(60);
    return run::GateAnswered{o.task.attempt, yes ? run::Decision::kApprove : run::Decision::kReject,
                             o.human, "", ""};
  }
  milliseconds grace(run::Attempt) override { return up_to(500); }

  // No step of these plans lists, writes, is judged or merges.
  run::ItemsListed list_items(const flow::ListOrder&) override { return {}; }
  run::Captured capture(const flow::CaptureOrder&) override { return {}; }
  run::Verified verify(const flow::VerifyOrder&) override { return {}; }
  run::Published publish(const flow::PublishOrder&) override { return {}; }
  run::Merged merge(const flow::MergeOrder&) override { return {}; }
  run::Merged merge_stopped(const flow::MergeOrder&) override { return {}; }
  void end_session(const flow::EndSessionOrder&) override {}

 private:
  Dice of(run::Attempt attempt) const {
    return Dice(seed_ * 7919 + attempt.task.value * 131 + attempt.epoch);
  }
  milliseconds up_to(std::uint32_t ms) { return milliseconds{dice_.below(ms + 1)}; }

  std::uint64_t seed_;
  Dice& dice_;
  std::uint32_t humans_ = 0;
};

class FlowStory final : private flow::VirtualTime, private run::Observer {
 public:
  explicit FlowStory(std::uint64_t seed)
      : dice_(seed),
        plan_(random_flow(dice_)),
        model_(seed, dice_),
        agenda_(os::WallTime(std::chrono::hours(500'000))),
        log_(agenda_, [this] { return milliseconds{dice_.below(12)}; }),
        keeper_(agenda_),
        outside_{plan_, agenda_, log_, keeper_, model_, measures_} {
    faults_ = dice_.percent(75) ? 1 + dice_.below(6) : 0;
    options_.jobs = 1 + dice_.below(4);
    options_.ahead = dice_.below(3);
  }

  void tell() {
    while (!over_) {
      require(++lives_ < 100, "the run is taken up again and again");
      live_once();
    }
    Reading reading(plan_, final_);
    require(keeper_.unfinished().empty(), "processes still run");
    require(run::open_gates(final_).empty() && final_.busy == 0 && final_.in_flight == 0,
            "something is still open");
    each_ended_once();
  }
  std::uint32_t lives() const { return lives_; }
  std::uint32_t humans() const { return model_.humans(); }

  std::string story() const {
    std::string text;
    for (const run::Event& event : log_.events())
      text +=
          fmt::format("  {} {} {}\n", event.at, run::name_of(event.body), run::encode(event.body));
    return text;
  }

 private:
  void live_once() {
    options_.same_boot = options_.same_boot && !rebooted_;
    killed_ = rebooted_ = false;
    simulate::Life life(outside_, options_, *this);
    Result<run::RunOutcome> outcome = run::RunOutcome::kDone;
    if (!life.is_over()) {
      life_ = &life;
      outcome = life.live(*this);
      life_ = nullptr;
    }
    require(outcome || killed_, "everything waits for everything else");
    options_.same_boot = options_.same_boot || outcome;
    over_ = outcome && *outcome != run::RunOutcome::kStopped;
    log_.engine_died(killed_ && dice_.percent(50));
    keeper_.engine_died(milliseconds{dice_.below(300)});
    if (rebooted_)
      keeper_.reboot([this](run::Attempt) { return dice_.percent(40); });
    if (!over_) {
      for (std::uint32_t i = dice_.below(20); i > 0; --i)
        agenda_.advance();
      return;
    }
    final_ = life.state();
    run::State replayed = run::replay(plan_, log_.events());
    // What was said after the last word is not recorded.
    replayed.events = final_.events;
    replayed.last_at = final_.last_at;
    require(replayed == final_, "a replay ends in another state");
  }

  bool advance() override {
    if (faults_ > 0 && dice_.percent(4)) {
      --faults_;
      switch (dice_.below(4)) {
        case 0: life_->ask_stop(run::StopLevel::kDrain, "test"); return true;
        case 1: life_->ask_stop(run::StopLevel::kNow, "test"); return true;
        case 2: rebooted_ = true; [[fallthrough]];
        default: killed_ = true; return false;
      }
    }
    return agenda_.advance();
  }

  void saw(const plan::Plan&, const run::State&, const run::Event&,
           const std::vector<run::Transition>&) override {}

  void each_ended_once() const {
    run::State state;
    std::map<std::uint32_t, std::uint32_t> ends;
    for (const run::Event& event : log_.events()) {
      run::Effects effects;
      run::step(plan_, state, event, effects);
      for (const run::Transition& t : effects.transitions)
        ends[t.task.value] += run::is_settled(t.to) ? 1 : 0;
    }
    for (const run::Task& task : state.tasks)
      require(ends[task.index.value] == 1, "task {} ended {} times", task.index.value,
              ends[task.index.value]);
  }

  Dice dice_;
  plan::Plan plan_;
  Answers model_;
  simulate::Agenda agenda_;
  simulate::MemoryLog log_;
  simulate::Keeper keeper_;
  flow::MemoryMeasures measures_;
  simulate::Outside outside_;
  simulate::LifeOptions options_;
  simulate::Life* life_ = nullptr;
  run::State final_;
  std::uint32_t faults_ = 0;
  std::uint32_t lives_ = 0;
  bool killed_ = false;
  bool rebooted_ = false;
  bool over_ = false;
};

std::uint64_t seeds_from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

TEST_CASE("verdicts and decisions survive stops and dead engines, and count once") {
  const std::uint64_t one = seeds_from_environment("FLEETC_MODEL_SEED", 0);
  const std::uint64_t last = one != 0 ? one : seeds_from_environment("FLEETC_MODEL_RUNS", 1500);
  std::uint64_t lives = 0, humans = 0;
  for (std::uint64_t seed = one != 0 ? one : 1; seed <= last; ++seed) {
    INFO("again with FLEETC_MODEL_SEED=" << seed);
    const auto story = std::make_unique<FlowStory>(seed);
    try {
      story->tell();
    } catch (const Violation& violation) {
      FAIL(violation.what() << "\n" << story->story());
    }
    lives += story->lives();
    humans += story->humans();
  }
  if (one != 0)
    return;
  CHECK(lives > last);
  CHECK(humans > last / 2);
}
