// The journal as text: every event, what it changed and why.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "engine/report/keeping.h"
#include "engine/run/observer.h"

namespace fleet::report {

class LogWriter final : public run::Observer {
 public:
  LogWriter(std::function<void(std::string_view)> write, bool json)
      : write_(std::move(write)), json_(json) {}
  void saw(const plan::Plan& plan, const run::State& state, const run::Event& event,
           const std::vector<run::Transition>& transitions) override;

 private:
  std::function<void(std::string_view)> write_;
  bool json_;
  Keeping keeping_;
};

}  // namespace fleet::report
