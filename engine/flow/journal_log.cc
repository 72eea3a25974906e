#include "engine/flow/journal_log.h"

#include <limits>

namespace fleet::flow {

journal::OnDurable JournalLog::on_durable() {
  return [this](journal::Seq through, const Status& status) {
    const std::lock_guard lock(mutex_);
    if (!status)
      failed_ = status;
    if (durable_)
      durable_(through.value, status);
  };
}

void JournalLog::bind(journal::Journal& journal, journal::RunKey run) {
  journal_ = &journal;
  run_ = run;
}

void JournalLog::start(Durable durable) {
  const std::lock_guard lock(mutex_);
  durable_ = std::move(durable);
  if (!failed_)
    durable_(0, failed_);
}

void JournalLog::stop() {
  const std::lock_guard lock(mutex_);
  durable_ = nullptr;
}

std::uint64_t JournalLog::append(const run::Event& event) {
  const journal::EventDraft draft{run::type_of(event.body),
                                  os::WallTime(std::chrono::milliseconds(event.at)),
                                  run::encode(event.body)};
  const Result<journal::Seq> seq = journal_->append(run_, {&draft, 1});
  if (seq)
    return seq->value;
  // A journal that has stopped says so through on_durable; one that has not takes every event of
  // ours.
  if (journal_->status())
    FLEET_FAIL("the journal refuses an event", run::name_of(event.body), seq.error().message());
  return std::numeric_limits<std::uint64_t>::max();
}

}  // namespace fleet::flow
