// The messages of a run's sessions: to the mailbox of each agent of the repository, from which a
// session reads in the name of its attempt. What the attempts of a task were told is the task's:
// the next attempt is told it again, nobody else is, and it is done when the task is. Blocks on the
// disk, but `hold` and `is_holding`. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
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

  // Whether anybody ever wrote to it.
  Result<bool> has_mailbox(const std::string& agent) const;

  struct Told {
    std::vector<bus::Message> messages;
    bool more = false;  // there was no room for the next one
  };
  // What the attempt has not been told, in order, as far as there is room; not what its task sent
  // itself. Its task holds it from now on.
  Result<Told> read(run::Attempt attempt, const std::string& agent,
                    const std::set<std::string>& told, std::size_t room);

  // What the task's attempts were told is for nobody else until `end`.
  void hold(run::TaskIndex task);
  bool is_holding(run::TaskIndex task) const;
  // The task is over. Well: what it was told is done; else the next session is told.
  Status end(run::TaskIndex task, const std::string& agent, bool well);

  // What a killed engine left, before any session reads: as `end` for each task of the run that
  // is over. `ended_well`: nothing for one that is not.
  Status sweep(const std::string& agent,
               const std::function<std::optional<bool>(run::TaskIndex)>& ended_well) const;

 private:
  std::string reader_of(run::Attempt attempt) const;
  // Of a reader of this run.
  std::optional<run::TaskIndex> task_of(const std::string& reader) const;

  std::string folder_;
  std::string run_;
  mutable std::mutex mutex_;
  std::set<std::uint32_t> holding_;  // tasks
};

// For people and for models, each line of what others wrote set off; and as a JSON array on one
// line.
std::string messages_text(const std::vector<bus::Message>& messages);
std::string messages_json(const std::vector<bus::Message>& messages);

}  // namespace fleet::flow
