// The messages of a run's sessions: to the mailbox of each agent of the repository, from which a
// session reads in the name of its attempt. Blocks on the disk. Thread-safe.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/bus/message.h"
#include "engine/run/state.h"

namespace fleet::flow {

// What a session wants sent.
struct Outgoing {
  std::string to;  // an agent
  std::string subject;
  std::string text;
};

class Mail {
 public:
  Mail(const std::string& state_dir, std::string run);

  // Durable when it returns; the message's id. The same of the same attempt is the same message.
  Result<std::string> send(run::Attempt attempt, const std::string& agent,
                           const Outgoing& outgoing) const;

  // What the attempt has to read, in order, and has read without having ended. `is_at_desk`: of
  // this run's other attempts; one that is not, nor one of another run, holds nothing any more.
  using IsAtDesk = std::function<bool(const std::string& key)>;
  Result<std::vector<bus::Message>> read(run::Attempt attempt, const std::string& agent,
                                         const IsAtDesk& is_at_desk) const;

  // Its turn has ended. Well: what it had to read is done. Badly: the next one has to read it.
  Status end(run::Attempt attempt, const std::string& agent, bool well) const;

  // As `is_at_desk` knows it: "TASK.EPOCH".
  static std::string key_of(run::Attempt attempt);

 private:
  std::string reader_of(run::Attempt attempt) const;
  // False: nobody ever wrote to it.
  Result<bool> has_mailbox(const std::string& agent) const;

  std::string folder_;
  std::string run_;
};

// For people and for models, and as a JSON array on one line.
std::string messages_text(const std::vector<bus::Message>& messages);
std::string messages_json(const std::vector<bus::Message>& messages);

}  // namespace fleet::flow
