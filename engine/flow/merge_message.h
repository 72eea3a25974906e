// What a merge says of itself in the history: for people a subject and what came in, for programs
// git trailers.
#pragma once

#include <string>
#include <vector>

#include "dsl/plan/plan.h"
#include "engine/flow/order.h"

namespace fleet::flow {

// Lines that the messages of this merge have, and those of no other: a resumed engine knows by them
// what it made before it was killed.
std::string merge_mark(const MergeOrder& order, plan::MergeStyle style, const std::string& run);

// `into` is a branch; `authors` ("Ann <ann@host>") are those of the commits that a squash makes
// one of. Of a rebase the trailers alone, since each commit has a message of its own.
std::string merge_message(const MergeOrder& order, const plan::Merge& merge,
                          const std::string& into, const std::string& run,
                          const std::vector<std::string>& authors);

}  // namespace fleet::flow
