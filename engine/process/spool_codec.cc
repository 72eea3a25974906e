#include "engine/process/spool_codec.h"

#include <optional>

#include "engine/process/codec.h"
#include "engine/process/crc32c.h"
#include "engine/process/wire.h"

namespace fleet::process {
namespace {

constexpr std::size_t kHead = 2 * sizeof(std::uint32_t);
// Longer than any record of ours; keeps a damaged length from looking like a torn tail of
// gigabytes.
constexpr std::size_t kMaxRecord = std::size_t{1} << 24;

void put(Writer& out, const InstanceRecord& record) {
  out.number(record.next_sequence);
  out.number(record.generation);
  out.number(record.mark);
  out.number(record.pid);
  out.number(record.start_ticks);
  out.text(record.boot);
  out.flag(record.namespaced);
}
void put(Writer& out, const GenerationRecord& record) {
  out.number(record.generation);
}
void put(Writer& out, const ReportRecord& record) {
  put_report(out, record.report);
}
void put(Writer& out, const ReleaseRecord& record) {
  out.text(record.run);
}

InstanceRecord get_instance(Reader& in) {
  InstanceRecord record;
  record.next_sequence = in.number<std::uint64_t>();
  record.generation = in.number<std::uint64_t>();
  record.mark = in.number<std::uint32_t>();
  record.pid = in.number<std::int32_t>();
  record.start_ticks = in.number<std::uint64_t>();
  record.boot = in.text();
  record.namespaced = in.flag();
  return record;
}

SpoolRecord get_record(Reader& in) {
  switch (in.number<std::uint8_t>()) {
    case 0: return get_instance(in);
    case 1: return GenerationRecord{in.number<std::uint64_t>()};
    case 2: return ReportRecord{get_report(in)};
    case 3: return ReleaseRecord{in.text()};
    default: in.fail(); return ReleaseRecord{};
  }
}

std::uint32_t frame_sum(std::string_view length, std::string_view payload) {
  return crc32c(std::string(length).append(payload));
}

struct Frame {
  SpoolRecord record;
  std::size_t size = 0;
};

// The record that starts the bytes, if one does.
std::optional<Frame> read_frame(std::string_view bytes) {
  if (bytes.size() < kHead)
    return std::nullopt;
  Reader head(bytes.substr(0, kHead));
  const std::size_t length = head.number<std::uint32_t>();
  const auto sum = head.number<std::uint32_t>();
  if (length == 0 || length > kMaxRecord || length > bytes.size() - kHead)
    return std::nullopt;
  const std::string_view payload = bytes.substr(kHead, length);
  if (frame_sum(bytes.substr(0, sizeof(std::uint32_t)), payload) != sum)
    return std::nullopt;
  Reader in(payload);
  SpoolRecord record = get_record(in);
  if (!in.complete())
    return std::nullopt;
  return Frame{std::move(record), kHead + length};
}

}  // namespace

std::string encode_record(const SpoolRecord& record) {
  Writer body;
  body.number(static_cast<std::uint8_t>(record.index()));
  std::visit([&](const auto& each) { put(body, each); }, record);
  FLEET_ASSERT(body.size() <= kMaxRecord, body.size());
  Writer length;
  length.number(static_cast<std::uint32_t>(body.size()));
  Writer frame;
  frame.number(static_cast<std::uint32_t>(body.size()));
  frame.number(frame_sum(length.bytes(), body.bytes()));
  return std::move(frame).bytes() + body.bytes();
}

SpoolContents decode_spool(std::string_view bytes) {
  SpoolContents contents;
  std::size_t at = 0;
  std::size_t believed = 0;  // end of the last good record
  while (at < bytes.size()) {
    std::optional<Frame> frame = read_frame(bytes.substr(at));
    if (!frame) {
      ++at;
      continue;
    }
    if (at != believed) {
      if (contents.damaged_bytes == 0)
        contents.damaged_at = believed;
      contents.damaged_bytes += at - believed;
    }
    contents.records.push_back(std::move(frame->record));
    at += frame->size;
    believed = at;
  }
  contents.torn_bytes = bytes.size() - believed;
  return contents;
}

}  // namespace fleet::process
