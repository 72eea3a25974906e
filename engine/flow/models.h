// How the sessions of a run reach their models when the engine keeps the key (`mode = broker`):
// which service an agent's credential is for, what the session is told instead of a key, and what
// becomes of the figures. Ties engine/broker to plans and attempts. Threads: all methods from any.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dsl/plan/plan.h"
#include "engine/broker/broker.h"
#include "engine/flow/purses.h"
#include "engine/flow/site.h"
#include "engine/run/event.h"

namespace fleet::flow {

// The credential that the agent's model is asked with by the broker; null: it was granted none.
const plan::Credential* brokered(const plan::Plan& plan, const plan::Agent& agent);

// Where the agent's requests go: the address that the runtime's `env` names, else the vendor's.
// kInvalid, kUnsupported: nobody can tell, or the session could not get to the broker.
Result<broker::Service> service_of(const plan::Agent& agent, const plan::Credential& credential);

// What can be refused before a run begins.
Status check_models(const plan::Plan& plan, const Site& site);

class Models {
 public:
  using Say = std::function<void(run::EventBody, std::function<void(const Status&)> then)>;

  // Null: no agent of the plan has such a credential. The references outlive it.
  static Result<std::unique_ptr<Models>> start(const plan::Plan& plan, const Site& site,
                                               const RunPurses& purses);

  // Before the first session. `over_budget`: the session may not go on; from the broker's thread.
  void bind(Say say, std::function<void(run::Attempt)> over_budget);
  // Once the run goes on: counts what an engine before reserved and did not settle.
  void count_left_over();
  // After that, and once the sessions that still run are open: what they ask is answered from now
  // on, and waited with until then.
  void serve();
  // Nothing can be posted any more: what is used from now on waits for the next engine.
  void unbind();

  // Reads the agent's key anew if it was not read just now. Blocks; so does what follows where the
  // key was not read before.
  Status refresh(const plan::Agent& agent);

  struct Access {
    std::string url;  // of the broker
    std::vector<std::pair<std::string, std::string>> variables;
  };
  // Before the session is launched, and for one of an earlier engine that still runs. `spent`: by
  // this attempt, as the journal has it.
  Result<Access> open(run::Attempt attempt, const plan::Agent& agent, plan::Money spent);
  // Its process has ended. Says why the broker let it go no further, if it did.
  std::optional<std::string> close(run::Attempt attempt);

 private:
  struct Key {
    std::string text;
    std::chrono::steady_clock::time_point read;
  };

  Models(const plan::Plan& plan, const Site& site, const RunPurses& purses)
      : plan_(plan), site_(site), purses_(purses) {}
  void over_budget(const std::string& session, const std::string& why);
  void say(const broker::Spent& used);
  std::string token_of(run::Attempt attempt) const;
  bool is_limited(const plan::Agent& agent) const;

  const plan::Plan& plan_;
  const Site& site_;
  const RunPurses& purses_;
  std::string secret_;  // of the run: tokens are drawn from it

  std::mutex mutex_;  // guards the four below
  Say say_;
  std::function<void(run::Attempt)> over_budget_;
  std::map<std::string, Key> keys_;         // by credential
  std::map<std::string, std::string> why_;  // by session

  std::unique_ptr<broker::Broker> broker_;  // last: its thread calls the above
};

}  // namespace fleet::flow
