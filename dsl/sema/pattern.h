// Patterns: what a declaration may say, and what a use of one becomes.
#pragma once

#include <memory>

#include "dsl/sema/steps.h"

namespace fleet::sema {

// The parameters and the body's shape. Steps are read at each use, with what they are about.
Pattern read_pattern(Context& context, const ast::Block& block);
// F102 for patterns that use themselves, directly or by others; these are broken afterwards.
void refuse_recursion(Context& context, const std::vector<std::size_t>& patterns);

// A use of a pattern: its steps are those of the flow, with the use's name before theirs, and its
// name means the last of them.
struct PatternUse {
  std::shared_ptr<ast::Body> body;
  std::unique_ptr<FlowNames> names;
  std::vector<Statement> statements;
  std::size_t begin = 0;  // of its own steps in Flow::steps
  std::size_t end = 0;
};

// The pattern that a statement uses, marked as used; nullopt: it is a step.
std::optional<std::size_t> used_pattern(FlowNames& names, const ast::Assignment& assignment);
// Adds the steps to the flow, unread. nullptr: the use is wrong, which was reported.
std::shared_ptr<PatternUse> begin_use(FlowNames& names, const ast::Assignment& assignment,
                                      std::size_t pattern);
void read_use(FlowNames& names, const ast::Assignment& assignment, PatternUse& use);

}  // namespace fleet::sema
