// One session at its desk: what it may say by now, what it is answered, and the event that makes a
// fact of it. Pure; one request after the other. Knows neither sockets nor the journal.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dsl/plan/plan.h"
#include "engine/agent/protocol.h"
#include "engine/flow/mail.h"
#include "engine/run/state.h"

namespace fleet::flow {

// A document of an identity as the base commit has it.
struct IdentityDocument {
  std::string name;
  std::uint32_t version = 0;
  std::string sha256;
  std::string text;
};

// What a session is there for.
struct SeatFacts {
  run::Attempt attempt;
  plan::Returns returns = plan::Returns::kDone;
  std::vector<IdentityDocument> documents;  // in the order of reading
  std::string brief;                        // what `task` answers, for people and for models
  std::string brief_data = "{}";            // … and for programs: a JSON object
  bool cold = false;                        // judges a change without knowing what was before
  std::vector<std::string> peers = {};      // agents that may be written to
};

class Seat {
 public:
  explicit Seat(SeatFacts facts) : facts_(std::move(facts)) {}
  // As an earlier engine left it; the hashes are of the last notes that are stored. REQUIRES:
  // `task` is at the facts' attempt.
  Seat(SeatFacts facts, const run::Task& task, std::string checkpoint_sha256 = {},
       std::string handoff_sha256 = {});

  struct Said {
    agent::Reply reply;  // to be given once `event` is durable
    std::optional<run::EventBody> event;
    std::string note;   // of a NoteSaved: what has to be stored before
    bool sync = false;  // the reply is what has changed since the agent last ran
    std::shared_ptr<const bool> pending = {};  // keep it until `event` is durable
    std::optional<Outgoing> outgoing = {};     // the reply is that it was sent
    bool inbox = false;                        // the reply is the agent's messages
  };
  Said take(const agent::Request& request);

  // A note of `take` could not be stored: there is none of that number.
  void not_stored(const run::NoteSaved& note);

  run::Attempt attempt() const { return facts_.attempt; }

 private:
  struct Notes {
    std::uint32_t number = 0;
    std::string sha256;  // of the last
  };

  Said identity(const agent::Arguments& with);
  Said confirm(const std::string& name, const std::string& sha256);
  Said task();
  Said note(run::NoteKind kind, const std::string& text);
  Said finding(const agent::Arguments& with);
  Said verdict(const agent::Arguments& with);
  Said send(const agent::Arguments& with);
  Said inbox();
  Said escalate(const std::string& why);
  Said conclude(bool done, const std::string& summary);
  Notes& notes_of(run::NoteKind kind) {
    return kind == run::NoteKind::kHandoff ? handoffs_ : checkpoints_;
  }

  Said say(run::EventBody event, std::string text, std::string data = "{}");
  // The same was said before: nothing new, unless that may still be lost.
  Said repeat(run::EventBody event, std::string text, std::string data = "{}");
  std::string unread() const;  // names what is to be read yet; empty: nothing

  SeatFacts facts_;
  std::vector<std::string> read_;
  bool taken_ = false;
  std::vector<run::Finding> findings_;  // one an id
  std::optional<run::VerdictGiven> verdict_;
  std::optional<run::Concluded> concluded_;
  std::string asks_human_;
  Notes checkpoints_, handoffs_;
  std::shared_ptr<const bool> pending_ = std::make_shared<bool>(true);
  std::uint32_t said_ = 0;  // events so far
  std::uint32_t sent_ = 0;  // messages so far, since the engine began
};

// The id of a finding: the same for the same label, path and title.
std::string finding_id(const run::Finding& finding);

}  // namespace fleet::flow
