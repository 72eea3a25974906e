#include "engine/process/spool.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine/os/files.h"

namespace fleet::process {
namespace {

constexpr std::size_t kMaxSpool = std::size_t{1} << 30;

std::vector<std::string> notices_of(const SpoolContents& contents) {
  std::vector<std::string> notices;
  if (contents.damaged_bytes > 0)
    notices.push_back(
        fmt::format("the keeper's record of exits was damaged: {} bytes at offset {} were not "
                    "believed, jobs that "
                    "they told of count as lost; the file is kept as spool.damaged",
                    contents.damaged_bytes, contents.damaged_at));
  if (contents.torn_bytes > 0)
    notices.push_back(fmt::format(
        "the keeper's record of exits ended in {} bytes of an unfinished write, which were cut",
        contents.torn_bytes));
  return notices;
}

void apply(SpoolState& state, const InstanceRecord& record) {
  state.next_sequence = std::max(state.next_sequence, record.next_sequence);
  state.generation = std::max(state.generation, record.generation);
  state.instances.push_back(record);
}

void apply(SpoolState& state, const GenerationRecord& record) {
  state.generation = std::max(state.generation, record.generation);
}

void apply(SpoolState& state, const ReportRecord& record) {
  state.next_sequence = std::max(state.next_sequence, record.report.sequence + 1);
  state.reports.insert_or_assign(record.report.sequence, record.report);
}

// Starts of jobs that had not ended stay.
void apply(SpoolState& state, const ReleaseRecord& record) {
  std::vector<JobKey> ended;
  for (const auto& [sequence, report] : state.reports)
    if (report.kind == ReportKind::kEnded && report.key.run == record.run)
      ended.push_back(report.key);
  std::sort(ended.begin(), ended.end());
  std::erase_if(state.reports, [&](const auto& each) {
    return std::binary_search(ended.begin(), ended.end(), each.second.key);
  });
}

Status write_all(int fd, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (wrote < 0 && errno == EINTR)
      continue;
    if (wrote < 0)
      return os_error("write", "the keeper's spool", errno);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
    offset += static_cast<std::uint64_t>(wrote);
  }
  return {};
}

}  // namespace

SpoolState replay_spool(const SpoolContents& contents) {
  SpoolState state;
  state.notices = notices_of(contents);
  state.damaged = contents.damaged_bytes > 0;
  for (const SpoolRecord& record : contents.records)
    std::visit([&](const auto& each) { apply(state, each); }, record);
  return state;
}

Result<SpoolState> Spool::read(const std::filesystem::path& file) {
  Result<std::string> bytes = os::system_files().read_file(file.native(), kMaxSpool);
  if (!bytes && bytes.error().code() == Errc::kNotFound)
    return SpoolState{};
  if (!bytes)
    return std::move(bytes).error();
  return replay_spool(decode_spool(*bytes));
}

Result<Spool> Spool::create(const std::filesystem::path& file, const InstanceRecord& instance,
                            const std::map<std::uint64_t, JobReport>& reports, bool keep_old) {
  std::string bytes = encode_record(instance);
  for (const auto& [sequence, report] : reports)
    bytes += encode_record(ReportRecord{report});
  if (keep_old) {
    const std::string kept = file.native() + ".damaged";
    ::unlink(kept.c_str());
    if (::link(file.c_str(), kept.c_str()) != 0)
      return os_error("link", kept, errno);
  }
  FLEET_CHECK(os::system_files().write_atomic(file.native(), bytes));
  UniqueFd fd(::open(file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!fd)
    return os_error("open", file.native(), errno);
  return Spool(std::move(fd), bytes.size());
}

Status Spool::write() {
  if (pending_.empty())
    return {};
  // At a fixed offset, so that what a full disk cut short is written over.
  FLEET_CHECK(write_all(fd_.get(), pending_, size_));
  size_ += pending_.size();
  pending_.clear();
  return {};
}

Status Spool::sync() {
  FLEET_CHECK(write());
  if (::fdatasync(fd_.get()) != 0)
    return os_error("fdatasync", "the keeper's spool", errno);
  return {};
}

}  // namespace fleet::process
