// How far the spawn check's decisions are from the best ones in hindsight, over a published mix of
// workloads. Prints one JSON object.
//   spawn_bench WARM_RUNS TRIALS
//
// The model is the rule's own: served inline, N items cost the sum of their times, since the
// session that asks does them itself; served by k > 1 sessions they cost one spawn and the longest
// share, items handed out in order to whichever session is free. Times and spawn costs vary around
// their medians as a log-normal does. The policy is the engine's, with a real journal: it is given
// priors that are wrong by the stated factor, then WARM_RUNS runs to measure, and is judged on the
// next TRIALS decisions, each against the best number of sessions for the very same times.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "engine/flow/measures.h"
#include "tests/support/scratch_dir.h"

namespace fleet::flow {
namespace {

struct Workload {
  const char* name;
  std::uint32_t items;
  double each;   // median, ms
  double spawn;  // median, ms
  std::uint32_t width;
  double spread;  // sigma of the logarithm
};

constexpr double kWrongPrior = 4;

constexpr Workload kMix[] = {
    {"two short notes", 2, 3'000, 20'000, 8, 0.3},
    {"three reviews", 3, 90'000, 20'000, 4, 0.5},
    {"lint of five files", 5, 1'000, 15'000, 8, 0.2},
    {"eight small fixes", 8, 10'000, 20'000, 4, 0.4},
    {"twelve modules", 12, 240'000, 30'000, 6, 0.6},
    {"a sweep of forty files", 40, 2'000, 300, 8, 0.3},
    {"forty long migrations", 40, 600'000, 45'000, 8, 0.7},
    {"two hundred one-liners", 200, 400, 25'000, 16, 0.4},
    {"just below break-even", 4, 6'000, 20'000, 8, 0.2},
    {"just above break-even", 5, 6'000, 20'000, 8, 0.2},
    {"narrow and long", 30, 120'000, 60'000, 2, 0.5},
    {"tiny items, dear sessions", 50, 100, 30'000, 8, 0.3},
};

class Chance {
 public:
  double around(double median, double spread) {
    return median * std::exp(normal_(engine_) * spread);
  }

 private:
  std::mt19937_64 engine_{20'261'121};
  std::normal_distribution<double> normal_;
};

double cost_of(const std::vector<double>& times, double spawn, std::uint32_t sessions) {
  if (sessions <= 1)
    return std::accumulate(times.begin(), times.end(), 0.0);
  std::priority_queue<double, std::vector<double>, std::greater<>> free;
  for (std::uint32_t i = 0; i < sessions; ++i)
    free.push(0);
  double last = 0;
  for (const double time : times) {
    const double end = free.top() + time;
    free.pop();
    free.push(end);
    last = std::max(last, end);
  }
  return spawn + last;
}

plan::Millis millis(double value) {
  return plan::Millis(static_cast<std::int64_t>(std::lround(value)));
}

plan::Plan plan_of(const Workload& load) {
  plan::Plan plan;
  plan::Agent agent;
  agent.name = agent.role = load.name;
  agent.clones = true;
  agent.runtime.spawn = millis(load.spawn * kWrongPrior);
  plan.agents = {agent};
  plan::Node node;
  node.name = "work";
  node.kind = plan::NodeKind::kFanout;
  node.agents = {plan::AgentIndex{0}};
  node.fanout.emplace();
  node.fanout->width = load.width;
  node.fanout->est = millis(load.each / kWrongPrior);
  node.fanout->source.text = load.name;
  plan.nodes = {node};
  return plan;
}

struct Tally {
  double chosen = 0;
  double best = 0;
  double parallel = 0;
  double sequential = 0;
};

// One workload, its own policy and journal.
Tally judge(const Workload& load, int warm_runs, int trials, Chance& chance) {
  const testing::ScratchDir dir(testing::Ground::kMemory);
  auto journal = journal::Journal::open(dir.path());
  if (!journal)
    std::exit(1);
  const auto run = (*journal)->create_run({"bench", {}, {}, {}});
  if (!run)
    std::exit(1);
  const plan::Plan plan = plan_of(load);
  JournalMeasures measures(**journal, *run);
  MeasuredSpawnPolicy policy(plan, measures);
  const SpawnOrder order{{0}, std::vector<std::string>(load.items, "x"), load.width};
  const std::uint32_t widest = std::min(load.items, load.width);
  Tally tally;
  for (int trial = -warm_runs; trial < trials; ++trial) {
    std::vector<double> times;
    for (std::uint32_t i = 0; i < load.items; ++i)
      times.push_back(chance.around(load.each, load.spread));
    const double spawn = chance.around(load.spawn, 0.2);
    const run::SpawnDecided decided = policy.decide(order);
    const auto record = [&](const char* source, const char* kind, double value) {
      measures.record({load.name, source, kind}, millis(value), {});
    };
    for (const double time : times)
      record(load.name, kTaskMeasure, time);
    for (std::uint32_t i = 0; i < std::max(decided.sessions, 1U); ++i)
      record("", kColdMeasure, spawn);
    if (!(*journal)->flush())
      std::exit(1);
    if (trial < 0)
      continue;
    double best = cost_of(times, spawn, 1);
    for (std::uint32_t sessions = 2; sessions <= widest; ++sessions)
      best = std::min(best, cost_of(times, spawn, sessions));
    tally.chosen += cost_of(times, spawn, decided.sessions);
    tally.best += best;
    tally.parallel += cost_of(times, spawn, widest);
    tally.sequential += cost_of(times, spawn, 1);
  }
  return tally;
}

}  // namespace
}  // namespace fleet::flow

int main(int argc, char** argv) {
  using namespace fleet::flow;
  if (argc != 3) {
    std::fprintf(stderr, "usage: spawn_bench WARM_RUNS TRIALS\n");
    return 2;
  }
  const int warm_runs = std::atoi(argv[1]);
  const int trials = std::atoi(argv[2]);
  Chance chance;
  double regret = 0;
  double parallel = 0;
  double sequential = 0;
  int count = 0;
  std::printf("{\"warm_runs\": %d, \"trials\": %d, \"workloads\": [", warm_runs, trials);
  for (const Workload& load : kMix) {
    const Tally tally = judge(load, warm_runs, trials, chance);
    std::printf(
        "%s\n  {\"name\": \"%s\", \"items\": %u, \"each_ms\": %.0f, \"spawn_ms\": %.0f, "
        "\"width\": %u, \"regret\": %.4f, \"always_parallel\": %.4f, "
        "\"always_sequential\": %.4f}",
        count == 0 ? "" : ",", load.name, load.items, load.each, load.spawn, load.width,
        tally.chosen / tally.best - 1, tally.parallel / tally.best - 1,
        tally.sequential / tally.best - 1);
    regret += tally.chosen / tally.best - 1;
    parallel += tally.parallel / tally.best - 1;
    sequential += tally.sequential / tally.best - 1;
    ++count;
  }
  std::printf("\n], \"regret\": %.4f, \"always_parallel\": %.4f, \"always_sequential\": %.4f}\n",
              regret / count, parallel / count, sequential / count);
  return 0;
}
