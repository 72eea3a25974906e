// Where the sessions of a run speak with the engine: a socket for each attempt, what it may say by
// the rules of its seat, and an answer once that is durable. Also keeps what sessions leave for
// their successors, and the documents that they have to read. Threads: all methods from any.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "engine/agent/server.h"
#include "engine/flow/brief.h"
#include "engine/flow/git_threads.h"
#include "engine/flow/mail.h"
#include "engine/flow/notes.h"
#include "engine/flow/order.h"
#include "engine/flow/postage.h"
#include "engine/flow/seat.h"
#include "engine/flow/site.h"
#include "engine/flow/sync.h"
#include "engine/run/observer.h"

namespace fleet::flow {

class Desk {
 public:
  // Posts an event; `then` is called once it is durable, or never will be.
  using Say = std::function<void(run::EventBody, std::function<void(const Status&)> then)>;

  // The referenced objects outlive it, but the git threads, which end before it. `base`: the commit
  // that the run is pinned to.
  static Result<std::unique_ptr<Desk>> start(const plan::Plan& plan, const Site& site,
                                             std::string base, GitThreads& git,
                                             const journal::Journal& journal);
  ~Desk();

  // Before the first session; null: nobody is limited. Outlives the desk.
  void use_postage(Postage* postage) { postage_ = postage; }

  // Before the first session; with an empty one once nothing can be posted any more.
  void bind(Say say);

  // The agent's identity documents as the base commit has them. kInvalid: one is missing there or
  // is not the one that the plan was compiled with. Blocks.
  Status read_documents(worktree::Repository& repository, const plan::Agent& agent);
  // What its brief tells an attempt of the time since its agent last ran. Blocks.
  void read_changes(worktree::Repository& repository, run::Attempt attempt,
                    const plan::Agent& agent);

  // Before the session is launched; once more after a crash is harmless.
  Result<DeskPlace> open(const TaskFacts& task, const plan::Agent& agent);
  // The session of an earlier engine that still runs. Its documents are read first.
  void adopt(const run::Task& task, const TaskFacts& facts, const plan::Agent& agent);
  // What an attempt used, as its adapter read it.
  void meter(const run::Metered& used);
  // Its process has ended: what it said before is posted already, what comes later is not.
  void close(run::Attempt attempt);
  // The task is over: the messages that its sessions were given are done, or the next session's.
  void settled(run::TaskIndex task, const plan::Agent& agent, bool well);
  // Before the first session of an engine that carries a run on: what its messages have become.
  void take_up_mail(const run::State& state);

 private:
  struct Sitting {
    Seat seat;
    const plan::Agent* agent;
    std::string folder;
    std::set<std::string> told;  // ids of messages
  };

  Desk(const plan::Plan& plan, const Site& site, std::string base, GitThreads& git,
       const journal::Journal& journal);
  DeskPlace place_of(run::Attempt attempt) const;
  std::string token_of(run::Attempt attempt) const;
  SeatFacts facts_of(const TaskFacts& task, const plan::Agent& agent, const Brief& mail);
  Brief mail_of(const TaskFacts& task, const plan::Agent& agent, bool adopted);
  Status sit(Seat seat, const plan::Agent& agent, const DeskPlace& place,
             const std::vector<bus::Message>& told);
  void take(const std::string& key, const agent::Request& request, agent::Answer answer);
  void post(const std::string& key, Seat::Said said, agent::Answer answer);
  void save(const std::string& key, Seat::Said said, agent::Answer answer);
  void tell_changes(const plan::Agent& agent, const agent::Answer& answer);
  void send(run::Attempt attempt, const plan::Agent& agent, const Outgoing& outgoing,
            const agent::Answer& answer);
  void tell_messages(const std::string& key, run::Attempt attempt, const plan::Agent& agent,
                     const agent::Answer& answer);

  const plan::Plan& plan_;
  Postage* postage_ = nullptr;
  const Site& site_;
  const std::string base_;
  GitThreads& git_;
  Notes notes_;
  SyncLog sync_;
  Mail mail_;
  std::string secret_;  // of the run: tokens are drawn from it

  // Guards the four below, and that nothing is posted of a session once `close` has returned.
  std::mutex mutex_;
  Say say_;
  std::map<std::string, Sitting> sittings_;  // by attempt
  std::map<std::string, IdentityDocument> documents_;
  std::map<std::string, std::string> changes_;  // by attempt, until it is opened

  std::unique_ptr<agent::Server> server_;  // last: its thread asks all of the above
};

// Tells the desk of the tasks that are over.
class DeskObserver final : public run::Observer {
 public:
  explicit DeskObserver(Desk& desk) : desk_(desk) {}
  void saw(const plan::Plan& plan, const run::State& state, const run::Event& event,
           const std::vector<run::Transition>& transitions) override;

 private:
  Desk& desk_;
};

}  // namespace fleet::flow
