#include "engine/flow/site.h"

#include <set>

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

process::SandboxSpec make_sandbox(const Site& site, const JobRequest& request) {
  process::SandboxSpec spec;
  const worktree::SlotMounts mounts = worktree::mounts(request.slot);
  for (const std::string& path : mounts.writable)
    spec.writable.emplace_back(path);
  for (const std::string& path : mounts.read_only)
    spec.read_only_over.emplace_back(path);
  for (const std::string& path : request.sandbox.write)
    spec.writable.emplace_back(path.rfind("~/", 0) == 0 ? site.home + path.substr(1) : path);
  spec.home = request.slot.home();
  spec.tmp = request.slot.tmp();
  spec.masked = {site.state_dir, site.pool_dir};
  if (!site.work_dir.empty())
    spec.masked.emplace_back(site.work_dir);
  if (site.home.size() > 1)
    spec.masked.emplace_back(site.home);
  spec.exposed = {mounts.common_dir};
  for (const std::string& folder : tool_folders(value_of(site.environment, "PATH", ""), site.home))
    spec.exposed.emplace_back(folder);
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
  if (!request.sandbox.on) {
    all.erase("GIT_OBJECT_DIRECTORY");
    all.erase("GIT_ALTERNATE_OBJECT_DIRECTORIES");
  }
  all["FLEET_RUN"] = site.run;
  all["FLEET_TASK"] = request.holes.task;
  all["FLEET_ITEM"] = request.task.item;
  all["FLEET_AGENT"] = request.task.agent;
  all["FLEET_EPOCH"] = std::to_string(request.task.attempt.epoch);
  if (!request.brief.empty())
    all["FLEET_BRIEF"] = request.brief;
  for (const auto& [name, value] : request.env)
    all[name] = value;
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
  job.cwd = request.slot.tree();
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
