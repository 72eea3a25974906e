#include "engine/flow/sync.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dsl/plan/codec.h"
#include "dsl/plan/describe.h"
#include "dsl/plan/render.h"
#include "engine/os/files.h"
#include "engine/report/review.h"
#include "engine/report/words.h"
#include "engine/run/event.h"
#include "engine/worktree/history.h"

namespace fleet::flow {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t kMaxLines = 30;  // of each kind
constexpr std::size_t kMaxRecord = std::size_t{1} << 16;

std::uint32_t version_of(const plan::Plan& plan, const std::string& name) {
  const auto identity = std::ranges::find(plan.identities, name, &plan::Identity::name);
  return identity == plan.identities.end() ? 0 : identity->version;
}

std::string commits(worktree::Repository& repository, const std::string& before,
                    const std::string& after) {
  if (before == after)
    return "The base has not moved.\n";
  const auto from = worktree::Oid::parse(before);
  const auto to = worktree::Oid::parse(after);
  if (!from || !to)
    return {};
  std::string out =
      fmt::format("The base moved from {} to {}:\n", before.substr(0, 12), after.substr(0, 12));
  const auto history = worktree::commits_between(repository, *from, *to, kMaxLines);
  if (!history)
    return out + "- what lies between can't be told: " + history.error().message() + "\n";
  for (const worktree::CommitLine& commit : history->commits)
    out +=
        fmt::format("- {} {}\n", commit.oid.hex().substr(0, 12), report::printable(commit.subject));
  if (history->commits.empty())
    out += "- nothing new: it went back\n";
  if (history->more)
    out += "- … and earlier ones\n";
  return out;
}

std::string versions(const plan::Plan& plan, const plan::Agent& agent, const LastRun& last) {
  std::string out;
  for (const std::string& name : agent.identity) {
    const auto before = last.identity.find(name);
    const std::uint32_t now = version_of(plan, name);
    if (before == last.identity.end())
      out += fmt::format("- {} v{} is new to you\n", name, now);
    else if (before->second != now)
      out += fmt::format("- {}: v{} is now v{}\n", name, before->second, now);
  }
  return out.empty() ? out : "Identity documents:\n" + out;
}

std::string fleet_of(const plan::Plan& plan) {
  return fmt::format("{} v{}", plan.fleet, plan.fleet_version);
}

// What of its contract an agent has to know of when it is not what it was.
std::map<std::string, std::string> contract_of(const plan::Agent& agent) {
  std::map<std::string, std::string> keys;
  keys["brief"] = agent.brief;
  keys["accept"] = plan::text_of(agent.accept);
  if (agent.writes)
    keys["writes"] = fmt::format("{} in [{}]", plan::to_string(agent.writes->branch),
                                 fmt::join(agent.writes->in, ", "));
  if (agent.budget)
    keys["budget"] = plan::to_string(*agent.budget) + "/task";
  if (agent.day_budget)
    keys["budget"] = plan::to_string(*agent.day_budget) + "/day";
  if (agent.timeout)
    keys["timeout"] = plan::to_string(*agent.timeout);
  keys["model"] = agent.runtime.model;
  return keys;
}

// Of records that know of it: earlier engines' do not.
std::string directives(const plan::Plan& plan, const plan::Agent& agent, const LastRun& last) {
  if (last.fleet.empty())
    return {};
  std::string out;
  if (last.fleet != fleet_of(plan))
    out += fmt::format("- the fleet is {} now, and was {}\n", fleet_of(plan), last.fleet);
  const std::map<std::string, std::string> now = contract_of(agent);
  const auto value = [](const std::map<std::string, std::string>& keys, const std::string& key) {
    const auto found = keys.find(key);
    return found == keys.end() || found->second.empty()
               ? std::string("nothing")
               : fmt::format("`{}`", report::printable(found->second));
  };
  for (const char* key : {"brief", "accept", "writes", "budget", "timeout", "model"})
    if (value(last.contract, key) != value(now, key))
      out += fmt::format("- your `{}` is {} now, and was {}\n", key, value(now, key),
                         value(last.contract, key));
  return out.empty() ? out : "The fleet's file:\n" + out;
}

// The last few of many lines.
class Lines {
 public:
  void add(std::string line) {
    if (lines_.size() == kMaxLines) {
      lines_.erase(lines_.begin());
      ++dropped_;
    }
    lines_.push_back(std::move(line));
  }
  std::string under(const char* title) const {
    if (lines_.empty())
      return {};
    std::string out = std::string(title) + ":\n";
    if (dropped_ > 0)
      out += fmt::format("- … {} earlier ones\n", dropped_);
    for (const std::string& line : lines_)
      out += "- " + line + "\n";
    return out;
  }

