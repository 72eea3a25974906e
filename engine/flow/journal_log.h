// The executor's event log over the journal.
#pragma once

#include <mutex>

#include "engine/flow/executor.h"
#include "engine/journal/journal.h"

namespace fleet::flow {

// Set up before the journal, whose options want the callback: pass `on_durable()` there, then
// bind().
class JournalLog final : public EventLog {
 public:
  journal::OnDurable on_durable();
  void bind(journal::Journal& journal, journal::RunKey run);

  void start(Durable durable) override;
  void stop() override;
  std::uint64_t append(const run::Event& event) override;

 private:
  std::mutex mutex_;  // guards the two below; held while `durable_` is called, so that stop() waits
  Durable durable_;
  Status failed_;
  journal::Journal* journal_ = nullptr;
  journal::RunKey run_;
};

}  // namespace fleet::flow
