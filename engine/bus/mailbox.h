// One agent's messages on disk, a Maildir: `tmp/`, `new/` (unread), `cur/` (with a reader, whose
// turn has not ended), and beside them `done/` and `dead/`. A message appears in new/ by rename,
// whole and durable, or not at all.
//
// Delivered at least once: what a reader took and did not acknowledge is given to the next one.
// What was acknowledged is given to nobody again, however often it is sent. Order: messages that
// were delivered one after the other are taken in that order, also after they were given back.
//
// Many processes may deliver, take and acknowledge at once, and each may die anywhere. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/bus/message.h"

namespace fleet::bus {

enum class Place : std::uint8_t { kNew, kCurrent, kDone, kDead };

class Mailbox {
 public:
  // Makes what is missing of `bus_dir`/`agent`. kInvalid: no agent has that name.
  static Result<Mailbox> open(const std::string& bus_dir, const std::string& agent);

  // In this order, all of them durable when it returns; after an error the first few may be. The
  // same again is harmless. kInvalid: a message that does not fit, or is to somebody else.
  Status deliver(std::span<const Message> messages);

  struct Letter {
    Message message;
    std::uint32_t tries = 0;  // readers that took it before and did not acknowledge it
  };
  // What `reader` has to read, in order: the unread, what it took before, and what readers took
  // that are not alive any more. A file that is no message goes to dead/, and so does what
  // kMaxTries readers took and did not acknowledge.
  using IsAlive = std::function<bool(const std::string& reader)>;
  Result<std::vector<Letter>> take(const std::string& reader, const IsAlive& is_alive);

  // Its turn has ended well: all that it took is done, durably.
  Status acknowledge(const std::string& reader);
  // Its turn has ended badly: all that it took is unread again, or dead.
  Status give_back(const std::string& reader);

  // A message and its receipt.
  struct Entry {
    Place place = Place::kNew;
    std::string id;
    std::string reader;  // of what is current
    std::uint32_t tries = 0;
    std::string file;
  };
  // All that is there: unread and current in order, then dead, then done by id.
  Result<std::vector<Entry>> list() const;

  static constexpr std::uint32_t kMaxTries = 5;

  const std::string& agent() const { return agent_; }
  std::string new_path() const { return path_ + "/new"; }

 private:
  Mailbox(std::string path, std::string agent) : path_(std::move(path)), agent_(std::move(agent)) {}

  Result<UniqueFd> lock() const;
  Result<std::uint64_t> last_number(int lock) const;
  Status write_next(const std::string& bytes) const;
  Result<bool> is_done(const std::string& id) const;

  std::string path_;
  std::string agent_;
  UniqueFd tmp_, new_, current_, done_, dead_;  // the folders
  std::uint64_t seen_ = 0;                      // the highest number when it was opened
};

// An entry's message. kNotFound: it has moved on since; kCorrupt: it is none.
Result<Message> read_message(const std::string& file);

}  // namespace fleet::bus
