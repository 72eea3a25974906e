#include "engine/journal/batch.h"

#include "engine/journal/checksum.h"

namespace fleet::journal {
namespace {

// An event: u32 payload size, u32 type, i64 wall ms, payload, u32 CRC32C of (seq, run, all before
// it).
constexpr std::size_t kHeader = 16;
constexpr std::size_t kTrailer = 4;

std::uint32_t event_crc(Seq seq, RunKey run, std::string_view header_and_payload) {
  char place[16];
  store_number(place, seq.value);
  store_number(place + 8, run.value);
  return crc32c(header_and_payload, crc32c({place, sizeof place}));
}

// Empty when the bytes end too early.
std::string_view next_event(std::string_view rest) {
  if (rest.size() < kHeader + kTrailer)
    return {};
  const std::size_t size = load_number<std::uint32_t>(rest.data());
  if (size > rest.size() - kHeader - kTrailer)
    return {};
  return rest.substr(0, kHeader + size + kTrailer);
}

Error damaged(Seq seq, const char* what) {
  return Error(Errc::kCorrupt, fmt::format("event {}: {}", seq.value, what));
}

}  // namespace

void add_event(Batch& batch, std::uint32_t type, os::WallTime at, std::string_view payload) {
  const std::size_t start = batch.events.size();
  ByteWriter writer(batch.events);
  writer.number(static_cast<std::uint32_t>(payload.size()));
  writer.number(type);
  writer.signed64(at.time_since_epoch().count());
  batch.events += payload;
  const Seq seq{batch.first.value + batch.count++};
  writer.number(event_crc(seq, batch.run, std::string_view(batch.events).substr(start)));
}

Digest chain_after(const Digest& before, const BatchView& batch) {
  char place[24];
  store_number(place, batch.first.value);
  store_number(place + 8, batch.run.value);
  store_number(place + 16, batch.count);
  return sha256({view_of(before), {place, sizeof place}, batch.events});
}

Status verify_batch(const BatchView& batch, Digest& chain) {
  std::string_view rest = batch.events;
  for (std::uint64_t index = 0; index < batch.count; ++index) {
    const Seq seq{batch.first.value + index};
    const std::string_view event = next_event(rest);
    if (event.empty())
      return damaged(seq, "its record is cut short");
    const std::string_view covered = event.substr(0, event.size() - kTrailer);
    if (load_number<std::uint32_t>(event.data() + covered.size()) !=
        event_crc(seq, batch.run, covered))
      return damaged(seq, "its checksum does not match");
    rest.remove_prefix(event.size());
  }
  if (batch.count == 0 || !rest.empty())
    return damaged(batch.first, "its record has a wrong length");
  chain = chain_after(chain, batch);
  if (view_of(chain) != batch.chain)
    return damaged(batch.first, "it does not continue the chain of what was written before it");
  return {};
}

bool visit_events(const BatchView& batch, const std::function<bool(const EventView&)>& visit) {
  std::string_view rest = batch.events;
  for (std::uint64_t index = 0; index < batch.count; ++index) {
    const std::string_view event = next_event(rest);
    FLEET_ASSERT(!event.empty(), batch.first.value, index);
    ByteReader reader(event);
    EventView view;
    view.seq = {batch.first.value + index};
    view.run = batch.run;
    const auto size = reader.number<std::uint32_t>();
    view.type = reader.number<std::uint32_t>();
    view.at = os::WallTime(std::chrono::milliseconds(reader.signed64()));
    view.payload = reader.take(size);
    if (!visit(view))
      return false;
    rest.remove_prefix(event.size());
  }
  return true;
}

}  // namespace fleet::journal
