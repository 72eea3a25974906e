// A resident fleet for days: the rota decides what begins, each of it is one run by chance, and
// what comes of the runs goes back to the rota at its time. One loop over (time, id).
//
// Each run has a timeline of its own. What is lost by that: two runs that need the same agent at
// the same time do not wait for one another; `Days::overlapping` says how long that went on.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/resident/rota.h"
#include "engine/simulate/chance_run.h"

namespace fleet::simulate {

struct Company {
  std::vector<resident::Duty> duties;
  resident::Limits limits;
  std::vector<plan::Load> load;  // each flow is a duty
  std::function<Result<plan::Plan>(const resident::Start&)> plan;
};

struct AgentDays {
  std::size_t sessions = 0;
  plan::Millis worked{0};
  plan::Millis overlapping{0};  // of that, in another run at the same time
  plan::Money spent;
  std::uint64_t tokens = 0;
  std::map<std::int64_t, plan::Money> by_day;  // the day on which the session ended, from 0
};

struct DutyDays {
  std::size_t begun = 0;
  std::map<std::string, std::size_t> ends;  // in words
  plan::Money spent;
  plan::Money dearest;               // of its runs
  std::vector<plan::Millis> took;    // sorted
  std::vector<plan::Millis> waited;  // sorted; of what an event began, until it did
  std::size_t left = 0;              // that never began
};

struct HumanDays {
  std::size_t asked = 0;
  std::size_t unanswered = 0;        // at the end
  std::vector<plan::Millis> waited;  // sorted; for an answer, or until the time for it was over
};

struct Days {
  std::uint32_t days = 0;
  std::int64_t ended = 0;  // ms since the beginning, when the last run had ended
  std::size_t arrived = 0, finished = 0, with_human = 0;  // tasks
  std::map<std::string, AgentDays> agents;
  std::map<std::string, DutyDays> duties;
  std::map<std::string, HumanDays> humans;
  std::map<Fault, std::map<Became, std::size_t>> struck;
  std::map<std::int64_t, plan::Money> by_day;
  std::vector<std::string> broken;  // promises, in words; there should be none

  plan::Money spent() const;
  std::size_t runs() const;
};

// After the last day no task arrives and no turn of the clock comes, and what is under way goes on
// to its end. An error: a plan can't be made.
Result<Days> simulate_days(const Company& company, const Chances& chances, std::uint64_t seed,
                           std::uint32_t days);

}  // namespace fleet::simulate
