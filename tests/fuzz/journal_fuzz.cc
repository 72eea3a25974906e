// Bytes of any kind in place of what a journal stores: nothing may crash, hang or be believed
// against its checksums. The first byte chooses what the rest stands for.
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

#include "engine/journal/checksum.h"
#include "engine/journal/head_mark.h"
#include "engine/journal/projection.h"
#include "engine/journal/reader.h"
#include "tests/support/scratch_dir.h"

namespace fleet::journal {
namespace {

constexpr std::size_t kMaxBytes = 256 << 10;

const std::string& directory() {
  static const testing::ScratchDir dir(testing::Ground::kMemory);
  return dir.path();
}

void put(const std::string& name, std::string_view bytes) {
  std::ofstream(directory() + "/" + name, std::ios::binary) << bytes;
}

// A database file, with and without regard to the head mark.
void read_database(std::string_view bytes, LostTail tail) {
  put("state.db", bytes);
  ::unlink((directory() + "/state.db-wal").c_str());
  ::unlink((directory() + "/state.db-shm").c_str());
  const auto reader = JournalReader::open(directory(), tail);
  if (!reader)
    return;
  static_cast<void>((*reader)->verify());
  for (const RunInfo& run : (*reader)->list_runs()) {
    static_cast<void>((*reader)->read(run.key, Seq{1}, [](const EventView&) { return true; }));
    if (!run.plan.empty())
      static_cast<void>((*reader)->get_blob(run.plan));
  }
}

void read_head_file(std::string_view bytes) {
  put("head", bytes);
  static_cast<void>(read_head(directory() + "/head"));
}

// A snapshot whose checksum fits: only its structure can be wrong.
void decode_snapshot(std::string_view bytes) {
  std::string sealed(bytes);
  ByteWriter(sealed).number(crc32c(bytes));
  const auto projection = Projection::decode(sealed);
  if (!projection)
    return;
  const auto again = Projection::decode(projection->encode());
  FLEET_ASSERT(again.has_value());
  FLEET_ASSERT(again->encode() == projection->encode());
}

// Encoded events whose chain fits.
void verify_events(std::string_view bytes) {
  if (bytes.empty())
    return;
  BatchView batch{Seq{1}, RunKey{1}, static_cast<std::uint64_t>(bytes[0]), bytes.substr(1), {}};
  const Digest chain = chain_after({}, batch);
  batch.chain = view_of(chain);
  Digest from_zero{};
  if (verify_batch(batch, from_zero))
    visit_events(batch, [](const EventView&) { return true; });
}

// The journal's own events, sound but for what they say.
void apply_own_events(std::string_view bytes) {
  Projection projection;
  while (bytes.size() >= 3) {
    const auto type = static_cast<std::uint32_t>(0xF000 + (bytes[0] & 3));
    const std::size_t size =
        std::min<std::size_t>(static_cast<unsigned char>(bytes[2]), bytes.size() - 3);
    Batch batch{
        Seq{projection.through().value + 1}, RunKey{static_cast<unsigned char>(bytes[1])}, 0, {}};
    add_event(batch, type, {}, bytes.substr(3, size));
    bytes.remove_prefix(3 + size);
    const BatchView view{batch.first, batch.run, batch.count, batch.events, {}};
    if (!projection.apply(view, chain_after(projection.chain(), view)))
      return;
  }
  FLEET_ASSERT(Projection::decode(projection.encode()).has_value());
}

}  // namespace
}  // namespace fleet::journal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fleet::journal;
  if (size == 0 || size > kMaxBytes)
    return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 6) {
    case 0: read_database(rest, LostTail::kAccept); break;
    case 1: read_database(rest, LostTail::kRefuse); break;
    case 2: read_head_file(rest); break;
    case 3: decode_snapshot(rest); break;
    case 4: verify_events(rest); break;
    default: apply_own_events(rest); break;
  }
  return 0;
}
