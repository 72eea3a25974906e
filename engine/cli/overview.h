// What a founder needs in the morning, on one screen: the resident fleet with all its runs.
#pragma once

#include <optional>
#include <string>

#include "engine/cli/past.h"

namespace fleet::cli {

// How a resident fleet stands, as its engine last wrote it down.
struct FleetStanding {
  struct Duty {
    std::string name;
    bool is_flow = false;
    std::uint64_t under_way = 0;
    std::uint64_t waiting = 0;
    std::optional<std::int64_t> due;  // wall ms
    std::string why;                  // why it rests or waits
    bool stuck = false;
  };
  std::string fleet, file;
  std::int64_t since = 0;
  bool stopping = false;
  std::vector<Duty> duties;
};

// Nothing where no fleet is up.
std::optional<FleetStanding> standing_of(const flow::Places& places);

// What is stuck and late, what waits for a decision, which credentials end soon, what is under way, what changed in the last
// day, what it cost. Reads the runs of the last 24 h and those that are unfinished.
Result<std::string> overview_text(const Past& past, const FleetStanding& standing);
Result<std::string> overview_json(const Past& past, const FleetStanding& standing);

}  // namespace fleet::cli
