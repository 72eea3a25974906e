// The keeper's table of jobs against a naive one that looks at everything each time.
#include "engine/process/job_table.h"

#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <set>

#include <catch2/catch.hpp>

using namespace fleet::process;

namespace {

enum class Naive { kWaiting, kRunning, kGood, kBad };

struct Model {
  std::vector<JobKey> order;
  std::map<JobKey, std::vector<JobKey>> after;
  std::map<JobKey, Naive> state;

  Naive doom(const JobKey& key) const {
    for (const JobKey& before : after.at(key))
      if (before == key || !state.contains(before) || state.at(before) == Naive::kBad)
        return Naive::kBad;
    return state.at(key);
  }
  // Dropping one may drop others, in whatever order they were submitted.
  void drop_hopeless() {
    for (bool changed = true; changed;) {
      changed = false;
      for (const JobKey& key : order)
        if (state.at(key) == Naive::kWaiting && doom(key) == Naive::kBad) {
          state[key] = Naive::kBad;
          changed = true;
        }
    }
  }
  const JobKey* next() const {
    for (const JobKey& key : order)
      if (state.at(key) == Naive::kWaiting &&
          std::all_of(after.at(key).begin(), after.at(key).end(),
                      [&](const JobKey& each) { return state.at(each) == Naive::kGood; }))
        return &key;
    return nullptr;
  }
};

JobReport end_of(const JobKey& key, std::uint64_t sequence, bool good) {
  JobReport report;
  report.sequence = sequence;
  report.key = key;
  report.kind = ReportKind::kEnded;
  report.how = End::kExited;
  report.code = good ? 0 : 1;
  return report;
}

}  // namespace

TEST_CASE("Jobs start in order, after what they wait for, and never when that failed") {
  CHECK(rc::check([] {
    JobTable table;
    Model model;
    std::uint64_t sequence = 0;
    const auto finish = [&](Job& job, bool good) {
      const std::vector<Job*> hopeless = table.decide(job, good);
      table.settle(job, end_of(job.key(), ++sequence, good));
      for (Job* each : hopeless)
        table.settle(*each, end_of(each->key(), ++sequence, false));
      model.drop_hopeless();
    };
    const auto steps = *rc::gen::inRange(1, 80);
    for (int step = 0; step < steps; ++step) {
      const auto task = *rc::gen::inRange<std::uint32_t>(0, 12);
      const JobKey key{"r", task, 0, 0};
      switch (*rc::gen::inRange(0, 4)) {
        case 0: {
          JobSpec spec;
          spec.key = key;
          for (const auto before : *rc::gen::container<std::vector<std::uint32_t>>(
                   rc::gen::inRange<std::uint32_t>(0, 14)))
            if (spec.after.size() < 3 && before != task)
              spec.after.push_back({"r", before, 0, 0});
          const auto [job, doomed] = table.add(spec);
          RC_ASSERT((job == nullptr) == model.state.contains(key));
          if (job == nullptr)
            break;
          model.order.push_back(key);
          model.after[key] = spec.after;
          model.state[key] = Naive::kWaiting;
          RC_ASSERT(doomed == (model.doom(key) == Naive::kBad));
          if (doomed) {
            model.state[key] = Naive::kBad;
            finish(*job, false);
          }
          break;
        }
        case 1: {
          const JobKey* expected = model.next();
          Job* job = table.take_next();
          RC_ASSERT((job == nullptr) == (expected == nullptr));
          if (job != nullptr) {
            RC_ASSERT(job->key() == *expected);
            model.state[*expected] = Naive::kRunning;
          }
          break;
        }
        case 2: {  // ends by itself, or is cancelled
          Job* job = table.find(key);
          if (job == nullptr || job->fate != Fate::kOpen)
            break;
          const bool good = job->state == JobState::kRunning && *rc::gen::arbitrary<bool>();
          model.state[key] = good ? Naive::kGood : Naive::kBad;
          finish(*job, good);
          break;
        }
        default: break;
      }
      RC_ASSERT(table.has_queued() == (model.next() != nullptr));
      const auto open = std::count_if(model.state.begin(), model.state.end(), [](const auto& each) {
        return each.second == Naive::kWaiting || each.second == Naive::kRunning;
      });
      RC_ASSERT(table.live() == static_cast<std::size_t>(open));
      for (const auto& [each, state] : model.state)
        RC_ASSERT((table.find(each)->fate == Fate::kFailure) == (state == Naive::kBad));
    }
    table.release("r");
    RC_ASSERT(table.all().size() == table.live());
  }));
}

TEST_CASE("A success does not free its successors before it is durable") {
  JobTable table;
  JobSpec first;
  first.key = {"r", 1, 0, 0};
  JobSpec second;
  second.key = {"r", 2, 0, 0};
  second.after = {first.key};
  table.add(first);
  table.add(second);
  Job* job = table.take_next();
  REQUIRE(job != nullptr);
  CHECK(table.decide(*job, true).empty());
  CHECK_FALSE(table.has_queued());
  table.settle(*job, end_of(first.key, 1, true));
  CHECK(table.has_queued());
}
