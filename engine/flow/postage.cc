#include "engine/flow/postage.h"

#include <fmt/format.h>

namespace fleet::flow {

Status Postage::may_send(const std::string& agent, std::uint32_t most) {
  if (most == 0)
    return {};
  const std::lock_guard lock(mutex_);
  const os::MonoTime now = clock_.mono();
  if (const auto next = sent_[agent].next(most, now))
    return Error(
        Errc::kBusy,
        fmt::format("`limits` of the fleet has {} messages an hour for each agent, and `{}` has "
                    "sent as many; "
                    "there is room for the next one in {}min",
                    most, agent, std::chrono::ceil<std::chrono::minutes>(*next - now).count()));
  return {};
}

void Postage::sent(const std::string& agent) {
  const std::lock_guard lock(mutex_);
  sent_[agent].add(clock_.mono());
}

}  // namespace fleet::flow
