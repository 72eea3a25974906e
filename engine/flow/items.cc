#include "engine/flow/items.h"

#include <map>
#include <unordered_set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/os/files.h"

namespace fleet::flow {
namespace {

constexpr std::size_t kMaxSourceBytes = std::size_t{64} << 20;
constexpr std::int64_t kMaxRange = 1'000'000;  // items
constexpr std::size_t kMaxItemBytes = std::size_t{4}
                                      << 20;  // one event of the journal has to hold them

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    if (!line.empty() && line.back() == '\r')
      line.pop_back();
    if (!line.empty())
      lines.push_back(std::move(line));
    begin = end + 1;
  }
  return lines;
}

Result<std::vector<std::string>> elements_of(const std::string& text, const std::string& path) {
  const nlohmann::json document = nlohmann::json::parse(text, nullptr, false);
  if (!document.is_array())
    return Error(Errc::kInvalid, fmt::format("`{}` is no JSON array", path));
  std::vector<std::string> items;
  for (const auto& element : document)
    items.push_back(element.is_string() ? element.get<std::string>() : element.dump());
  return items;
}

void drop_repeats(std::vector<std::string>& items) {
  std::unordered_set<std::string> seen;
  std::erase_if(items, [&seen](const std::string& item) { return !seen.insert(item).second; });
}

// The field of a JSON element as a route names it; empty when it has none.
std::string field_of(const std::string& item, const std::string& field) {
  const nlohmann::json element = nlohmann::json::parse(item, nullptr, false);
  if (!element.is_object() || !element.contains(field))
    return {};
  const nlohmann::json& value = element[field];
  return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

std::vector<std::uint32_t> routed(const plan::Plan& plan, const plan::Node& node,
                                  const std::vector<std::string>& items) {
  std::map<std::string, std::uint32_t> places;
  for (const auto& [value, name] : node.fanout->routes)
    for (std::uint32_t place = 0; place < node.agents.size(); ++place)
      if (plan.agents[node.agents[place].value].name == name)
        places[value] = place;
  std::vector<std::uint32_t> agents;
  for (const std::string& item : items) {
    const auto found = places.find(field_of(item, node.fanout->route_by));
    agents.push_back(found != places.end() ? found->second : places[""]);
  }
  return agents;
}

Result<std::vector<std::string>> evaluate(worktree::Repository& repository,
                                          const plan::FanoutSource& source,
                                          const worktree::Oid& commit) {
  using Kind = plan::FanoutSource::Kind;
  std::vector<std::string> items;
  switch (source.kind) {
    case Kind::kFiles: {
      FLEET_TRY(items, repository.list_files(commit, source.path));
      break;
    }
    case Kind::kLines: {
      FLEET_TRY(const std::string text, repository.read_file(commit, source.path));
      items = lines_of(text);
      break;
    }
    case Kind::kJson: {
      FLEET_TRY(const std::string text, repository.read_file(commit, source.path));
      FLEET_TRY(items, elements_of(text, source.path));
      break;
    }
    case Kind::kList: items = source.list; break;
    case Kind::kRange:
      if (source.last - source.first >= kMaxRange)
        return Error(Errc::kInvalid, fmt::format("{} items are more than a run can take",
                                                 source.last - source.first + 1));
      for (std::int64_t i = source.first; i <= source.last; ++i)
        items.push_back(std::to_string(i));
      break;
    case Kind::kCommandLines: FLEET_FAIL("a command is evaluated by a job", source.text);
    case Kind::kFindings:
    case Kind::kIssues: return Error(Errc::kInvalid, "not executed yet: " + source.text);
  }
  drop_repeats(items);
  return items;
}

Result<std::vector<std::string>> lines_of_job(const process::JobReport& report,
                                              const std::string& output) {
  if (!report.success())
    return Error(Errc::kInvalid, "the source's command: " + process::describe(report));
  FLEET_TRY(const std::string text, os::system_files().read_file(output, kMaxSourceBytes));
  std::vector<std::string> items = lines_of(text);
  drop_repeats(items);
  return items;
}

run::ItemsListed limited(plan::NodeIndex node, const plan::Fanout& fanout,
                         Result<std::vector<std::string>> items) {
  run::ItemsListed event;
  event.node = node;
  if (!items) {
    event.error = fmt::format("{}: {}", fanout.source.text, items.error().message());
    return event;
  }
  event.items = *std::move(items);
  event.found = event.items.size();
  if (fanout.limit && event.items.size() > *fanout.limit)
    event.items.resize(*fanout.limit);
  std::size_t bytes = 0;
  for (const std::string& item : event.items)
    bytes += item.size();
  if (bytes > kMaxItemBytes) {
    event.error = fmt::format(
        "{}: {} items of {} MiB together are more than a run can take; bound them with `limit`",
        fanout.source.text, event.items.size(), bytes >> 20);
    event.items.clear();
  }
  return event;
}

}  // namespace fleet::flow
