// The file of a message: whatever is in it, nothing crashes, and what is a message is written back
// so that it is read the same.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/check.h"
#include "engine/bus/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto message = fleet::bus::decode(bytes)) {
    FLEET_ASSERT(fleet::bus::check_message(*message), message->id);
    const auto again = fleet::bus::decode(fleet::bus::encode(*message));
    FLEET_ASSERT(again && *again == *message, message->id);
  }
  return 0;
}
