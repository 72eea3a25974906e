#include "engine/journal/group_writer.h"

#include "engine/journal/checksum.h"
#include "engine/journal/reserve.h"
#include "engine/os/crash_point.h"

namespace fleet::journal {
namespace {

// About 4 MiB of log: reading stays quick, and a checkpoint's two fsyncs cost little a page.
constexpr int kCheckpointPages = 1000;

BatchView view_batch(const Batch& batch, const Digest& chain) {
  return {batch.first, batch.run, batch.count, batch.events, view_of(chain)};
}

}  // namespace

GroupWriter::GroupWriter(Layout layout, Database database, HeadFile head, HeadMark mark)
    : layout_(std::move(layout)),
      database_(std::move(database)),
      head_(std::move(head)),
      mark_(mark) {}

Written GroupWriter::write(const Group& group, std::string_view snapshot) {
  Written written;
  written.chain_after.reserve(group.batches.size());
  Digest chain = mark_.chain;
  for (const Batch& batch : group.batches) {
    chain = chain_after(chain, view_batch(batch, chain));
    written.chain_after.push_back(chain);
  }

  Status no_space;
  os::crash_point("journal.commit.before");
  Status status = store(group, written.chain_after, snapshot);
  if (!status && status.error().code() == Errc::kNoSpace && release_reserve(layout_.reserve)) {
    no_space = std::move(status);
    status = store(group, written.chain_after, {});
  }
  failed_ = !status;
  if (failed_) {
    written.status = std::move(status);
    return written;
  }
  os::crash_point("journal.commit.after");
  written.durable = true;
  if (!group.batches.empty()) {
    mark_ = {group.batches.back().last(), chain};
    status = head_.write(mark_);
    os::crash_point("journal.head.after");
  }
  if (status && no_space)
    status = checkpoint_now_and_then();
  failed_ = !status;
  written.status = status ? std::move(no_space) : std::move(status);
  return written;
}

Status GroupWriter::store(const Group& group, const std::vector<Digest>& chain_after,
                          std::string_view snapshot) {
  const auto attempt = [&]() -> Status {
    FLEET_CHECK(database_.begin());
    for (const Blob& blob : group.blobs)
      FLEET_CHECK(database_.insert_blob(view_of(blob.id), blob.bytes));
    for (std::size_t i = 0; i < group.batches.size(); ++i)
      FLEET_CHECK(database_.insert(view_batch(group.batches[i], chain_after[i])));
    if (!snapshot.empty())
      FLEET_CHECK(database_.put_snapshot(snapshot));
    return database_.commit();
  };
  Status status = attempt();
  if (!status)
    database_.rollback();
  return status;
}

Status GroupWriter::checkpoint_now_and_then() {
  const int pages = database_.log_pages();
  if (pages < checkpointed_pages_)
    checkpointed_pages_ = 0;  // the log began anew
  if (pages - checkpointed_pages_ < kCheckpointPages)
    return {};
  checkpointed_pages_ = pages;
  Status status = database_.checkpoint();
  // The log has it all: a full disk stops the main file's growth only, and a reader in the way
  // leaves.
  if (!status && (status.error().code() == Errc::kNoSpace || status.error().code() == Errc::kBusy))
    return {};
  FLEET_CHECK(std::move(status));
  return head_.sync();
}

Status GroupWriter::close(std::string_view snapshot) {
  // After a failed write the log may be half on disk: the next writer's recovery decides.
  if (failed_)
    return {};
  if (!snapshot.empty())
    FLEET_CHECK(store({}, {}, snapshot));
  FLEET_CHECK(database_.close());
  return head_.sync();
}

}  // namespace fleet::journal
