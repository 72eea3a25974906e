// Whether this process was started by a session, however it has detached itself since: an agent
// must not decide in a human's name.
#pragma once

#include "engine/base/result.h"

namespace fleet::process {

// True when this process or one of its ancestors bears a job's mark (mark.h) or is a keeper. Reads
// /proc: an ancestor that has ended is passed over, since its children then have another one, which
// is the keeper or init. kUnsupported: /proc cannot be read, so that nobody can tell.
Result<bool> descends_from_keeper();

}  // namespace fleet::process
