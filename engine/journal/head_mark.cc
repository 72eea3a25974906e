#include "engine/journal/head_mark.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "engine/journal/checksum.h"
#include "engine/os/files.h"

namespace fleet::journal {
namespace {

// A slot: 8 bytes of magic, u64 seq, 32 bytes of chain, u32 CRC32C of those. The slots lie in
// different sectors.
constexpr std::string_view kMagic = "fleethd1";
constexpr std::size_t kSlotBytes = 52;
constexpr std::size_t kSlotStride = 512;
constexpr std::size_t kFileBytes = 2 * kSlotStride;

std::string encode_slot(const HeadMark& mark) {
  std::string slot(kMagic);
  ByteWriter writer(slot);
  writer.number(mark.through.value);
  writer.digest(mark.chain);
  writer.number(crc32c(slot));
  return slot;
}

bool decode_slot(std::string_view slot, HeadMark& mark) {
  ByteReader reader(slot);
  if (reader.take(kMagic.size()) != kMagic)
    return false;
  mark.through = {reader.number<std::uint64_t>()};
  mark.chain = reader.digest();
  const auto crc = reader.number<std::uint32_t>();
  return reader.ok() && crc == crc32c(slot.substr(0, kSlotBytes - 4));
}

}  // namespace

Result<HeadMark> read_head(const std::string& path) {
  FLEET_TRY(const std::string bytes, os::system_files().read_file(path, 4 * kFileBytes));
  HeadMark newest;
  bool found = false;
  for (std::size_t at = 0; at + kSlotBytes <= bytes.size() && at < kFileBytes; at += kSlotStride) {
    HeadMark mark;
    if (!decode_slot(std::string_view(bytes).substr(at, kSlotBytes), mark))
      continue;
    if (!found || mark.through > newest.through)
      newest = mark;
    found = true;
  }
  if (!found)
    return Error(Errc::kCorrupt, path + ": neither of its two marks is valid");
  return newest;
}

Result<HeadFile> HeadFile::create(const std::string& path, const HeadMark& mark) {
  std::string bytes = encode_slot(mark);
  bytes.resize(kSlotStride);
  bytes += bytes;
  FLEET_CHECK(os::system_files().write_atomic(path, bytes, 0600));
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) {
    const int error = errno;
    return os_error("open", path, error);
  }
  return HeadFile(path, std::move(fd));
}

Status HeadFile::write(const HeadMark& mark) {
  const std::string bytes = encode_slot(mark);
  const auto at = static_cast<off_t>(slot_ * kSlotStride);
  ssize_t wrote = 0;
  do {
    wrote = ::pwrite(fd_.get(), bytes.data(), bytes.size(), at);
  } while (wrote < 0 && errno == EINTR);
  if (wrote < 0)
    return os_error("write", path_, errno);
  if (static_cast<std::size_t>(wrote) != bytes.size())
    return Error(Errc::kIo, "write " + path_ + ": cut short");
  slot_ ^= 1;
  return {};
}

Status HeadFile::sync() {
  if (::fdatasync(fd_.get()) != 0)
    return os_error("fdatasync", path_, errno);
  return {};
}

}  // namespace fleet::journal
