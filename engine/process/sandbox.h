// What a sandboxed job may see and write, and the bubblewrap command line that enforces it. Knows
// nothing of worktrees or agents: only paths. A sandbox that can't be set up fails the job; there
// is no weaker way that it falls back to.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace fleet::process {

struct JobSpec;

// The file system is visible read-only but for the rules below. Of several rules the one with the
// deepest path decides; at the same path the tightest: masked, then read-only, then writable.
// All paths are absolute. Always: a fresh /proc, a minimal /dev, a /tmp of its own, no other
// processes, IPC or host name, no capabilities, a terminal session of its own, and nothing left
// when the main process ends.
struct SandboxSpec {
  std::vector<std::filesystem::path> writable;  // directories (the worktree) or files; must exist
  std::filesystem::path home;                   // writable; becomes $HOME; empty: none is set
  std::filesystem::path tmp;  // writable; shown as /tmp, and so is $TMPDIR; empty: a tmpfs
  // Read-only inside a writable one; must exist. Name direct children of a writable directory:
  // whoever may write a directory in between can move it away with what is mounted below it.
  std::vector<std::filesystem::path> read_only_over;
  std::vector<std::filesystem::path> masked;   // shown as an empty read-only directory
  std::vector<std::filesystem::path> exposed;  // read-only inside a masked one (or under /tmp)
  bool network = true;                         // false: a network of its own with only loopback
  std::vector<std::filesystem::path> masked_files;  // unreadable; resolve_sandbox moves files here
};

// Checks a spec against the file system and makes it literal: what exists, by its real path.
// Masked and exposed paths are followed through symbolic links and dropped where they don't exist
// (mask the parent of what may appear later); sockets of the host's services under /run are masked
// too. Writable and read_only_over paths must be given by their real path: following a link that an
// earlier session may have planted would hand it the link's target. Errors: kInvalid, kNotFound.
Result<SandboxSpec> resolve_sandbox(SandboxSpec spec);

// The whole command line, without the program's name: mounts in an order in which none hides a
// deeper one, then "--" and the job's argv. Pure; REQUIRES: job.sandbox, resolved. `status_fd` is
// where bubblewrap writes its JSON status in the child. The environment is not part of it: command
// lines are readable by every user of the machine.
std::vector<std::string> sandbox_argv(const JobSpec& job, int status_fd);

// The job's environment with HOME and TMPDIR as the sandbox has them.
std::vector<std::string> sandbox_env(const JobSpec& job);

// What bubblewrap's status stream and its output say of how a sandboxed job ended.
struct SandboxEnd {
  bool ran = false;     // the program was executed; else `text` says why not
  bool set_up = false;  // the sandbox itself came up
  int code = -1;        // of the program: 0..255, 128 + n for signal n
  std::string text;
};
// `status`: all that was written to status_fd. `output`: the first bytes that the job wrote. Pure.
SandboxEnd classify_sandbox_end(const std::string& status, const std::string& output);
// The sandbox's first process, from the status stream; 0: not written yet.
int sandbox_init_pid(const std::string& status);

// Runs bubblewrap once with a trivial command, here and now (some 10 ms, 5 s at most).
struct SandboxProbe {
  bool available = false;
  std::string reason;   // why not
  std::string program;  // absolute path of bwrap
};
SandboxProbe probe_sandbox();

}  // namespace fleet::process
