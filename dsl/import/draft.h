// A fleet in the making: what a foreign file says, in the terms of the language, before it is laid
// out as text. Plain data. Texts are as the foreign file has them; only `{name}` of a flow's
// parameter, in `DraftStep::text`, is a hole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::import {

enum class Duty { kWrites, kReads, kReviews };

struct DraftRole {
  std::string name;   // fit for the language, and no other's
  std::string doc;    // a line
  std::string brief;  // may be empty
  Duty duty = Duty::kWrites;
  std::string adapter = "claude";
  std::string model;
  std::vector<std::string> accept;  // commands that judge what it does
  std::string timeout;              // "10min"; empty: not said
  std::vector<std::string> notes;   // what could not be carried over, and why
};

struct DraftStep {
  std::string name;                // fit for the language, and no other's in the flow
  std::vector<std::size_t> roles;  // into Draft::roles; none: a human decides; several: all of them
  std::string text;                // of the task
  std::vector<std::string> needs;  // names of steps of the flow
  std::uint32_t retries = 0;
  // Of a review: whether what it finds is put right, and by whom, if not by who made the work.
  bool mends = false;
  std::optional<std::size_t> mender;
  std::string timeout;  // of a human's decision
  std::vector<std::string> notes;
};

struct DraftFlow {
  std::string name;
  std::vector<std::string> parameters;
  std::vector<DraftStep> steps;  // a step comes after those that it needs
};

struct Draft {
  std::string origin;  // "a takt workflow, ship.yaml"
  std::string name;
  std::string doc;
  std::vector<DraftRole> roles;
  std::vector<DraftFlow> flows;
  std::vector<std::string> notes;
  std::vector<std::string> unsafe;  // what the old file left open, and what stands here instead
};

// Names that the language takes, each given once.
class Names {
 public:
  // `wanted` with all that no name can hold turned into `_`; `fallback` where nothing is left.
  // What is taken already, or means something in the language, gets an ending.
  std::string make(std::string_view wanted, std::string_view fallback);
  void take(const std::string& name) { taken_.insert(name); }

 private:
  std::set<std::string> taken_;
};

// "10m", "1h30m", "45s", "600" (seconds) as a duration of the language; empty: it is none.
std::string duration_of(std::string_view text);

// Whether a name or description is that of somebody who judges what others made.
bool sounds_like_review(std::string_view text);

// The first line or sentence, for a doc comment.
std::string first_line(std::string_view text);

// `text` without blank lines and blanks at either end.
std::string trimmed(std::string_view text);

}  // namespace fleet::import
