// What a session is told of its task, laid out for a reader without any memory. Pure.
#pragma once

#include <string>
#include <vector>

#include "dsl/plan/plan.h"
#include "engine/flow/mail.h"
#include "engine/flow/order.h"

namespace fleet::flow {

struct Brief {
  std::string run;
  std::string step;
  TaskFacts task;
  std::vector<std::string> identity;  // "core v4, sha256 1a2b…", in the order of reading
  std::string instructions;           // the agent's `brief`
  std::vector<std::string> criteria;  // as written
  std::vector<std::string> bounds;    // "changes outside src/** fail the attempt"
  std::string handoff, handoff_from;  // of a predecessor, and which
  std::string checkpoint, checkpoint_from;
  std::vector<bus::Message> messages;
  std::string mail_note;  // of messages that are not among them
  std::string sync;       // what changed since the agent last ran; empty: not known, or nothing
  plan::Returns returns = plan::Returns::kDone;
  plan::Reads reads = plan::Reads::kRepo;
};

// Of each part that others wrote at most this many bytes are shown; a cut says so.
inline constexpr std::size_t kMaxPart = std::size_t{24} << 10;

std::string brief_text(const Brief& brief);
// A JSON object on one line. `gated`: without what the session may only know once it has read its
// identity documents.
std::string brief_json(const Brief& brief, bool gated = false);

// The parts that the plan knows.
Brief brief_of(const plan::Plan& plan, const std::string& run, const plan::Agent& agent,
               const TaskFacts& task);

}  // namespace fleet::flow
