// The inbox: all that a human needs to decide what waits for them. What is asked, about which
// change, what reviews and evidence say of it, what it has cost, since when, and how to answer.
// What only git knows of the change is passed in.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "engine/report/gate.h"

namespace fleet::report {

// The size of a change from the run's base to a commit; empty: not known.
struct ChangeSize {
  std::uint32_t files = 0;
  std::uint64_t insertions = 0;
  std::uint64_t deletions = 0;
};
using Measure = std::function<std::optional<ChangeSize>(const std::string& commit)>;

// What did not work when the human was told, empty when it did.
using NotifyTrouble = std::function<std::string(run::Attempt gate)>;

struct InboxView : Around {
  Measure measure;               // may be empty
  NotifyTrouble notify_trouble;  // may be empty
};

// Every gate of a run that is to be decided in full, one after another; empty when none is.
std::string inbox_text(const plan::Plan& plan, const run::State& state, const InboxView& view);
// The same as the elements of a JSON array, one object a gate, without the brackets.
std::string inbox_json(const plan::Plan& plan, const run::State& state, const InboxView& view);

}  // namespace fleet::report