 private:
  std::vector<std::string> lines_;
  std::size_t dropped_ = 0;
};

}  // namespace

std::string encode(const LastRun& last) {
  return Json{{"run", last.run},           {"base", last.base},   {"seq", last.seq},
              {"identity", last.identity}, {"fleet", last.fleet}, {"contract", last.contract}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<LastRun> decode_last_run(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || (json.size() != 4 && json.size() != 6))
    return std::nullopt;
  const auto string_at = [&](const char* key) {
    return json.contains(key) && json[key].is_string();
  };
  if (!string_at("run") || !string_at("base") || !json.contains("seq") ||
      !json["seq"].is_number_unsigned() || !json.contains("identity") ||
      !json["identity"].is_object())
    return std::nullopt;
  LastRun last;
  last.run = json["run"].get<std::string>();
  last.base = json["base"].get<std::string>();
  last.seq = json["seq"].get<std::uint64_t>();
  for (const auto& [name, version] : json["identity"].items()) {
    if (!version.is_number_unsigned())
      return std::nullopt;
    last.identity.emplace(name, version.get<std::uint32_t>());
  }
  if (json.size() == 4)  // by an engine that knew of no more
    return last;
  if (!string_at("fleet") || !json.contains("contract") || !json["contract"].is_object())
    return std::nullopt;
  last.fleet = json["fleet"].get<std::string>();
  for (const auto& [key, value] : json["contract"].items()) {
    if (!value.is_string())
      return std::nullopt;
    last.contract.emplace(key, value.get<std::string>());
  }
  return last;
}

// Names may hold anything that a file's may not.
std::string SyncLog::path_of(const plan::Agent& agent) const {
  return folder_ + "/" + plan::sha256(agent.name).substr(0, 32) + ".json";
}

Status SyncLog::remember(const plan::Plan& plan, const plan::Agent& agent, const std::string& run,
                         const std::string& base) const {
  LastRun last{run, base, journal_.durable_seq().value, {}, fleet_of(plan), contract_of(agent)};
  for (const std::string& name : agent.identity)
    last.identity.emplace(name, version_of(plan, name));
  FLEET_CHECK(os::system_files().make_dirs(folder_));
  return os::system_files().write_atomic(path_of(agent), encode(last));
}

Result<std::string> SyncLog::changes(worktree::Repository& repository, const plan::Plan& plan,
                                     const plan::Agent& agent, const std::string& base) const {
  const auto text = os::system_files().read_file(path_of(agent), kMaxRecord);
  if (!text)
    return std::string();
  const auto last = decode_last_run(*text);
  if (!last)
    return std::string();
  const auto wanted = [&](std::string_view word) {
    return plan.sync.empty() || std::ranges::find(plan.sync, word) != plan.sync.end();
  };
  Lines decisions;
  Lines findings;
  const auto take = [&](const journal::EventView& event) {
    const auto decoded = run::decode(event.type, event.payload);
    if (!decoded.ok)
      return true;
    if (const auto* answer = std::get_if<run::GateAnswered>(&decoded.body))
      decisions.add(fmt::format("{} by {}{}", run::name_of(answer->decision),
                                report::printable(answer->by),
                                answer->why.empty() ? "" : ": " + report::printable(answer->why)));
    if (const auto* filed = std::get_if<run::FindingFiled>(&decoded.body))
      findings.add(fmt::format(
          "{} {}: {}{}", filed->finding.id, report::word_of(filed->finding.severity),
          filed->finding.path.empty() ? "" : report::printable(filed->finding.path) + ": ",
          report::printable(filed->finding.title)));
    return true;
  };
  if (last->seq <= journal_.durable_seq().value)
    FLEET_CHECK(journal_.read_all(journal::Seq{last->seq + 1}, take));
  std::string out = fmt::format("You last ran here in run {}.\n", report::printable(last->run));
  if (wanted("commits"))
    out += commits(repository, last->base, base);
  out += versions(plan, agent, *last);
  if (wanted("directives"))
    out += directives(plan, agent, *last);
  if (wanted("decisions"))
    out += decisions.under("Decisions of humans");
  out += findings.under("Findings of reviews");
  return out;
}

}  // namespace fleet::flow
