// The pure half of the sandbox: rules to mounts in order, bubblewrap's words to an end.
#include <algorithm>
#include <charconv>
#include <map>
#include <string_view>

#include "engine/process/job.h"
#include "engine/process/sandbox.h"

namespace fleet::process {
namespace {

using std::filesystem::path;

// Tightest last: a later one replaces an earlier one at the same path. /tmp, /proc and /dev are the
// sandbox's own in any case.
enum class Rule { kWritable, kReadOnly, kMaskedFile, kMasked, kTmp, kProc, kDev };

std::ptrdiff_t depth_of(const path& where) {
  return std::distance(where.begin(), where.end());
}

// Shallow before deep, so that no mount hides one that was made before it.
struct Shallower {
  bool operator()(const path& a, const path& b) const {
    const auto depth_a = depth_of(a);
    const auto depth_b = depth_of(b);
    return depth_a != depth_b ? depth_a < depth_b : a < b;
  }
};
using Rules = std::map<path, Rule, Shallower>;

void add(Rules& rules, const path& where, Rule rule) {
  const auto [at, added] = rules.try_emplace(where, rule);
  if (!added)
    at->second = std::max(at->second, rule);
}

void add(Rules& rules, const std::vector<path>& paths, Rule rule) {
  for (const path& where : paths)
    add(rules, where, rule);
}

Rules rules_of(const SandboxSpec& spec) {
  Rules rules;
  add(rules, spec.writable, Rule::kWritable);
  if (!spec.home.empty())
    add(rules, spec.home, Rule::kWritable);
  add(rules, spec.exposed, Rule::kReadOnly);
  add(rules, spec.read_only_over, Rule::kReadOnly);
  add(rules, spec.masked_files, Rule::kMaskedFile);
  add(rules, spec.masked, Rule::kMasked);
  add(rules, path("/tmp"), Rule::kTmp);
  add(rules, path("/proc"), Rule::kProc);
  add(rules, path("/dev"), Rule::kDev);
  return rules;
}

// Root's files of /proc are writable for root even without its capabilities, and some of them reach
// out of any sandbox (a core_pattern names a program that the kernel runs outside). bubblewrap
// covers only what it finds to be a writable directory.
void cover_proc(std::vector<std::string>& argv) {
  argv.insert(argv.end(), {"--ro-bind", "/proc/sys", "/proc/sys"});
  for (const char* file :
       {"/proc/sysrq-trigger", "/proc/acpi", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/mtrr",
        "/proc/pressure", "/proc/scsi", "/proc/driver", "/proc/tty", "/proc/kpagecount",
        "/proc/kpageflags", "/proc/kpagecgroup"})
    argv.insert(argv.end(), {"--ro-bind-try", file, file});
}

void mount(std::vector<std::string>& argv, const path& where, Rule rule, const path& tmp) {
  const auto bind = [&](const char* how, const path& what) {
    argv.insert(argv.end(), {how, what.native(), where.native()});
  };
  switch (rule) {
    case Rule::kWritable: return bind("--bind", where);
    case Rule::kReadOnly: return bind("--ro-bind", where);
    case Rule::kMaskedFile: return bind("--ro-bind", "/dev/null");
    case Rule::kTmp:
      if (!tmp.empty())
        return bind("--bind", tmp);
      [[fallthrough]];
    case Rule::kMasked: argv.insert(argv.end(), {"--tmpfs", where.native()}); return;
    case Rule::kProc: argv.insert(argv.end(), {"--proc", where.native()}); return cover_proc(argv);
    case Rule::kDev: argv.insert(argv.end(), {"--dev", where.native()}); return;
  }
}

// The number after a member's name in a line of bubblewrap's status; -1: not there.
int status_number(std::string_view status, std::string_view member) {
  const std::size_t at = status.find(member);
  if (at == std::string_view::npos)
    return -1;
  std::string_view rest = status.substr(at + member.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(" :"), rest.size()));
  int value = -1;
  std::from_chars(rest.data(), rest.data() + rest.size(), value);
  return value;
}

// The last line that bubblewrap wrote itself, without its name.
std::string own_words(std::string_view output) {
  constexpr std::string_view kName = "bwrap: ";
  std::string_view words;
  while (!output.empty()) {
    const std::string_view line = output.substr(0, output.find('\n'));
    output.remove_prefix(std::min(line.size() + 1, output.size()));
    if (line.starts_with(kName))
      words = line.substr(kName.size());
  }
  return std::string(words);
}

}  // namespace

std::vector<std::string> sandbox_argv(const JobSpec& job, int status_fd) {
  FLEET_ASSERT(job.sandbox.has_value());
  const SandboxSpec& spec = *job.sandbox;
  std::vector<std::string> argv = {"--unshare-pid",
                                   "--unshare-ipc",
                                   "--unshare-uts",
                                   "--die-with-parent",
                                   "--new-session",
                                   "--cap-drop",
                                   "ALL"};
  if (!spec.network)
    argv.emplace_back("--unshare-net");
  argv.insert(argv.end(), {"--json-status-fd", std::to_string(status_fd), "--ro-bind", "/", "/"});
  const Rules rules = rules_of(spec);
  for (const auto& [where, rule] : rules)
    mount(argv, where, rule, spec.tmp);
  // Only now: until here a mask has to take the mount points of what is shown inside it.
  for (const auto& [where, rule] : rules)
    if (rule == Rule::kMasked)
      argv.insert(argv.end(), {"--remount-ro", where.native()});
  argv.insert(argv.end(), {"--chdir", job.cwd.native(), "--"});
  argv.insert(argv.end(), job.argv.begin(), job.argv.end());
  return argv;
}

std::vector<std::string> sandbox_env(const JobSpec& job) {
  FLEET_ASSERT(job.sandbox.has_value());
  std::vector<std::string> env = job.env;
  const auto set = [&](const std::string& name, const path& value) {
    std::erase_if(env, [&](const std::string& each) { return each.starts_with(name); });
    env.push_back(name + value.native());
  };
  if (!job.sandbox->home.empty())
    set("HOME=", job.sandbox->home);
  set("TMPDIR=", "/tmp");
  return env;
}

SandboxEnd classify_sandbox_end(const std::string& status, const std::string& output) {
  SandboxEnd end;
  end.code = status_number(status, "\"exit-code\"");
  end.ran = end.code >= 0;
  end.set_up = end.ran;
  if (end.ran)
    return end;
  end.text = own_words(output);
  // Executing the command is the last thing that can fail, within the finished sandbox.
  constexpr std::string_view kExecute = "execvp ";
  end.set_up = end.text.starts_with(kExecute);
  if (end.set_up)
    end.text.erase(0, kExecute.size());
  if (end.text.empty())
    end.text = "bubblewrap ended without a word";
  return end;
}

int sandbox_init_pid(const std::string& status) {
  return std::max(status_number(status, "\"child-pid\""), 0);
}

}  // namespace fleet::process
