// What wakes an agent or starts a flow: `task.NAME`, `pr.opened`, `finding.LABEL`, `file("glob")`,
// …
#pragma once

#include <optional>

#include "dsl/sema/reader.h"

namespace fleet::sema {

// The reader stands at the event; nullopt: reported.
std::optional<plan::Event> read_event(Reader& reader, const Want& want);

}  // namespace fleet::sema
