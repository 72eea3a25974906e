// Where a run takes place: the repository, the state directory, the machine's ways. Constant for
// the run; made by the command line, read by everything that carries orders out.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dsl/plan/plan.h"
#include "engine/flow/order.h"
#include "engine/process/job.h"
#include "engine/worktree/slot.h"

namespace fleet::flow {

struct Site {
  std::string run;
  std::string common_dir;  // of the user's repository
  std::string work_dir;    // the user's checkout; empty for a bare repository
  std::string state_dir;   // <common_dir>/fleet
  std::string pool_dir;    // where worktrees live
  std::string home;        // the user's, hidden from sessions
  std::map<std::string, std::string>
      environment;  // the engine's own: PATH and the locale go on to sessions
  std::uint32_t incarnation =
      1;  // 1 for `run`, one more for each `resume`: tells this engine's evidence from a dead one's
  std::uint64_t output_limit = std::uint64_t{64} << 20;
  std::string program;  // this fleetc's file: sessions speak with the engine by it

  std::string run_dir() const { return state_dir + "/runs/" + run; }
  // The file that takes the output of an attempt (check 0) or of its k-th evidence command.
  std::string log_path(run::Attempt attempt, std::size_t check) const;
};

// Where a session speaks with the engine, and what it shows there.
struct DeskPlace {
  std::string folder;  // all that it sees of it
  std::string socket;
  std::string token;
  std::string brief_file;
};

struct JobRequest {
  const plan::Sandbox& sandbox;
  const plan::Command& command;
  const std::vector<std::pair<std::string, std::string>>& env;  // the runtime's
  const TaskFacts& task;
  const HoleValues& holes;
  const worktree::Slot& slot;
  process::JobKey key;
  std::string log;
  std::chrono::milliseconds timeout{0};
  bool kill_with_engine = false;
  std::string brief = {};  // what the agent is told, if anything
  // What the session sees. Of a change (kDiff): the base's tree and the folder FLEET_REVIEW,
  // nothing of the repository's git directory. kNone: an empty folder.
  plan::Reads reads = plan::Reads::kRepo;
  bool writes = true;               // its own worktree; a reviewer does not
  std::string finding = {};         // that it is to mend
  const DeskPlace* desk = nullptr;  // of a session
};

// A job in a slot: its own worktree, HOME and TMPDIR to write to; hidden: fleetc's state, the other
// worktrees, the user's checkout and home (but for the folders that PATH names).
process::JobSpec make_job(const Site& site, const JobRequest& request);

// Who commits: "fixer (fleetc)" <fixer@fleetc.invalid>.
std::string author_name(const std::string& agent);
std::string author_email(const std::string& agent);

}  // namespace fleet::flow
