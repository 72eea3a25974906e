// The open gates of a run: who is asked is told once, and the decision is taken from the box as
// soon as it is durable there, also one that was left while no engine ran. No polling: inotify
// wakes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "engine/decide/box.h"
#include "engine/flow/job_board.h"
#include "engine/flow/site.h"
#include "engine/flow/world.h"
#include "engine/os/folder_watch.h"
#include "engine/run/observer.h"

namespace fleet::flow {

// The part of a job's key that tells the command which reaches a human: no session's, no
// evidence's.
inline constexpr std::uint32_t kNotifyPart = 0xFFFF'FFFF;

// Whether a run of the plan may ask a human.
bool may_ask(const plan::Plan& plan);

// What can be refused before a run begins: a key that is none, and a gate whose decision a session
// could forge, because an agent runs without a sandbox and the human has no key.
Status check_humans(const plan::Plan& plan);

// Whether a decision answers the gate of `node` that asks `human`: another plan's is none, nor one
// that a human with a key did not sign, nor one that the gate does not offer.
bool answers(const decide::Decision& decision, const plan::Plan& plan, plan::NodeIndex node,
             const std::string& human);
run::Decision decision_of(decide::Answer answer);

// Where it is kept that reaching a human did not work: the reason as one line of text. Absent: it
// did, or is under way.
std::string notify_failure_path(const std::string& run_dir, run::Attempt gate);
std::string notify_log_path(const std::string& run_dir, run::Attempt gate);

// Thread-safe.
class Gates {
 public:
  // All referenced objects must outlive it, and the board must end its jobs before.
  static Result<std::unique_ptr<Gates>> start(const plan::Plan& plan, const Site& site,
                                              JobBoard& jobs);
  ~Gates();

  // True: its human is to be told later, by `tell`.
  bool open(const OpenGateOrder& order, std::int64_t now, Post post);
  // Tells its human, unless it was decided or closed meanwhile.
  void tell(const OpenGateOrder& order);
  void close(const CloseGateOrder& order);
  // Its time is over: takes a decision that was left before anybody came to see it.
  void look(run::Attempt attempt);

  // Calls `ask`, at most once and from any thread, when nothing goes on but the wait for humans,
  // all of whom were told, and none of whom has left a decision. For a run that does not wait.
  void when_only_waiting(std::function<void()> ask);
  // After each event: the gates of `state`.
  void saw(const run::State& state);

 private:
  Gates(const plan::Plan& plan, const Site& site, JobBoard& jobs, decide::DecisionBox box)
      : plan_(plan), site_(site), jobs_(jobs), box_(std::move(box)) {}

  struct Open {
    plan::NodeIndex node;
    std::string human;
    Post post;
    bool answered = false;
  };

  // What is to be done once the mutex is free: posting may bring the core back to us at once.
  using Later = std::vector<std::function<void()>>;

  void look_at_all();
  void look_at(run::Attempt attempt, Open& gate, Later& later);
  void notify(const OpenGateOrder& order, Later& later);
  void notified(run::Attempt attempt, const process::JobReport& report);
  void ask_if_only_waiting(Later& later);
  decide::GateName name_of(run::Attempt attempt) const;

  const plan::Plan& plan_;
  const Site& site_;
  JobBoard& jobs_;
  decide::DecisionBox box_;

  std::mutex mutex_;  // guards the five below
  std::map<run::Attempt, Open> open_;
  std::set<run::Attempt> telling_;  // humans who are being reached
  bool only_waits_ = false;
  std::set<run::Attempt> parked_;  // while only_waits_
  std::function<void()> ask_;      // empty: nobody wants to know, or it was called

  std::unique_ptr<os::FolderWatch> watch_;  // last: its thread uses the rest
};

// Shows the gates each event before another observer sees it.
class GateObserver final : public run::Observer {
 public:
  explicit GateObserver(Gates* gates) : gates_(gates) {}
  void saw(const plan::Plan&, const run::State& state, const run::Event&,
           const std::vector<run::Transition>&) override {
    if (gates_ != nullptr)
      gates_->saw(state);
  }

 private:
  Gates* gates_;  // null: the plan has none
};

}  // namespace fleet::flow
