// One agent's messages on disk, a Maildir: `tmp/`, `new/` (unread), `cur/` (with a reader, whose
// turn has not ended), and beside them `done/` and `dead/`. A message appears in new/ by rename,
// whole and durable, or not at all.
//
// Delivered at least once: what a reader took and did not acknowledge is given to another one. What
// was acknowledged is given to nobody again, however often it is sent. Order: messages that were
// delivered one after the other are taken in that order, also after they were given back.
//
// Many processes may deliver, take and acknowledge at once, and each may die anywhere. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/bus/message.h"

namespace fleet::bus {

struct FileName;

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
  // What a reader wants.
  struct Wish {
    std::string reader;
    // What other readers took and do not hold any more is taken over.
    std::function<bool(const std::string& reader)> is_held;
    // What it has been told, or is not for it, stays where it is.
    std::function<bool(const std::string& id)> is_known = [](const std::string&) {
      return false;
    };
    std::size_t room = kMaxText;  // bytes, of what is told of a message
  };
  struct Taken {
    std::vector<Letter> letters;
    bool more = false;  // there was no room for the next one
  };
  // In order: what the reader took before, what it takes over, and the unread, as far as there is
  // room. A file that is no message goes to dead/, and so does what kMaxTries readers took and did
  // not acknowledge; neither keeps anybody from the others.
  Result<Taken> take(const Wish& wish);

  using IsReader = std::function<bool(const std::string& reader)>;
  // It ended well: all that it took is done, durably.
  Status acknowledge(const IsReader& is_reader);
  // It ended badly: all that it took is unread again, or dead.
  Status give_back(const IsReader& is_reader);

  // A dead one is unread again, in its old place in the order and as if nobody had tried it.
  // kNotFound: none that is dead has the id; kCorrupt: it is no message; kExists: it was done
  // since.
  Status requeue(const std::string& id);

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

  static constexpr std::uint32_t kMaxTries = 10;
  // What is told of a message beside its text and subject takes about this much room.
  static constexpr std::size_t kEnvelope = 200;

  const std::string& agent() const { return agent_; }
  std::string new_path() const { return path_ + "/new"; }

 private:
  Mailbox(std::string path, std::string agent) : path_(std::move(path)), agent_(std::move(agent)) {}

  Result<UniqueFd> lock() const;
  Result<std::uint64_t> last_number(int lock);
  Status write_next(const std::string& bytes) const;
  Result<bool> is_done(const std::string& id) const;
  Result<std::vector<FileName>> held_by(const Wish& wish) const;
  std::optional<Message> look(const UniqueFd& folder, const FileName& name) const;

  std::string path_;
  std::string agent_;
  UniqueFd tmp_, new_, current_, done_, dead_;  // the folders
  // The highest number when it first delivered; read and written under the lock.
  std::optional<std::uint64_t> seen_;
};

// An entry's message. kNotFound: it has moved on since; kCorrupt: it is none.
Result<Message> read_message(const std::string& file);

}  // namespace fleet::bus
