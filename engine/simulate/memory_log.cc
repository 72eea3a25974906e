#include "engine/simulate/memory_log.h"

#include "engine/base/check.h"

namespace fleet::simulate {

void MemoryLog::start(Durable durable) {
  FLEET_ASSERT(waiting_.empty(), waiting_.size());
  durable_ = std::move(durable);
  engine_ = std::make_shared<int>();
  failed_ = false;
  fails_at_.reset();
}

std::uint64_t MemoryLog::append(const run::Event& event) {
  waiting_.push_back(event);
  const std::uint64_t number = events_.size() + waiting_.size();
  if (writing_ == 0 && !failed_)
    write();
  return number;
}

void MemoryLog::write() {
  writing_ = waiting_.size();
  agenda_.in(takes_(), [this, engine = std::weak_ptr<int>(engine_)] {
    if (!engine.expired())
      written();
  });
}

// What is being written is on disk.
void MemoryLog::keep() {
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(writing_);
  events_.insert(events_.end(), waiting_.begin(), end);
  waiting_.erase(waiting_.begin(), end);
  writing_ = 0;
}

void MemoryLog::written() {
  if (fails_at_ && events_.size() + writing_ >= *fails_at_) {
    failed_ = true;
    if (failing_is_written_)
      keep();
    if (durable_)
      durable_(0, Error(Errc::kNoSpace, "disk full"));
    return;
  }
  keep();
  if (!waiting_.empty())
    write();
  if (durable_)
    durable_(events_.size(), Status());
}

void MemoryLog::engine_died(bool written) {
  if (written && !failed_)
    keep();
  waiting_.clear();
  writing_ = 0;
  durable_ = nullptr;
  engine_.reset();
}

}  // namespace fleet::simulate
