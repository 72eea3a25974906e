// What engine and keeper say to each other over their socket: frames of a length (u32) and a
// message. The keeper believes nothing that it reads: a frame that can't be decoded ends the
// connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/result.h"
#include "engine/process/job.h"
#include "engine/process/launcher.h"

namespace fleet::process {

inline constexpr std::uint32_t kProtocolVersion = 1;
inline constexpr std::size_t kMaxFrame = std::size_t{64} << 20;
// Senders of lists start a new frame beyond this.
inline constexpr std::size_t kFrameGoal = std::size_t{1} << 20;

// The first message of a connection. An observer may only ask for a list.
struct Hello {
  std::uint32_t version = kProtocolVersion;
  bool observer = false;
  std::uint64_t generation = 0;
  std::uint32_t jobs = 1;
  std::chrono::milliseconds away{0};
};
struct Submit {
  std::vector<JobSpec> jobs;
};
struct Cancel {
  JobKey key;
  std::chrono::milliseconds grace{0};
};
struct SetJobs {
  std::uint32_t jobs = 1;
};
struct Expect {
  std::vector<JobKey> keys;
};
struct Release {
  std::string run;
};
struct Watch {
  std::uint64_t since = 0;
};
struct ListJobs {};

// The keeper's side.
struct Welcome {
  Capabilities capabilities;
};
// The last message before the keeper closes the connection.
struct Refused {
  Errc code = Errc::kConflict;
  std::string text;
};
struct Reports {
  std::vector<JobReport> reports;
};
struct Listing {
  std::vector<JobStatus> jobs;
  bool last = false;
};

using Message = std::variant<Hello, Submit, Cancel, SetJobs, Expect, Release, Watch, ListJobs,
                             Welcome, Refused, Reports, Listing>;

std::string encode_frame(const Message& message);
// `payload`: a frame without its length. kCorrupt: not a message of ours.
Result<Message> decode_payload(std::string_view payload);

// Received bytes, cut into frames.
class FrameBuffer {
 public:
  void append(std::string_view bytes) { bytes_.append(bytes); }
  // The next whole frame's payload, valid until the next call; empty: more bytes are needed.
  // kCorrupt: a length that no message of ours has.
  Result<std::optional<std::string_view>> next();

 private:
  std::string bytes_;
  std::size_t taken_ = 0;
};

}  // namespace fleet::process
