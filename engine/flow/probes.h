// Whether a credential can be expected to work, known before a session begins and anything is spent
// on it: its last day is not over, and its `probe` ends with 0. Threads: any.
#pragma once

#include <chrono>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "dsl/plan/plan.h"
#include "engine/base/result.h"
#include "engine/flow/site.h"
#include "engine/os/clock.h"

namespace fleet::flow {

class Probes {
 public:
  // How long a probe that went well stands for the next sessions; one that failed stands for nobody
  // but those who wait for it.
  static constexpr std::chrono::minutes kFresh{10};

  Probes(const Site& site, const os::Clock& clock) : site_(site), clock_(clock) {}

  struct Bad {
    std::string credential;
    std::string why;  // "its probe `…` ended with 1: …"; nothing of the secret
  };
  // The first of the agent's credentials that does not work. Blocks for as long as a probe takes,
  // half a minute at most each.
  std::optional<Bad> first_bad(const plan::Plan& plan, const plan::Agent& agent);

 private:
  std::string why_bad(const plan::Credential& credential);  // empty: it works
  std::string probe(const plan::Credential& credential);

  const Site& site_;
  const os::Clock& clock_;
  std::mutex mutex_;                                                   // guards the two below
  std::map<std::string, std::chrono::steady_clock::time_point> good_;  // by what was run
  std::map<std::string, std::shared_future<std::string>> under_way_;
};

}  // namespace fleet::flow
