// The engine's way to its keeper: finds one or starts one, greets it, and sends and receives whole
// messages. One link is one connection; what to do when it breaks is its owner's to decide.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/process/protocol.h"

namespace fleet::process {

struct KeeperCommand {
  std::filesystem::path executable;
  std::filesystem::path state;
  std::chrono::milliseconds idle{3'000};
  bool namespaces = true;
};

// Returns when a keeper listens. Errors carry what it said on stderr.
Status start_keeper(const KeeperCommand& command);

class KeeperLink {
 public:
  // Connects and says hello. kNotFound: no keeper listens. kCancelled: it went away meanwhile.
  // Otherwise what it refused with.
  static Result<KeeperLink> greet(const std::filesystem::path& state, const Hello& hello);

  // Ends it for both sides; whoever waits for a message learns that the keeper is gone.
  void hang_up() const;
  int fd() const { return fd_.get(); }
  const Capabilities& capabilities() const { return capabilities_; }

  // A whole frame, waiting as long as the keeper needs. Any thread, one at a time. An error: the
  // keeper is gone.
  Status send(const std::string& frame) const;

  // The next message that has arrived; empty: none yet. kCancelled: the keeper is gone.
  Result<std::optional<Message>> poll_message();
  // The same, waiting for it. kTimeout.
  Result<Message> await_message(std::chrono::milliseconds patience);

 private:
  explicit KeeperLink(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
  FrameBuffer in_;
  Capabilities capabilities_;
};

}  // namespace fleet::process
