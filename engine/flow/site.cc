#include "engine/flow/site.h"

#include <set>
#include <string_view>

#include <fmt/format.h>

namespace fleet::flow {
namespace {

bool is_beneath(const std::string& path, const std::string& dir) {
  return path.size() > dir.size() && path.compare(0, dir.size(), dir) == 0 &&
         path[dir.size()] == '/';
}

// The folders right under home that PATH leads into (~/.cargo for ~/.cargo/bin): tools installed
// there are of no use without what lies beside them.
std::set<std::string> tool_folders(const std::string& path_variable, const std::string& home) {
  std::set<std::string> folders;
  std::size_t begin = 0;
  while (begin <= path_variable.size()) {
    const std::size_t end = std::min(path_variable.find(':', begin), path_variable.size());
    const std::string entry = path_variable.substr(begin, end - begin);
    if (is_beneath(entry, home))
      folders.insert(entry.substr(0, entry.find('/', home.size() + 1)));
    begin = end + 1;
  }
  return folders;
}

std::string value_of(const std::map<std::string, std::string>& environment, const std::string& name,
                     std::string otherwise) {
  const auto it = environment.find(name);
  return it == environment.end() ? std::move(otherwise) : it->second;
}

// What of its slot and of the repository a session sees. Whoever judges a change sees the base, the
// difference, and no ref, object or worktree that could tell what its builder thought.
void add_worktree(const JobRequest& request, process::SandboxSpec& spec) {
  const worktree::Slot& slot = request.slot;
  // The main checkout, where the user began from another one.
  constexpr std::string_view kGit = "/.git";
  if (request.reads != plan::Reads::kRepo && slot.common_dir.ends_with(kGit))
    spec.masked.emplace_back(slot.common_dir.substr(0, slot.common_dir.size() - kGit.size()));
  switch (request.reads) {
    case plan::Reads::kNone:
      spec.writable = {slot.empty()};
      spec.masked.emplace_back(slot.common_dir);
      return;
    case plan::Reads::kDiff:
      spec.read_only_over = {slot.tree(), slot.review()};
      spec.masked.emplace_back(slot.common_dir);
      return;
    case plan::Reads::kRepo: break;
  }
  const worktree::SlotMounts mounts = worktree::mounts(slot);
  for (const std::string& path : mounts.writable)
    spec.writable.emplace_back(path);
  for (const std::string& path : mounts.read_only)
    spec.read_only_over.emplace_back(path);
  if (!request.writes)
    spec.read_only_over.emplace_back(slot.tree());
  spec.exposed = {mounts.common_dir};
}

process::SandboxSpec make_sandbox(const Site& site, const JobRequest& request) {
  process::SandboxSpec spec;
  spec.masked = {site.state_dir, site.pool_dir};
  add_worktree(request, spec);
  for (const std::string& path : request.sandbox.write)
    spec.writable.emplace_back(path.rfind("~/", 0) == 0 ? site.home + path.substr(1) : path);
  spec.home = request.slot.home();
  spec.tmp = request.slot.tmp();
  if (!site.work_dir.empty())
    spec.masked.emplace_back(site.work_dir);
  if (site.home.size() > 1)
    spec.masked.emplace_back(site.home);
  for (const std::string& folder : tool_folders(value_of(site.environment, "PATH", ""), site.home))
    spec.exposed.emplace_back(folder);
  if (request.desk != nullptr) {
    spec.exposed.emplace_back(request.desk->folder);
    if (!site.program.empty())
      spec.exposed.emplace_back(site.program);
  }
  spec.network = request.sandbox.network;
  return spec;
}

std::vector<std::string> make_environment(const Site& site, const JobRequest& request) {
  std::map<std::string, std::string> all;
  for (const char* name : {"PATH", "LANG", "LANGUAGE", "TZ", "USER", "LOGNAME"})
    if (const auto it = site.environment.find(name); it != site.environment.end())
      all[name] = it->second;
  for (const auto& [name, value] : site.environment)
    if (name.rfind("LC_", 0) == 0)
      all[name] = value;
  all.try_emplace("PATH", "/usr/local/bin:/usr/bin:/bin");
  all["TERM"] = "dumb";
  for (auto& [name, value] : worktree::session_environment(
           request.slot, author_name(request.task.agent), author_email(request.task.agent)))
    all[name] = value;
  // Without a sandbox nothing keeps a session from making refs, and one that names an object which
  // only its own store has would break the user's repository.
  if (!request.sandbox.on || request.reads != plan::Reads::kRepo) {
    all.erase("GIT_OBJECT_DIRECTORY");
    all.erase("GIT_ALTERNATE_OBJECT_DIRECTORIES");
  }
  all["FLEET_RUN"] = site.run;
  all["FLEET_TASK"] = request.holes.task;
  all["FLEET_ITEM"] = request.task.item;
  all["FLEET_AGENT"] = request.task.agent;
  all["FLEET_EPOCH"] = std::to_string(request.task.attempt.epoch);
  all["FLEET_ROUND"] = request.holes.round;
  if (!request.brief.empty())
    all["FLEET_BRIEF"] = request.brief;
  if (!request.finding.empty())
    all["FLEET_FINDING"] = request.finding;
  if (request.reads == plan::Reads::kDiff)
    all["FLEET_REVIEW"] = request.slot.review();
  for (const auto& [name, value] : request.env)
    all[name] = value;
  if (request.desk != nullptr) {
    all["FLEETC"] = site.program;
    all["FLEET_SOCKET"] = request.desk->socket;
    all["FLEET_TOKEN"] = request.desk->token;
    all["FLEET_BRIEF_FILE"] = request.desk->brief_file;
  }
  std::vector<std::string> out;
  for (const auto& [name, value] : all)
    out.push_back(name + "=" + value);
  return out;
}

}  // namespace

std::string Site::log_path(run::Attempt attempt, std::size_t check) const {
  const std::string suffix = check == 0 ? "" : fmt::format(".check-{}", check);
  return fmt::format("{}/logs/{}.{}{}.log", run_dir(), attempt.task.value, attempt.epoch, suffix);
}

process::JobSpec make_job(const Site& site, const JobRequest& request) {
  process::JobSpec job;
  job.key = request.key;
  for (const plan::Template& word : request.command.argv)
    job.argv.push_back(fill(word, request.holes));
  job.env = make_environment(site, request);
  job.cwd = request.reads == plan::Reads::kNone ? request.slot.empty() : request.slot.tree();
  job.output = request.log;
  if (request.sandbox.on)
    job.sandbox = make_sandbox(site, request);
  job.timeout = request.timeout;
  job.output_limit = site.output_limit;
  job.kill_with_engine = request.kill_with_engine;
  return job;
}

std::string author_name(const std::string& agent) {
  return agent + " (fleetc)";
}
std::string author_email(const std::string& agent) {
  return agent + "@fleetc.invalid";
}

}  // namespace fleet::flow
