// What reaches the keeper and its client from outside: the socket's frames and the spool's bytes.
// Whatever they are, nothing crashes, and what is understood is written back as it was read.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/check.h"
#include "engine/process/protocol.h"
#include "engine/process/spool.h"
#include "engine/process/spool_codec.h"

using namespace fleet::process;

namespace {

void read_frames(std::string_view bytes) {
  FrameBuffer frames;
  // In two pieces, as a socket may have it.
  frames.append(bytes.substr(0, bytes.size() / 2));
  for (int piece = 0; piece < 2; ++piece) {
    while (true) {
      const auto payload = frames.next();
      if (!payload)
        return;
      if (!*payload)
        break;
      const auto message = decode_payload(**payload);
      if (!message)
        continue;
      const std::string again = encode_frame(*message);
      FLEET_ASSERT(std::string_view(again).substr(sizeof(std::uint32_t)) == **payload,
                   again.size());
    }
    frames.append(bytes.substr(bytes.size() / 2));
  }
}

void read_spool(std::string_view bytes) {
  const SpoolContents contents = decode_spool(bytes);
  std::string again;
  for (const SpoolRecord& record : contents.records)
    again += encode_record(record);
  FLEET_ASSERT(again.size() + contents.damaged_bytes + contents.torn_bytes == bytes.size(),
               again.size());
  const SpoolState state = replay_spool(contents);
  FLEET_ASSERT(state.reports.size() <= contents.records.size(), state.reports.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_frames(bytes);
  read_spool(bytes);
  return 0;
}
