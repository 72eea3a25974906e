// One run by chance: the real executor, core and spawn policy over a RandomModel, killed and begun
// again where the dice say so. What became of it, with times, for those who add runs up.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/resident/rota.h"
#include "engine/run/event.h"
#include "engine/run/state.h"
#include "engine/simulate/chances.h"
#include "engine/simulate/dice.h"

namespace fleet::simulate {

// A session's process. Times are wall milliseconds.
struct Stretch {
  std::string agent;
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

struct Spent {
  std::int64_t at = 0;
  std::string agent;
  plan::Money money;
  std::uint64_t tokens = 0;
};

// A question to a human.
struct Question {
  std::string human;
  run::Asks asks = run::Asks::kDecision;
  std::int64_t opened = 0;
  std::optional<std::int64_t> closed;  // by an answer, by its time, or because nobody waits for it
};

// What became of what a fault struck, in the end.
enum class Became : std::uint8_t { kMended, kAsked, kFailed, kDropped };

struct StruckBy {
  Fault fault = Fault::kCrash;
  Became became = Became::kMended;
};

struct ChanceRun {
  std::optional<run::RunOutcome> outcome;  // empty: it never came to an end
  bool has_path = true;                    // when it did not: a human is asked
  std::string end;                         // in words
  std::int64_t began = 0;
  std::int64_t ended = 0;  // or nothing happened any more
  std::vector<Stretch> stretches;
  std::vector<Spent> spent;
  std::vector<Question> questions;
  std::vector<StruckBy> struck;
  std::vector<resident::Wake> wakes;  // in order of time
  std::vector<std::int64_t> news;

  plan::Money money() const;
  plan::Millis took() const { return plan::Millis(ended - began); }
};

// `id`: unique among the runs of a simulation. REQUIRES: a plan that can be run.
ChanceRun run_by_chance(const plan::Plan& plan, const Chances& chances, std::int64_t begin,
                        const std::string& id, Dice dice);

}  // namespace fleet::simulate
