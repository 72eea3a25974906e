#include "engine/flow/merge_message.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/flow/site.h"
#include "engine/report/words.h"

namespace fleet::flow {
namespace {

// Of a sweep of hundreds the rest is in the history, or in `fleetc pr list`.
constexpr std::size_t kMostListed = 20;

// "a, b and 3 more"
std::string named(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i)
    text += (i == 0 ? "" : ", ") + report::printable(names[i]);
  return names.size() > kMost ? fmt::format("{} and {} more", text, names.size() - kMost) : text;
}

std::string subject(const MergeOrder& order, const plan::Merge& merge, const std::string& into) {
  if (merge.style == plan::MergeStyle::kSquash && order.titles.size() == 1 &&
      !order.titles.front().empty())
    return order.titles.front();
  if (merge.into_base)
    return fmt::format("Merge {} into {}", named(order.names), into);
  return fmt::format("Gather {} task{} on {}", order.commits.size(),
                     order.commits.size() == 1 ? "" : "s", into);
}

// What came in, unless the subject says it.
std::string body(const MergeOrder& order, const std::string& subject) {
  std::string text;
  for (std::size_t i = 0; i < std::min(order.names.size(), kMostListed); ++i) {
    const std::string name = report::printable(order.names[i]);
    const std::string& title = order.titles[i];
    if (order.names.size() == 1)
      return title.empty() || title == subject ? "" : "\n" + title + "\n";
    text += fmt::format("{}- {}{}\n", i == 0 ? "\n" : "", name,
                        title.empty() || title == name ? "" : ": " + title);
  }
  if (order.names.size() > kMostListed)
    text += fmt::format("- and {} more\n", order.names.size() - kMostListed);
  return text;
}

std::string trailers(const MergeOrder& order, const std::vector<std::string>& authors) {
  std::string text;
  for (std::size_t i = 0; i < std::min(order.names.size(), kMostListed); ++i)
    text += fmt::format("\nFleet-Work: {}{}", report::printable(order.names[i]),
                        order.agents[i].empty() ? "" : " by " + order.agents[i]);
  for (const std::string& author : authors)
    text += "\nCo-authored-by: " + report::printable(author);
  for (const std::string& agent : order.reviewers)
    text += fmt::format("\nReviewed-by: {} <{}>", author_name(agent), author_email(agent));
  for (const std::string& human : order.approvers)
    text += "\nApproved-by: " + report::printable(human);
  return text;
}

}  // namespace

std::string merge_mark(const MergeOrder& order, plan::MergeStyle style, const std::string& run) {
  const std::uint32_t task = order.task.attempt.task.value;
  // A commit that is made anew names the task that made it first already.
  if (style == plan::MergeStyle::kRebase)
    return fmt::format("Fleet-Merge: {}/{}", run, task);
  return fmt::format("Fleet-Run: {}\nFleet-Task: {}", run, task);
}

std::string merge_message(const MergeOrder& order, const plan::Merge& merge,
                          const std::string& into, const std::string& run,
                          const std::vector<std::string>& authors) {
  const std::string mark = merge_mark(order, merge.style, run);
  if (merge.style == plan::MergeStyle::kRebase) {
    MergeOrder approvals;
    approvals.reviewers = order.reviewers;
    approvals.approvers = order.approvers;
    return mark + trailers(approvals, {});
  }
  const std::string first = subject(order, merge, into);
  return first + "\n" + body(order, first) + "\n" + mark + trailers(order, authors);
}

}  // namespace fleet::flow
