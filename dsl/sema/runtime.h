// How sessions start: `runtime` declarations and shell("…") written in place.
#pragma once

#include "dsl/sema/body.h"

namespace fleet::sema {

// The runtime that a `runtime = …` names, as an index into the model.
std::optional<std::size_t> read_runtime_use(Context& context, Scope& scope, Reader& reader);

Runtime read_runtime(Context& context, const ast::Block& block);

// A duration above zero.
std::optional<plan::Millis> read_positive(Context& context, Reader& reader, const Want& want);

// The text of `f("…")`, a call with exactly one unnamed argument; nullopt: reported.
std::optional<Text> read_text_call(Context& context, const ast::Atom& call);

}  // namespace fleet::sema
