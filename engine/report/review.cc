#include "engine/report/review.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "engine/report/words.h"

namespace fleet::report {
namespace {

std::string agent_name(const plan::Plan& plan, const run::Task& task) {
  const plan::Node& node = plan.nodes[task.node.value];
  return node.agents.empty() ? node.name : plan.agents[node.agents.front().value].name;
}

// Every step that `node` names as one that it needs something of.
template <class Visit>
void for_each_need(const plan::Node& node, Visit visit) {
  for (const plan::Edge& edge : node.after)
    visit(edge.from);
  if (node.start)
    visit(*node.start);
  if (node.fanout && node.fanout->source.of)
    visit(*node.fanout->source.of);
  if (node.merge) {
    for (const plan::NodeIndex from : node.merge->from)
      visit(from);
    if (node.merge->into_step)
      visit(*node.merge->into_step);
  }
}

// What a review without a verdict has not found is not closed by it.
void track(const plan::Plan& plan, const run::Task& task, bool judged,
           std::vector<TrackedFinding>& findings) {
  const std::string agent = agent_name(plan, task);
  const std::uint32_t round = plan.nodes[task.node.value].round;
  for (TrackedFinding& known : findings)
    if (known.agent == agent && judged)
      known.open = false;
  for (const run::Finding& filed : task.findings) {
    const auto known = std::ranges::find_if(findings, [&](const TrackedFinding& one) {
      return one.agent == agent && one.finding.id == filed.id;
    });
    if (known == findings.end()) {
      findings.push_back({filed, agent, round, round, true});
      continue;
    }
    known->finding = filed;
    known->last_round = round;
    known->open = true;
  }
}

}  // namespace

// Edges come from smaller numbers, so one pass from the back sees everything.
std::vector<bool> before(const plan::Plan& plan, plan::NodeIndex node) {
  std::vector<bool> needed(plan.nodes.size(), false);
  needed[node.value] = true;
  for (std::size_t i = node.value + 1; i-- > 0;)
    if (needed[i])
      for_each_need(plan.nodes[i], [&](plan::NodeIndex need) { needed[need.value] = true; });
  needed[node.value] = false;
  return needed;
}

std::size_t Reviews::open() const {
  return static_cast<std::size_t>(std::ranges::count(findings, true, &TrackedFinding::open));
}

Reviews reviews_of(const plan::Plan& plan, const run::State& state,
                   const std::vector<bool>& wanted) {
  Reviews reviews;
  for (const run::Task& task : state.tasks) {
    if (!wanted[task.node.value])
      continue;
    const bool judged = task.verdict && task.phase == run::Phase::kDone;
    if (judged)
      reviews.verdicts.push_back({task.index, agent_name(plan, task), task.start, *task.verdict,
                                  task.summary, plan.nodes[task.node.value].round});
    track(plan, task, judged, reviews.findings);
  }
  std::ranges::stable_sort(reviews.findings, [](const TrackedFinding& a, const TrackedFinding& b) {
    return a.open != b.open ? a.open : a.finding.severity > b.finding.severity;
  });
  return reviews;
}

std::vector<std::string> verdict_lines(const Reviews& reviews) {
  std::map<std::uint32_t, std::string> rounds;
  for (const GivenVerdict& given : reviews.verdicts) {
    std::string& line = rounds[given.round];
    line += fmt::format("{}{} {}", line.empty() ? "" : ", ", printable(given.agent),
                        word_of(given.verdict));
  }
  std::vector<std::string> lines;
  for (const auto& [round, line] : rounds)
    lines.push_back(round == 0 ? line : fmt::format("round {}: {}", round, line));
  return lines;
}

std::string finding_counts(const Reviews& reviews) {
  const std::size_t open = reviews.open();
  return fmt::format("{} open, {} closed", open, reviews.findings.size() - open);
}

std::string finding_line(const TrackedFinding& tracked) {
  const run::Finding& finding = tracked.finding;
  std::string where = printable(finding.path);
  if (!where.empty() && finding.line != 0)
    where += fmt::format(":{}", finding.line);
  return fmt::format("{} {}{}{}: {} ({})", word_of(finding.severity), printable(finding.id),
                     where.empty() ? "" : " at ", where, printable(finding.title),
                     printable(tracked.agent));
}

const char* word_of(run::Verdict verdict) {
  return verdict == run::Verdict::kApproved ? "approved" : "changes requested";
}

const char* word_of(run::Severity severity) {
  switch (severity) {
    case run::Severity::kNote: return "note";
    case run::Severity::kMinor: return "minor";
    case run::Severity::kMajor: return "major";
    case run::Severity::kCritical: return "critical";
  }
  return "?";
}

}  // namespace fleet::report
