// Reading with proof: rows become events only after they were verified, and the end of the journal
// is held against the head mark. Private to engine/journal. One thread at a time.
#pragma once

#include <functional>
#include <string>

#include "engine/base/result.h"
#include "engine/journal/database.h"
#include "engine/journal/head_mark.h"
#include "engine/journal/projection.h"
#include "engine/journal/reader.h"

namespace fleet::journal {

// A verified row, and the chain after it. Return false to stop.
using VerifiedVisitor = std::function<Result<bool>(const BatchView&, const Digest& chain)>;

// Rows that hold `from` and later ones, in order, each verified against its predecessor. An error
// when `from` lies beyond the last row.
Status scan_verified(Database& database, Seq from, const VerifiedVisitor& visit);

// Rows after a point whose chain is known; none is fine.
Status scan_after(Database& database, Seq through, Digest chain, const VerifiedVisitor& visit);

// Brings the projection up to the last row.
Status fold_new(Database& database, Projection& projection);

// From the snapshot where it fits, else from the beginning.
Result<Projection> load_projection(Database& database);

// Zero when the journal reaches its mark; else the mark: what was durable and is gone. kCorrupt
// when the journal has another history than the mark. `mark` was read before the projection.
Result<Seq> missing_through(Database& database, const Projection& projection, const HeadMark& mark);

}  // namespace fleet::journal
