#include "engine/journal/ledger.h"

namespace fleet::journal {
namespace {

Error gap(Seq expected, Seq found) {
  if (found < expected)
    return Error(Errc::kCorrupt, fmt::format("event {}: it is there twice", found.value));
  return Error(Errc::kCorrupt,
               fmt::format("events {} to {}: missing", expected.value, found.value - 1));
}

}  // namespace

Status scan_after(Database& database, Seq through, Digest chain, const VerifiedVisitor& visit) {
  Seq expected{through.value + 1};
  return database.scan(expected, [&](const BatchView& batch) -> Result<bool> {
    if (batch.first != expected)
      return gap(expected, batch.first);
    FLEET_CHECK(verify_batch(batch, chain));
    expected = {batch.last().value + 1};
    return visit(batch, chain);
  });
}

Status scan_verified(Database& database, Seq from, const VerifiedVisitor& visit) {
  FLEET_TRY(const auto row, database.row_at(from));
  if (!row || row->last < from)
    return Error(Errc::kCorrupt, fmt::format("event {}: missing", from.value));
  if (row->first == Seq{1})
    return scan_after(database, Seq{}, Digest{}, visit);
  const Seq before{row->first.value - 1};
  FLEET_TRY(const auto previous, database.row_at(before));
  if (!previous || previous->last != before)
    return Error(Errc::kCorrupt, fmt::format("event {}: missing", before.value));
  return scan_after(database, before, previous->chain, visit);
}

Status fold_new(Database& database, Projection& projection) {
  return scan_after(database, projection.through(), projection.chain(),
                    [&](const BatchView& batch, const Digest& chain) -> Result<bool> {
                      FLEET_CHECK(projection.apply(batch, chain));
                      return true;
                    });
}

Result<Projection> load_projection(Database& database) {
  Projection projection;
  FLEET_TRY(const auto snapshot, database.snapshot());
  auto decoded = snapshot ? Projection::decode(*snapshot) : std::nullopt;
  if (decoded && decoded->through() != Seq{}) {
    FLEET_TRY(const auto row, database.row_at(decoded->through()));
    if (row && row->last == decoded->through() && row->chain == decoded->chain())
      projection = *std::move(decoded);
  }
  FLEET_CHECK(fold_new(database, projection));
  return projection;
}

Result<Seq> missing_through(Database& database, const Projection& projection,
                            const HeadMark& mark) {
  if (mark.through > projection.through())
    return mark.through;
  if (mark.through == Seq{})
    return Seq{};
  FLEET_TRY(const auto row, database.row_at(mark.through));
  if (!row || row->last != mark.through || row->chain != mark.chain)
    return Error(
        Errc::kCorrupt,
        fmt::format("event {}: it is not the one that the head mark names; the files are of "
                    "different journals or times",
                    mark.through.value));
  return Seq{};
}

}  // namespace fleet::journal
