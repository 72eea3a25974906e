// What a keeper that died may have left: makes sure that none of its processes is there any more.
#pragma once

#include "engine/base/result.h"
#include "engine/process/spool.h"

namespace fleet::process {

// REQUIRES: the keeper lock is held, so none of these lives any more (though it may still be dying,
// with its namespace). Waits for that, and kills every process that bears the mark of one of them;
// adds a notice if there were any. kTimeout: some resist SIGKILL; nothing new may start beside
// them.
Status end_predecessors(SpoolState& previous);

}  // namespace fleet::process
