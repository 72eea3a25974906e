// What a test says that somebody does: `fails evidence`, `crashes then returns done`. Private to
// the reading of tests.
#pragma once

#include "dsl/sema/reader.h"

namespace fleet::sema {

// Of whom it is said, which decides what can be.
enum class Part { kAgent, kReviewer, kHuman, kCommand, kMerge, kItems, kNone };

// Reads deeds with `then` between them into `says`. `reviews`: whose items are taken returns
// verdicts. `span` is of the whole assumption. False: reported.
bool read_deeds(Reader& reader, Part part, bool reviews, Span span, plan::Assumption& says);

}  // namespace fleet::sema
