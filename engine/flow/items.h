// The items of a fan-out: what its source says at a commit.
#pragma once

#include <string>
#include <vector>

#include "dsl/plan/plan.h"
#include "engine/base/result.h"
#include "engine/process/job.h"
#include "engine/run/event.h"
#include "engine/worktree/repository.h"

namespace fleet::flow {

// Every source but a command. Order is the source's own (files: by bytes); repeats are dropped,
// since two tasks with one item would claim one branch.
Result<std::vector<std::string>> evaluate(worktree::Repository& repository,
                                          const plan::FanoutSource& source,
                                          const worktree::Oid& commit);

// The lines that a source's command printed; an error when it did not succeed.
Result<std::vector<std::string>> lines_of_job(const process::JobReport& report,
                                              const std::string& output);

// The event, with what exceeds `limit` counted but left out.
run::ItemsListed limited(plan::NodeIndex node, const plan::Fanout& fanout,
                         Result<std::vector<std::string>> items);

// Which of the node's agents each element of a JSON source goes to: a place in `node.agents`.
// REQUIRES: the node has routes.
std::vector<std::uint32_t> routed(const plan::Plan& plan, const plan::Node& node,
                                  const std::vector<std::string>& items);

}  // namespace fleet::flow
