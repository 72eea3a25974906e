#include "engine/flow/write_sets.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/report/review.h"
#include "engine/worktree/glob_meet.h"

namespace fleet::flow {
namespace {

constexpr std::size_t kMostTold = 5;

// The first glob of `others` that some path of `some` fits, too; null: there is none.
const std::string* shared_glob(const std::vector<std::string>& some,
                               const std::vector<std::string>& others) {
  for (const std::string& other : others)
    for (const std::string& one : some)
      if (worktree::may_meet(one, other))
        return &other;
  return nullptr;
}

}  // namespace

std::vector<std::string> WriteSets::claim(const Writer& writer, const std::string& name,
                                          const std::vector<std::string>& in,
                                          const std::vector<bool>& apart) {
  const std::lock_guard lock(mutex_);
  const auto [mine, first] = claims_.try_emplace(writer, Claim{name, in});
  std::vector<std::string> shared;
  if (!first)
    return shared;
  std::size_t more = 0;
  for (const auto& [other, claim] : claims_) {
    const bool own_run = other.run == writer.run;
    if (&claim == &mine->second)
      continue;
    if (own_run && other.node < apart.size() && apart[other.node])
      continue;
    const std::string* const glob = shared_glob(in, claim.in);
    if (glob == nullptr)
      continue;
    if (shared.size() == kMostTold)
      ++more;
    else
      shared.push_back(own_run ? fmt::format("`{}` ({})", claim.name, *glob)
                               : fmt::format("`{}` ({}) of run {}", claim.name, *glob, other.run));
  }
  if (more > 0)
    shared.push_back(fmt::format("{} more", more));
  return shared;
}

void WriteSets::forget(const std::string& run) {
  const std::lock_guard lock(mutex_);
  std::erase_if(claims_, [&](const auto& claim) { return claim.first.run == run; });
}

std::vector<bool> apart_from(const plan::Plan& plan, plan::NodeIndex node) {
  std::vector<bool> apart = report::before(plan, node);
  apart.resize(plan.nodes.size());
  apart[node.value] = true;
  for (const plan::Node& race : plan.nodes) {
    const auto is_in = [&race](plan::NodeIndex one) {
      return std::ranges::find(race.after, one, &plan::Edge::from) != race.after.end();
    };
    if (race.kind != plan::NodeKind::kAny || !is_in(node))
      continue;
    for (const plan::Edge& edge : race.after)
      apart[edge.from.value] = true;
  }
  return apart;
}

}  // namespace fleet::flow
