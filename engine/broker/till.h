// The money of requests: what one may cost before it is passed on, and what it did cost after. What
// is under way stands on the slate. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/result.h"
#include "engine/broker/ask.h"
#include "engine/broker/broker.h"
#include "engine/broker/client.h"
#include "engine/broker/meter.h"
#include "engine/broker/slate.h"

namespace fleet::broker {

// Of one request.
struct Bill {
  std::optional<Price> price;
  std::uint64_t most_output = 0;
  std::int64_t worst = 0;  // micro-dollars
  bool granted = false;
  bool settled = false;
  std::string noted;  // the slate's file
};

class Till {
 public:
  Till(Slate slate, const Hooks& hooks) : slate_(std::move(slate)), hooks_(hooks) {}

  // `body`: its length. kUnsupported: money is limited, and nobody can tell what this may cost.
  static Result<Bill> reckon(const Session& session, const Ask& ask, std::size_t body);

  // Reserves it from all that the session spends from. kLater: `again` is called, from any thread.
  // kRefused: `why` says whose budget is spent; the hook is told.
  Purse::Answer reserve(const Client& client, const Ask& ask, Bill& bill,
                        const std::function<void()>& again, std::string& why);
  // Before it is passed on: a next engine finds it.
  Status note(const Client& client, Bill& bill);

  // Once; again is harmless. Nothing to read: it cost nothing.
  void settle(const Client& client, Bill& bill, const std::optional<Reading>& reading);

  const Slate& slate() const { return slate_; }

 private:
  Slate slate_;
  const Hooks& hooks_;
};

}  // namespace fleet::broker
